"""The tokenizer of a Hugging Face folder: `Tokenizer.save` writes the format, and this file adds what a model needs."""

import json
import tempfile
from pathlib import Path
from typing import Any

from groundup.hub.files import read_object, write_json
from groundup.text import formats
from groundup.text.dialect import translated
from groundup.text.tokenizer import Tokenizer

FILE, TARGET = "tokenizer.json", "target"
Ids = dict[str, int | None]


def _replace(characters: str, content: str) -> dict[str, Any]:
    return {"type": "Replace", "pattern": {"Regex": characters}, "content": content}


# `groundup.data.normalise.normalise_sentence`, which is applied to every sentence of a translation or dialogue run.
SENTENCE = {
    "type": "Sequence",
    "normalizers": [
        _replace(r"[\u00AD\u200B\u2060\uFEFF]", ""),
        _replace("[‘’‚‛]", "'"),
        _replace("[“”„‟]", '"'),
        {"type": "NFC"},
        _replace(r"[\s\u001C-\u001F]+", " "),
        {"type": "Strip", "strip_left": True, "strip_right": True},
    ],
}


def read_tokenizer(folder: Path) -> Tokenizer:
    """Read the folder's tokenizer, without what `write_tokenizers` adds for sentences: `PairRun` does that itself."""
    file = folder / FILE
    if not file.is_file() or (content := read_object(file)).get("normalizer") != SENTENCE:
        return Tokenizer.load(folder)
    with tempfile.TemporaryDirectory() as plain:
        Path(plain, FILE).write_text(json.dumps(content | {"normalizer": None}), encoding="utf-8")
        return Tokenizer.load(plain)


def check_vocabulary(where: str | Path, tokenizer: Tokenizer, vocab_size: int) -> None:
    """Raise ValueError if the model has fewer rows than there are tokens; more rows are allowed."""
    if tokenizer.vocab_size > vocab_size:
        raise ValueError(
            f"{where}: the tokenizer has {tokenizer.vocab_size} tokens, the model's vocab_size is {vocab_size}; "
            "use the tokenizer that the model was trained with"
        )


def check_pattern(where: str | Path, tokenizer: Tokenizer) -> None:
    """Raise ValueError for a split pattern that Hugging Face's engine reads differently: ids would differ."""
    for pattern in [tokenizer.pattern] if isinstance(tokenizer.pattern, str) else tokenizer.pattern or ():
        try:
            same = translated(pattern) == pattern
        except ValueError:
            same = False
        if not same:
            raise ValueError(
                f"{where}: Hugging Face's engine reads the tokenizer's split pattern {pattern!r} otherwise than ours "
                "and would give other ids; train with a named pattern, or with \\p{...} in place of \\w, ^ and the like"
            )


def special_ids(tokenizer: Tokenizer | None, *, translates: bool) -> Ids:
    """Return config.json's settings of special tokens; null if there is none, because a missing one has a default."""
    specials = {} if tokenizer is None else tokenizer.specials
    roles = {} if tokenizer is None else formats.roles(specials, tokenizer.roles)
    bos, eos, pad = (specials.get(roles.get(f"{role}_token", "")) for role in ("bos", "eos", "pad"))
    if translates and None in (bos, eos, pad):
        there = ", ".join(specials) or "none"
        raise ValueError(f"an encoder-decoder needs special tokens <pad>, <bos> and <eos>; the tokenizer has: {there}")
    ids = {"bos_token_id": eos if bos is None else bos, "eos_token_id": eos, "pad_token_id": pad}
    return ids | {"decoder_start_token_id": bos, "forced_eos_token_id": None} if translates else ids


def write_tokenizers(folder: Path, source: Tokenizer, target: Tokenizer, *, translates: bool) -> None:
    """Write one tokenizer, or the source's with the target's in a subfolder.

    For translation, it also normalises sentences and adds the end token to each, as the encoder expects.
    """
    for place, tokenizer in {folder: source, (folder if target is source else folder / TARGET): target}.items():
        tokenizer.save(place)
        if translates:
            added = {"normalizer": SENTENCE, "post_processor": _end(tokenizer)}
            write_json(place / FILE, read_object(place / FILE) | added)


def _end(tokenizer: Tokenizer) -> dict[str, Any]:
    """Return the post-processor that adds the end token to every text."""
    name = formats.roles(tokenizer.specials, tokenizer.roles)["eos_token"]
    text, other = ({"Sequence": {"id": letter, "type_id": 0}} for letter in "AB")
    end = {"SpecialToken": {"id": name, "type_id": 0}}
    return {
        "type": "TemplateProcessing",
        "single": [text, end],
        "pair": [text, end, other, end],
        "special_tokens": {name: {"id": name, "ids": [tokenizer.specials[name]], "tokens": [name]}},
    }
