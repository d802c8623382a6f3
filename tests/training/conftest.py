"""A language small enough to learn in a second, and a model with dropout that learns it."""

import os
from typing import NamedTuple

import pytest
import torch
from torch import Tensor, nn

from groundup.batch import IGNORE

V = 11


class ToyBatch(NamedTuple):
    inputs: tuple[Tensor | None, ...]
    targets: Tensor


class ToyModel(nn.Module):
    def __init__(self, *, seed: int = 0, dropout: float = 0.1, tied: bool = False):
        super().__init__()
        torch.manual_seed(seed)
        self.embedding = nn.Embedding(V, 8)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(8, V)
        if tied:
            self.head.weight = self.embedding.weight

    def forward(self, ids: Tensor, mask: Tensor | None = None) -> Tensor:
        assert mask is None
        return self.head(self.dropout(self.embedding(ids)))


class ToyData:
    """The next token is mostly the token plus three; batch n is a pure function of n."""

    def __init__(self, *, seed: int = 0, rows: int = 4, length: int = 6):
        self.seed, self.rows, self.length = seed, rows, length
        self.started: list[int] = []

    def batch(self, n: int) -> ToyBatch:
        generator = torch.Generator().manual_seed(self.seed * 10_007 + n)
        ids = torch.randint(V, (self.rows, self.length), generator=generator)
        targets = (ids + 3) % V
        targets[torch.rand(ids.shape, generator=generator) < 0.2] = IGNORE  # rows of different length
        return ToyBatch((ids, None), targets)

    def batches(self, start: int = 0):
        self.started.append(start)
        n = start
        while True:
            yield self.batch(n)
            n += 1


@pytest.fixture
def toy_model():
    return ToyModel


@pytest.fixture
def toy_data():
    return ToyData


@pytest.fixture
def toy_batch():
    return ToyBatch


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch):
    """A test has no power cut to fear, and fsync is most of the time of a small checkpoint."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)
