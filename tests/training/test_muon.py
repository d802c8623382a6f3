"""Muon against PyTorch's own, what it trains and what AdamW, and that the two together save and resume as one."""

import io

import pytest
import torch
from torch import nn

from groundup.training.checkpoint import load_checkpoint, save_checkpoint
from groundup.training.fit import fit
from groundup.training.interrupt import Interrupted
from groundup.training.loop import train
from groundup.training.muon import Muon, orthogonal
from groundup.training.optim import Together, adamw, from_settings, layer_matrices
from groundup.training.schedule import from_settings as schedule_from_settings
from groundup.training.settings import TrainSettings
from groundup.training.tensors import load_model_tensors, model_tensors

V = 11
SETTINGS = TrainSettings(
    steps=24,
    optimizer="muon",
    lr=1e-2,
    matrix_lr=5e-2,
    warmup=3,
    schedule="wsd",
    decay=0.5,
    validate_every=8,
    save_every=8,
    log_every=4,
    device="cpu",
    precision="float32",
)


class Layered(nn.Module):
    """An embedding, layers of matrices that are wide, tall and square, with biases, and a tied head."""

    def __init__(self, *, seed: int = 0, tied: bool = True):
        super().__init__()
        torch.manual_seed(seed)
        self.embedding = nn.Embedding(V, 8)
        self.layers = nn.ModuleList(
            nn.Sequential(nn.Linear(8, 24), nn.ReLU(), nn.Linear(24, 8, bias=False), nn.Linear(8, 8)) for _ in range(2)
        )
        self.dropout = nn.Dropout(0.1)
        self.norm = nn.LayerNorm(8)
        self.head = nn.Linear(8, V, bias=False)
        if tied:
            self.head.weight = self.embedding.weight

    def forward(self, ids, mask=None):
        x = self.embedding(ids)
        for layer in self.layers:
            x = x + self.dropout(layer(x))
        return self.head(self.norm(x))


class StopsAt:
    """Data that ends the process's patience while batch n is being made."""

    def __init__(self, data, n):
        self.data, self.n = data, n

    def batches(self, start=0):
        import signal

        for n, batch in enumerate(self.data.batches(start), start):
            if n == self.n:
                signal.raise_signal(signal.SIGINT)
            yield batch


def test_it_is_pytorchs_muon():
    """Wide, tall, square and single matrices, some without a gradient: the same weights after five steps."""
    torch.manual_seed(0)
    shapes = [(8, 8), (8, 24), (24, 8), (8, 24), (1, 5), (8, 8), (5, 1)]
    ours = [nn.Parameter(torch.randn(shape)) for shape in shapes]
    theirs = [nn.Parameter(p.detach().clone()) for p in ours]
    mine = Muon(ours, 0.02, momentum=0.9, weight_decay=0.3)
    other = torch.optim.Muon(theirs, lr=0.02, momentum=0.9, weight_decay=0.3)
    for step in range(5):
        for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            a.grad = torch.randn(a.shape) if i != step else None
            b.grad = None if a.grad is None else a.grad.clone()
        mine.step()
        other.step()
    for a, b in zip(ours, theirs, strict=True):
        # Batches may round a bfloat16 product otherwise than single matrices do; a step is 0.02 a direction.
        torch.testing.assert_close(a, b, rtol=0, atol=2e-3)


@pytest.mark.parametrize("shape", [(3, 16, 16), (2, 8, 40), (2, 40, 8)], ids=str)
def test_every_direction_of_a_step_is_about_equally_long(shape):
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    u, s, vh = torch.linalg.svd(x, full_matrices=False)
    keeps = orthogonal(x).float()
    assert s.max() > 2 * s.min()
    lengths = (u.mT @ keeps @ vh.mT).diagonal(dim1=1, dim2=2)
    assert lengths.min() > 0.5
    assert lengths.max() < 1.35


@pytest.mark.parametrize("tied", [True, False])
def test_muon_has_the_layers_matrices_and_adamw_the_rest(tied):
    model = Layered(tied=tied)
    optimizer = from_settings(model, SETTINGS)
    muon, adam = optimizer.parts
    matrices = {id(layer[i].weight) for layer in model.layers for i in (0, 2, 3)}
    by_muon, by_adam = ([id(p) for group in part.param_groups for p in group["params"]] for part in (muon, adam))
    assert set(by_muon) == matrices
    assert sorted(by_muon + by_adam) == sorted(id(p) for p in model.parameters()), "each exactly once"
    assert type(from_settings(model, TrainSettings(steps=1, warmup=0))) is torch.optim.AdamW


