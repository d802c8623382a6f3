"""The files of OpenAI's tokenizers: GPT-2's vocab.json with merges.txt, and tiktoken's ranks. Both hold byte pairs.

Neither format can hold every tokenizer. So the content is read back before it is returned; a difference is an error.
"""

import base64
import binascii
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from groundup.text import bpe
from groundup.text.alphabet import BYTE_NAMES, name_of, printable, token_of
from groundup.text.vocabulary import BytePair


def byte_pair(
    ids: Mapping[str, int], merges: list[tuple[str, ...]], *, whole_first: bool = False, unknown: int | None = None
) -> BytePair:
    """Return the vocabulary of tokens and merges that are given by their names."""
    pairs: bpe.Merges = []
    for number, names in enumerate(merges, 1):
        if len(names) != 2:
            raise ValueError(f"merge {number} is {' '.join(names)!r}, not two tokens")
        pairs.append((token_of(names[0]), token_of(names[1])))
    named = {token_of(name): id for name, id in ids.items()}
    return BytePair(pairs, ids=named, whole_first=whole_first, unknown=unknown)


def json_object(text: str) -> dict[str, Any]:
    """Parse a JSON object. Unlike `json.loads`, raises ValueError if a key is there twice."""

    def distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            (twice, _), *_ = Counter(key for key, _ in pairs).most_common(1)
            raise ValueError(f"{twice!r} is in it twice")
        return found

    content = json.loads(text, object_pairs_hook=distinct)
    if not isinstance(content, dict):
        raise ValueError(f"it holds a JSON {type(content).__name__}, not an object")
    return content


def to_two_files(vocabulary: BytePair, specials: Mapping[str, int]) -> tuple[str, str]:
    """Return the contents of vocab.json and merges.txt."""
    names = {name_of(token): id for token, id in vocabulary.ids.items()}
    ids = dict(sorted({**names, **specials}.items(), key=lambda item: item[1]))
    lines = [f"{name_of(left)} {name_of(right)}" for left, right in vocabulary.merges]
    merges = "\n".join(["#version: 0.2", *lines, ""])
    try:
        again, named = from_two_files(ids, merges)
        same = named == specials and _alike(again, vocabulary)
    except ValueError:
        same = False
    if not same:
        raise ValueError(
            "vocab.json and merges.txt cannot hold this tokenizer: it has tokens that no merge makes, "
            "or special tokens not named like <this>"
        )
    return json.dumps(ids, ensure_ascii=False), merges


def from_two_files(ids: Mapping[str, int], merges: str) -> tuple[BytePair, dict[str, int]]:
    """Return the vocabulary of GPT-2's two files. Names that no merge makes are its special tokens."""
    lines = merges.split("\n")
    pairs = [tuple(line.split(" ")) for line in lines[lines[0].startswith("#version") :] if line]
    made = {*BYTE_NAMES, *("".join(pair) for pair in pairs)}
    specials = {name: id for name, id in ids.items() if name not in made}
    for name in specials:
        marked = name[:1] in "<[" and name[-1:] in ">]"
        if not marked and any(name[:cut] in made and name[cut:] in made for cut in range(1, len(name))):
            raise ValueError(f"no merge makes its token {name!r}; the list of merges seems cut short")
    # Bytes may be missing, merges may not.
    return byte_pair({name: ids[name] for name in made if name in ids or len(name) > 1}, pairs), specials


def to_ranks(vocabulary: BytePair) -> str:
    """Return the content of a .tiktoken file, which has neither split pattern nor special tokens."""
    ordered = sorted(vocabulary.ids.items(), key=lambda item: item[1])
    content = "".join(f"{base64.b64encode(token).decode()} {id}\n" for token, id in ordered)
    if not _alike(from_ranks(content), vocabulary):
        raise ValueError("a .tiktoken file cannot hold this tokenizer: its merges do not follow from the order of ids")
    return content


def from_ranks(content: str) -> BytePair:
    """Return the vocabulary of a .tiktoken file: tokens by rank. The pair that makes one follows from lower ranks."""
    ids: dict[bytes, int] = {}
    for number, line in enumerate(content.splitlines(), 1):
        try:
            encoded, rank = line.split()
            token = base64.b64decode(encoded, validate=True)
            ids[token] = _new(token, int(rank), ids)
        except (ValueError, binascii.Error) as error:
            raise ValueError(f"line {number} is {line[:40]!r}, not a token in base64 and its rank ({error})") from None
    if missing := [byte for byte in range(256) if bytes([byte]) not in ids]:
        raise ValueError(f"the byte {missing[0]:#04x} has no rank; a .tiktoken file has all 256")
    ordered = sorted((token for token in ids if len(token) > 1), key=ids.__getitem__)
    merges = bpe.merges_of(ordered)
    for token in set(ordered) - {left + right for left, right in merges}:
        for left, right in ((token[:cut], token[cut:]) for cut in range(1, len(token))):
            if left in ids and right in ids:
                raise ValueError(
                    f"{token!r} has rank {ids[token]}, before its parts {left!r} ({ids[left]}) and {right!r} "
                    f"({ids[right]}); tiktoken puts them together all the same, which merges in order cannot"
                )
    return BytePair(merges, ids=ids, whole_first=True)


def _new(token: bytes, rank: int, ids: Mapping[bytes, int]) -> int:
    if token in ids:
        raise ValueError(f"{token!r} has rank {ids[token]} already")
    return rank


def to_listing(vocabulary: BytePair) -> str:
    """Return the merges as a table with tabs, for people. A space is "Ġ" in names and "␣" in the last column."""
    lines = ["rank\tleft\tright\tid\ttoken"]
    for rank, (left, right) in enumerate(vocabulary.merges, 1):
        token = left + right
        lines.append(f"{rank}\t{name_of(left)}\t{name_of(right)}\t{vocabulary.ids[token]}\t{printable(token)}")
    return "\n".join(lines) + "\n"


def _alike(one: BytePair, other: BytePair) -> bool:
    """Whether two vocabularies give the same ids to every text."""
    same = one.ids == other.ids and one.merges == other.merges
    # `whole_first` makes a difference if a token's own bytes do not encode to that token.
    return same and (
        one.whole_first == other.whole_first or all(one.merged(token) == [id] for token, id in one.ids.items())
    )
