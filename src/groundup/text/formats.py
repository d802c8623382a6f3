"""Convert a tokenizer to the content of a tokenizer.json, Hugging Face's format, and back. `files` does the I/O."""

from collections.abc import Mapping
from operator import itemgetter
from typing import Any, NamedTuple

from groundup.text import openai, patterns
from groundup.text.added import Beside, Roles, check_overlaps, numbered, plain
from groundup.text.alphabet import BYTE_NAMES, name_of
from groundup.text.frame import Frame, from_template, to_template
from groundup.text.notice import notice
from groundup.text.patterns import Pattern
from groundup.text.steps import BYTES, from_steps, split_step, to_steps
from groundup.text.vocabulary import BytePair, Characters, Words


class Parts(NamedTuple):
    """The parts of a tokenizer."""

    vocabulary: BytePair | Characters | Words
    pattern: Pattern
    specials: dict[str, int]
    frame: Frame = ((), ())
    roles: Roles | None = None


_EVERY_CHARACTER = split_step(r"[\s\S]")
_EVERY_WORD = {**split_step(patterns.WORDS), "behavior": "Removed", "invert": True}


def to_json(parts: Parts) -> dict[str, Any]:
    """Return the content of a tokenizer.json. The model's vocabulary has all ids, special tokens if that is safe."""
    vocabulary, pattern, specials, frame, _ = parts
    if isinstance(vocabulary, BytePair):
        called = {token: name_of(token) for token in vocabulary.ids}
        names = called.values()
        unknown = [name for name, id in specials.items() if id == vocabulary.unknown]
        merges = [f"{called[left]} {called[right]}" for left, right in vocabulary.merges]
        model = {"type": "BPE", "ignore_merges": vocabulary.whole_first, "merges": merges}
        model |= {"unk_token": unknown[0]} if unknown else {}
        pre_tokenizer, decoder = to_steps(pattern), BYTES
    elif isinstance(vocabulary, Characters):
        names = [token.decode() for token in vocabulary.ids]
        model = {"type": "WordLevel", "unk_token": ""}  # not in the vocabulary: unknown characters are errors
        pre_tokenizer, decoder = _EVERY_CHARACTER, {"type": "Fuse"}
    else:
        names = [token.decode() for token in vocabulary.ids]
        unknown = [name for name, id in specials.items() if id == vocabulary.unknown]
        model = {"type": "WordLevel", "unk_token": unknown[0]}
        pre_tokenizer, decoder = _EVERY_WORD, None  # without a decoder, spaces join the tokens
    for name in specials:
        if name in names:
            raise ValueError(f"special token {name!r} is an ordinary token too; give it another name")
    ordinary = dict(zip(names, vocabulary.ids.values(), strict=True))
    kept = ordinary | {name: id for name, id in specials.items() if name not in _exposed(parts)}
    if numbered([(name, None) for name in specials], kept, {}, where="") != specials:
        raise ValueError(
            f"Hugging Face's libraries would make a special token of the text {_exposed(parts)[0]!r}, because its name "
            "is one chunk for the split pattern; give it a name with signs, such as <|name|>"
        )
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
        "post_processor": to_template(frame, specials),
        "decoder": decoder,
        "model": {**model, "vocab": dict(sorted(kept.items(), key=itemgetter(1)))},
    }


def _exposed(parts: Parts) -> list[str]:
    """Return special tokens whose name, if a text has it, is one chunk that the model looks up in its vocabulary."""
    vocabulary = parts.vocabulary
    if isinstance(vocabulary, Characters):
        return [name for name in parts.specials if len(name) == 1]
    if isinstance(vocabulary, Words):
        words = patterns.compiled(patterns.WORDS)
        return [name for name in parts.specials if patterns.split(name, words) == [name]]
    if not vocabulary.whole_first:
        return []
    splitter = patterns.compiled(parts.pattern)
    return [name for name in parts.specials if patterns.split(name, splitter) == [name]]


_KNOWN_ROLES = {
    "bos_token": ("<bos>", "<s>", "<|begin_of_text|>"),
    "eos_token": ("<eos>", "</s>", "<|end_of_text|>", "<|endoftext|>"),
    "pad_token": ("<pad>", "[PAD]"),
    "unk_token": ("<unk>",),
}


def roles(specials: Mapping[str, int], told: Roles | None) -> Roles:
    """Return the role of each special token: as its file says, else by its name."""
    known = {role: name for role, names in _KNOWN_ROLES.items() for name in reversed(names) if name in specials}
    return known | {role: name for role, name in (told or {}).items() if name in specials}


def to_config(specials: Mapping[str, int], told: Roles | None) -> dict[str, Any]:
    """Return the content of the tokenizer_config.json with which `transformers.AutoTokenizer` opens the folder."""
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "clean_up_tokenization_spaces": False,  # True loses spaces before punctuation
        "split_special_tokens": True,  # a special token in a user's text stays text, as it does here
        **roles(specials, told),
    }


