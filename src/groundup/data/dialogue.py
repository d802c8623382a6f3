"""Dialogue: conversations as pairs of what was said so far and the reply to it.

What was said so far is one line of text, its turns joined by MARK: nothing about a model, a batch or a judgement has to
change for several turns, and the mark is ordinary text, so whatever a person types stays text. The letter ␞ is the
picture of ASCII's record separator, which nobody writes; it is taken out of the turns themselves, so that a turn cannot
pretend to be two.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import regex

from groundup.data.normalise import normalise_sentence
from groundup.data.pairs import Pair, Row, numbered_rows, record_pair
from groundup.data.records import JSON_SUFFIXES, read_records
from groundup.data.split import PairSplits, split_pairs
from groundup.text.reading import well_formed
from groundup.text.tokenizer import Tokenizer
from groundup.text.unpacked import suffix

SIGN = "␞"
MARK = f" {SIGN} "

_REPAIRS = [
    (regex.compile(r"\.(?: \.)+"), "..."),
    (regex.compile(r"(?<=\p{L}) ?' ?(s|t|m|d|re|ve|ll)\b", regex.IGNORECASE), lambda found: f"'{found[1].lower()}"),
    (regex.compile(r"(?<=\p{L}) ' (?=\p{L})"), "'"),
    (regex.compile(r"(?<=\S) +(?=(?:\.{2,}|[.,!?;:])(?:\s|$))"), ""),
    (regex.compile(r"(?<=\p{Ll}[.!?])(?=\p{Lu}\p{Ll})"), " "),
]


def plain_turn(text: str) -> str:
    """One turn as people write it, whatever program wrote it down: on one line, without SIGN, its spacing repaired.

    DailyDialog parts words and signs ("I don ’ t know . Mr.Smith , we ’ Ve met ."), which becomes plain English
    ("I don't know. Mr. Smith, we've met."); plain English stays as it is. Repaired are ". . .", the apostrophe of
    contractions and names with a space beside it, a space before a sign that ends a word, and none after a sentence.
    """
    text = normalise_sentence(text.replace(SIGN, " "))
    for found, better in _REPAIRS:
        text = found.sub(better, text)
    return text


def join_turns(turns: Sequence[str]) -> str:
    """What a model reads of a conversation: its turns, oldest first; those without text are passed over."""
    return MARK.join(turn for turn in turns if turn)


def knows_turns(tokenizer: Tokenizer) -> bool:
    """Whether a run has learnt from several turns: the vocabulary of its source then has SIGN as a token."""
    try:
        ids = tokenizer.encode(f" {SIGN}")
    except ValueError:  # an alphabet without it
        return False
    return any(SIGN.encode() in tokenizer.token_bytes(id) for id in ids)


def exchanges(context: Sequence[str], responses: Sequence[str]) -> Iterator[Pair]:
    """Every reply of a conversation with all that was said before it.

    First each turn of the context after the first, as a reply to those before it; then each of the responses, all of
    them replies to the whole context.
    """
    turns = [plain_turn(turn) for turn in context]
    for n in range(1, len(turns)):
        yield Pair(join_turns(turns[:n]), turns[n])
    for response in responses:
        yield Pair(join_turns(turns), plain_turn(response))


def dialogue_rows(path: str | Path, *, bare: bool = False) -> Iterator[Row]:
    """The pairs of a file as they are there, with the numbers of their lines: `exchanges` of JSON records.

    A record has "context", a list of turns, and "responses", a list of replies to it; or a single pair (`record_pair`).
    Any other file is one that `numbered_rows` reads, such as a .tsv of utterance and reply; `bare` is for that.
    """
    if suffix(Path(path)) not in JSON_SUFFIXES:
        yield from numbered_rows(path, bare=bare)
        return
    for line, record in read_records(path):
        if "context" in record and "response" not in record:
            context, responses = (_strings(record, key, path, line) for key in ("context", "responses"))
            yield from (Row(line, pair) for pair in exchanges(context, responses))
        else:
            yield Row(line, record_pair(record, path, line))


def _strings(record: dict[str, Any], key: str, path: str | Path, line: int) -> list[str]:
    value = record.get(key)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(f'{path}, line {line}: "{key}" must be a list of strings')
    return [well_formed(item) for item in value]


def split_dialogue(pairs: Sequence[Pair], *, valid: int, test: int, seed: int) -> PairSplits:
    """`split_pairs` by conversation: all that begins with the same turn stays together, and so do equal replies.

    So no part of a held-out conversation is learnt from, and no reply. Of pairs without MARK this is `split_pairs`. In
    dailydialog and chatterbot together, "Yes." and the like tie 1,323 of 8,711 pairs into one group that is always
    learnt from; the others hang together in groups of 90 at most.
    """
    rows = [(pair.source.split(MARK, 1)[0], pair.target) for pair in pairs]
    parts = map(set, split_pairs(rows, valid=valid, test=test, seed=seed))
    # Equal rows are in one group, so a row says by its words alone which part it is in.
    return PairSplits(*([pair for pair, row in zip(pairs, rows, strict=True) if row in part] for part in parts))
