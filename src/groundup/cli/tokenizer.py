"""groundup tokenizer train | encode | decode | show: make a byte-pair tokenizer, and look at one."""

import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import tyro

from groundup.cli.parse import parse_verbs
from groundup.data.corpus import read_texts
from groundup.text.tokenizer import END_OF_TEXT, Tokenizer

TextPath = Annotated[Path, tyro.conf.Positional]
VocabSize = Annotated[int, tyro.conf.Positional, tyro.conf.arg(metavar="VOCAB_SIZE")]
TokenizerPath = Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="TOKENIZER")]
Text = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="TEXT")]
Ids = Annotated[tuple[int, ...], tyro.conf.Positional, tyro.conf.arg(metavar="ID")]
HELD_OUT = 0.1  # of the characters, at the end of the text


def main(arguments: list[str]) -> None:
    """Run one of the verbs; ValueError and OSError are the user's mistakes."""
    verbs = {"train": train, "encode": encode, "decode": decode, "show": show}
    parse_verbs(verbs, arguments, prog="groundup tokenizer")


def train(
    path: TextPath,
    vocab_size: VocabSize,
    /,
    out: Path,
    pattern: str = "gpt4",
    specials: tuple[str, ...] = (END_OF_TEXT,),
) -> None:
    """Train a tokenizer on a text and judge it on the last tenth, which it has not seen.

    Args:
        path: A text file or a folder of them (.txt .srt .jsonl, also .gz).
        vocab_size: The total: 256 bytes, the merges, the special tokens.
        out: The folder for tokenizer.json.
        pattern: How text is split before merging: gpt4, gpt2, none, or a regular expression.
        specials: Names of the special tokens.
    """
    text = "\n".join(read_texts(path))
    cut = int(len(text) * (1 - HELD_OUT))
    cut = text.rfind("\n", 0, cut) + 1 or cut or len(text)
    training, held_out = text[:cut], text[cut:]
    tokenizer = Tokenizer.train_from_texts(
        training, vocab_size, pattern=pattern, specials=specials, progress=_print_merge
    )
    if sys.stdout.isatty():
        print()  # the line that was written over stays
    saved = tokenizer.save(out)
    short = "" if tokenizer.vocab_size == vocab_size else f" of {vocab_size:,}: the text ran out of pairs to merge"
    print(f"vocabulary       {tokenizer.vocab_size:,} tokens{short}")
    if held_out:
        ids = tokenizer.encode(held_out)
        size = len(held_out.encode())
        print(f"bytes per token  {size / len(ids):.3f} on the last {size:,} bytes, not trained on")
        frequent = [id for id, _ in Counter(ids).most_common(20)]
        print(f"most frequent    {_listed(tokenizer, frequent)}")
    print(f"longest          {_listed(tokenizer, _longest(tokenizer))}")
    print(f"saved            {saved}")


def encode(tokenizer: TokenizerPath, text: Text, /, *, pieces: bool = False) -> None:
    """Print the ids of a text.

    Args:
        tokenizer: A tokenizer file, or the folder it lies in.
        text: The text, or - to read it from standard input.
        pieces: Print the tokens, not their ids.
    """
    loaded = Tokenizer.load(tokenizer)
    ids = loaded.encode(sys.stdin.read() if text == "-" else text)
    print(*(loaded.pieces(ids) if pieces else ids))


def decode(tokenizer: TokenizerPath, ids: Ids, /) -> None:
    """Print the text of ids.

    Args:
        tokenizer: A tokenizer file, or the folder it lies in.
        ids: The ids, separated by spaces.
    """
    print(Tokenizer.load(tokenizer).decode(ids))


def show(tokenizer: TokenizerPath, /) -> None:
    """Print what a tokenizer is made of.

    Args:
        tokenizer: A tokenizer file, or the folder it lies in.
    """
    loaded = Tokenizer.load(tokenizer)
    specials = ", ".join(f"{name} {id}" for name, id in loaded.specials.items())
    first = [left + right for left, right in loaded.merges[:20]]
    print(f"vocabulary       {loaded.vocab_size:,} tokens, {len(loaded.merges):,} merges")
    print(f"special tokens   {specials or 'none'}")
    print(f"split pattern    {loaded.pattern or 'none'}")
    if first:
        print(f"first merges     {_listed(loaded, [loaded.vocabulary.ids[token] for token in first])}")
    print(f"longest          {_listed(loaded, _longest(loaded))}")


def _longest(tokenizer: Tokenizer) -> list[int]:
    return [id for _, id in sorted(tokenizer.vocabulary.ids.items(), key=lambda item: -len(item[0]))[:10]]


def _listed(tokenizer: Tokenizer, ids: Iterable[int]) -> str:
    return "  ".join(tokenizer.pieces(ids))


def _print_merge(number: int, total: int, count: int, left: int, right: int, new: int) -> None:
    """One line that is written over on a terminal; about ten lines elsewhere."""
    line = f"BPE merge {number}/{total}: freq={count} ({left}, {right}) -> {new}"
    if sys.stdout.isatty():
        print(f"\r{line}\x1b[K", end="", flush=True)
    elif number % max(1, total // 10) == 0 or number == total:
        print(line, flush=True)
