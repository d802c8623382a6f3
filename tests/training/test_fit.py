"""A whole training: it learns, keeps its folder, stops when told, resumes exactly, and ends with the best weights."""

import dataclasses
import io
import itertools
import math
import signal
import threading
import time

import pytest
import torch

from groundup.training.checkpoint import load_checkpoint, save_checkpoint, saved_steps
from groundup.training.fit import fit
from groundup.training.interrupt import Interrupted
from groundup.training.log import read_metrics
from groundup.training.settings import TrainSettings
from groundup.training.tensors import model_tensors
from groundup.training.validate import validate

SETTINGS = TrainSettings(
    steps=40, lr=2e-2, warmup=5, validate_every=10, save_every=10, log_every=5, device="cpu", precision="float32"
)


@pytest.fixture
def go(toy_model, toy_data, tmp_path):
    """Fit a toy into tmp_path/name; options replace the defaults."""

    def go(name="run", *, model=None, data=None, settings=SETTINGS, **options):
        options.setdefault("valid", [toy_data(seed=9).batch(n) for n in range(3)])
        options.setdefault("report", io.StringIO())
        model, data = model or toy_model(), data or toy_data()
        return fit(model, data, folder=tmp_path / name, settings=settings, **options)

    return go


class StopsAt:
    """Data that asks the process to stop while batch n is being made."""

    def __init__(self, data, n, number=signal.SIGINT):
        self.data, self.n, self.number = data, n, number

    def batches(self, start=0):
        for n, batch in enumerate(self.data.batches(start), start):
            if n == self.n:
                signal.raise_signal(self.number)
            yield batch


def timeless(record):
    return {key: value for key, value in record.items() if "second" not in key}


def test_a_training_learns_and_leaves_a_folder_that_explains_itself(go, toy_model, toy_data, tmp_path):
    model, report = toy_model(), io.StringIO()
    result = go(model=model, report=report)
    assert (result.steps, result.stopped) == (40, "all 40 steps done")
    assert result.best_loss < 1.0 < math.log(11)
    assert result.tokens == sum(int((toy_data().batch(n).targets >= 0).sum()) for n in range(40))
    assert result.tokens_per_second > 0
    records = read_metrics(tmp_path / "run" / "metrics.jsonl")
    assert [r["step"] for r in records if "loss" in r] == list(range(5, 41, 5))
    assert [r["step"] for r in records if "valid_loss" in r] == [0, 10, 20, 30, 40]
    assert records[0]["valid_loss"] == pytest.approx(math.log(11), abs=0.4)
    assert (tmp_path / "run" / "plots" / "loss.png").stat().st_size > 10_000
    assert "float32, as asked" in report.getvalue()
    assert "validation loss" in report.getvalue()
    assert not model.training


def test_the_best_weights_are_loaded_at_the_end_not_the_last(go, toy_model, tmp_path):
    losses = iter([2.0, 1.5, 1.0, 3.0, 4.0])
    model = toy_model()
    result = go(model=model, valid=lambda: next(losses))
    assert (result.best_step, result.best_loss, result.last_loss) == (20, 1.0, 4.0)
    best, last = (
        load_checkpoint(tmp_path / "run" / "checkpoints", "best"),
        load_checkpoint(tmp_path / "run/checkpoints"),
    )
    assert (best.step, last.step) == (20, 40)
    for name, tensor in model_tensors(model).items():
        assert torch.equal(tensor, best.model[name])
        assert not torch.equal(tensor, last.model[name])
    assert saved_steps(tmp_path / "run" / "checkpoints") == [20, 30, 40]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("at", [3, 17, 19])
def test_an_interrupted_training_resumes_to_the_same_end(go, toy_model, toy_data, tmp_path, number, at):
    whole, parts, valid = toy_model(), toy_model(), [toy_data(seed=9).batch(0)]
    before = signal.getsignal(number)
    expected = go("whole", model=whole, valid=valid)
    with pytest.raises(Interrupted, match=f"step {at + 1}, saved.*groundup resume parts"):
        go("parts", model=parts, data=StopsAt(toy_data(), at, number), valid=valid)
    assert signal.getsignal(number) is before

    data, report = toy_data(), io.StringIO()
    resumed = toy_model(seed=77)
    torch.manual_seed(999)
    result = go("parts", model=resumed, data=data, valid=valid, resume=True, report=report)
    assert data.started == [at + 1]
    assert f"resumed at step {at + 1}" in report.getvalue()
    assert "warning" not in report.getvalue()  # not even before the first validation, when there is no best yet
    for field in ("steps", "best_step", "best_loss", "last_loss", "tokens"):
        assert getattr(result, field) == getattr(expected, field)
    for one, other in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other)
    one, other = (read_metrics(tmp_path / name / "metrics.jsonl") for name in ("whole", "parts"))
    assert [timeless(r) for r in one] == [timeless(r) for r in other]


def test_a_crash_goes_back_to_the_last_checkpoint_without_doubles(go, toy_model, toy_data, tmp_path):
    class Crash(Exception):
        pass

    class Crashing:
        def batches(self, start=0):
            yield from itertools.islice(toy_data().batches(start), 37 - start)
            raise Crash

    whole, resumed = toy_model(), toy_model(seed=5)
    go("whole", model=whole)
    with pytest.raises(Crash):
        go("parts", data=Crashing())
    go("parts", model=resumed, resume=True)
    for one, other in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other)
    one, other = (read_metrics(tmp_path / name / "metrics.jsonl") for name in ("whole", "parts"))
    assert [timeless(r) for r in one] == [timeless(r) for r in other]


