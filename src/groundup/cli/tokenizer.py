"""groundup tokenizer train | encode | decode | show | compare | export | bench: make one, use it, look at it."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Literal

import tyro

from groundup.cli.parse import parse_verbs
from groundup.cli.tokenizer_use import check_target, compare, decode, encode, export, listed, longest, show
from groundup.data.corpus import read_documents
from groundup.text.reading import piped_lines
from groundup.text.tokenizer import END_OF_TEXT, Tokenizer
from groundup.text.vocabulary import Words

TextPath = Annotated[Path, tyro.conf.Positional]
VocabSize = Annotated[int, tyro.conf.Positional, tyro.conf.arg(metavar="VOCAB_SIZE")]
HELD_OUT = 0.1  # of the characters, at the end of each text
ENOUGH = 1 << 24  # characters held out; more tell nothing new
JOINED = 1 << 12  # short texts, such as the records of a .jsonl, are joined up to here


def main(arguments: list[str]) -> None:
    """Run one of the verbs; ValueError and OSError are the user's mistakes."""
    if arguments[:1] == ["bench"]:
        from groundup.cli import bench as race

        return race.main(["tokenizer", *arguments[1:]])
    verbs = {"train": train, "encode": encode, "decode": decode, "show": show, "compare": compare, "export": export}
    return parse_verbs(verbs | {"bench": bench}, arguments, prog="groundup tokenizer")


def train(
    path: TextPath,
    vocab_size: VocabSize,
    /,
    out: Path,
    kind: Literal["bpe", "words"] = "bpe",
    pattern: str | None = None,
    min_frequency: int | None = None,
    specials: tuple[str, ...] = (END_OF_TEXT,),
) -> None:
    """Train a tokenizer on texts and judge it on the last tenth of each, which it has not seen.

    Args:
        path: A text file or a folder of them (.txt .srt .jsonl, also .gz); - reads standard input.
        vocab_size: The total: 256 bytes, the merges, the special tokens; of words it is the most there may be.
        out: The folder for tokenizer.json.
        kind: bpe (byte pairs, which know every text) or words (the frequent ones; all others become <unk>).
        pattern: How text is split before merging: gpt4 (None), gpt2, o200k, none, or a regular expression.
        min_frequency: How often a word must come to be in a vocabulary of words; None is 2.
        specials: Names of the special tokens.
    """
    check_target(out)
    if kind == "words" and pattern is not None:
        raise ValueError(f"--pattern ({pattern}) is for byte pairs; leave it out, or leave out --kind words")
    if kind == "bpe" and min_frequency is not None:
        raise ValueError(f"--min-frequency ({min_frequency}) is for words; leave it out, or add --kind words")
    held_out: list[str] = []
    training = _but_the_last_tenth(_joined(_texts(path)), held_out)
    if kind == "words":
        tokenizer = Tokenizer.words(
            training,
            min_frequency=2 if min_frequency is None else min_frequency,
            vocab_size=vocab_size,
            specials=specials,
        )
    else:
        tokenizer = Tokenizer.train_from_texts(
            training,
            vocab_size,
            pattern="gpt4" if pattern is None else pattern,
            specials=specials,
            progress=_print_merge,
        )
        if sys.stdout.isatty():
            print()  # the line that was written over stays
    saved = tokenizer.save(out)
    reason = "there are no more such words" if kind == "words" else "the text ran out of pairs to merge"
    short = "" if tokenizer.vocab_size == vocab_size else f" of {vocab_size:,}: {reason}"
    print(f"vocabulary       {tokenizer.vocab_size:,} tokens{short}")
    if any(text.strip() for text in held_out):
        _judge(tokenizer, held_out)
    print(f"longest          {listed(tokenizer, longest(tokenizer))}")
    print(f"saved            {saved}")


def bench() -> None:
    """Race it against other libraries; the same as groundup bench tokenizer."""


def _judge(tokenizer: Tokenizer, texts: list[str]) -> None:
    """Print the figures of texts not trained on."""
    counts = Counter[int]()
    for text in texts:
        counts.update(tokenizer.encode(text))
    size = sum(len(text.encode()) for text in texts)
    print(f"bytes per token  {size / counts.total():.3f} on the last {size:,} bytes, not trained on")
    if isinstance(tokenizer.vocabulary, Words):
        print(f"unknown words    {counts[tokenizer.vocabulary.unknown] / counts.total():.2%} of them")
    print(f"most frequent    {listed(tokenizer, [id for id, _ in counts.most_common(20)])}")


def _texts(path: Path) -> Iterator[str]:
    if str(path) == "-":
        yield from (f"{line}\n" for line in piped_lines(sys.stdin, errors="strict"))
    else:
        for parts in read_documents(path):
            yield from parts


def _joined(texts: Iterable[str]) -> Iterator[str]:
    """Short texts one below the other, so that a tenth of them is a number of lines."""
    waiting: list[str] = []
    size = 0
    for text in texts:
        waiting.append(text.removesuffix("\n"))
        size += len(text)
        if size >= JOINED:
            yield "\n".join([*waiting, ""])
            waiting, size = [], 0
    if waiting:
        yield "\n".join([*waiting, ""])


def _but_the_last_tenth(texts: Iterable[str], held_out: list[str]) -> Iterator[str]:
    """The texts without their last lines, which go to `held_out` until that is enough."""
    for text in texts:
        if sum(map(len, held_out)) > ENOUGH:
            yield text
            continue
        cut = int(len(text) * (1 - HELD_OUT))
        cut = text.rfind("\n", 0, cut) + 1 or cut or len(text)
        held_out.append(text[cut:])
        yield text[:cut]


def _print_merge(number: int, total: int, count: int, left: int, right: int, new: int) -> None:
    """One line that is written over on a terminal; about ten lines elsewhere."""
    line = f"BPE merge {number}/{total}: freq={count} ({left}, {right}) -> {new}"
    if sys.stdout.isatty():
        print(f"\r{line}\x1b[K", end="", flush=True)
    elif number % max(1, total // 10) == 0 or number == total:
        print(line, flush=True)
