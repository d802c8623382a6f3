"""What goes into the loss: logits once, in rows of the vocabulary."""

import torch
from torch import Tensor

from groundup.doctor.finding import Finding
from groundup.doctor.lesson import Lesson, attend_lesson
from groundup.doctor.outputs import log_of_one, sums_to_one
from groundup.doctor.patient import Patient
from groundup.doctor.stream import MOVES, Stream
from groundup.doctor.tape import place


def check_loss(patient: Patient) -> list[Finding]:
    """What goes into the loss: logits once, in rows of the vocabulary."""
    lesson = attend_lesson(patient)
    if lesson is None:
        return []
    model, steps = lesson.model, lesson.tape.steps
    found: list[Finding] = []
    stream = Stream(lesson.tape)
    last = [n for n, s in enumerate(steps) if s.name == "_log_softmax"]
    for n in last:
        step = steps[n]
        x, dim = step.inputs[0].detach(), step.args[1] % step.inputs[0].dim()
        before = _softmax_before(stream, n)
        if sums_to_one(x, dim) or (before is not None and x.dim() > 1):
            where = place(model, steps[before]) if before is not None else place(model, step)
            return [
                Finding(
                    "softmax-twice",
                    f"what cross-entropy is given sums to 1 along the vocabulary ({_first(lesson)})",
                    where,
                )
            ]
        if log_of_one(x, dim) and x.shape[dim] > 1:
            found.append(
                Finding("log-softmax-twice", "cross-entropy is given log-probabilities", place(model, step), "note")
            )
        if (wrong := _axis(lesson, x, dim)) is not None:
            return [Finding(wrong[0], wrong[1], place(model, step))]
    step = lesson.nll
    if step is not None and step.name.startswith("nll"):
        x = step.inputs[0].detach()
        if not log_of_one(x, 1 if x.dim() > 1 else 0):
            what = (
                "probabilities"
                if sums_to_one(x, 1 if x.dim() > 1 else 0)
                else "numbers whose exponentials do not sum to 1"
            )
            return [Finding("nll-of-logits", f"nll_loss is given {what}", place(model, step))]
    return found or _only_picks(lesson)


def _only_picks(lesson: Lesson) -> list[Finding]:
    """A loss that pushes logits up and none down: it takes them for log-probabilities."""
    if lesson.scores is None or lesson.labels is None or lesson.scores[0].name in ("_softmax", "_log_softmax"):
        return []
    x, gradient = lesson.scores[0].live[0].detach().flatten(0, -2), lesson.scores[1]
    if (gradient > 1e-6 * gradient.abs().max()).any() or log_of_one(x, 1):
        return []
    seen = "the loss pushes the logits of labels up and no others down: it takes logits for log-probabilities"
    return [Finding("nll-of-logits", seen, place(lesson.model, lesson.line))]


def _softmax_before(stream: Stream, n: int) -> int | None:
    """The softmax whose result, only moved about, a log-softmax is given."""
    steps = stream.tape.steps
    at = stream.parents[n][0][1]
    while at is not None and steps[at].name in MOVES:
        at = stream.parents[at][0][1] if stream.parents[at] else None
    return at if at is not None and steps[at].name == "_softmax" else None


def _first(lesson: Lesson) -> str:
    return f"the first loss is {float(lesson.loss.detach().float().mean()):.2f}"


def _axis(lesson: Lesson, x: Tensor, dim: int) -> tuple[str, str] | None:
    """Whether the rows that the softmax of a loss runs over are the model's rows of logits."""
    if not lesson.outputs or x.dim() < 2:
        return None
    out = lesson.outputs[-1].detach()
    if out.dim() < 2:
        return None  # the loss itself
    vocab = out.shape[-1]
    if out.numel() < x.numel() or out.dim() < 2 or x.numel() % vocab:
        return None
    if x.shape[dim] != vocab or vocab not in x.shape:
        same = x.numel() == out.numel() and torch.equal(x.flatten().sort().values, out.flatten().sort().values)
        return (
            (
                "softmax-axis",
                f"the loss runs its softmax over axis {dim} of {tuple(x.shape)}; the vocabulary has {vocab}",
            )
            if same
            else None
        )
    rows = x.movedim(dim, -1).reshape(-1, vocab)
    known = out.reshape(-1, vocab)
    if x.numel() != out.numel() or not torch.allclose(rows.sort(0).values.sum(), known.sort(0).values.sum(), rtol=1e-3):
        return None
    if not torch.equal(x.flatten().sort().values, out.flatten().sort().values):
        return None
    probe = rows[: min(len(rows), 5)]
    there = (probe[:, None] == known[None]).all(-1).any(1)
    return (
        None
        if there.all()
        else ("scrambled", f"the rows of {tuple(x.shape)} that the loss is given are not the model's rows of logits")
    )
