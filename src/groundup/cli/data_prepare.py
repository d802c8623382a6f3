"""groundup data prepare | check: text of any size into token shards, and whether they are still what was written."""

import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import tyro

from groundup.data.load import named
from groundup.data.sources import locate
from groundup.machine import clock
from groundup.text.tokenizer import Tokenizer

Source = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="SOURCE")]
Folder = Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="FOLDER")]
PLAIN = 10.0  # seconds from one plain line to the next


def prepare(
    source: Source,
    /,
    *,
    tokenizer: str,
    out: Path,
    valid_tokens: int | None = None,
    shard_tokens: int = 100_000_000,
    column: str = "text",
    workers: int | None = None,
) -> None:
    """Encode text of any size into token shards, on all cores; after a kill the same command goes on.

    Args:
        source: A named corpus, a file, or a folder of them: .parquet, .jsonl, .txt, .srt, all but the first also .gz.
        tokenizer: gpt2, a tokenizer file or its folder, or a run.
        out: A folder for the shards: new, or one that was begun by the same command.
        valid_tokens: The first tokens, in a shard of their own, are held out; None takes about a hundredth of the
            source, at most a shard. With 0 a training holds out what --data.valid says.
        shard_tokens: Tokens of a shard.
        column: Of parquet and .jsonl: where the text is.
        workers: Threads that encode; None takes all cores.
    """
    write_shards(
        files_of(source),
        find_tokenizer(tokenizer),
        out,
        valid_tokens=valid_tokens,
        shard_tokens=shard_tokens,
        column=column,
        workers=workers,
    )


def check(folder: Folder, /) -> None:
    """Read all shards of a folder: every SHA-256, and that every id is one of the tokenizer's.

    Args:
        folder: As `groundup data prepare`, llm.c or build-nanogpt left it.
    """
    from groundup.data.shards import Shards
    from groundup.flow.progress import progress

    if not folder.is_dir():
        if folder.exists():
            raise ValueError(f"{folder}: a file, and a folder is needed; try: groundup data check {folder.parent}")
        made = f"groundup data prepare SOURCE --tokenizer gpt2 --out {folder}"
        raise ValueError(f"{folder}: there is no such folder; {made} makes one")
    shards = Shards.open(folder)
    shards.check(watched=partial(progress, what="reading the shards"))
    if shards.fingerprint is not None:
        shards.load_tokenizer()
    held_out = sum(len(shard.ids) for shard in shards.shards if shard.part == "valid")
    vouched = "every SHA-256 as written" if shards.fingerprint is not None else "no SHA-256 to compare with"
    print(
        f"{folder}: {len(shards.shards)} shards, {len(shards) - held_out:,} tokens to learn from, {held_out:,} held "
        f"out, all below {shards.vocab_size:,}; {vouched}"
    )


def write_shards(files: list[Path], tokenizer: Tokenizer, out: Path, **options: Any) -> None:
    """`prepare` with a display, and what came of it."""
    from groundup.data.prepare import prepare as encode

    began = time.perf_counter()
    with display() as progress:
        try:
            shards = encode(files, tokenizer, out, progress=progress, **options)
        except KeyboardInterrupt:
            raise KeyboardInterrupt("stopped; the same command goes on from the last finished shard") from None
    seconds, size = time.perf_counter() - began, sum(file.stat().st_size for file in files)
    held_out = sum(len(shard.ids) for shard in shards.shards if shard.part == "valid")
    print(f"tokens           {len(shards):,} of {size:,} bytes in {len(files):,} file{'s' * (len(files) != 1)}")
    print(f"held out         {held_out:,}" + ", the first of them" * (held_out > 0))
    print(f"time             {seconds:.1f} s")
    print(f"saved            {out}: {len(shards.shards)} shards, tokenizer.json, index.json")


def files_of(source: str) -> list[Path]:
    """The files of a named corpus, of a folder, or the file itself."""
    from groundup.data.corpus import text_files

    corpus = named(source)
    if corpus is None:
        return text_files(source)
    if corpus.kind != "text" or not corpus.files:
        why = "built in" if not corpus.files else f"a corpus of {corpus.kind}"
        raise ValueError(f"{source} is {why}; shards are made of text that lies in files")
    return locate(corpus, "train")


def find_tokenizer(name: str) -> Tokenizer:
    """GPT-2's, one in a file or folder, or that of a run."""
    from groundup.data.shards import load_gpt2

    if Path(name).exists():
        return Tokenizer.load(name)
    if name == "gpt2":
        return load_gpt2()
    if os.sep in name or Path(name).suffix:
        raise FileNotFoundError(f"{name}: there is no such tokenizer file or folder")
    from groundup.run.folder import find_run

    return find_run(name).tokenizers()[1]


def display() -> "Bar | Lines":
    """A bar on a terminal, plain lines elsewhere."""
    return Bar() if sys.stderr.isatty() else Lines()


class Lines:
    """A line now and then: share of the source, tokens, speed, and when it will be over."""

    def __init__(self) -> None:
        self._began: tuple[float, int, int] | None = None
        self._said = time.perf_counter()

    def __enter__(self) -> "Lines":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __call__(self, read: int, size: int, tokens: int) -> None:
        now = time.perf_counter()
        if self._began is None:  # what came before it may be of an earlier call, so nothing is known of the speed
            self._began = (now, read, tokens)
            return
        if now - self._said < PLAIN:
            return
        self._said = now
        began, first, had = self._began
        left = (now - began) * (size - read) / max(1, read - first)
        pace = (tokens - had) / (now - began)
        print(f"{read / size:6.1%}  {tokens:,} tokens, {pace:,.0f} a second, {clock(left)} to go", file=sys.stderr)


class Bar:
    """A rich bar with the same."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        columns = TaskProgressColumn(), TextColumn("{task.fields[tokens]:,} tokens"), TimeRemainingColumn()
        self._progress = Progress(BarColumn(), *columns, console=Console(stderr=True), transient=True)
        self._task = self._progress.add_task("", total=None, tokens=0)

    def __enter__(self) -> "Bar":
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def __call__(self, read: int, size: int, tokens: int) -> None:
        self._progress.update(self._task, completed=read, total=size, tokens=tokens)
