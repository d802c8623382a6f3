"""Checkpoints of every format that was ever written stay readable; fixtures/ has some, and is not written again."""

import shutil
from dataclasses import fields
from pathlib import Path

import pytest
import torch
from torch import nn

from groundup.training.checkpoint import load_checkpoint, read_checkpoint, save_checkpoint, saved_steps
from groundup.training.optim import adamw, from_settings
from groundup.training.settings import TrainSettings
from groundup.training.sharded import find_whole
from groundup.training.tally import Tally
from groundup.training.tensors import load_model_tensors, model_tensors

FIXTURES = Path(__file__).parent / "fixtures"


class Small(nn.Module):
    """What the fixtures hold: step 2 by AdamW, the best; step 4 by Muon, with the weights before averaging."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(3, 2)])
        self.head = nn.Linear(2, 4)


SHAPES = {"layers.0.weight": (2, 3), "layers.0.bias": (2,), "head.weight": (4, 2), "head.bias": (4,)}


def eighths(shape, times):
    """0, 1/8, 2/8, ... times a number, as the fixtures' weights were made."""
    count = torch.Size(shape).numel()
    return times * torch.arange(count).view(shape) / 8


@pytest.fixture(params=sorted(path.name for path in FIXTURES.glob("checkpoints-format-*")))
def old(request, tmp_path):
    return Path(shutil.copytree(FIXTURES / request.param, tmp_path / "checkpoints"))


def test_the_fixtures_are_there_and_small():
    assert (FIXTURES / "checkpoints-format-1").is_dir()
    assert sum(path.stat().st_size for path in FIXTURES.rglob("*") if path.is_file()) < 20_000


def test_weights_come_back_to_the_bit(old):
    assert saved_steps(old) == [2, 4]
    best, latest = load_checkpoint(old, "best"), load_checkpoint(old, "latest")
    assert (best.step, latest.step) == (2, 4)
    assert latest.unaveraged is not None
    for tensors, times in ((best.model, 1.0), (latest.model, 2.0), (latest.unaveraged, 3.0)):
        assert {name: tuple(tensor.shape) for name, tensor in tensors.items()} == SHAPES
        for name, tensor in tensors.items():
            assert torch.equal(tensor, eighths(SHAPES[name], times)), name
    model = Small()
    load_model_tensors(model, best.model, file=old)
    assert torch.equal(model.head.bias, torch.tensor([0.0, 0.125, 0.25, 0.375]))


def test_optimizers_go_on(old):
    """One step was taken on gradients of 1/4: AdamW's moments after it are (1 - beta) times theirs."""
    for step, settings in ((2, None), (4, TrainSettings(steps=4, warmup=1, optimizer="muon"))):
        model = Small()
        optimizer = adamw(model, lr=0.5) if settings is None else from_settings(model, settings)
        checkpoint = load_checkpoint(old, step)
        assert checkpoint.optimizer is not None
        optimizer.load_state_dict(checkpoint.optimizer)
        state = optimizer.state_dict()["state"]
        moments = [entry for entry in state.values() if "exp_avg_sq" in entry]
        assert len(moments) == (4 if step == 2 else 3)
        for entry in moments:
            assert torch.allclose(entry["exp_avg"], torch.tensor(0.025))
        for parameter in model.parameters():
            parameter.grad = torch.ones_like(parameter)
        optimizer.step()


def test_the_training_goes_on(old):
    """Its tally is still understood, and the next save stands beside it."""
    step, path, warning = find_whole(old)
    assert (step, warning) == (4, None)
    checkpoint = read_checkpoint(step, path)
    assert set(checkpoint.state) <= {field.name for field in fields(Tally)}
    tally = Tally(**checkpoint.state)
    assert (tally.step, tally.best_step, tally.best_loss, tally.last_loss, tally.worse) == (4, 2, 2.5, 2.75, 1)
    save_checkpoint(old, 6, model=model_tensors(Small()), optimizer=None, state={}, keep=1)
    assert saved_steps(old) == [2, 6]
    assert load_checkpoint(old, "best").step == 2
