"""Use: the author's own decoding against the logits of the whole text."""

import torch
from torch import Tensor, nn

from groundup.doctor.cached import explain_cache
from groundup.doctor.decoding import CLOSE, Decoded, compare, decode, decode_well, normal, read_whole
from groundup.doctor.finding import Finding, Place
from groundup.doctor.patient import Crashed, Patient
from groundup.doctor.source import functions
from groundup.doctor.tape import Tape

LONGEST = 512
"""Contexts up to this many tokens are filled."""


def check_generate(patient: Patient) -> list[Finding]:
    """Each new token is the one that the logits of the whole text before it prefer."""
    if not patient.has("generate"):
        return []
    where = _line(patient)
    model, given, decoded = decode_well(patient)
    if patient.seq2seq and (bos := patient.constant("BOS")) is not None and not (decoded.ids[:, 0] == bos).all():
        return [Finding("start-token", f"the result begins with {decoded.ids[0, 0].item()}, and BOS is {bos}", where)]
    wrong = compare(patient, model, given, decoded)
    if wrong is None:
        return _check_again(patient, model, given, where) or _check_full(patient, model, where)
    model.eval()
    calm = decode(patient, model, given)
    if compare(patient, model, given, calm) is None:
        return [Finding("mode", f"{wrong}; after model.eval() they agree", where)]
    return _name(patient, model, given, calm, where)


def _name(patient: Patient, model: nn.Module, given: tuple, decoded: Decoded, where: Place) -> list[Finding]:
    """The kind of mistake, by what else the numbers agree with."""
    said = compare(patient, model, given, decoded) or "the tokens differ from the greedy ones"
    start, ids = decoded.start, decoded.ids
    if decoded.chosen_from:
        for n in range(min(2, len(decoded.chosen_from))):
            got = normal(decoded.chosen_from[n])
            whole = read_whole(patient, model, given, ids[:, : start + n])
            at = ((whole - got[:, None]).abs().amax(-1).amax(0) < 1e-3).nonzero()
            last = start + n - 1
            if len(at) and int(at[0]) != last and not torch.equal(ids[:, int(at[0])], ids[:, last]):
                return [
                    Finding(
                        "generate-slice",
                        f"new token {n} is taken from position {int(at[0])}; the last one is {last}",
                        where,
                    )
                ]
        for n in range(min(3, len(decoded.chosen_from)) - 1, -1, -1):
            if (ids[:, : start + n] == ids[:, :1]).all():
                continue  # one token again and again is the same at any length
            for length in range(1, start + n):
                got = normal(decoded.chosen_from[n])
                alone = read_whole(patient, model, given, ids[:, start + n - length : start + n])[:, -1]
                if start + n > 1 and float((alone - got).abs().max()) < 1e-3:
                    return [
                        Finding("generate-context", f"new token {n} depends on the last {length} tokens alone", where)
                    ]
        good = _good(patient, model, given, decoded)
        if (found := _cache(patient, model, given, decoded, good, where)) is not None:
            return [found]
        if good > 0:
            return [Finding("cache", f"{said}; the first {good} agree", where)]
        return [Finding("generate", said, where)]
    return [Finding("generate", said, where)]


def _cache(
    patient: Patient, model: nn.Module, given: tuple, decoded: Decoded, good: int, where: Place
) -> Finding | None:
    """What the cache does, where new tokens are read alone; None where that cannot be told."""
    if good >= len(decoded.passes):
        return None
    text = decoded.ids[:, : decoded.start + good]
    source = (given[0][: len(text)],) if patient.seq2seq else ()

    def read(ids: Tensor) -> Tape:
        training = model.training
        model.eval()
        try:
            return patient.taped(model, (*source, ids))[1]
        finally:
            model.train(training)

    longest = min(text.shape[1] + 3, patient.context or 10**9)
    try:
        return explain_cache(decoded.passes, good, text, decoded.start, read, longest=longest, where=where)
    except (Crashed, RuntimeError):  # a model that takes no such text
        return None


def _check_again(patient: Patient, model: nn.Module, given: tuple, where: Place) -> list[Finding]:
    """A second text must not meet what is left of the first."""
    second = (patient.other(given[0], source=patient.seq2seq),)
    try:
        decoded = decode(patient, model, second)
        wrong = compare(patient, model, second, decoded)
    except Crashed as crash:
        wrong = f"generate fails ({type(crash.cause).__name__}: {' '.join(str(crash.cause).split())[:120]})"
    if wrong is None:
        return []
    return [Finding("cache", f"of a second text {wrong}; of the first all agree: something is left of it", where)]


def _check_full(patient: Patient, model: nn.Module, where: Place) -> list[Finding]:
    """What a decoding reads when its text has become longer than CONTEXT: the last tokens, not the first."""
    limit = patient.context
    if patient.seq2seq or limit is None or limit > LONGEST:
        return []
    ids = patient.ids(2, limit - 1, seed=9)
    try:
        decoded = decode(patient, model, (ids,), beyond=True)
    except Crashed:  # CONTEXT is a limit, and no fault
        return []
    for n in range(2, len(decoded.chosen_from)):
        first = read_whole(patient, model, (ids,), decoded.ids[:, :limit])[:, -1]
        last = read_whole(patient, model, (ids,), decoded.ids[:, decoded.start + n - limit : decoded.start + n])[:, -1]
        got = normal(decoded.chosen_from[n])
        if float((got - first).abs().max()) < 1e-4 and float((got - last).abs().max()) > 1e-2:
            seen = f"beyond {limit} tokens every new token is chosen from the first {limit}, never from the last"
            return [Finding("generate-context", seen, where)]
    return []


def _good(patient: Patient, model: nn.Module, given: tuple, decoded: Decoded) -> int:
    full = read_whole(patient, model, given, decoded.ids[:, :-1])[:, decoded.start - 1 :]
    for n, got in enumerate(decoded.chosen_from):
        if float((normal(got) - full[:, n]).abs().max()) > CLOSE * 5:
            return n
    return len(decoded.chosen_from)


def _line(patient: Patient) -> Place:
    for name, first, _ in functions(patient.source):
        if name == "generate":
            return Place(file=patient.name, line=first, source=patient.source.splitlines()[first - 1].strip())
    return Place()
