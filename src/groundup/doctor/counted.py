"""Which labels count in the loss, by the gradients that arrive at the model's output: PAD must not, words must."""

import torch
from torch import Tensor

from groundup.doctor.finding import Finding
from groundup.doctor.lesson import Lesson, attend_lesson
from groundup.doctor.patient import Patient
from groundup.doctor.tape import place


def check_counted(patient: Patient) -> list[Finding]:
    pad = patient.constant("PAD")
    for seed in range(3):
        lesson = attend_lesson(patient, seed)
        if lesson is None or lesson.labels is None or not lesson.outputs:
            return []
        counted = _counted(lesson)
        if counted is None:
            return []
        labels, weight = counted
        where = place(lesson.model, lesson.line)
        if (found := _ignored(patient, lesson, labels, weight)) is not None:
            return [Finding("ignored-id", found, where)]
        if pad is None or pad == patient.constant("EOS"):
            if pad is not None and pad == lesson.ignored and (labels == pad).any():
                seen = f"PAD and EOS are both {pad}, and the loss ignores this id: the end of a text is never learnt"
                return [Finding("special-ids", seen, where)]
            return []
        at = labels == pad
        if at.any():
            if not (weight[at] > 0).any():
                return []
            n, share = int((weight[at] > 0).sum()), float(at.float().mean())
            seen = (
                f"{n} of {int(at.sum())} labels that are PAD ({pad}) have a gradient; PAD is {share:.0%} of all labels"
            )
            return [Finding("padding-loss", seen, where)]
    return []


def _counted(lesson: Lesson) -> tuple[Tensor, Tensor] | None:
    """(labels, size of the gradient at the output that predicts each), both flat."""
    out = lesson.outputs[-1]
    loss = lesson.loss
    if not isinstance(loss, Tensor) or loss.numel() != 1 or not loss.requires_grad:
        return None
    loss.backward(retain_graph=True)
    if out.grad is None or out.dim() != 3 or lesson.labels is None:
        return None
    weight = out.grad.abs().sum(-1)
    n = lesson.labels.numel()
    for cut in (weight, weight[:, :-1], weight[:-1], weight[:, 1:]):
        if cut.numel() == n:
            return lesson.labels, cut.flatten()
    return None


def _ignored(patient: Patient, lesson: Lesson, labels: Tensor, weight: Tensor) -> str | None:
    """A label that is ignored though it is a word, or the end of a text."""
    value = lesson.ignored
    if value is None or value < 0 or value == patient.constant("PAD"):
        return None
    at = labels == value
    if not at.any() or (weight[at] > 0).any() or at.all():
        return None
    names = [name for name in ("BOS", "EOS", "MASK") if patient.constant(name) == value]
    if not names and patient.constant("PAD") is None and _trailing(lesson, value):
        return None  # padding that has no name
    what = names[0] if names else "an ordinary token"
    return f"ignore_index is {value}, {what}: {int(at.sum())} of {len(labels)} labels have no gradient"


def _trailing(lesson: Lesson, value: int) -> bool:
    """Whether an id stands only at the end of rows."""
    if not lesson.fed:
        return False
    at = (lesson.fed[-1] == value).int()
    return bool(at.any()) and not (torch.diff(at, dim=1) < 0).any()
