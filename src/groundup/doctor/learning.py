"""Learning: gradients reach every parameter, one batch is learnt by heart, and the rate allows it."""

import re
import time
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from groundup.doctor.finding import Finding, Place
from groundup.doctor.lesson import attend_lesson
from groundup.doctor.patient import Patient
from groundup.doctor.tape import Tape, place, recording

STEPS, SECONDS = 80, 12.0
ROUTES = {"topk", "nonzero", "index_put_", "index_put", "index_add_", "index_add", "scatter_add_"}
"""Operations that send tokens to some experts and not to others."""
REFERENCE = 3e-3
"""The rate of AdamW that a model is tried with when it learns nothing with its own optimizer."""


def _loss_of(patient: Patient, model: nn.Module, batch: Any, seed: int) -> Tensor:
    torch.manual_seed(seed)
    return patient.run("loss(model, batch)", patient.given["loss"], model, batch)


def check_gradients(patient: Patient) -> list[Finding]:
    """Every parameter gets a gradient within three steps."""
    if not (patient.has("loss") and patient.has("batch")):
        return _without_loss(patient)
    model = patient.fresh(training=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-2)
    touched: set[str] = set()
    tape: Tape | None = None
    for n in range(3):
        batch = patient.batch(n)
        if tape is None:
            with recording(model, keep=False) as tape:
                loss = _loss_of(patient, model, batch, n)
        else:
            loss = _loss_of(patient, model, batch, n)
        if not isinstance(loss, Tensor) or loss.numel() != 1:
            said = f"shape {tuple(loss.shape)}" if isinstance(loss, Tensor) else type(loss).__name__
            return [Finding("no-gradient", f"loss(model, batch) returns no single number ({said})")]
        if not loss.requires_grad:
            return [Finding("no-gradient", "the loss is a number without a gradient", _cut(patient, model, tape))]
        optimizer.zero_grad()
        patient.run("loss.backward()", loss.backward)
        touched |= {name for name, p in model.named_parameters() if p.grad is not None and bool(p.grad.any())}
        optimizer.step()
    return _untouched(patient, model, touched, tape)


def _without_loss(patient: Patient) -> list[Finding]:
    """Without a loss of the author's: the logits' own gradients."""
    from groundup.doctor.causality import shaken

    model = shaken(patient)
    with recording(model, keep=False) as tape:
        out = patient.logits(model, patient.inputs())
    if not out.requires_grad:
        return [Finding("no-gradient", "the logits have no gradient", _cut(patient, model, tape))]
    out.float().log_softmax(-1)[..., 0].sum().backward()
    touched = {name for name, p in model.named_parameters() if p.grad is not None and bool(p.grad.any())}
    return _untouched(patient, model, touched, tape)


