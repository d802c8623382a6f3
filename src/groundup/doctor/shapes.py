"""Views and softmaxes that take one axis for another, seen from their shapes alone."""

import math

from groundup.doctor.causality import shaken
from groundup.doctor.finding import Finding
from groundup.doctor.patient import Patient
from groundup.doctor.tape import Step, place

REINTERPRETS = {"view", "_unsafe_view", "reshape", "_reshape_alias"}


def check_shapes(patient: Patient) -> list[Finding]:
    """A view keeps the axis of time where it is in memory, and a softmax of scores runs over the keys."""
    model = shaken(patient)
    _, tape = patient.taped(model, patient.inputs())
    lengths = {patient.time, patient.source_time} if patient.seq2seq else {patient.time}
    for step in tape.steps:
        where = place(model, step)
        if step.name in REINTERPRETS and "einsum" not in where.source and (mixed := _mixed(step, lengths)):
            return [Finding("reshape", mixed, where)]
        if step.name == "_softmax" and len(step.inputs[0].shape) >= 3:
            shape, axis = tuple(step.inputs[0].shape), step.args[1] % step.inputs[0].dim()
            if set(shape[-2:]) <= lengths and axis != len(shape) - 1:
                which = "queries" if axis == len(shape) - 2 else "heads or rows"
                seen = f"the softmax over scores of the shape {shape} runs over axis {axis}: over {which}, not keys"
                return [Finding("softmax-axis", seen, where)]
    return []


def _mixed(step: Step, lengths: set[int]) -> str:
    """What a view mixes: the numbers before the axis of time, in memory, must stay as many as they were."""
    if not step.live or not step.inputs:
        return ""
    old, new = tuple(step.inputs[0].shape), tuple(step.live[0].shape)
    for length in lengths:
        near = {length - 1, length + 1} & {*old, *new}  # relative positions are shifted by such a view
        if old.count(length) != 1 or new.count(length) != 1 or near:
            continue
        if math.prod(old[: old.index(length)]) != math.prod(new[: new.index(length)]):
            return f"a view makes {new} of {old}, so that the axis of {length} tokens holds other numbers"
    return ""
