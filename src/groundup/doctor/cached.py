"""What is wrong with a cache: queries, keys and weights of a new token, against those of the whole text read at once.

In the first attention of a model the query and the key of a token depend on the token and its position alone. So a text
of this one token repeated shows what they are at each position, and which position the token was given.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from groundup.doctor.attention import Attended, attentions, pattern
from groundup.doctor.finding import Finding, Place
from groundup.doctor.stream import PRODUCTS, Stream
from groundup.doctor.tape import Tape

Reading = Callable[[Tensor], Tape]
"""Reads a whole text (rows, length) and gives the tape of it."""


@dataclass(eq=False)
class Look:
    """One attention of one forward pass."""

    event: Attended
    queries: Tensor | None
    """(positions, all rows and heads, width)"""
    keys: Tensor | None

    @property
    def weights(self) -> Tensor:
        """(all rows and heads, T, S)"""
        return self.event.weights.detach().float().flatten(0, -3)


def explain_cache(
    cached: list[Tape], n: int, text: Tensor, start: int, read: Reading, *, longest: int, where: Place
) -> Finding | None:
    """What the cache does to new token n, which is the first that differs; None where nothing can be told.

    cached: what was computed for each new token. text: (rows, length), all that was read. start: where new tokens
    begin. longest: the longest text that may be read.
    """
    whole = _looks(read(text), text.shape[1])
    at = start + n - 1
    if n == 0 and start > 1:
        return _prompt(_looks(cached[0], start), start, where)
    mine = _looks(cached[n], 1)
    if not mine or len(mine) != len(whole):
        return None
    for number, (one, full) in enumerate(zip(mine, whole, strict=True)):
        if number == 0 and (found := _position(one, text, at, full, read, longest)) is not None:
            return Finding("cache-position", f"new token {n}: {found}", where)
        if full.weights.shape[-1] == text.shape[1] and (told := _weights(one, full, at)) is not None:
            name, words = told
            which = "" if number == 0 else f" (attention {number + 1} of {len(mine)})"
            return Finding(name, f"new token {n}, which is read at position {at}, {words}{which}", where)
    return None


def _prompt(looks: list[Look], length: int, where: Place) -> Finding | None:
    for look in looks:
        if look.weights.shape[-1] == length and (words := pattern(look.event.seen)):
            return Finding("cache-mask", f"while the cache is filled with the text that was given, {words}", where)
    return None


def _position(one: Look, text: Tensor, at: int, full: Look, read: Reading, longest: int) -> str | None:
    """Which position the query of the newest token has, where it is not its own; or the key of an earlier one."""
    if one.queries is None or full.queries is None or at >= len(full.queries):
        return None
    if not _alike(one.queries[0], full.queries[at]):
        given = _found(one.queries[0], text[:, at : at + 1], read, longest, "queries")
        if given == at:
            return None
        had = "no position, or one that no text has" if given is None else f"position {given}"
        return f"it is read at position {at}, and its query has {had}"
    if one.keys is None or full.keys is None or len(one.keys) != at + 1:
        return None
    for j in range(at + 1):
        if not _alike(one.keys[j], full.keys[j]):
            given = _found(one.keys[j], text[:, j : j + 1], read, longest, "keys")
            return None if given is None or given == j else f"the key of token {j} has position {given}"
    return None


def _found(rows: Tensor, token: Tensor, read: Reading, longest: int, what: str) -> int | None:
    """The position at which a token has these queries or keys."""
    looks = _looks(read(token.expand(-1, longest).clone()), longest)
    table = getattr(looks[0], what) if looks else None
    if table is None:
        return None
    return next((n for n in range(len(table)) if _alike(rows, table[n])), None)


def _weights(one: Look, full: Look, at: int) -> tuple[str, str] | None:
    """(name, words) where a token gives its weights to others than in the whole text."""
    mine, wanted = one.weights[:, 0], full.weights[:, at]
    if mine.shape[0] != wanted.shape[0]:
        return None
    seen, should = (int((w > 1e-9).any(0).sum()) for w in (mine, wanted))
    if seen == should:
        if torch.allclose(_ranked(mine, seen), _ranked(wanted, seen), atol=1e-4):
            return None
        if _met(one, full, at):
            return "cache-position", "has the right queries and keys, and other scores: the distances are wrong"
        return "cache", "gives other weights than in the whole text"
    if mine.shape[-1] > at and seen < should:
        return "cache-mask", f"sees {seen} keys; in the whole text it sees {should}, and the cache has {mine.shape[-1]}"
    if seen < should:
        return "cache", f"sees {seen} keys; in the whole text it sees {should}: the cache has lost some"
    if mine.shape[-1] == at + 1:
        return "cache-mask", f"sees {seen} keys; in the whole text a mask leaves it {should}"
    return "cache", f"sees {seen} keys; in the whole text it sees {should}: the cache has too many"


def _met(one: Look, full: Look, at: int) -> bool:
    """Whether the newest query and all keys are those of the whole text."""
    if one.queries is None or one.keys is None or full.queries is None or full.keys is None or len(one.keys) != at + 1:
        return False
    return _alike(one.queries[0], full.queries[at]) and _alike(one.keys, full.keys[: at + 1])


def _ranked(weights: Tensor, most: int) -> Tensor:
    return weights.sort(-1, descending=True).values[:, :most]


def _alike(a: Tensor, b: Tensor) -> bool:
    return a.shape == b.shape and torch.allclose(a, b, rtol=0, atol=1e-4 * max(float(b.abs().max()), 1e-6))


def _looks(tape: Tape, length: int) -> list[Look]:
    """The attentions of queries of that many tokens, with the queries and keys that can be found."""
    stream = Stream(tape)
    found = []
    for event in attentions(tape, tuple(range(1, 4096))):
        if event.weights.shape[-2] != length:
            continue
        pair = _product(stream, event)
        if pair is None:
            found.append(Look(event, None, None))
        else:
            found.append(Look(event, _by_position(pair[0], length), _by_position(pair[1], event.weights.shape[-1])))
    return found


def _product(stream: Stream, event: Attended) -> tuple[Tensor, Tensor] | None:
    """(queries, keys), each (..., positions, width)."""
    if event.fused:
        q, k = (one.detach().float() for one in event.step.inputs[:2])
        return q, k
    steps = stream.tape.steps
    n = steps.index(event.step)
    for m in stream.sources(n, stop=PRODUCTS | {"_softmax"}):
        if m != n and steps[m].name in ("bmm", "baddbmm"):
            q, k = (one.detach().float() for one in steps[m].inputs[-2:])
            return q, k.transpose(-1, -2)
    return None


def _by_position(rows: Tensor, length: int) -> Tensor | None:
    """(..., positions, width) -> (positions, all others, width)"""
    flat = rows.reshape(-1, rows.shape[-1])
    return flat.view(-1, length, rows.shape[-1]).transpose(0, 1) if len(flat) % length == 0 else None