def _untouched(patient: Patient, model: nn.Module, touched: set[str], tape: Tape | None) -> list[Finding]:
    wanted = {name: p for name, p in model.named_parameters() if p.requires_grad}
    left = [name for name in wanted if name not in touched and not name.endswith(("k_proj.bias", "key.bias"))]
    if tape is not None and any(step.name in ROUTES for step in tape.steps):
        left = [name for name in left if not _is_expert(name, touched)]
    if not left:
        return []
    n = sum(wanted[name].numel() for name in left)
    more = "" if len(left) < 4 else f" and {len(left) - 3} more"
    seen = f"{len(left)} of {len(wanted)} parameters ({n:,} numbers) get no gradient: {', '.join(left[:3])}{more}"
    path = left[0].rpartition(".")[0]
    assert tape is not None
    called = {step.module for step in tape.steps if step.module}
    used = {id(t) for step in tape.steps for t in step.inputs}
    memories = {t.untyped_storage().data_ptr() for step in tape.steps for t in step.inputs}
    read = [name for name in left if id(wanted[name]) in used or wanted[name].untyped_storage().data_ptr() in memories]
    cut = _cut(patient, model, tape)
    if len(read) == len(left) or (read and (cut.line is not None or len(left) > len(wanted) // 2)):
        return [Finding("no-gradient", seen, cut if cut.line is not None else place(model, None, module=path))]
    unread = [name for name in left if name not in read]
    path = unread[0].rpartition(".")[0]
    what = "is called, but its result has no effect" if path in called else "is never used in the forward pass"
    small = all(wanted[name].dim() < 2 for name in left)  # norms and biases: without them a model still learns
    words = f"{seen}; `{path or unread[0]}` {what}"
    return [Finding("unused", words, place(model, None, module=path), severity="mild" if small else "wrong")]


def _is_expert(name: str, touched: set[str]) -> bool:
    """Whether a parameter is one of several alike, others of which were chosen by the batch."""
    alike = re.compile(re.sub(r"\\\.\d+(?=\\\.)", r"\\.\\d+", re.escape(name)))
    return "." in name and any(alike.fullmatch(other) for other in touched)


def _cut(patient: Patient, model: nn.Module, tape: Tape | None) -> Place:
    """The line that stops gradients: a detach, or what is computed without them."""
    steps = [] if tape is None else [s for s in tape.steps if s.line is not None]
    marks = (".detach(", ".data", "no_grad", ".item(", ".numpy(", "torch.tensor(", "inference_mode")
    for step in steps:
        here = place(model, step)
        if step.name == "detach" and any(mark in here.source for mark in marks):
            return here
    for step in steps:
        here = place(model, step)
        if not step.grad and step.live and step.live[0].is_floating_point() and step.name not in ("arange", "zeros"):
            return here
    for step in steps:
        here = place(model, step)
        if any(mark in here.source for mark in marks):
            return here
    for n, line in enumerate(patient.source.splitlines(), 1):
        if any(mark in line for mark in marks[3:6]) and "return" in line:
            return Place(file=patient.name, line=n, source=line.strip())
    return Place()


@dataclass
class Course:
    """The losses of training on one batch again and again."""

    losses: list[float]

    @property
    def fell(self) -> float:
        """The share of the first loss that is gone, by the best of the last losses."""
        first, last = self.losses[0], sum(sorted(self.losses[-5:])[:3]) / min(3, len(self.losses[-5:]))
        if not all(x == x and abs(x) < 1e30 for x in self.losses[-5:]):
            return -1.0
        return (first - last) / max(abs(first), 1e-9)


def train_on_one(patient: Patient, optimizer: Any = None) -> Course:
    """Train on batch(0), with the author's optimizer or with AdamW."""
    model = patient.fresh(training=True)
    batch = patient.batch(0)
    made = torch.optim.AdamW(model.parameters(), lr=REFERENCE) if optimizer is None else optimizer(model)
    many = made if isinstance(made, tuple | list) else [made]
    limit = _clipped(patient.source)
    losses, ends = [], time.monotonic() + min(SECONDS, patient.left() / 3)
    for n in range(STEPS):
        loss = _loss_of(patient, model, batch, n)
        losses.append(float(loss.detach()))
        for one in many:
            one.zero_grad()
        loss.backward()
        if limit is not None:
            torch.nn.utils.clip_grad_norm_(model.parameters(), limit)
        for one in many:
            one.step()
        if losses[-1] != losses[-1] or (time.monotonic() > ends and n > 3):
            break
    return Course(losses)


def _clipped(source: str) -> float | None:
    """The norm that the author's loop clips gradients to: some rates work only so."""
    if "clip_grad_norm" not in source:
        return None
    number = re.search(r"clip_grad_norm_?\([^\n]*?,\s*(?:max_norm\s*=\s*)?([\d.]+)", source)
    return float(number[1]) if number else 1.0


def check_learning(patient: Patient) -> list[Finding]:
    """One batch is learnt by heart, first with the author's optimizer."""
    if not (patient.has("loss") and patient.has("batch")):
        return []
    if (found := _check_sign(patient)) is not None:
        return [found]
    own = train_on_one(patient, patient.given.get("optimizer"))
    if len(own.losses) < 20 and own.fell > -1:
        return []  # too slow to tell
    said = f"{len(own.losses)} steps on one batch change the loss from {own.losses[0]:.3g} to {own.losses[-1]:.3g}"
    if own.fell > 0.1:
        return []
    course = train_on_one(patient) if patient.has("optimizer") else own
    if course.fell < 0.1:
        return [Finding("overfit", f"{said}; with AdamW at {REFERENCE:g} to {course.losses[-1]:.3g}")]
    rates = _rates(patient)
    planned = any(word in patient.source for word in ("lr_scheduler", "LambdaLR", "warmup", "get_lr", "Noam"))
    severity = "note" if planned else "wrong" if own.fell < 0.01 or own.fell < 0 else "mild"
    if severity == "mild" and own.fell > 0.02:
        severity = "note"
    how = "too high" if own.fell < 0 and max(rates or [0]) > 3e-3 else "too low"
    named = ", ".join(f"{rate:g}" for rate in rates)
    seen = f"{said} (rate {named}, {how}); AdamW at {REFERENCE:g} reaches {course.losses[-1]:.3g}"
    return [Finding("rate", seen, _optimizer_line(patient), severity=severity)]


def _rates(patient: Patient) -> list[float]:
    made = patient.given["optimizer"](patient.fresh())
    many = made if isinstance(made, tuple | list) else [made]
    return sorted({float(group["lr"]) for one in many for group in getattr(one, "param_groups", []) if "lr" in group})


def _optimizer_line(patient: Patient) -> Place:
    for n, line in enumerate(patient.source.splitlines(), 1):
        if "lr=" in line.replace(" ", "") and "import" not in line:
            return Place(file=patient.name, line=n, source=line.strip())
    return Place()


def _check_sign(patient: Patient) -> Finding | None:
    """A step down the loss must make the labels more likely."""
    lesson = attend_lesson(patient)
    if lesson is None or lesson.nll is None or not lesson.loss.requires_grad:
        return None
    name, x, loss = lesson.nll.name, lesson.nll.inputs[0], float(lesson.loss.detach())
    if name == "gather" and not (x.detach() <= 1e-5).all():
        return None
    if loss >= 0 or (x.detach() > 1e-5).any():
        return None
    return Finding(
        "sign", f"the first loss is {loss:.3g}, and -log p is never negative", place(lesson.model, lesson.nll)
    )
