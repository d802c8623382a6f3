"""What the decoder sees of the source: all of it, nothing, a part, or padding in place of words."""

import torch
from torch import nn

from groundup.doctor.attention import attentions
from groundup.doctor.causality import shaken
from groundup.doctor.finding import Finding, Place
from groundup.doctor.patient import Patient
from groundup.doctor.tape import place


def check_memory(patient: Patient) -> list[Finding]:
    """Another source must change the logits, and no causal mask may stand between it and the target."""
    if not patient.seq2seq:
        return []
    model, (source, target) = shaken(patient), patient.inputs()
    other = patient.other(source, source=True)
    out, tape = patient.taped(model, (source, target))
    events = attentions(tape, (patient.time, patient.source_time))
    crossed = [one for one in events if one.weights.shape[-2:] == (target.shape[1], source.shape[1])]
    where = place(model, (crossed or events)[-1].step) if events else Place()

    if torch.equal(patient.logits(model, (other, target)).detach(), out):
        return [
            _only_padding(patient, model, where) or Finding("no-source", "another source gives the same logits", where)
        ]
    late = next((one for one in crossed if torch.equal(one.seen, torch.ones_like(one.seen).tril())), None)
    if late is None:
        return []
    seen = f"of {source.shape[1]} source tokens, target token 0 sees the first alone, token 1 the first two, and so on"
    return [Finding("source-hidden", seen, place(model, late.step))]


def _only_padding(patient: Patient, model: nn.Module, where: Place) -> Finding | None:
    """Words that never count, and padding that does: the padding mask is upside down."""
    pad = patient.constant("PAD")
    source, target = patient.inputs()
    if pad is None or source.shape[1] < 4:
        return None
    few, many = source.clone(), source.clone()
    few[:, -1:], many[:, -2:] = pad, pad
    other = torch.where(few == pad, few, patient.other(source, source=True))
    a, b, c = (patient.logits(model, (one, target)).detach() for one in (few, many, other))
    if not torch.equal(a, c) or torch.equal(a, b):
        return None
    seen = f"other words in the source change no logits, and another PAD ({pad}) does: the padding mask is inverted"
    return Finding("padding", seen, where)
