"""What stands in tokenizer files, and the tokenizer that it means; `files` does the reading and writing.

A file cannot hold a token of any bytes as text, so GPT-2 gave each byte a printable character; " the" is "Ġthe".
"""

import base64
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from groundup.text import bpe, patterns
from groundup.text.vocabulary import BytePair, Characters


class Parts(NamedTuple):
    """What a tokenizer is made of."""

    vocabulary: BytePair | Characters
    pattern: str | None
    specials: dict[str, int]


def _byte_names() -> list[str]:
    """GPT-2's printable names of the bytes: a printable Latin-1 character for itself, the others from U+0100 on."""
    names = [chr(byte) if chr(byte).isprintable() and byte not in b" " else "" for byte in range(256)]
    others = iter(range(256, 512))
    return [name or chr(next(others)) for name in names]


_NAMES = _byte_names()
_BYTES = {name: byte for byte, name in enumerate(_NAMES)}
_ANY_CHARACTER = r"[\s\S]"


def to_json(vocabulary: BytePair | Characters, pattern: str | None, specials: Mapping[str, int]) -> dict[str, Any]:
    """The content of a tokenizer.json; all ids stand in the model's vocabulary, special tokens too."""
    if isinstance(vocabulary, BytePair):
        names = {_name(token): id for token, id in vocabulary.ids.items()}
        merges = [f"{_name(left)} {_name(right)}" for left, right in vocabulary.merges]
        model = {"type": "BPE", "ignore_merges": vocabulary.whole_first, "merges": merges}
        steps = [_split_step(pattern)] if pattern is not None else []
        steps.append({"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False})
        pre_tokenizer = {"type": "Sequence", "pretokenizers": steps}
        decoder = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    else:
        names = {token.decode(): id for token, id in vocabulary.ids.items()}
        model = {"type": "WordLevel", "unk_token": ""}  # not in the vocabulary: unknown characters are errors
        pre_tokenizer, decoder = _split_step(_ANY_CHARACTER), {"type": "Fuse"}
    for name in specials:
        if name in names:
            raise ValueError(f"special token {name!r} is an ordinary token too; give it another name")
    vocab = dict(sorted({**names, **specials}.items(), key=lambda item: item[1]))
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": id, "content": name, "special": True}
            | dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
            for name, id in specials.items()
        ],
        "normalizer": None,
        "pre_tokenizer": pre_tokenizer,
        "post_processor": None,
        "decoder": decoder,
        "model": {**model, "vocab": vocab},
    }


def _split_step(pattern: str) -> dict[str, Any]:
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}


def from_json(data: dict[str, Any]) -> Parts:
    """The tokenizer of a tokenizer.json; a ValueError if it would give other ids than `tokenizers` does."""
    model = data["model"]
    for where, names in (
        (data, ("normalizer", "truncation", "padding")),
        (model, ("dropout", "continuing_subword_prefix", "end_of_word_suffix", "byte_fallback")),
    ):
        for name in names:
            if where.get(name):
                raise ValueError(f"it uses {name!r}, which groundup does not")
    for token in data.get("added_tokens", []):
        if not token["special"] or token["lstrip"] or token["rstrip"] or token["single_word"]:
            raise ValueError(f"its added token {token['content']!r} is not a plain special token")
    specials: dict[str, int] = {token["content"]: token["id"] for token in data.get("added_tokens", [])}
    ordinary = {name: id for name, id in model["vocab"].items() if specials.get(name) != id}
    if model["type"] == "WordLevel" and data["pre_tokenizer"] == _split_step(_ANY_CHARACTER):
        if longer := [name for name in ordinary if len(name) != 1]:
            raise ValueError(f"its token {longer[0]!r} is not one character")
        return Parts(Characters(ordinary), None, specials)
    if model["type"] != "BPE":
        raise ValueError(f"its model is {model['type']}; only byte-level BPE and characters can be read")
    # the older form of a merge is "left right"; a byte's name is never a space
    merges = [tuple(pair.split(" ")) if isinstance(pair, str) else tuple(pair) for pair in model["merges"]]
    vocabulary = _byte_pair(ordinary, merges, whole_first=bool(model.get("ignore_merges")))
    return Parts(vocabulary, _pattern(data["pre_tokenizer"] or {"type": None}), specials)


def _pattern(step: dict[str, Any]) -> str | None:
    match step["pretokenizers"] if step["type"] == "Sequence" else [step]:
        case [{"type": "ByteLevel", "add_prefix_space": False} as only]:
            return patterns.PATTERNS["gpt2"] if only.get("use_regex", True) else None
        case [
            {"type": "Split", "pattern": {"Regex": str(pattern)}, "behavior": "Isolated", "invert": False},
            {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False},
        ]:
            return pattern
    raise ValueError("its pre_tokenizer is not one split by a regular expression, then bytes")


def from_two_files(vocab: str, merges: str, pattern: str | None) -> Parts:
    """The tokenizer of GPT-2's two files; names that no merge makes are its special tokens."""
    ids: dict[str, int] = json.loads(vocab)
    pairs = [tuple(line.split(" ")) for line in merges.split("\n") if line and not line.startswith("#version")]
    made = {*_NAMES, *("".join(pair) for pair in pairs)}
    specials = {name: id for name, id in ids.items() if name not in made}
    return Parts(_byte_pair({name: ids[name] for name in made}, pairs), pattern, specials)


def _byte_pair(ids: Mapping[str, int], merges: list[tuple[str, ...]], *, whole_first: bool = False) -> BytePair:
    pairs: bpe.Merges = []
    for number, names in enumerate(merges, 1):
        if len(names) != 2:
            raise ValueError(f"merge {number} is {' '.join(names)!r}, not two tokens")
        pairs.append((_token(names[0]), _token(names[1])))
    return BytePair(pairs, ids={_token(name): id for name, id in ids.items()}, whole_first=whole_first)


def from_ranks(lines: str) -> BytePair:
    """The vocabulary of a .tiktoken file: tokens by rank; which pair makes one, the merges of lower rank tell."""
    ids: dict[bytes, int] = {}
    for line in lines.splitlines():
        token, rank = line.split()
        ids[base64.b64decode(token, validate=True)] = int(rank)
    ordered = sorted((token for token in ids if len(token) > 1), key=ids.__getitem__)
    return BytePair(bpe.merges_of(ordered), ids=ids, whole_first=True)


def _name(token: bytes) -> str:
    return "".join(_NAMES[byte] for byte in token)


def _token(name: str) -> bytes:
    try:
        return bytes(_BYTES[character] for character in name)
    except KeyError:
        raise ValueError(f"its token {name!r} is not written in the byte alphabet of GPT-2") from None
