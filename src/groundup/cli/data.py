"""groundup data list | get | show | prepare | check: the corpora there are, what is in one, and token shards of it."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import tyro

from groundup.cli.data_prepare import check, prepare
from groundup.cli.parse import parse_verbs
from groundup.data.catalogue import SOURCES, source
from groundup.data.dialogue import dialogue_rows
from groundup.data.load import load_pairs, load_texts, named
from groundup.data.pairs import Pair, clean, layout, read_rows
from groundup.data.records import JSON_SUFFIXES, read_records
from groundup.data.shards import is_shard_folder
from groundup.data.sources import Source, locate, whereabouts
from groundup.terminal import shown
from groundup.text.unpacked import suffix

Name = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="NAME")]
NameOrPath = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="NAME|PATH")]
SHOWN = 100  # characters of a text that is an example


def main(arguments: list[str]) -> None:
    """Run one of the verbs; ValueError and OSError are the user's mistakes."""
    verbs = {"list": list_corpora, "get": get, "show": show, "prepare": prepare, "check": check}
    parse_verbs(verbs, arguments, prog="groundup data")


def list_corpora() -> None:
    """List the corpora that have a name (tab-separated where the output is not a terminal)."""
    head = ["name", "kind", "languages", "size", "licence", "where", "from"]
    rows = [
        [corpus.name, corpus.kind, corpus.languages, _size(corpus), corpus.licence, whereabouts(corpus), corpus.origin]
        for corpus in SOURCES.values()
    ]
    if not sys.stdout.isatty():
        for row in [head, *rows]:
            print(*row, sep="\t")
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(*head)
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def get(name: Name, /) -> None:
    """Bring all parts of a corpus to this machine, if they are not here, and check every byte.

    Args:
        name: The name of a corpus; `groundup data list` shows them.
    """
    corpus = source(name)
    if not corpus.files:
        print(f"{name} is generated: nothing to fetch")
    for part in corpus.files:
        for path in locate(corpus, part, progress=_DownloadBar() if sys.stderr.isatty() else None):
            print(f"{part:<6} {path.stat().st_size:>12,} bytes, SHA-256 as expected  {path}")


def show(name: NameOrPath, /, other: Path | None = None, part: str | None = None, count: int = 5) -> None:
    """Print how large a corpus is, how long its texts or sentences are, and some of them.

    Args:
        name: The name of a corpus, or a file or folder of yours.
        other: The second of two line-aligned files, when the first is PATH.
        part: train, valid or test, where a corpus has them; the first it has if left out.
        count: How many examples to print.
    """
    corpus = named(name)
    if corpus is None and part is not None:
        raise ValueError(f"{name}: only a named corpus has parts; leave --part out")
    if corpus is not None and other is not None:
        raise ValueError(f"{name} is complete in itself; leave --other out")
    if corpus is not None:
        print(f"{corpus.name}: {corpus.about} ({corpus.languages}; licence: {corpus.licence})")
        part = part or next(iter(corpus.files), "train")
        if corpus.kind == "text":
            _show_texts(load_texts(name, part=part), count)
        else:
            _show_pairs(load_pairs(name, part=part), count)
    elif other is not None or _holds_pairs(Path(name)):
        cleaned = clean(read_rows(name, other) if other is not None else (row.pair for row in dialogue_rows(name)))
        if other is None and (columns := layout(name)):
            print(f"read           {columns}")
        if cleaned.pairs:
            print(shown(f"first pair     {cleaned.pairs[0].source}  ->  {cleaned.pairs[0].target}"))
        print(f"left out       {cleaned.empty:,} rows with an empty side, {cleaned.repeated:,} repeated")
        _show_pairs(cleaned.pairs, count)
    elif is_shard_folder(name):
        raise ValueError(f"{name}: token shards, not text; groundup data check {name} says what is in them")
    else:
        _show_texts(load_texts(name), count)


def _holds_pairs(path: Path) -> bool:
    """Whether a file of the user's is to be read as pairs."""
    if not path.is_file():
        return False
    if suffix(path) in JSON_SUFFIXES:
        return any("text" not in record for _, record in read_records(path))
    return suffix(path) in (".tsv", ".csv")


def _show_texts(texts: list[str], count: int) -> None:
    print(f"texts          {len(texts):,}")
    print(f"characters     {sum(map(len, texts)):,} ({len(set().union(*texts)):,} distinct)")
    print(f"bytes (UTF-8)  {sum(len(text.encode()) for text in texts):,}")
    print(f"lines          {sum(text.count(chr(10)) for text in texts):,}")
    if len(texts) > 1:
        print(f"text length    {_quantiles([len(text) for text in texts])} characters")
    pieces = texts if len(texts) > 1 else [line for line in texts[0].split("\n") if line.strip()]
    for piece in _spread(pieces, count):
        line = " ".join(piece.split())
        print(shown(f"  {line[:SHOWN]}{'...' if len(line) > SHOWN else ''}"))


def _show_pairs(pairs: list[Pair], count: int) -> None:
    sides = list(zip(*pairs, strict=True)) or [(), ()]
    print(f"pairs          {len(pairs):,}")
    for side, sentences in zip(("source", "target"), sides, strict=True):
        print(f"{side}         {sum(map(len, sentences)):,} characters, {len(set(sentences)):,} distinct sentences")
        print(f"  length       {_quantiles([len(sentence.split()) for sentence in sentences])} words")
    for pair in _spread(pairs, count):
        print(shown(f"  {pair.source}\t{pair.target}"))


def _quantiles(lengths: list[int]) -> str:
    """Shortest, median, nine tenths and longest."""
    if not lengths:
        return "no"
    ordered = sorted(lengths)
    at = {"median": 0.5, "90%": 0.9}
    inner = ", ".join(f"{word} {ordered[int(share * (len(ordered) - 1))]:,}" for word, share in at.items())
    return f"{ordered[0]:,} to {ordered[-1]:,} ({inner})"


def _spread(items: Sequence[Any], count: int) -> list[Any]:
    """`count` items at equal distances, so that a sorted corpus shows more than its beginning."""
    count = min(count, len(items))
    return [items[(2 * i + 1) * len(items) // (2 * count)] for i in range(count)]


def _size(corpus: Source) -> str:
    return f"{corpus.size / 1e6:.1f} MB" if corpus.size >= 1e5 else f"{corpus.size:,} B" if corpus.size else "-"


class _DownloadBar:
    """A rich progress bar with the words by which pooch speaks to one: total, update, reset, close."""

    def __init__(self) -> None:
        from rich.progress import DownloadColumn, Progress, TransferSpeedColumn

        self.total = 0
        self._done = 0
        self._progress = Progress(*Progress.get_default_columns(), DownloadColumn(), TransferSpeedColumn())
        self._task = self._progress.add_task("fetching", total=None)

    def update(self, amount: int) -> None:
        """`amount` more bytes have come."""
        self._done += amount
        self._progress.start()
        self._progress.update(self._task, completed=self._done, total=self.total or None)

    def reset(self) -> None:
        """Count from nothing again: pooch does so before it fills the bar up for good."""
        self._done = 0

    def close(self) -> None:
        """The file is here; the next one may come."""
        self._progress.stop()
        self.reset()
