"""Who sees whom: the future, the past, oneself, the other rows; and the operation that is to blame."""

import math

import torch
from torch import Tensor, nn

from groundup.doctor.attention import Attended, attentions, pattern
from groundup.doctor.finding import Finding, Place
from groundup.doctor.patient import Patient
from groundup.doctor.stream import VIEWS, Stream
from groundup.doctor.tape import Step, Tape, differ, first_change, place

NORMS = {"native_layer_norm", "native_group_norm", "_fused_rms_norm", "rms_norm"}
BATCH_NORMS = {"native_batch_norm", "_native_batch_norm_legit", "_batch_norm_with_update", "cudnn_batch_norm"}
REDUCTIONS = {"mean", "var", "std", "var_mean", "sum", "amax", "max", "linalg_vector_norm", "norm", "cumsum"}
SPREAD = {"std", "var", "var_mean", "rsqrt", "sqrt", "linalg_vector_norm", "norm"}


def shaken(patient: Patient, *, training: bool = False) -> nn.Module:
    """A fresh model with some noise on every parameter, so that nothing is hidden by a factor that starts at 0."""
    model = patient.fresh(training=training)
    g = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for p in model.parameters():
            if p.is_floating_point():
                spread = float(p.std()) if p.numel() > 1 else 0.0
                p.add_(torch.randn(p.shape, generator=g).to(p.dtype) * (0.3 * spread if spread > 0 else 0.1))
    return model


def with_target(inputs: tuple[Tensor, ...], target: Tensor) -> tuple[Tensor, ...]:
    return (*inputs[:-1], target)


