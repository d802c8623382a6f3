"""Labels: the tokens that the loss compares the logits with, against those that the model was fed."""

import torch
from torch import Tensor

from groundup.doctor.finding import Finding, Place
from groundup.doctor.lesson import Lesson, attend_lesson
from groundup.doctor.patient import Patient
from groundup.doctor.tape import place


def check_labels(patient: Patient) -> list[Finding]:
    """Labels against what the model was fed: one token later, in the same order."""
    lesson = attend_lesson(patient)
    if lesson is None:
        return []
    several = [_check(patient, lesson.of(step)) for step in lesson.picks] or [_check(patient, lesson)]
    return several[-1] if all(several) else []  # of several heads one has to predict the next token


def _check(patient: Patient, lesson: Lesson) -> list[Finding]:
    if lesson.labels is None or not lesson.fed:
        return []
    fed = lesson.fed[-1]
    counted = _grid(lesson, fed)
    where = place(lesson.model, lesson.line)
    if counted is None:
        return []
    labels, keep = counted
    if not patient.causal and not patient.constant("PREFIX"):
        return _masked(patient, fed, labels, keep, where)
    shares = {s: _agree(fed, labels, keep, s) for s in (-2, -1, 0, 1, 2, 3)}
    best = max(shares, key=lambda s: (shares[s], s == 1))
    if shares[best] < 0.7 or shares[best] < shares[1] + 0.3:
        other = _agree(fed, _other_order(lesson, fed), torch.ones_like(fed, dtype=torch.bool), 1)
        if shares[1] < 0.9 and other > 0.98:
            seen = f"flattened the other way, {other:.0%} of the labels are the next token; as it is, {shares[1]:.0%}"
            return [Finding("targets-order", seen, where)]
        return _encoder(patient, lesson, labels, keep) if shares[1] > 0.9 else []
    if best <= 0:
        which = "the token itself" if best == 0 else f"the token {-best} before"
        return [
            Finding("not-shifted", f"{shares[best]:.0%} of the labels are {which}, which the model is shown", where)
        ]
    return [Finding("shifted-twice", f"{shares[best]:.0%} of the labels are the token {best} places later", where)]


def _grid(lesson: Lesson, fed: Tensor) -> tuple[Tensor, Tensor] | None:
    """(labels as (rows, length), which are counted): the end of the fed ids may have no labels."""
    labels = lesson.labels
    assert labels is not None
    rows, length = fed.shape
    if labels.numel() % rows or labels.numel() // rows > length or labels.numel() == rows:
        return None
    grid = labels.view(rows, -1)
    keep = torch.ones_like(grid, dtype=torch.bool) if lesson.ignored is None else grid != lesson.ignored
    pad = lesson.patient.constant("PAD")
    if pad is not None:
        keep &= grid != pad
    return grid, keep


def _other_order(lesson: Lesson, fed: Tensor) -> Tensor:
    labels = lesson.labels
    assert labels is not None
    return labels.view(fed.shape[1], fed.shape[0]).t() if labels.numel() == fed.numel() else torch.full_like(fed, -1)


def _agree(fed: Tensor, labels: Tensor, keep: Tensor, shift: int) -> float:
    """The share of counted labels at t that are the fed token at t + shift, in whichever axis is time."""
    best = 0.0
    for a, b, k in ((fed, labels, keep), (fed.t(), labels.t(), keep.t())):
        length = min(a.shape[1] - max(shift, 0), b.shape[1])
        start = max(-shift, 0)
        if length - start < 2 or a.shape[0] != b.shape[0]:
            continue
        x, y, z = a[:, start + shift : length + shift], b[:, start:length], k[:, start:length]
        if int(z.sum()) >= 4:
            best = max(best, float((x == y)[z].float().mean()))
    return best


def _masked(patient: Patient, fed: Tensor, labels: Tensor, keep: Tensor, where: Place) -> list[Finding]:
    """A model that sees both sides must not be asked for words that it is shown."""
    if labels.shape != fed.shape or not int(keep.sum()):
        return []
    shown = float((fed == labels)[keep].float().mean())
    if shown < 0.5:
        return []
    mask = patient.constant("MASK")
    masked = "" if mask is None else f"; {float((fed == mask).float().mean()):.0%} of the tokens are MASK"
    return [
        Finding(
            "not-shifted", f"{shown:.0%} of the labels that count are tokens that the model is shown{masked}", where
        )
    ]


def _encoder(patient: Patient, lesson: Lesson, labels: Tensor, keep: Tensor) -> list[Finding]:
    """A source that is the same running text as the target, as in a language model made of an encoder-decoder."""
    if not patient.seq2seq or len(lesson.fed) < 2:
        return []
    source, fed = lesson.fed[0], lesson.fed[-1]
    if source.shape[0] != labels.shape[0]:
        return []
    shares = {s: _agree(source, labels, keep, s) for s in (1, 2)}
    same = float((source == fed).float().mean()) if source.shape == fed.shape else 0.0
    if same > 0.98 and shares[1] > 0.98:
        seen = f"the source is what the decoder is fed, and {shares[1]:.0%} of the labels are in it, one place later"
        return [Finding("encoder-sees-answer", seen)]
    if _agree(source, labels, keep, 0) > 0.98:
        seen = "the source holds all labels, each at its own place: right only where copying is the exercise"
        return [Finding("encoder-sees-answer", seen, severity="note")]
    return []
