"""Models, optimizers and rates of one's own: what is not ours stays as it is, what is not trained does not count."""

import pytest
import torch
from torch import nn

from groundup.training.fit import fit
from groundup.training.loop import train
from groundup.training.settings import TrainSettings
from groundup.training.validate import validate


class Own(nn.Module):
    """A model of somebody else's, with names of its own."""

    def __init__(self):
        super().__init__()
        self.hidden = 16
        self.layers = nn.ModuleList([Layer(), Layer()])
        self.embed = nn.Embedding(31, self.hidden)

    def forward(self, ids, mask=None):
        x = self.embed(ids)
        for layer in self.layers:
            x = layer(x)
        return x @ self.embed.weight.T


class Layer(nn.Linear):
    def __init__(self):
        super().__init__(16, 16)
        self.hidden = 16
        self.forward = lambda x: x + nn.Linear.forward(self, x) * (self.hidden / 16)


@pytest.fixture
def same(toy_data):
    """One batch for ever."""

    class Same:
        def batches(self, start=0):
            while True:
                yield toy_data().batch(0)

    return Same()


@pytest.mark.parametrize("recompute", [False, True])
def test_a_training_leaves_the_names_of_a_model_alone(toy_data, tmp_path, recompute):
    settings = TrainSettings(
        steps=4, warmup=1, validate_every=2, save_every=4, device="cpu", precision="float32", recompute=recompute
    )
    model = Own()
    forwards = [layer.forward for layer in model.layers]
    valid = [toy_data(seed=9).batch(0)]
    fit(model, toy_data(), folder=tmp_path, settings=settings, valid=valid)
    assert model.hidden == 16
    assert [layer.forward for layer in model.layers] == forwards
    assert model(valid[0].inputs[0]).shape[-1] == 31


@pytest.mark.parametrize("clip", [1.0, None])
def test_gradients_of_what_is_not_trained_do_not_count(toy_model, same, clip):
    """The head alone, by an optimizer that holds only it, or by freezing the rest: one and the same training."""

    def course(freeze: bool) -> list[float]:
        torch.manual_seed(0)
        model = toy_model()
        head = [model.head.weight]
        for p in model.parameters():
            p.requires_grad_(not freeze or p is head[0])
        steps = train(model, same.batches(), steps=12, lr=0.5, clip=clip, optimizer=torch.optim.SGD(head, lr=1.0))
        return [figure for step in steps for figure in (step.loss, step.grad_norm)]

    assert course(freeze=False) == pytest.approx(course(freeze=True), rel=1e-5)


def test_an_optimizer_of_ones_own_keeps_its_rates_unless_another_is_given(toy_model, same):
    def rates(**options):
        model = toy_model()
        groups = [{"params": [model.head.weight], "lr": 0.5}, {"params": [model.embedding.weight], "lr": 0.25}]
        optimizer = torch.optim.SGD(groups)
        steps = list(train(model, same.batches(), steps=2, optimizer=optimizer, **options))
        return [*(group["lr"] for group in optimizer.param_groups), steps[-1].lr]

    assert rates() == [0.5, 0.25, 0.5]
    assert rates(lr=0.125) == [0.125, 0.125, 0.125]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"clip": 0.0}, r"clip \(0\) must be above 0"),
        ({"clip": -1.0}, r"clip \(-1\) must be above 0"),
        ({"smoothing": 10}, r"smoothing \(10\) must be at least 0 and below 1; try 0.1"),
        ({"smoothing": -1}, r"smoothing \(-1\)"),
        ({"precision": "float8"}, "unknown precision 'float8'"),
    ],
)
def test_what_cannot_be_is_said(toy_model, same, options, said):
    with pytest.raises(ValueError, match=said):
        next(train(toy_model(), same.batches(), steps=1, **options))


def test_no_batches_at_all(toy_model):
    with pytest.raises(ValueError, match=r"the batches ended in step 1; give more of them$"):
        next(train(toy_model(), [], steps=1))


def test_precision_is_a_word_here_too(toy_model, same, toy_data):
    losses = [next(train(toy_model(), same.batches(), steps=1, precision=word)).loss for word in ("float32", "auto")]
    assert losses[0] == pytest.approx(losses[1], rel=2e-2)
    model = toy_model()
    batch = [toy_data().batch(0)]
    assert validate(model, batch, "float32") == pytest.approx(validate(model.double(), batch, "float32"), rel=1e-6)
