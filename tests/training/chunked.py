"""Tiny models and data for test_head.py, where processes of several ranks can import them."""

import dataclasses
from typing import Any

import torch
from ranks import SETTINGS, Batch
from torch import nn

from groundup.batch import IGNORE
from groundup.models.causal_lm import CausalLM
from groundup.models.seq2seq import Seq2Seq
from groundup.presets import preset
from groundup.training import prepare
from groundup.training.distributed import assembled
from groundup.training.loop import Step, train
from groundup.training.precision import choose_precision
from groundup.training.settings import TrainSettings
from groundup.training.tensors import model_tensors

SMALL = {"vocab_size": 61, "context": 12, "width": 32, "heads": 2, "layers": 2, "mlp_width": 64}
KINDS: dict[str, dict[str, Any]] = {
    "gpt2": {},
    "untied": {"tied": "none"},
    "modern": {"norm": "rms", "qk_norm": True},
    "seq2seq": {"encoder_layers": 2, "source_vocab_size": None},
}


def model_of(kind: str, *, dropout: float = 0.1, **changes: Any) -> nn.Module:
    torch.manual_seed(5)
    config = preset("transformer-base" if kind == "seq2seq" else "gpt2-tiny", dropout=dropout)
    make = Seq2Seq if kind == "seq2seq" else CausalLM
    return make(dataclasses.replace(config, **{**SMALL, **KINDS[kind], **changes}))


class Uneven:
    """Batch m is a pure function of m, with as many targets in no two of them."""

    def __init__(self, kind: str):
        self.kind = kind

    def batch(self, m: int) -> Batch:
        generator = torch.Generator().manual_seed(m)
        ids = torch.randint(61, (4, 12), generator=generator)
        targets = (ids * 7 + 3) % 61
        targets[torch.rand(ids.shape, generator=generator) < 0.3] = IGNORE
        if self.kind != "seq2seq":
            return Batch((ids,), targets)
        return Batch((ids, ids.roll(1, dims=1), ids != 3), targets)

    def batches(self, start: int = 0, every: int = 1):
        while True:
            yield self.batch(start)
            start += every


def train_some(model: nn.Module, kind: str, *, steps: int = 4, accumulate: int = 2) -> list[Step]:
    """By plain gradient descent: Adam would make much of last bits where a gradient is zero, as that of key biases."""
    return list(
        train(
            model,
            Uneven(kind).batches(),
            steps=steps,
            accumulate=accumulate,
            lr=0.1,
            smoothing=0.1,
            precision=choose_precision("cpu", "float32"),
            optimizer=torch.optim.SGD(model.parameters()),
        )
    )


def on_a_rank(parallel: str) -> Any:
    """The training of `train_some` in chunks, on the ranks that there are: losses, and the weights on rank 0."""
    settings = TrainSettings(**{**SETTINGS, "parallel": parallel})
    model = model_of("gpt2")
    with assembled(settings) as team:
        trained = team.local_model(model)
        prepare.chunk_head(trained, 7)
        running = team.wrap(trained)
        steps = train(
            running,
            Uneven("gpt2").batches(team.rank, team.size),
            steps=4,
            accumulate=4 // team.size,
            lr=0.1,
            smoothing=0.1,
            precision=choose_precision("cpu", "float32"),
            optimizer=torch.optim.SGD(trained.parameters()),
            team=team,
        )
        losses = [step.loss for step in steps]
        with team.whole_model(trained, model):
            return losses, {name: tensor.detach().clone() for name, tensor in model_tensors(model).items()}
