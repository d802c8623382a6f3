"""The author's own decoding: what it wrote, what it chose from, and how that differs from logits of the whole text."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from groundup.doctor.patient import Crashed, Patient, Unfit
from groundup.doctor.tape import Tape, recording

PICKS = {"argmax", "max", "topk", "sort", "_softmax", "_log_softmax", "multinomial"}
NEW = 6
TRIES = 4
CLOSE = 2e-3


@dataclass
class Decoded:
    """What `generate` wrote, and the last rows of logits that it chose from."""

    ids: Tensor
    """(rows, all)"""
    start: int
    """Where the new ones begin."""
    chosen_from: list[Tensor]
    """(rows, V) for each new token, as normalised log-probabilities."""
    passes: list[Tape]
    """What was computed for each of them."""


def decode_well(patient: Patient) -> tuple[nn.Module, tuple[Tensor, ...], Decoded]:
    """A model, what it was given, and what it wrote, called as it comes: in training mode."""
    for seed in range(TRIES):
        model, given = _prepared(patient, seed)
        decoded = decode(patient, model.train(), given)
        if _lasts(patient, decoded):
            return model, given, decoded
    return model, given, decoded  # pyright: ignore[reportPossiblyUnboundVariable]


def _lasts(patient: Patient, decoded: Decoded) -> bool:
    """Whether some text goes on for a few tokens, and not with one again and again, so that more can be told."""
    ends = _ends(patient)
    new = decoded.ids[:, decoded.start - 1 : decoded.start + 2]
    return new.shape[1] == 3 and any(len(set(row.tolist())) == 3 and not ends & set(row[1:].tolist()) for row in new)


def _ends(patient: Patient) -> set[int | None]:
    """Ids after which a decoding may do as it likes."""
    return {patient.constant("EOS"), patient.constant("PAD")}


def _prepared(patient: Patient, seed: int) -> tuple[nn.Module, tuple[Tensor, ...]]:
    """A model whose choices depend on its input, and a batch of two texts that are short enough to go on."""
    model = patient.fresh()
    g = torch.Generator().manual_seed(5 + seed)
    with torch.no_grad():
        for p in model.parameters():
            if p.dim() >= 2:
                spread = float(p.std()) if p.numel() > 1 else 0.0  # 0 hides what stands before it
                p.add_(torch.randn(p.shape, generator=g) * (0.5 * (1 + seed) * spread or 0.1))
    inputs = patient.inputs()
    room = (patient.context or 10**9) - NEW - 1
    ids = inputs[0][:2]
    if not patient.seq2seq:
        ids = ids[:, : max(2, min(ids.shape[1], 7, room))]
    return model, (ids,)


def _called(patient: Patient, model: nn.Module, rows: Tensor, n: int) -> tuple[Any, Any]:
    """The tape of `generate(model, rows, n)` and what it returns."""
    torch.manual_seed(3)
    with recording(model) as tape:
        out = patient.run("generate(model, ids, n)", patient.given["generate"], model, rows.clone(), n)
    return tape, out


def decode(patient: Patient, model: nn.Module, given: tuple[Tensor, ...], *, beyond: bool = False) -> Decoded:
    """beyond: write past CONTEXT."""
    ids = given[0]
    room = 10**9 if patient.context is None or beyond else patient.context - (1 if patient.seq2seq else ids.shape[1])
    n = max(1, min(NEW, room))
    rows = ids
    try:
        tape, out = _called(patient, model, rows, n)
    except Crashed:  # some can decode one row only
        rows = ids[:1]
        tape, out = _called(patient, model, rows, n)
    if isinstance(out, list):
        out = torch.tensor(out)
    if isinstance(out, tuple):
        out = out[0]
    if not isinstance(out, Tensor):
        raise Unfit(f"generate(model, ids, n) returns {type(out).__name__}; return the ids as a tensor (rows, length)")
    out = out.view(1, -1) if out.dim() == 1 else out
    if not patient.seq2seq and out.shape[1] <= n:  # the new ones alone
        out = torch.cat([rows[: len(out)], out], 1)
    start = 1 if patient.seq2seq else rows.shape[1]
    vocab = patient.vocab
    picked, ends = [], []
    for number, step in enumerate(tape.steps):
        if step.name in PICKS and step.inputs and step.inputs[0].dim() <= 3 and step.inputs[0].shape[-1:] == (vocab,):
            x = step.inputs[0].detach().float()
            if step.name == "argmax" or (step.name in ("max", "topk", "sort") and len(step.args) > 1):
                x = x.view(-1, vocab) if x.dim() < 3 else x[:, -1]
                if len(x) == len(out):
                    picked.append(x)
                    ends.append(number)
    if len(picked) != out.shape[1] - start:
        picked, ends = [], []
    passes = [Tape(steps=tape.steps[a:b]) for a, b in zip([0, *ends], ends, strict=False)]
    return Decoded(out.detach(), start, picked, passes)


def read_whole(patient: Patient, model: nn.Module, given: tuple[Tensor, ...], text: Tensor) -> Tensor:
    """Log-probabilities of the whole text, read at once, in use."""
    training = model.training
    model.eval()
    source = (given[0][: len(text)],) if patient.seq2seq else ()
    try:
        return normal(patient.logits(model, (*source, text)).detach())
    finally:
        model.train(training)


def compare(patient: Patient, model: nn.Module, given: tuple[Tensor, ...], decoded: Decoded) -> str | None:
    """What differs between the decoding and the logits; None where nothing does."""
    ids, start = decoded.ids, decoded.start
    if ids.shape[1] <= start:
        return None
    if not patient.seq2seq and not torch.equal(ids[:, :start], given[0][: len(ids)]):
        return "the result does not begin with the text that was given"
    full = read_whole(patient, model, given, ids[:, :-1])[:, start - 1 :]
    alive, ends = torch.ones(len(ids), dtype=torch.bool), _ends(patient)
    for n in range(ids.shape[1] - start):
        token, row = ids[:, start + n], full[:, n]
        spread = float(row.std())
        if decoded.chosen_from:
            got = normal(decoded.chosen_from[n])
            far = (got - row).abs().amax(-1)
            far[~row.isfinite().all(-1)] = 0
        else:
            far = row.amax(-1) - row.gather(1, token[:, None])[:, 0]
        if (far[alive] > CLOSE * max(spread, 1e-3) * 5).any():
            by = float(far[alive].max())
            return (
                f"new token {n} is chosen from other numbers than the logits of the text before it (by up to {by:.2g})"
            )
        alive &= torch.tensor([int(one) not in ends for one in token])
        if not alive.any():
            break
    return None


def normal(x: Tensor) -> Tensor:
    x = x.float()
    if (x >= 0).all() and torch.allclose(x.sum(-1), torch.ones(()), atol=1e-4):
        x = x.clamp(min=1e-12).log()
    return x.log_softmax(-1)
