"""Batches of texts of similar length, and the beginnings of their answers."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from groundup.data.marks import Marks
from groundup.data.normalise import normalise_sentence
from groundup.models.seq2seq import Seq2Seq
from groundup.text.tokenizer import Tokenizer


class Reader(Protocol):
    """The methods of a `Translator` that are used here."""

    target: Tokenizer
    model: Seq2Seq
    marks: Marks
    device: torch.device

    def source_ids(self, sentence: str) -> list[int]: ...
    def pad(self, rows: list[list[int]]) -> tuple[Tensor, Tensor | None]: ...
    def limit(self, length: int, most: int | None, *, least: int = 0, begun: int = 0) -> int: ...


class Chunk(NamedTuple):
    """B sentences that are decoded together."""

    numbers: list[int]
    """Their indices among all sentences."""
    source: Tensor
    """(B, S)."""
    mask: Tensor | None
    """(B, S), False at padding; None without padding."""
    start: Tensor
    """(B, 1 + P): the start token and the prefix of each answer."""
    limits: Tensor
    """(B,): how many tokens each answer may have after its prefix."""


def chunks(
    run: Reader,
    sentences: Sequence[str],
    prefixes: Sequence[str] | None,
    *,
    rows: int,
    most: int | None,
    least: int,
) -> Iterator[Chunk]:
    """Yield at most `rows` sentences with words at a time, whose prefixes all have equally many tokens.

    So no answer begins with padding, and each is the same as it would be alone. most, least: limits for the tokens of
    an answer.
    """
    if prefixes is not None and len(prefixes) != len(sentences):
        raise ValueError(f"prefixes ({len(prefixes)}) must be as many as sentences ({len(sentences)})")
    begun = [run.target.encode(normalise_sentence(prefix)) for prefix in prefixes or [""] * len(sentences)]
    sources = [run.source_ids(sentence) for sentence in sentences]
    numbers = [i for i, ids in enumerate(sources) if len(ids) > 1]
    for P, group in groupby(sorted(numbers, key=lambda i: (len(begun[i]), -len(sources[i]))), lambda i: len(begun[i])):
        if run.model.config.context <= P:
            raise ValueError(f"a prefix of {P} tokens fills the context of {run.model.config.context}; shorten it")
        order = list(group)
        for some in (order[at : at + rows] for at in range(0, len(order), rows)):
            start = torch.tensor([[run.marks.bos, *begun[i]] for i in some], device=run.device)
            limits = torch.tensor([run.limit(len(sources[i]), most, least=least, begun=P) for i in some])
            yield Chunk(some, *run.pad([sources[i] for i in some]), start, limits)


def by_length(ids: list[list[int]], size: int, *, fit: int | None = None) -> list[list[int]]:
    """Return row numbers in batches of at most `size`, with prompts of similar length together.

    A prompt longer than `fit` is in a batch with prompts of the same length only.
    """
    order = sorted(range(len(ids)), key=lambda row: -len(ids[row]))
    batches: list[list[int]] = []
    for row in order:
        last = batches[-1] if batches else []
        longest = len(ids[last[0]]) if last else 0
        together = fit is None or longest <= fit or longest == len(ids[row])
        if last and together and len(last) < size:
            last.append(row)
        else:
            batches.append([row])
    return batches
