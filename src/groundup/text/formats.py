"""What stands in a tokenizer.json, Hugging Face's format, and the tokenizer that it means; `files` reads and writes."""

from collections.abc import Mapping
from operator import itemgetter
from typing import Any, NamedTuple

from groundup.text import patterns
from groundup.text.alphabet import name_of
from groundup.text.openai import byte_pair
from groundup.text.vocabulary import BytePair, Characters, Words

Frame = tuple[tuple[str, ...], tuple[str, ...]]
"""The special tokens that Hugging Face's libraries put before and after a text."""


class Parts(NamedTuple):
    """What a tokenizer is made of."""

    vocabulary: BytePair | Characters | Words
    pattern: str | None
    specials: dict[str, int]
    frame: Frame = ((), ())


def to_json(parts: Parts) -> dict[str, Any]:
    """The content of a tokenizer.json; all ids stand in the model's vocabulary, special tokens too."""
    vocabulary, pattern, specials, frame = parts
    if isinstance(vocabulary, BytePair):
        called = {token: name_of(token) for token in vocabulary.ids}
        names = called.values()
        merges = [f"{called[left]} {called[right]}" for left, right in vocabulary.merges]
        model = {"type": "BPE", "ignore_merges": vocabulary.whole_first, "merges": merges}
        steps = [_split_step(pattern)] if pattern is not None else []
        steps.append({"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False})
        pre_tokenizer = {"type": "Sequence", "pretokenizers": steps}
        decoder = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    elif isinstance(vocabulary, Characters):
        names = [token.decode() for token in vocabulary.ids]
        model = {"type": "WordLevel", "unk_token": ""}  # not in the vocabulary: unknown characters are errors
        pre_tokenizer, decoder = _EVERY_CHARACTER, {"type": "Fuse"}
    else:
        names = [token.decode() for token in vocabulary.ids]
        unknown = [name for name, id in specials.items() if id == vocabulary.unknown]
        model = {"type": "WordLevel", "unk_token": unknown[0]}
        pre_tokenizer, decoder = _EVERY_WORD, None  # without a decoder, tokens are joined by spaces
    for name in specials:
        if name in names:
            raise ValueError(f"special token {name!r} is an ordinary token too; give it another name")
    numbered = [*zip(names, vocabulary.ids.values(), strict=True), *specials.items()]
    vocab = dict(sorted(numbered, key=itemgetter(1)))
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
        "post_processor": _template(frame, specials) if any(frame) else None,
        "decoder": decoder,
        "model": {**model, "vocab": vocab},
    }


_ROLES = {
    "bos_token": ("<bos>", "<s>", "<|begin_of_text|>"),
    "eos_token": ("<eos>", "</s>", "<|end_of_text|>", "<|endoftext|>"),
    "pad_token": ("<pad>", "[PAD]"),
    "unk_token": ("<unk>",),
}


def to_config(specials: Mapping[str, int]) -> dict[str, Any]:
    """The content of the tokenizer_config.json with which `transformers.AutoTokenizer` opens the folder."""
    roles = {role: name for role, names in _ROLES.items() for name in reversed(names) if name in specials}
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "clean_up_tokenization_spaces": False,  # True loses spaces before signs
        "split_special_tokens": True,  # a special token in a user's text stays text, as it does here
        **roles,
    }


def _split_step(pattern: str) -> dict[str, Any]:
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}


_EVERY_CHARACTER = _split_step(r"[\s\S]")
_EVERY_WORD = {**_split_step(patterns.WORDS), "behavior": "Removed", "invert": True}


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
    frame = _frame(data.get("post_processor"), specials)
    if model["type"] == "WordLevel" and data["pre_tokenizer"] == _EVERY_CHARACTER:
        if longer := [name for name in ordinary if len(name) != 1]:
            raise ValueError(f"its token {longer[0]!r} is not one character")
        return Parts(Characters(ordinary), None, specials, frame)
    if model["type"] == "WordLevel" and data["pre_tokenizer"] == _EVERY_WORD:
        return Parts(Words(ordinary, specials[model["unk_token"]]), None, specials, frame)
    if model["type"] != "BPE":
        raise ValueError(f"its model is {model['type']}; only byte-level BPE, our characters and words can be read")
    # the older form of a merge is "left right"; a byte's name is never a space
    merges = [tuple(pair.split(" ")) if isinstance(pair, str) else tuple(pair) for pair in model["merges"]]
    vocabulary = byte_pair(ordinary, merges, whole_first=bool(model.get("ignore_merges")))
    return Parts(vocabulary, _pattern(data["pre_tokenizer"] or {"type": None}), specials, frame)


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


def _template(frame: Frame, specials: Mapping[str, int]) -> dict[str, Any]:
    def framed(text: str, segment: int) -> list[dict[str, Any]]:
        before, after = ([{"SpecialToken": {"id": name, "type_id": segment}} for name in side] for side in frame)
        return [*before, {"Sequence": {"id": text, "type_id": segment}}, *after]

    return {
        "type": "TemplateProcessing",
        "single": framed("A", 0),
        "pair": framed("A", 0) + framed("B", 1),
        "special_tokens": {
            name: {"id": name, "ids": [specials[name]], "tokens": [name]} for name in dict.fromkeys(sum(frame, ()))
        },
    }


def _frame(step: dict[str, Any] | None, specials: Mapping[str, int]) -> Frame:
    """What a post_processor puts around one text; that of type ByteLevel only moves offsets."""
    steps = [] if step is None else step["processors"] if step["type"] == "Sequence" else [step]
    templates = [step for step in steps if step["type"] != "ByteLevel"]
    if not templates:
        return (), ()
    if len(templates) > 1 or templates[0]["type"] != "TemplateProcessing":
        raise ValueError(f"its post_processor {templates[-1]['type']} is not a template around the text")
    names = [piece.get("SpecialToken", {}).get("id") for piece in templates[0]["single"]]
    frame = tuple(names[: names.index(None)]), tuple(names[names.index(None) + 1 :])
    for name in sum(frame, ()):
        if name is None or templates[0]["special_tokens"][name]["ids"] != [specials[name]]:
            raise ValueError("its post_processor is not special tokens around the text")
    return frame