def test_a_damaged_latest_checkpoint_is_said_and_survived(go, toy_model, tmp_path):
    go(model=toy_model())
    weights = tmp_path / "run" / "checkpoints" / "step-00000040" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"!")
    report = io.StringIO()
    result = go(resume=True, report=report)
    assert "damaged" in report.getvalue()
    assert "step 30" in report.getvalue()
    assert result.steps == 40
    load_checkpoint(tmp_path / "run" / "checkpoints")


def test_a_checkpoint_from_before_batches_were_counted_goes_on_where_it_was(go, toy_model, toy_data, tmp_path):
    settings = dataclasses.replace(SETTINGS, accumulate=2, steps=20)
    unbroken, resumed = toy_model(), toy_model(seed=5)
    go(model=unbroken, settings=settings)
    checkpoints = tmp_path / "run" / "checkpoints"
    whole = load_checkpoint(checkpoints, 10)
    assert whole.state["batches"] == 20
    older = {name: value for name, value in whole.state.items() if name not in ("batches", "skipped")}
    save_checkpoint(checkpoints, 10, model=whole.model, optimizer=whole.optimizer, state=older)
    data = toy_data()
    go(data=data, settings=settings, resume=True, model=resumed)
    assert data.started == [20]
    for one, other in zip(unbroken.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other)


def test_asked_to_stop_while_the_last_loss_is_measured(go, toy_model):
    """The training is whole then; what its caller would do next is not begun, and there is nothing left to resume."""
    losses = iter([9.0, 8.0, 7.0, 6.0])

    def valid() -> float:
        loss = next(losses)
        if loss == 6.0:
            signal.raise_signal(signal.SIGTERM)
        return loss

    settings = TrainSettings(**{**vars(SETTINGS), "steps": 25})
    with pytest.raises(Interrupted, match="stopped at step 25, saved"):
        go(settings=settings, valid=valid)
    assert go(settings=settings, valid=valid, resume=True).steps == 25


def test_a_second_interrupt_stops_at_once(go, toy_data):
    class Impatient:
        def batches(self, start=0):
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            yield from toy_data().batches(start)

    with pytest.raises(KeyboardInterrupt) as error:
        go(data=Impatient())
    assert not isinstance(error.value, Interrupted)


def test_it_stops_early_when_nothing_improves_and_stays_stopped(go, tmp_path):
    losses = iter([9.0, 3.0, 2.0, 2.5, 2.2])
    settings = TrainSettings(**{**vars(SETTINGS), "steps": 400, "patience": 2})
    result = go(settings=settings, valid=lambda: next(losses))
    assert (result.steps, result.best_step, result.best_loss) == (40, 20, 2.0)
    assert "2 validations" in result.stopped
    again = go(settings=settings, valid=lambda: next(losses), resume=True)
    assert again == result


def test_minutes_bound_training_and_validation_over_all_resumptions(go, toy_data, monkeypatch, tmp_path):
    clock = itertools.count(0.0, 0.25)  # every look at the clock takes a quarter of a second
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    settings = TrainSettings(**{**vars(SETTINGS), "steps": None})
    whole = go("whole", settings=settings, max_minutes=1.0)
    assert "the time is used up (1 min)" in whole.stopped
    assert 60 <= whole.seconds < 64
    with pytest.raises(Interrupted):
        go("parts", settings=settings, max_minutes=1.0, data=StopsAt(toy_data(), 20))
    parts = go("parts", settings=settings, max_minutes=1.0, resume=True)
    assert parts.steps == pytest.approx(whole.steps, abs=3)
    assert 60 <= parts.seconds < 64
    records = read_metrics(tmp_path / "parts" / "metrics.jsonl")
    assert records[-1]["step"] == parts.steps
    assert records[-1]["valid_loss"] == parts.last_loss


def test_a_finished_training_resumes_to_nothing_and_to_more(go, toy_model):
    result = go()
    model = toy_model(seed=5)
    assert go(model=model, resume=True) == result
    assert go(settings=TrainSettings(**{**vars(SETTINGS), "steps": 50}), resume=True).steps == 50


def test_the_validation_loss_is_that_of_the_model_it_leaves(go, toy_model, toy_data):
    valid, model = [toy_data(seed=9).batch(n) for n in range(3)], toy_model()
    result = go(model=model, valid=valid)
    from groundup.training.precision import choose_precision

    assert validate(model, valid, choose_precision("cpu", "float32")) == result.best_loss


def test_a_thread_may_train_too(go):
    results = []
    thread = threading.Thread(target=lambda: results.append(go()))
    thread.start()
    thread.join()
    assert results[0].steps == 40


def test_mistakes_cost_nothing(go, tmp_path):
    go()
    before = read_metrics(tmp_path / "run" / "metrics.jsonl")
    with pytest.raises(ValueError, match=r"run: already holds a training.*resume run"):
        go()
    assert read_metrics(tmp_path / "run" / "metrics.jsonl") == before
    with pytest.raises(ValueError, match="needs an end"):
        go("new", settings=TrainSettings())
    with pytest.raises(ValueError, match=r"max_minutes \(0\)"):
        go("new", max_minutes=0)
    assert not (tmp_path / "new").exists()
    with pytest.raises(FloatingPointError, match="validation loss is nan"):
        go("new", valid=lambda: math.nan)
