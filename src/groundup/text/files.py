"""Tokenizers on disk. We write `tokenizer.json`, directly the format of Hugging Face's `tokenizers`, and read

    tokenizer.json              byte-level BPE (ours, GPT-2's, LLaMA-3's ...), or our characters
    vocab.json, merges.txt      GPT-2's two files as Hugging Face names them
    encoder.json, vocab.bpe     and as OpenAI does
    *.tiktoken                  tiktoken's ranks, which name no split pattern and no special tokens

or a folder with one of the first three. What a file asks for and we would not do is refused, not ignored.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from groundup.text import formats, patterns
from groundup.text.formats import Parts
from groundup.text.vocabulary import BytePair, Characters

_TWO_FILES = (("vocab.json", "merges.txt"), ("encoder.json", "vocab.bpe"))


def write(
    path: str | Path,
    vocabulary: BytePair | Characters,
    *,
    pattern: str | None,
    specials: Mapping[str, int],
) -> Path:
    """Write a tokenizer.json (into a folder, unless the path ends in .json), whole or not at all."""
    path = Path(path)
    path = path if path.suffix == ".json" else path / "tokenizer.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    content = json.dumps(formats.to_json(vocabulary, pattern, specials), ensure_ascii=False, indent=1)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_text(content + "\n", encoding="utf-8")
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def read(path: str | Path, *, pattern: str | None = None) -> Parts:
    """The parts of the tokenizer in a file or folder; a ValueError says what is wrong with which file."""
    path = Path(path)
    file = _within(path) if path.is_dir() else path
    try:
        parts = _read(file, None if pattern is None else patterns.named(pattern), pattern is not None)
        patterns.compiled(parts.pattern)
        ids = [*parts.vocabulary.ids.values(), *parts.specials.values()]
        if len(set(ids)) < len(ids) or any(type(id) is not int or id < 0 for id in ids):
            raise ValueError("its ids are not distinct whole numbers from 0 on")
    except KeyError as error:
        raise ValueError(f"{file} is not a tokenizer: {error} is missing in it") from None
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{file} is not a tokenizer that can be read here: {error}") from None
    return parts


def _within(folder: Path) -> Path:
    for names in (("tokenizer.json",), *_TWO_FILES):
        if all((folder / name).is_file() for name in names):
            return folder / names[0]
    raise FileNotFoundError(
        f"no tokenizer in {folder}: expected tokenizer.json, vocab.json + merges.txt, or encoder.json + vocab.bpe"
    )


def _read(file: Path, pattern: str | None, given: bool) -> Parts:
    for vocab, merges in _TWO_FILES:
        if file.name in (vocab, merges):
            pattern = pattern if given else patterns.PATTERNS["gpt2"]
            ids, lines = (file.with_name(name).read_text(encoding="utf-8") for name in (vocab, merges))
            return formats.from_two_files(ids, lines, pattern)
    if file.suffix == ".tiktoken":
        if not given:
            raise ValueError("a .tiktoken file names no split pattern; give pattern='gpt4' (cl100k) or 'gpt2' (r50k)")
        return Parts(formats.from_ranks(file.read_text(encoding="utf-8")), pattern, {})
    if given:
        raise ValueError("it names its own split pattern; leave pattern out")
    return formats.from_json(json.loads(file.read_text(encoding="utf-8")))
