"""Read and write tokenizer files. Our own format is Hugging Face's `tokenizer.json`. These formats are supported:

    tokenizer.json              byte-level BPE (ours, GPT-2's, LLaMA-3's ...), or our characters and words
    vocab.json, merges.txt      GPT-2's two files as Hugging Face names them
    encoder.json, vocab.bpe     the same files as OpenAI names them (read only)
    *.tiktoken                  tiktoken's ranks, without split pattern and special tokens

or a folder with one of the first three. If a file asks for something that is not supported, or a format cannot hold a
tokenizer, an error is raised; nothing is ignored. The list of merges is for people: it is only written.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from groundup.files import write_whole
from groundup.text import added, formats, openai, patterns
from groundup.text.formats import Parts
from groundup.text.vocabulary import BytePair

_TWO_FILES = (("vocab.json", "merges.txt"), ("encoder.json", "vocab.bpe"))
_NAMES = {"tokenizer.json", *sum(_TWO_FILES, ())}
"""With a file of such a name, the smaller files in its folder are read, too (see `added`)."""

Format = Literal["json", "gpt2", "tiktoken", "merges"]


def write(path: str | Path, parts: Parts) -> Path:
    """Write a tokenizer.json. A path that does not end in .json is a folder; it gets what AutoTokenizer needs, too."""
    path, config = Path(path), formats.to_config(parts.specials, parts.roles)
    line_each = (",\n", ": ")  # one line for each token and merge; with an indent, json takes five times as long
    content = json.dumps(formats.to_json(parts), ensure_ascii=False, separators=line_each)
    if path.suffix == ".json":
        return _put(path, content + "\n")
    _put(path / "tokenizer_config.json", json.dumps(config, ensure_ascii=False, indent=1) + "\n")
    return _put(path / "tokenizer.json", content + "\n")


def export(path: str | Path, parts: Parts, *, format: Format) -> Path:
    """Write a tokenizer in another format: "gpt2" is two files in a folder, the others are one file."""
    path = Path(path)
    if format == "json":
        return write(path, parts)
    if not isinstance(parts.vocabulary, BytePair):
        raise ValueError(f"only a byte-pair tokenizer can be written as {format!r}; there is 'json' for the others")
    if format == "tiktoken":
        if path.suffix != ".tiktoken":
            raise ValueError(f"a file of ranks is known by its name: {path} must end in .tiktoken")
        return _put(path, openai.to_ranks(parts.vocabulary))
    if format == "merges":
        return _put(path, openai.to_listing(parts.vocabulary))
    if parts.pattern != patterns.PATTERNS["gpt2"]:
        raise ValueError(
            "vocab.json and merges.txt name no split pattern and are read with GPT-2's, which this tokenizer's is not; "
            "export it as json, or train one with pattern gpt2"
        )
    vocab, merges = openai.to_two_files(parts.vocabulary, parts.specials)
    _put(path / "merges.txt", merges)
    return _put(path / "vocab.json", vocab)


def _put(path: Path, content: str) -> Path:
    """Write a file completely or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content)
    return path


def read(path: str | Path, *, pattern: str | None = None, specials: Mapping[str, int] | None = None) -> Parts:
    """Read the tokenizer in a file or folder. Raises ValueError with the file and what is wrong with it."""
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(
            f"{path}: there is no such tokenizer; give a tokenizer.json, a .tiktoken or their folder"
        )
    file = _within(path) if path.is_dir() else path
    try:
        parts = _read(file, pattern, specials)
        patterns.compiled(parts.pattern)
        ids = [*parts.vocabulary.ids.values(), *parts.specials.values()]
        if len(set(ids)) < len(ids) or any(type(id) is not int or id < 0 for id in ids):
            raise ValueError("its ids are not distinct whole numbers from 0 on")
    except KeyError as error:
        raise ValueError(f"{file} is not a tokenizer: {error} is missing in it") from None
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"{file} is not a tokenizer that can be read here: {error}") from None
    return parts


def _within(folder: Path) -> Path:
    for names in (("tokenizer.json",), *_TWO_FILES):
        if all((folder / name).is_file() for name in names):
            return folder / names[0]
    expected = "expected tokenizer.json, vocab.json + merges.txt, or encoder.json + vocab.bpe"
    if (folder / "tokenizer.model").is_file():
        expected += (
            "; its tokenizer.model is SentencePiece's, as in LLaMA 1 and 2, and cannot be read here (LLaMA 3's of "
        )
        expected += "this name is tiktoken's: copy it to a name that ends in .tiktoken and give pattern gpt4)"
    raise FileNotFoundError(f"no tokenizer in {folder}: {expected}")


def _read(file: Path, pattern: str | None, specials: Mapping[str, int] | None) -> Parts:
    expression = None if pattern is None else patterns.named(pattern)
    if file.suffix == ".tiktoken":
        if pattern is None:
            raise ValueError(
                "a .tiktoken file names no split pattern; give pattern gpt4 (cl100k), o200k or gpt2 (r50k)"
            )
        return Parts(openai.from_ranks(_text(file)), expression, dict(specials or {}))
    if specials is not None:
        raise ValueError("it names its own special tokens; leave specials out")
    said = added.beside(file.parent) if file.name in _NAMES else added.Beside({}, {}, {})
    for vocab, merges in _TWO_FILES:
        if file.name in (vocab, merges):
            ids, lines = (_text(file.with_name(name)) for name in (vocab, merges))
            return formats.from_two_files(
                ids, lines, said, patterns.PATTERNS["gpt2"] if pattern is None else expression
            )
    if pattern is not None:
        raise ValueError("it names its own split pattern; leave pattern out")
    return formats.from_json(openai.json_object(_text(file)), said)


def _text(file: Path) -> str:
    """Read a text file, without the byte-order mark that some editors put at its beginning."""
    return file.read_text(encoding="utf-8-sig")