def check_future(patient: Patient) -> list[Finding]:
    """Change late tokens and compare the logits of earlier ones, in use and in training."""
    prefix = patient.constant("PREFIX") or 0
    inputs = patient.inputs()
    target = inputs[-1]
    at = max(prefix, target.shape[1] // 2)
    if at >= target.shape[1]:
        return []
    changed = target.clone()
    changed[:, at:] = patient.other(target)[:, at:]
    for training in (False, True):
        model = shaken(patient, training=training)
        a, b = (patient.logits(model, with_target(inputs, one)).detach() for one in (target, changed))
        moved = differ(a[:, :at], b[:, :at])
        if not patient.causal and not prefix:
            moved = not torch.equal(a[:, :at], b[:, :at])
            seen = f"the logits of the tokens 0 to {at - 1} are the same whatever stands at {at} and later"
            return [] if moved else [Finding("future-unseen", seen)]
        if moved:
            return [_leak(patient, model, inputs, changed, at, training)]
    return _check_prefix(patient, inputs, prefix) if prefix > 1 else []


def _check_prefix(patient: Patient, inputs: tuple[Tensor, ...], prefix: int) -> list[Finding]:
    model, target = shaken(patient), inputs[-1]
    changed = target.clone()
    changed[:, prefix - 1] = patient.other(target)[:, prefix - 1]
    a, b = (patient.logits(model, with_target(inputs, one)).detach() for one in (target, changed))
    if not torch.equal(a[:, 0], b[:, 0]):
        return []
    seen = f"PREFIX is {prefix}, but the logits of token 0 do not depend on token {prefix - 1}"
    return [Finding("future-unseen", seen)]


def _leak(
    patient: Patient, model: nn.Module, inputs: tuple[Tensor, ...], changed: Tensor, at: int, training: bool
) -> Finding:
    """The finding for a future that is seen: by which operation?"""
    out, one = patient.taped(model, inputs)
    out2, other = patient.taped(model, with_target(inputs, changed))
    by = float((out - out2)[:, :at].abs().max())
    mode = " (in training mode only)" if training else ""
    seen = f"other tokens at {at} and later change the logits of the tokens before {at} by up to {by:.2g}{mode}"
    found = first_change(one, other, changed.shape[1], before=at, rows=len(changed))
    if found is None:
        return Finding("future", seen)
    step, _ = found
    where = place(model, step)
    name, more = _blame(one, other, step, time=changed.shape[1])
    if name == "reshape" and "einsum" in where.source:  # which views what it has summed
        name = "future"
    if name == "future":
        more, where = _how(patient, model, one, step, where)
    return Finding(name, f"{seen}{more}", where)


def _blame(one: Tape, other: Tape, step: Step, *, time: int) -> tuple[str, str]:
    """The name of the finding for an operation that carries the future, or another row, where it should not be."""
    if step.name in VIEWS:
        return "reshape", "; the first operation that mixes them is a view"
    if step.name in ("_softmax", "_log_softmax"):
        dim = step.args[1] % step.inputs[0].dim()
        if dim != step.inputs[0].dim() - 1:
            return "softmax-axis", f"; a softmax runs over axis {dim} of {tuple(step.inputs[0].shape)}"
        return "future", ""
    if step.name in NORMS:
        return "norm-axis", f"; {step.name} normalises over an axis of time"
    made = _reduced(one, other, step, time)
    if made & REDUCTIONS and (step.name in ("sub", "sub_", "div") or made & SPREAD):
        return "norm-axis", f"; a statistic ({', '.join(sorted(made & (REDUCTIONS | SPREAD)))}) is taken over time"
    return "future", ""


def _reduced(one: Tape, other: Tape, step: Step, size: int) -> set[str]:
    """The operations behind operands of a step that have no axis of that size and yet differ between the tapes."""
    stream, twins = Stream(one), {step.key: step for step in other.steps}
    n = one.steps.index(step)
    made: set[str] = set()
    for operand, (_, parent) in zip(step.inputs, stream.parents[n], strict=True):
        if parent is None or any(length % size == 0 for length in operand.shape if length):
            continue
        source = one.steps[parent]
        twin = twins.get(source.key)
        if twin is None or not source.outputs or size in source.outputs[0].shape:
            continue
        if differ(source.outputs[0], twin.outputs[0]):
            made |= {one.steps[m].name for m in stream.sources(parent, stop=REDUCTIONS) if m <= parent}
    return made


def _how(patient: Patient, model: nn.Module, tape: Tape, step: Step, where: Place) -> tuple[str, Place]:
    """What the mask does at an attention that sees the future, in words."""
    lengths = (patient.time, patient.source_time)
    events = attentions(tape, lengths)
    mine = next((one for one in events if one.step is step), None)
    if mine is None:
        name = f" ({step.name})" if step.name else ""
        return f"; the first operation that carries them back{name} is in this line", where
    words = pattern(mine.seen) if mine.weights.shape[-1] == mine.weights.shape[-2] else ""
    stream = Stream(tape)
    square = [e for e in events if e.weights.shape[-2:] == mine.weights.shape[-2:]]
    leaky = [e for e in square if pattern(e.seen)]
    if 0 < len(leaky) < len(square):
        words += f"; {len(leaky)} of {len(square)} attentions do so"
    n = tape.steps.index(step)
    dropped = next((m for m in range(n) if tape.steps[m].name == "masked_fill" and not stream.readers(m)), None)
    if dropped is not None:
        return "; the result of masked_fill is not used", place(model, tape.steps[dropped])
    for m in stream.readers(n):
        later = tape.steps[m]
        masks = later.name in ("masked_fill", "mul", "where", "masked_fill_") and later.outputs
        if masks and later.outputs[0].shape == mine.weights.shape and not later.outputs[0].triu(1).any():
            return "; the mask comes after the softmax, which has counted later tokens already", place(model, later)
    row = min(1, mine.weights.shape[-2] - 1)
    flat = mine.weights.reshape(-1, *mine.weights.shape[-2:])[:, row, row + 1 :]
    weight = float(flat.sum(-1).max())
    words = words or "the scores of later tokens count"
    return f"; {words} (token {row} gives them a weight of {weight:.2f})", where


def check_sight(patient: Patient) -> list[Finding]:
    """Whether a token sees itself and the one before it, and whether the logits depend on the input at all."""
    model, inputs = shaken(patient), patient.inputs()
    target = inputs[-1]
    out, tape = patient.taped(model, inputs)
    if not out.isfinite().all():
        bad = next(
            (s for s in tape.steps if s.outputs and s.outputs[0].is_floating_point() and s.outputs[0].isnan().any()),
            None,
        )
        sideways = (
            bad is not None and bad.name == "_softmax" and bad.args[1] % bad.inputs[0].dim() != bad.inputs[0].dim() - 1
        )
        name = "softmax-axis" if sideways else "nan"
        seen = f"{int((~out.isfinite()).sum())} of {out.numel()} logits are NaN or infinite"
        return [Finding(name, seen, place(model, bad))]
    everything = tuple(patient.other(one, source=one is not target) for one in inputs)
    if torch.equal(out, patient.logits(model, everything).detach()):
        return [Finding("no-input", "two texts without a common token give the same logits")]
    found = _check_diagonal(patient, model, tape)
    middle = target.shape[1] // 2
    changed = target.clone()
    changed[:, middle] = patient.other(target)[:, middle]
    later = patient.logits(model, with_target(inputs, changed)).detach()
    if torch.equal(out[:, middle + 1 :], later[:, middle + 1 :]):
        seen = f"another token at {middle} changes no logits of the tokens after it"
        found.append(Finding("past", seen, _attention_place(patient, model, tape)))
    return found


def _attention_place(patient: Patient, model: nn.Module, tape: Tape) -> Place:
    events = attentions(tape, (patient.time, patient.source_time))
    return place(model, events[-1].step) if events else Place()


def _check_diagonal(patient: Patient, model: nn.Module, tape: Tape) -> list[Finding]:
    events = [e for e in attentions(tape, (patient.time, patient.source_time)) if _is_square(e)]
    blind = [e for e in events if not e.seen[1:].triu(1).any() and e.seen.tril(-1).any()]
    if not blind:
        return []
    seen = f"{len(blind)} of {len(events)} attentions give no weight to a token's own position"
    return [Finding("diagonal", seen, place(model, blind[0].step))]


def _is_square(event: Attended) -> bool:
    return event.weights.shape[-1] == event.weights.shape[-2] and math.prod(event.weights.shape) > 0
