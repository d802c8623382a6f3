"""Use: the author's own decoding against the logits of the whole text."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from groundup.doctor.cached import explain_cache
from groundup.doctor.causality import shaken
from groundup.doctor.finding import Finding, Place
from groundup.doctor.patient import Crashed, Patient, Unfit
from groundup.doctor.source import functions
from groundup.doctor.tape import Tape, differ, pairs, place, recording

PICKS = {"argmax", "max", "topk", "sort", "_softmax", "_log_softmax", "multinomial"}
DRAWS = {"native_dropout", "bernoulli_", "bernoulli"}
NEW = 6
TRIES = 4
LONGEST = 512
"""Contexts up to this many tokens are filled."""
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


def check_generate(patient: Patient) -> list[Finding]:
    """Each new token is the one that the logits of the whole text before it prefer."""
    if not patient.has("generate"):
        return []
    where = _line(patient)
    model, given, decoded = _decoded(patient)
    if patient.seq2seq and (bos := patient.constant("BOS")) is not None and not (decoded.ids[:, 0] == bos).all():
        return [Finding("start-token", f"the result begins with {decoded.ids[0, 0].item()}, and BOS is {bos}", where)]
    wrong = _compare(patient, model, given, decoded)
    if wrong is None:
        return _check_again(patient, model, given, where) or _check_full(patient, model, where)
    model.eval()
    calm = _decode(patient, model, given)
    if _compare(patient, model, given, calm) is None:
        return [Finding("mode", f"{wrong}; after model.eval() they agree", where)]
    return _name(patient, model, given, calm, where)


def _decoded(patient: Patient) -> tuple[nn.Module, tuple[Tensor, ...], Decoded]:
    """A model, what it was given, and what it wrote, called as it comes: in training mode."""
    for seed in range(TRIES):
        model, given = _prepared(patient, seed)
        decoded = _decode(patient, model.train(), given)
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


def _decode(patient: Patient, model: nn.Module, given: tuple[Tensor, ...], *, beyond: bool = False) -> Decoded:
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


def _full(patient: Patient, model: nn.Module, given: tuple[Tensor, ...], text: Tensor) -> Tensor:
    """Log-probabilities of the whole text, read at once, in use."""
    training = model.training
    model.eval()
    source = (given[0][: len(text)],) if patient.seq2seq else ()
    try:
        return _normal(patient.logits(model, (*source, text)).detach())
    finally:
        model.train(training)


def _compare(patient: Patient, model: nn.Module, given: tuple[Tensor, ...], decoded: Decoded) -> str | None:
    """What differs between the decoding and the logits; None where nothing does."""
    ids, start = decoded.ids, decoded.start
    if ids.shape[1] <= start:
        return None
    if not patient.seq2seq and not torch.equal(ids[:, :start], given[0][: len(ids)]):
        return "the result does not begin with the text that was given"
    full = _full(patient, model, given, ids[:, :-1])[:, start - 1 :]
    alive, ends = torch.ones(len(ids), dtype=torch.bool), _ends(patient)
    for n in range(ids.shape[1] - start):
        token, row = ids[:, start + n], full[:, n]
        spread = float(row.std())
        if decoded.chosen_from:
            got = _normal(decoded.chosen_from[n])
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


def _normal(x: Tensor) -> Tensor:
    x = x.float()
    if (x >= 0).all() and torch.allclose(x.sum(-1), torch.ones(()), atol=1e-4):
        x = x.clamp(min=1e-12).log()
    return x.log_softmax(-1)


def _name(patient: Patient, model: nn.Module, given: tuple, decoded: Decoded, where: Place) -> list[Finding]:
    """The kind of mistake, by what else the numbers agree with."""
    said = _compare(patient, model, given, decoded) or "the tokens differ from the greedy ones"
    start, ids = decoded.start, decoded.ids
    if decoded.chosen_from:
        for n in range(min(2, len(decoded.chosen_from))):
            got = _normal(decoded.chosen_from[n])
            whole = _full(patient, model, given, ids[:, : start + n])
            at = ((whole - got[:, None]).abs().amax(-1).amax(0) < 1e-3).nonzero()
            last = start + n - 1
            if len(at) and int(at[0]) != last and not torch.equal(ids[:, int(at[0])], ids[:, last]):
                return [
                    Finding(
                        "generate-slice",
                        f"new token {n} is taken from position {int(at[0])}; the last one is {last}",
                        where,
                    )
                ]
        for n in range(min(3, len(decoded.chosen_from)) - 1, -1, -1):
            if (ids[:, : start + n] == ids[:, :1]).all():
                continue  # one token again and again is the same at any length
            for length in range(1, start + n):
                got = _normal(decoded.chosen_from[n])
                alone = _full(patient, model, given, ids[:, start + n - length : start + n])[:, -1]
                if start + n > 1 and float((alone - got).abs().max()) < 1e-3:
                    return [
                        Finding("generate-context", f"new token {n} depends on the last {length} tokens alone", where)
                    ]
        good = _good(patient, model, given, decoded)
        if (found := _cache(patient, model, given, decoded, good, where)) is not None:
            return [found]
        if good > 0:
            return [Finding("cache", f"{said}; the first {good} agree", where)]
        return [Finding("generate", said, where)]
    return [Finding("generate", said, where)]


def _cache(
    patient: Patient, model: nn.Module, given: tuple, decoded: Decoded, good: int, where: Place
) -> Finding | None:
    """What the cache does, where new tokens are read alone; None where that cannot be told."""
    if good >= len(decoded.passes):
        return None
    text = decoded.ids[:, : decoded.start + good]
    source = (given[0][: len(text)],) if patient.seq2seq else ()

    def read(ids: Tensor) -> Tape:
        training = model.training
        model.eval()
        try:
            return patient.taped(model, (*source, ids))[1]
        finally:
            model.train(training)

    longest = min(text.shape[1] + 3, patient.context or 10**9)
    try:
        return explain_cache(decoded.passes, good, text, decoded.start, read, longest=longest, where=where)
    except (Crashed, RuntimeError):  # a model that takes no such text
        return None


def _check_again(patient: Patient, model: nn.Module, given: tuple, where: Place) -> list[Finding]:
    """A second text must not meet what is left of the first."""
    second = (patient.other(given[0], source=patient.seq2seq),)
    try:
        decoded = _decode(patient, model, second)
        wrong = _compare(patient, model, second, decoded)
    except Crashed as crash:
        wrong = f"generate fails ({type(crash.cause).__name__}: {' '.join(str(crash.cause).split())[:120]})"
    if wrong is None:
        return []
    return [Finding("cache", f"of a second text {wrong}; of the first all agree: something is left of it", where)]


def check_calm(patient: Patient) -> list[Finding]:
    """After model.eval() the same text gives the same logits."""
    model, inputs = shaken(patient), patient.inputs()
    model.eval()
    (a, one), (b, other) = (patient.taped(model, inputs, seed=seed) for seed in (1, 2))
    if not differ(a, b):
        return []
    drawn = next(
        (s for s, t in pairs(one, other) if s.name in DRAWS and s.outputs and differ(s.outputs[0], t.outputs[0])), None
    )
    if drawn is None:
        return []
    return [
        Finding(
            "mode",
            f"after model.eval() one text gives logits that differ by up to {float((a - b).abs().max()):.2g} each time",
            place(model, drawn),
            title="dropout goes on after model.eval()",
            meaning="A dropout does not listen to model.eval(), so every use of the model is disturbed at random.",
            look_for="`F.dropout(x, p)` without `training=self.training`, `dropout_p=self.dropout`",
            cure="use nn.Dropout, `F.dropout(x, p, self.training)` or `dropout_p=self.p if self.training else 0.0`",
        )
    ]


def _check_full(patient: Patient, model: nn.Module, where: Place) -> list[Finding]:
    """What a decoding reads when its text has become longer than CONTEXT: the last tokens, not the first."""
    limit = patient.context
    if patient.seq2seq or limit is None or limit > LONGEST:
        return []
    ids = patient.ids(2, limit - 1, seed=9)
    try:
        decoded = _decode(patient, model, (ids,), beyond=True)
    except Crashed:  # CONTEXT is a limit, and no fault
        return []
    for n in range(2, len(decoded.chosen_from)):
        first = _full(patient, model, (ids,), decoded.ids[:, :limit])[:, -1]
        last = _full(patient, model, (ids,), decoded.ids[:, decoded.start + n - limit : decoded.start + n])[:, -1]
        got = _normal(decoded.chosen_from[n])
        if float((got - first).abs().max()) < 1e-4 and float((got - last).abs().max()) > 1e-2:
            seen = f"beyond {limit} tokens every new token is chosen from the first {limit}, never from the last"
            return [Finding("generate-context", seen, where)]
    return []


def _good(patient: Patient, model: nn.Module, given: tuple, decoded: Decoded) -> int:
    full = _full(patient, model, given, decoded.ids[:, :-1])[:, decoded.start - 1 :]
    for n, got in enumerate(decoded.chosen_from):
        if float((_normal(got) - full[:, n]).abs().max()) > CLOSE * 5:
            return n
    return len(decoded.chosen_from)


def _line(patient: Patient) -> Place:
    for name, first, _ in functions(patient.source):
        if name == "generate":
            return Place(file=patient.name, line=first, source=patient.source.splitlines()[first - 1].strip())
    return Place()
