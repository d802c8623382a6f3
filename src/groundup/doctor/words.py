"""Words: special ids that collide, and a tokenizer that does not give its text back."""

from groundup.doctor.causality import check_future
from groundup.doctor.finding import Finding
from groundup.doctor.patient import Crashed, Patient


def check_special(patient: Patient) -> list[Finding]:
    """No two roles share an id, but for an end that is also a beginning."""
    ids = {name: v for name in ("PAD", "BOS", "EOS", "MASK") if (v := patient.constant(name)) is not None}
    for a, b in (("PAD", "BOS"), ("PAD", "MASK"), ("BOS", "MASK"), ("EOS", "MASK"), ("PAD", "EOS")):
        if a in ids and b in ids and ids[a] == ids[b]:
            if (a, b) == ("PAD", "EOS"):
                meaning = (
                    "This is usual for GPT-2. Take care that the loss ignores padding by its place, and not by this id."
                )
                return [Finding("special-ids", f"PAD and EOS are both {ids[a]}", severity="note", meaning=meaning)]
            seen = f"{a} and {b} are both {ids[a]}"
            if (a, b) == ("PAD", "BOS"):
                meaning = "T5 and Marian do this. It is harmless as long as the decoder does not mask its first token."
                hidden = check_future(patient) if patient.seq2seq else []
                if not hidden:
                    return [Finding("special-ids", seen, severity="note", meaning=meaning)]
                seen = f"{seen}; the decoder masks PAD, so its first token sees nothing but what it must not"
            return [Finding("special-ids", seen)]
    return []


def check_tokenizer(patient: Patient) -> list[Finding]:
    """decode(encode(text)) == text, the ids fit the model, and no word has the id of a special token."""
    if not patient.has("tokenizer"):
        return []
    tokenizer = patient.run("tokenizer()", patient.given["tokenizer"])
    text = patient.given.get("TEXT") or "The quick brown fox."
    try:
        encoded = patient.run("encode", tokenizer.encode, text)
        ids = [int(i) for i in getattr(encoded, "ids", encoded)]
        back = patient.run("decode", tokenizer.decode, ids)
    except Crashed:
        if patient.given.get("TEXT"):
            raise
        return []
    if not ids:
        return [Finding("tokenizer", "encode(TEXT) is empty")]
    if max(ids) >= (size := max(patient.vocab, patient.source_vocab if patient.seq2seq else 0)):
        return [Finding("vocabulary", f"the tokenizer gives the id {max(ids)}, and the vocabulary has {size}")]
    inner = ids[1:-1]
    for name in ("PAD", "BOS", "EOS", "MASK"):
        if (value := patient.constant(name)) is not None and value in inner:
            seen = f"{name} is {value}, and encode(TEXT) has this id {inner.count(value)} times among ordinary text"
            return [Finding("special-ids", seen)]
    for name in ("BOS", "EOS", "PAD"):
        ids = [i for i in ids if i != patient.constant(name)]
    plain = patient.run("decode", tokenizer.decode, ids) if back != text else back
    if text in (back, plain):
        return []
    at = next((n for n, (a, b) in enumerate(zip(text, plain, strict=False)) if a != b), min(len(text), len(plain)))
    seen = f"the texts differ from character {at}: {text[at : at + 20]!r} comes back as {plain[at : at + 20]!r}"
    close = "".join(plain.lower().split()) == "".join(text.lower().split())
    return [Finding("tokenizer", seen, severity="note" if close else "wrong")]
