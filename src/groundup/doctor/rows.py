"""Rows of a batch that know each other, and padding that is attended to."""

import torch

from groundup.doctor.attention import attentions
from groundup.doctor.causality import BATCH_NORMS, shaken
from groundup.doctor.finding import Finding, Place
from groundup.doctor.patient import Patient
from groundup.doctor.stream import VIEWS
from groundup.doctor.tape import differ, first_change, place


def check_rows(patient: Patient) -> list[Finding]:
    """Change the first row of a batch: the others must stay as they are, in use and in training."""
    inputs = patient.inputs()
    changed = tuple(one.clone() for one in inputs)
    for n, one in enumerate(changed):
        one[0] = patient.other(inputs[n], source=n == 0 and patient.seq2seq)[0]
        if n == len(changed) - 1 and patient.seq2seq:
            one[0, 0] = inputs[n][0, 0]
    for training in (False, True):
        model = shaken(patient, training=training)
        a, one = patient.taped(model, inputs)
        b, other = patient.taped(model, changed)
        if not differ(a[1:], b[1:]):
            continue
        mode = " (in training mode only)" if training else ""
        by = float((a - b)[1:].abs().max())
        seen = f"another first row changes the logits of the other rows by up to {by:.2g}{mode}"
        found = first_change(one, other, patient.rows, rows=patient.time)
        if found is None:
            return [Finding("rows", seen)]
        step, _ = found
        where, shape = place(model, step), tuple(step.outputs[0].shape)
        if step.name in VIEWS and "einsum" not in where.source:  # which views what it has summed
            return [Finding("reshape", f"{seen}; the first operation that mixes them is a view", where)]
        if step.name in ("_softmax", "_log_softmax") and step.args[1] % len(shape) != len(shape) - 1:
            return [Finding("softmax-axis", f"{seen}; a softmax runs over axis {step.args[1]} of {shape}", where)]
        if step.name in BATCH_NORMS:
            seen += "; BatchNorm takes its statistics over the batch"
        elif shape[-2:] == (patient.rows, patient.rows) or step.name.startswith("_scaled_dot_product"):
            seen += "; the attention runs over the batch and not over time: is batch_first=True missing?"
        return [Finding("rows", seen, where)]
    return []


def check_padding(patient: Patient) -> list[Finding]:
    """Lengthen texts by PAD: what stands before it must not notice."""
    pad = patient.constant("PAD")
    if pad is None or (patient.causal and not patient.seq2seq and not patient.constant("PREFIX")):
        return []  # behind a causal mask, padding at the end is the future
    inputs = patient.inputs()
    n = 0 if patient.seq2seq else len(inputs) - 1
    more = 3
    limit = patient.context
    text = inputs[n]
    if limit is not None and text.shape[1] + more > limit:
        text = text[:, : limit - more]
    if text.shape[1] < 2:
        return []
    short = (*inputs[:n], text, *inputs[n + 1 :])
    padded = torch.cat([text, torch.full((len(text), more), pad)], 1)
    model = shaken(patient)
    a = patient.logits(model, short).detach()
    long = (*inputs[:n], padded, *inputs[n + 1 :])
    b, tape = patient.taped(model, long)
    b = b[:, : a.shape[1]]
    if not differ(a, b, tolerance=1e-4):
        return []
    where, kind = Place(), "somewhere"
    for event in attentions(tape, (padded.shape[1], inputs[-1].shape[1])):
        if event.weights.shape[-1] == padded.shape[1] and event.seen[: text.shape[1], -more:].any():
            where = place(model, event.step)
            square = event.weights.shape[-2] == event.weights.shape[-1]
            kind = "self-attention" if square else "cross-attention"
            break
    by = float((a - b).abs().max())
    if kind == "somewhere":  # no attention looks there: what changes is something that counts the tokens
        seen = f"{more} tokens of PAD ({pad}) change logits before them by up to {by:.2g}, though no attention sees it"
        return [Finding("padding", seen, where, severity="mild")]
    seen = f"{more} tokens of PAD ({pad}) after the text change its logits by up to {by:.2g}; they are seen in {kind}"
    return [Finding("padding", seen, where)]
