"""A model small enough to check by hand or by force, which still depends on everything it has read."""

import pytest
import torch
from torch import Tensor


class ToyState:
    """The ids themselves (B, T) and one source number a row: nothing is cached, so nothing can hide."""

    def __init__(self, source: Tensor, prompt_mask: Tensor | None = None):
        self.source, self.key_mask = source, prompt_mask
        self.ids = torch.zeros(len(source), 0, dtype=torch.int64)
        self.selects = 0

    @property
    def length(self) -> int:
        return self.ids.shape[1]

    def reorder(self, rows: Tensor) -> None:
        assert len(rows) == len(self.ids), "reorder keeps the number of rows"
        assert torch.equal(self.source[rows], self.source), "reorder keeps each row within its source"
        self._take(rows)

    def select(self, rows: Tensor) -> None:
        self.selects += 1
        self._take(rows)

    def _take(self, rows: Tensor) -> None:
        self.ids, self.source = self.ids[rows], self.source[rows]
        self.key_mask = None if self.key_mask is None else self.key_mask[rows]


class Toy:
    """Random logits (B, V) that depend on the source and on every id at every place."""

    training = False

    def __init__(self, vocab_size: int = 4, *, seed: int = 0, sharpness: float = 2.0):
        random = torch.Generator().manual_seed(seed)
        self.places = torch.randn(64, vocab_size, 8, generator=random)
        self.sources = torch.randn(64, 8, generator=random)
        self.out = sharpness * torch.randn(8, vocab_size, generator=random)
        self.calls: list[int] = []  # rows asked for in each step

    def begin(self, sources: list[int], prompt_mask: Tensor | None = None) -> ToyState:
        return ToyState(torch.tensor(sources), prompt_mask)

    def step(self, ids: Tensor, state: ToyState) -> Tensor:
        state.ids = torch.cat([state.ids, ids], dim=1)
        self.calls.append(len(ids))
        return self.logits(state.ids, state.source)

    def logits(self, ids: Tensor, source: Tensor) -> Tensor:
        read = self.places[torch.arange(ids.shape[1]), ids].sum(dim=1)
        return torch.tanh(read + self.sources[source]) @ self.out

    def logprobs(self, ids: list[int], *, source: int) -> list[float]:
        """ln p of each next token after all of ids, in Python numbers."""
        return self.logits(torch.tensor([ids]), torch.tensor([source])).log_softmax(dim=-1)[0].tolist()

    def logprob(self, prompt: list[int], ids: list[int], *, source: int) -> float:
        """ln p(ids | prompt, source), by teacher forcing."""
        return sum(self.logprobs(prompt + ids[:n], source=source)[id] for n, id in enumerate(ids))


@pytest.fixture(scope="session")
def toy() -> type[Toy]:
    return Toy
