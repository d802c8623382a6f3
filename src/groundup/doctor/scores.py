"""The scale of attention scores, followed back from the softmax to the products that made queries and keys."""

import math
from typing import Any

from torch import Tensor

from groundup.doctor.attention import attentions
from groundup.doctor.causality import shaken
from groundup.doctor.finding import Finding
from groundup.doctor.patient import Patient
from groundup.doctor.stream import Stream
from groundup.doctor.tape import Step, place

NORMED = {"rsqrt", "linalg_vector_norm", "norm", "native_layer_norm", "_fused_rms_norm", "tanh", "_cdist_forward"}


def check_scale(patient: Patient) -> list[Finding]:
    """Scores are multiplied by about 1 / sqrt(head width), somewhere between the projections and the softmax."""
    model = shaken(patient)
    _, tape = patient.taped(model, patient.inputs())
    stream = Stream(tape)
    for event in attentions(tape, (patient.time, patient.source_time)):
        n = tape.steps.index(event.step)
        if event.fused:
            factor, width, free = event.scale or 1.0, event.step.inputs[0].shape[-1], False
            more, _, free = _factors(stream, n)
            factor *= more
        else:
            factor, width, free = _factors(stream, n)
        if free or width is None or width < 3 or (factor > 0.95 and _scaled_at_birth(stream, n, width)):
            continue
        wanted = f"the head width is {width}, and 1/sqrt({width}) is {width**-0.5:.3g}"
        seen = f"scores are multiplied by {factor:.3g}; {wanted}"
        if factor > 1.5:
            return [Finding("scale", seen, place(model, event.step))]
        if factor > 0.95:
            return [Finding("scale", f"scores are not scaled; {wanted}", place(model, event.step), "mild")]
    return []


def _scaled_at_birth(stream: Stream, n: int, width: int) -> bool:
    """Whether the scale is in the first weights of the queries, as in T5: they deviate by (width * head width)^-1/2."""
    for m in stream.sources(n, stop={"mm", "addmm", "embedding"}):
        step = stream.tape.steps[m]
        if step.name in ("mm", "addmm"):
            weights = [one for one in step.inputs if one.dim() == 2 and stream.is_parameter(one)]
            stds = [float(w.detach().std()) * math.sqrt(w.shape[0] * width) for w in weights]
            return width >= 6 and any(0.8 < std < 1.25 for std in stds)
    return False


def _factors(stream: Stream, n: int) -> tuple[float, int | None, bool]:
    """(product of all numbers that scores, queries and keys are multiplied by, head width, scaled by other means)."""
    steps, factor, width, product = stream.tape.steps, 1.0, None, None
    fused = steps[n].name.startswith("_scaled_dot_product")
    ahead, known, free = [n], {n}, False
    while ahead:
        at = ahead.pop(0)
        step = steps[at]
        if at != n:
            if step.name in ("mm", "addmm", "embedding", "index", "_softmax"):
                continue
            if step.name in ("bmm", "baddbmm"):
                projects = any(stream.is_parameter(one) for one in step.inputs)
                if projects or product is not None or fused:
                    continue
                product, width = at, step.inputs[0].shape[-1]
            elif step.name in NORMED:
                free = True
            elif step.name in ("mul", "mul_", "div", "div_"):
                number = _number(step)
                if number is None:
                    free = free or _learnt(stream, step)
                else:
                    factor *= number if step.name.startswith("mul") else 1 / max(abs(number), 1e-12)
        for tensor, parent in zip(step.inputs, stream.parents[at], strict=True):
            if parent[1] is not None and parent[1] not in known and not stream.is_parameter(tensor):
                known.add(parent[1])
                ahead.append(parent[1])
    return factor, width, free


def _number(step: Step) -> float | None:
    """The number that a step multiplies or divides by, if it is one."""
    other: Any = step.args[1] if len(step.args) > 1 else None
    if isinstance(other, Tensor):
        others = [t for t in step.inputs if t.numel() == 1]
        return abs(float(others[0])) if others else None
    return None if other is None else abs(float(other)) if math.isfinite(float(other)) else None


def _learnt(stream: Stream, step: Step) -> bool:
    """Whether a step multiplies by a small parameter, such as one number a head."""
    return any(stream.is_parameter(t) and t.dim() > 0 and t.numel() <= 128 and t.shape[-1] == 1 for t in step.inputs)
