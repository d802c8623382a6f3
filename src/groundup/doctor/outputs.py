"""What comes out: every id has a logit, logits are no probabilities, and the first loss is that of guessing."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from groundup.doctor.finding import Finding, Place
from groundup.doctor.patient import Crashed, Patient
from groundup.doctor.tape import place, recording


def check_vocabulary(patient: Patient) -> list[Finding]:
    """The largest ids have a row and a column."""
    model = patient.fresh()
    inputs = patient.inputs()
    out = patient.logits(model, inputs)
    if patient.constant("VOCAB") is not None and out.shape[-1] < patient.vocab:
        seen = f"VOCAB is {patient.vocab}, but there are {out.shape[-1]} logits"
        return [Finding("vocabulary", seen, _head(patient, out.shape[-1]))]
    sides = [("SRC_VOCAB", 0, patient.source_vocab)] if patient.seq2seq else []
    for name, n, size in [*sides, ("VOCAB", len(inputs) - 1, patient.vocab)]:
        if patient.constant(name) is None:
            continue
        changed = [one.clone() for one in inputs]
        changed[n][0, -1] = size - 1
        try:
            patient.logits(model, tuple(changed))
        except Crashed as crash:
            if isinstance(crash.cause, IndexError | RuntimeError):
                seen = f"{name} is {size}, but the model cannot take the id {size - 1} ({crash.cause})"
                return [Finding("vocabulary", seen, table_below(patient, size))]
            raise
    return _check_special(patient, out.shape[-1])


def _check_special(patient: Patient, columns: int) -> list[Finding]:
    for name in ("PAD", "BOS", "EOS", "MASK"):
        value = patient.constant(name)
        if value is not None and value >= 0 and value >= max(columns, patient.source_vocab if patient.seq2seq else 0):
            return [Finding("vocabulary", f"{name} is {value}, but there are {columns} logits")]
    return []


def _head(patient: Patient, size: int) -> Place:
    for name, module in patient.model.named_modules():
        if getattr(module, "out_features", None) == size:
            return place(patient.model, None, module=name)
    return Place()


def table_below(patient: Patient, size: int) -> Place:
    for name, module in patient.model.named_modules():
        if isinstance(module, torch.nn.Embedding) and module.num_embeddings < size:
            return place(patient.model, None, module=name)
    return Place()


def sums_to_one(x: Tensor, dim: int = -1) -> bool:
    """Whether a tensor holds probabilities along an axis."""
    x = x.detach().float()
    return bool((x >= 0).all()) and torch.allclose(x.sum(dim), torch.ones(()), atol=1e-4) and x.shape[dim] > 1


def log_of_one(x: Tensor, dim: int = -1) -> bool:
    """Whether a tensor holds log-probabilities along an axis."""
    x = x.detach().float()
    return bool((x <= 1e-5).all()) and torch.allclose(x.logsumexp(dim), torch.zeros(()), atol=1e-4)


def check_first_loss(patient: Patient) -> list[Finding]:
    """A new model is as good as guessing; without a `loss`, logits that are probabilities are told here."""
    model, inputs = patient.fresh(), patient.inputs()
    with recording(model, keep=False) as tape:
        out = patient.logits(model, inputs).detach()
    if not out.isfinite().all():
        return []
    if sums_to_one(out):
        if patient.has("loss") or "nll" in patient.source.lower() or ".log(" in patient.source:
            return []
        step = next((s for s in reversed(tape.steps) if s.name == "_softmax"), None)
        return [
            Finding("softmax-twice", "the logits are positive and sum to 1: they are probabilities", place(model, step))
        ]
    labels = patient.ids(*inputs[-1].shape, seed=9)
    loss = float(F.cross_entropy(out.flatten(0, 1), labels.flatten()))
    guess = math.log(out.shape[-1])
    if loss < guess + 5:
        return []
    seen = (
        f"the first loss is {loss:.1f}, and guessing gives ln {out.shape[-1]} = {guess:.2f}; the logits have a "
        f"standard deviation of {float(out.std()):.1f}"
    )
    return [Finding("first-loss", seen, _head(patient, out.shape[-1]), severity="mild")]
