"""The running mean of the weights: what it is, that it is what gets judged and kept, and that resuming is exact."""

import dataclasses
import io
import signal

import pytest
import torch

from groundup.training.average import WeightAverage
from groundup.training.checkpoint import load_checkpoint
from groundup.training.fit import fit
from groundup.training.interrupt import Interrupted
from groundup.training.precision import choose_precision
from groundup.training.settings import TrainSettings
from groundup.training.tensors import load_model_tensors
from groundup.training.validate import validate

SETTINGS = TrainSettings(
    steps=40, lr=2e-2, warmup=5, validate_every=10, save_every=7, log_every=5, device="cpu", precision="float32",
    average=15,
)  # fmt: skip


@pytest.fixture
def go(toy_model, toy_data, tmp_path):
    def go(name, model, *, data=None, settings=SETTINGS, **options):
        valid = options.pop("valid", [toy_data(seed=9).batch(n) for n in range(3)])
        report = options.pop("report", io.StringIO())
        data = data or toy_data()
        return fit(model, data, folder=tmp_path / name, settings=settings, valid=valid, report=report, **options)

    return go


@pytest.mark.parametrize("tied", [False, True])
def test_it_is_the_mean_by_hand_and_leaves_the_weights_alone(toy_model, tied):
    model = toy_model(tied=tied)
    average = WeightAverage(model, 4)
    expected = model.head.weight.detach().clone().double()
    for n in range(1, 60):
        with torch.no_grad():
            model.head.weight += torch.randn_like(model.head.weight)
        average.update(n)
        share = max(1 / 4, 9 / (9 + n))
        expected = (1 - share) * expected + share * model.head.weight.double()
    own = model.head.weight.detach().clone()
    with average.in_place():
        torch.testing.assert_close(model.head.weight.double(), expected, atol=1e-5, rtol=1e-5)
        assert (model.embedding.weight is model.head.weight) == tied
    assert torch.equal(model.head.weight, own)


def test_the_mean_is_what_is_judged_kept_and_loaded_and_training_is_as_without(go, toy_model, toy_data, tmp_path):
    model, plain = toy_model(), toy_model()
    result = go("mean", model)
    go("plain", plain, settings=dataclasses.replace(SETTINGS, average=None))
    best = load_checkpoint(tmp_path / "mean" / "checkpoints", "best")
    assert best.unaveraged is not None
    valid = [toy_data(seed=9).batch(n) for n in range(3)]
    judged = toy_model(seed=5)
    load_model_tensors(judged, best.model, file="best")
    precision = choose_precision(torch.device("cpu"), "float32")
    assert validate(judged, valid, precision) == validate(model, valid, precision) == result.best_loss
    last, last_plain = (load_checkpoint(tmp_path / name / "checkpoints") for name in ("mean", "plain"))
    assert last.unaveraged is not None
    assert last_plain.unaveraged is None
    for name, tensor in last.unaveraged.items():
        assert torch.equal(tensor, last_plain.model[name])
        assert not torch.equal(tensor, last.model[name])


class StopsAfter:
    def __init__(self, data, n, stop):
        self.data, self.n, self.stop = data, n, stop

    def batches(self, start=0):
        for n, batch in enumerate(self.data.batches(start), start):
            if n == self.n:
                self.stop()
            yield batch


@pytest.mark.parametrize("at", [3, 17, 29])
def test_resuming_a_mean_is_exact(go, toy_model, toy_data, tmp_path, at):
    whole, resumed = toy_model(), toy_model(seed=7)
    expected = go("whole", whole)
    with pytest.raises(Interrupted):
        go("parts", toy_model(), data=StopsAfter(toy_data(), at, lambda: signal.raise_signal(signal.SIGINT)))
    result = go("parts", resumed, resume=True)
    assert (result.best_step, result.best_loss, result.last_loss) == (
        expected.best_step, expected.best_loss, expected.last_loss,
    )  # fmt: skip
    for one, other in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other)
    one, other = (load_checkpoint(tmp_path / name / "checkpoints") for name in ("whole", "parts"))
    assert one.unaveraged is not None
    assert other.unaveraged is not None
    for name in one.model:
        assert torch.equal(one.model[name], other.model[name])
        assert torch.equal(one.unaveraged[name], other.unaveraged[name])


def test_no_improvement_for_long_ends_a_training_in_one_line(go, toy_model):
    losses = iter([3.0, 2.0, 2.5, 2.4])
    report = io.StringIO()
    settings = dataclasses.replace(SETTINGS, patience=2)
    result = go("run", toy_model(), settings=settings, valid=lambda: next(losses), report=report)
    assert (result.steps, result.best_step) == (30, 10)
    assert report.getvalue().count("no better validation loss in 2 validations") == 1


def test_a_mean_over_no_steps_is_refused():
    with pytest.raises(ValueError, match=r"average \(0\) must be at least 1; try --train.average 1"):
        TrainSettings(average=0)