def from_json(data: dict[str, Any], beside: Beside) -> Parts:
    """Return the tokenizer of a tokenizer.json. Raises ValueError if ids would differ from those of `tokenizers`."""
    model = data["model"]
    _check_model(data, model)
    added = [{**t, "special": t["special"] or t["content"] in beside.tokens} for t in data.get("added_tokens") or []]
    check_overlaps(added)
    told = [(plain(token), token["id"]) for token in added]
    specials = numbered(told, model["vocab"], {}, where="tokenizer.json")
    specials = numbered(beside.tokens.items(), model["vocab"], specials, where="a file beside it")
    ordinary = {name: id for name, id in model["vocab"].items() if specials.get(name) != id}
    frame = from_template(data.get("post_processor"), specials)
    if beside.framing:
        frame = _sides(beside, specials)
    rest = specials, frame, {role: name for role, name in beside.roles.items() if name in specials}
    if model["type"] == "WordLevel" and data["pre_tokenizer"] == _EVERY_CHARACTER:
        if longer := [name for name in ordinary if len(name) != 1]:
            raise ValueError(f"its token {longer[0]!r} is not one character")
        return Parts(Characters(ordinary), None, *rest)
    if model["type"] == "WordLevel" and data["pre_tokenizer"] == _EVERY_WORD:
        return Parts(Words(ordinary, specials[model["unk_token"]]), None, *rest)
    if model["type"] != "BPE":
        raise ValueError(f"its model is {model['type']}; only byte-level BPE, our characters and words can be read")
    # In the older form a merge is "left right"; the name of a byte is never a space.
    merges = [tuple(pair.split(" ")) if isinstance(pair, str) else tuple(pair) for pair in model["merges"]]
    unknown = model.get("unk_token")
    vocabulary = openai.byte_pair(
        ordinary,
        merges,
        whole_first=bool(model.get("ignore_merges")),
        unknown=None if unknown is None else model["vocab"].get(unknown),
    )
    if vocabulary.unknown is not None and vocabulary.missing and model.get("fuse_unk"):
        raise ValueError(f"it joins unknown bytes into one {unknown!r} (fuse_unk), which is not done here")
    _check_apart(vocabulary, specials)
    return Parts(vocabulary, from_steps(data["pre_tokenizer"]), *rest)


def from_two_files(vocab: str, merges: str, beside: Beside, pattern: Pattern) -> Parts:
    """Return the tokenizer of vocab.json and merges.txt, with the special tokens from the files beside them."""
    ids: dict[str, int] = openai.json_object(vocab)
    vocabulary, specials = openai.from_two_files({n: id for n, id in ids.items() if n not in beside.tokens}, merges)
    specials |= {name: ids[name] for name in beside.tokens if name in ids}
    specials = numbered(beside.tokens.items(), ids, specials, where="a file beside it")
    _check_apart(vocabulary, specials)
    frame = _sides(beside, specials) if beside.framing else ((), ())
    return Parts(vocabulary, pattern, specials, frame, beside.roles)


def _check_apart(vocabulary: BytePair, specials: Mapping[str, int]) -> None:
    """Raise ValueError if bytes or merges can make a special token, because text never becomes one here."""
    made = {*BYTE_NAMES, *(name_of(left + right) for left, right in vocabulary.merges)}
    for name in specials:
        if name in made:
            raise ValueError(
                f"its special token {name!r} is an ordinary token too; here text never becomes a special one"
            )


def _check_model(data: dict[str, Any], model: dict[str, Any]) -> None:
    """Raise ValueError for an unsupported option that changes ids; print a line for one that does not."""
    spaces = [data.get("normalizer"), data.get("pre_tokenizer"), data.get("decoder")]
    if model.get("byte_fallback") or model.get("type") == "Unigram" or "\u2581" in repr(spaces):
        raise ValueError(
            "it is made like SentencePiece (a space is ▁), as those of LLaMA 1, LLaMA 2 and Mistral; only byte-level "
            "ones can be read, as those of GPT-2, LLaMA 3 and SmolLM. The folder's model can be read without it"
        )
    if where := data.get("normalizer"):
        raise ValueError(
            f"it uses 'normalizer' ({where['type']}), which changes a text before it is split; that is not done here"
        )
    for name in ("dropout", "continuing_subword_prefix", "end_of_word_suffix"):
        if model.get(name):
            raise ValueError(f"it uses {name!r} ({model[name]!r}), which groundup does not")
    if left_out := [name for name in ("padding", "truncation") if data.get(name)]:
        notice(f"tokenizer.json asks for {' and '.join(left_out)}, ignored here: a text gets all its ids and no others")


def _sides(beside: Beside, specials: Mapping[str, int]) -> Frame:
    """Return the frame that add_bos_token and add_eos_token ask for. They override the post_processor."""
    told = roles(specials, beside.roles)
    bos, eos = (
        (told[f"{side}_token"],) if beside.framing.get(side) and f"{side}_token" in told else ()
        for side in ("bos", "eos")
    )
    return bos, eos
