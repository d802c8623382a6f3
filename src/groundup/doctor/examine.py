"""The examination: all checks in turn, each able to fail without stopping the others."""

import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from groundup.doctor.calm import check_calm
from groundup.doctor.causality import check_future, check_sight
from groundup.doctor.causes import sort_out
from groundup.doctor.counted import check_counted
from groundup.doctor.finding import Finding, Place
from groundup.doctor.gradients import check_optimizer, check_registered, check_ties
from groundup.doctor.learning import check_gradients, check_learning
from groundup.doctor.losses import check_loss
from groundup.doctor.memory import check_memory
from groundup.doctor.outputs import check_first_loss, check_vocabulary, table_below
from groundup.doctor.patient import Crashed, Patient, Unfit
from groundup.doctor.positions import check_positions
from groundup.doctor.reading import explain
from groundup.doctor.report import Report
from groundup.doctor.residual import check_cut, check_residual
from groundup.doctor.rows import check_padding, check_rows
from groundup.doctor.scores import check_scale
from groundup.doctor.shapes import check_shapes
from groundup.doctor.source import check_loop
from groundup.doctor.targets import check_labels
from groundup.doctor.use import check_generate
from groundup.doctor.words import check_special, check_tokenizer

Check = Callable[[Patient], list[Finding]]

CHECKS: dict[str, Check] = {
    "the training loop's text": check_loop,
    "special ids": check_special,
    "vocabulary": check_vocabulary,
    "axes": check_shapes,
    "who sees what": check_sight,
    "the future": check_future,
    "rows of a batch": check_rows,
    "what is seen of the source": check_memory,
    "padding": check_padding,
    "dropout": check_calm,
    "positions": check_positions,
    "the scale of scores": check_scale,
    "residual connections": check_residual,
    "the first loss": check_first_loss,
    "what the loss is given": check_loss,
    "labels": check_labels,
    "what counts in the loss": check_counted,
    "registered parameters": check_registered,
    "tied weights": check_ties,
    "the optimizer": check_optimizer,
    "gradients": check_gradients,
    "the way of gradients": check_cut,
    "the tokenizer": check_tokenizer,
    "generation": check_generate,
}
LIGHT = (
    "axes",
    "who sees what",
    "the future",
    "rows of a batch",
    "the first loss",
    "registered parameters",
    "tied weights",
)
"""What is looked at before a training of ours, in under a second for a small model."""
LAST = "learning one batch"
LARGE = "the first logits of a large model"
MANY = 20_000_000
LENGTHS = (8, 6, 5, 4)


def examine(
    patient: Patient, *, only: Sequence[str] | None = None, say: Callable[[str, list[Finding]], None] = lambda *_: None
) -> Report:
    """Look at everything, or at some of CHECKS only. Unfit where there is nothing to look at.

    say: is told the name of each check when it begins, and what was found so far.
    """
    began = time.monotonic()
    findings: list[Finding] = []
    checked: list[str] = []
    skipped: list[str] = []
    drawn, rng = random.getstate(), torch.get_rng_state()
    try:
        say("the first logits", findings)
        if (crash := _begin(patient, lambda: say(LARGE, findings))) is not None:
            findings.append(crash)
        names = list(CHECKS) if only is None else list(only)
        for name in [names[0]] if crash is not None and only is None else names:
            say(name, findings)
            _look(patient, name, CHECKS[name], findings, checked, skipped)
        if only is None and crash is None:
            if any(one.severity == "wrong" for one in sort_out(findings)):
                skipped.append(f"{LAST}: what is wrong must be mended first")
            else:
                say(LAST, findings)
                _look(patient, LAST, check_learning, findings, checked, skipped)
    finally:
        torch.set_rng_state(rng)
        random.setstate(drawn)
    missing = [name for name in ("batch", "loss", "optimizer", "generate", "tokenizer") if not patient.has(name)]
    if only is None and missing:
        skipped.append(f"what needs {', '.join(missing)}: not in the file")
    done = time.monotonic() - began
    return Report(patient.name, sort_out(findings), tuple(checked), (*patient.told, *skipped), round(done, 2))


def _begin(patient: Patient, large: Callable[[], None]) -> Finding | None:
    """The first logits, at a length that the model takes; its own errors are a finding.

    large: is called where the model is large.
    """
    first: Crashed | None = None
    try:
        model = patient.fresh()
    except Crashed as crash:
        return _crash(patient, crash)
    if sum(p.numel() for p in model.parameters()) > MANY:
        large()
    lengths = (patient.time, *(n for n in LENGTHS if n < patient.time))
    if patient.context is not None:
        lengths = (patient.time, patient.context)
    for length in lengths:
        vars(patient)["time"] = length
        if first is not None and patient.seq2seq:
            vars(patient)["source_time"] = length - 1
        try:
            patient.logits(patient.fresh(), patient.inputs())
        except Crashed as crash:
            first = first or crash
        else:
            return None
    assert first is not None
    return _too_few_rows(patient, first) or _crash(patient, first)


def _too_few_rows(patient: Patient, crash: Crashed) -> Finding | None:
    """Whether the first logits fail because a table has fewer rows than there are words."""
    sizes = [m.num_embeddings for m in patient.model.modules() if isinstance(m, torch.nn.Embedding)]
    asked = max(patient.vocab, patient.source_vocab if patient.seq2seq else 0)
    small = [size for size in sizes if 3 < size < asked]
    if not isinstance(crash.cause, IndexError) or not small:
        return None
    said, _ = explain(crash, patient.file)
    try:
        patient.logits(patient.fresh(), tuple(one.clamp(max=min(small) - 1) for one in patient.inputs()))
    except Crashed:
        return None
    seen = f"there are {asked} words, and a table of {min(small)} rows ({said})"
    return Finding("vocabulary", seen, table_below(patient, asked))


def _crash(patient: Patient, crash: Crashed) -> Finding:
    said, line = explain(crash, patient.file)
    text = patient.source.splitlines()
    where = Place()
    if line is not None and 0 < line <= len(text):
        where = Place(file=Path(patient.file).name, line=line, source=text[line - 1].strip())
    if "batch number of src and tgt" in said:
        return Finding("rows", f"{crash.what}: {said}; PyTorch takes the first axis for time: batch_first=True", where)
    gpu = any(word in said for word in ("CUDA", "NVIDIA", "cuda"))
    cure = 'write `device = "cuda" if torch.cuda.is_available() else "cpu"`, for this machine has no GPU' if gpu else ""
    return Finding("crash", f"{crash.what}: {said}", where, cure=cure)


def _look(
    patient: Patient, name: str, check: Check, findings: list[Finding], checked: list[str], skipped: list[str]
) -> None:
    if patient.left() < 2:
        skipped.append(f"{name}: no time left")
        return
    try:
        findings += check(patient)
        checked.append(name)
    except Unfit as unfit:
        skipped.append(f"{name}: {unfit}")
    except Crashed as crash:
        findings.append(_crash(patient, crash))
    except Exception as error:  # a patient that nobody foresaw must not cost the other checks
        skipped.append(
            f"{name}: the check itself failed ({type(error).__name__}: {' '.join(str(error).split())[:200]})"
        )