def test_a_model_without_layers_is_told_so(toy_model):
    with pytest.raises(ValueError, match="this model has none; use optimizer=adamw"):
        layer_matrices(toy_model())


def test_one_schedule_moves_both_rates(toy_data):
    optimizer, schedule = from_settings(model := Layered(), SETTINGS), schedule_from_settings(SETTINGS)
    for step in train(model, toy_data().batches(), steps=24, lr=schedule, optimizer=optimizer):
        muon, *adam = (group["lr"] for group in optimizer.param_groups)
        assert step.lr == schedule(step.n, (step.n - 1) / 24), "the rate shown is AdamW's"
        assert adam == [step.lr, step.lr]
        assert muon == pytest.approx(5 * step.lr)
    assert step.lr < 0.3 * SETTINGS.lr, "wsd came down over the second half"


def test_it_learns_and_resumes_bit_for_bit_after_an_interrupt(toy_data, tmp_path):
    def go(name, model, data=None, **options):
        valid = [toy_data(seed=9).batch(0)]
        options |= dict(folder=tmp_path / name, settings=SETTINGS, valid=valid, report=io.StringIO())
        return fit(model, data or toy_data(), **options)

    whole, resumed = Layered(), Layered(seed=7)
    expected = go("whole", whole)
    assert expected.best_loss < 1.5 < 2.3, "ln 11 is 2.4"
    with pytest.raises(Interrupted):
        go("parts", Layered(), StopsAt(toy_data(), 13))
    torch.manual_seed(999)
    result = go("parts", resumed, resume=True)
    assert (result.steps, result.best_loss, result.last_loss) == (24, expected.best_loss, expected.last_loss)
    for one, other in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other)


def test_the_two_are_saved_as_one(toy_data, tmp_path):
    """Through the files and back: every buffer at its own parameter again."""
    optimizer = from_settings(model := Layered(), SETTINGS)
    list(train(model, toy_data().batches(), steps=3, optimizer=optimizer))
    wanted = optimizer.state_dict()
    save_checkpoint(tmp_path, 3, model=model_tensors(model), optimizer=wanted, state={})
    loaded = load_checkpoint(tmp_path)
    load_model_tensors(other := Layered(seed=1), loaded.model, file=tmp_path)
    fresh = from_settings(other, SETTINGS)
    fresh.load_state_dict(loaded.optimizer)
    got = fresh.state_dict()
    count = len(list(model.parameters()))
    assert set(wanted["state"]) == set(got["state"]) == set(range(count))
    assert sorted(i for group in got["param_groups"] for i in group["params"]) == list(range(count))
    for i, entries in wanted["state"].items():
        assert all(torch.equal(tensor, got["state"][i][key]) for key, tensor in entries.items())
    for part, twin in zip(optimizer.parts, fresh.parts, strict=True):
        for group, others in zip(part.param_groups, twin.param_groups, strict=True):
            for p, q in zip(group["params"], others["params"], strict=True):
                assert part.state[p].keys() == twin.state[q].keys()
                assert all(torch.equal(part.state[p][key], twin.state[q][key]) for key in part.state[p])


def test_another_optimizers_state_is_refused():
    model = Layered()
    both, single = from_settings(model, SETTINGS), adamw(model, lr=1e-3)
    for mine, other in ((both, single), (single, both)):
        with pytest.raises(ValueError, match=r"optimizer|parameter group"):
            mine.load_state_dict(other.state_dict())


def test_together_is_each_alone():
    """Two halves of a model stepped by two optimizers of one kind equal one optimizer over all of it."""
    one, two = Layered(), Layered()
    matrices = layer_matrices(two)
    single = torch.optim.SGD(one.parameters(), lr=0.1, momentum=0.9)
    rest = [p for p in two.parameters() if all(p is not m for m in matrices)]
    both = Together(*(torch.optim.SGD(part, lr=0.1, momentum=0.9) for part in (matrices, rest)))
    ids = torch.arange(V)[None]
    for _ in range(3):
        for model, optimizer in ((one.eval(), single), (two.eval(), both)):
            model.zero_grad()
            model(ids).logsumexp(-1).sum().backward()
            optimizer.step()
    for a, b in zip(one.parameters(), two.parameters(), strict=True):
        assert torch.equal(a, b)
