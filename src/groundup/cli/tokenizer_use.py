"""What can be done with a tokenizer that is there: encode, decode, show, compare, export."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import tyro

from groundup.data.corpus import read_texts, text_files
from groundup.data.notext import NoText
from groundup.terminal import shown
from groundup.text.files import Format
from groundup.text.patterns import PATTERNS
from groundup.text.tokenizer import Tokenizer
from groundup.text.unpacked import existing
from groundup.text.vocabulary import BytePair

TokenizerPath = Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="TOKENIZER")]
Text = Annotated[str | None, tyro.conf.Positional, tyro.conf.arg(metavar="TEXT")]
Ids = Annotated[tuple[int, ...], tyro.conf.Positional, tyro.conf.arg(metavar="ID")]
Paths = Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="PATH")]


def encode(
    tokenizer: TokenizerPath,
    text: Text = None,
    /,
    *,
    file: Path | None = None,
    pieces: bool = False,
    out: Path | None = None,
    pattern: str | None = None,
) -> None:
    """Print the ids of a text, or write those of files into token shards.

    Args:
        tokenizer: A tokenizer file, or the folder it lies in.
        text: The text, or - to read it from standard input.
        file: A file to read it from, byte for byte; it need not be UTF-8.
        pieces: Print the tokens, not their ids.
        out: A new folder for token shards; --file may then be a folder too (`groundup data prepare` says of what).
        pattern: The split pattern of a tokenizer file that names none.
    """
    loaded = Tokenizer.load(tokenizer, pattern=pattern)
    check_target(out)
    if out is not None:
        if file is None or text is not None or pieces:
            raise ValueError("--out writes the tokens of files; give it --file and nothing else")
        from groundup.cli.data_prepare import write_shards

        write_shards(text_files(file), loaded, out, valid_tokens=0)
        return
    ids = _encoded(loaded, text, file)
    if ids is None:
        raise ValueError("there is nothing to encode; give a TEXT, - for standard input, or --file FILE")
    print(*(loaded.pieces(ids) if pieces else ids))


def decode(tokenizer: TokenizerPath, ids: Ids, /, *, pattern: str | None = None) -> None:
    """Print the text of ids.

    Args:
        tokenizer: A tokenizer file, or the folder it lies in.
        ids: The ids, separated by spaces.
        pattern: The split pattern of a tokenizer file that names none.
    """
    text = Tokenizer.load(tokenizer, pattern=pattern).decode(ids)
    print(shown(text))


def show(
    tokenizer: TokenizerPath,
    text: Text = None,
    /,
    *,
    file: Path | None = None,
    ids: bool = False,
    html: Path | None = None,
    pattern: str | None = None,
) -> None:
    """Print what a tokenizer is made of, or with a text its tokens in colours.

    Args:
        tokenizer: A tokenizer file, or the folder it lies in.
        text: The text, or - to read it from standard input.
        file: A file to read it from.
        ids: Print the id below each token.
        html: Write the tokens as a page to this file.
        pattern: The split pattern of a tokenizer file that names none.
    """
    from groundup.cli import tokenizer_page

    check_target(html)
    if ids and html:
        raise ValueError("a page shows the id of each token anyway; leave --ids out")
    loaded = Tokenizer.load(tokenizer, pattern=pattern)
    found = _encoded(loaded, text, file)
    if found is None:
        if ids or html:
            raise ValueError("there are no tokens to show; give a TEXT, - for standard input, or --file FILE")
        _describe(loaded)
    elif html:
        html.parent.mkdir(parents=True, exist_ok=True)
        html.write_text(tokenizer_page.page(loaded, found, title=f"{len(found):,} tokens by {tokenizer}"), "utf-8")
        print(f"saved  {html}")
    else:
        tokenizer_page.print_tokens(loaded, found, with_ids=ids)


def compare(first: TokenizerPath, second: TokenizerPath, texts: Paths, /, *, pattern: str | None = None) -> None:
    """Print how finely two tokenizers cut texts, a row for each file, so languages can be compared.

    Args:
        first: A tokenizer file, or the folder it lies in.
        second: Another.
        texts: Text files, or folders of them. A word is what stands between white space.
        pattern: The split pattern of .tiktoken files; of two that need different ones, export one as json before.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table

    nameless = [path for path in (first, second) if path.suffix == ".tiktoken"] or [first, second]
    pair = [(path, Tokenizer.load(path, pattern=pattern if path in nameless else None)) for path in (first, second)]
    if not texts:
        raise ValueError("there is nothing to compare on; give a text file or a folder of them")
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("\n\ntext", overflow="fold")
    table.add_column("\n\nbytes", justify="right")
    for letter, (path, loaded) in zip("AB", pair, strict=True):
        print(f"{letter}  {path}: {loaded.vocab_size:,} tokens, {_kind(loaded)}")
        for column in ("\n{}\ntokens", "{}\nbytes\n/token", "{}\ntokens\n/word"):
            table.add_column(column.format(letter), justify="right")
    table.add_column("\nB / A\ntokens", justify="right")
    for file in (file for path in texts for file in text_files(path)):
        try:
            text = "\n".join(read_texts(file))
        except NoText:
            continue
        size, words = len(text.encode()), len(text.split())
        counts = [len(loaded.encode(text)) for _, loaded in pair]
        cells = [(f"{count:,}", f"{size / count:.3f}", f"{count / words:.3f}") for count in counts]
        table.add_row(file.name, f"{size:,}", *cells[0], *cells[1], f"{counts[1] / counts[0]:.3f}")
    Console().print(table)


def export(tokenizer: TokenizerPath, /, *, format: Format, out: Path, pattern: str | None = None) -> None:
    """Write a tokenizer in another format.

    Args:
        tokenizer: A tokenizer file, or the folder it lies in.
        format: json (tokenizer.json), gpt2 (vocab.json and merges.txt), tiktoken, or merges (a list to read).
        out: A folder for json and gpt2, a file for the others.
        pattern: The split pattern of a tokenizer file that names none.
    """
    check_target(out)
    print(f"saved  {Tokenizer.load(tokenizer, pattern=pattern).export(out, format=format)}")


def check_target(out: Path | None) -> None:
    """ValueError for a place within a run: with another tokenizer its model's ids would mean other words."""
    for folder in () if out is None else (out.resolve(), *out.resolve().parents):
        if (folder / "recipe.json").is_file():
            raise ValueError(f"{out} belongs to a run, whose files stay as they are; give the name of another place")


def longest(tokenizer: Tokenizer) -> list[int]:
    """The ids of the ten longest tokens."""
    return [id for _, id in sorted(tokenizer.vocabulary.ids.items(), key=lambda item: -len(item[0]))[:10]]


def listed(tokenizer: Tokenizer, ids: Iterable[int]) -> str:
    """The tokens on one line."""
    return "  ".join(tokenizer.pieces(ids))


def _describe(tokenizer: Tokenizer) -> None:
    specials = ", ".join(f"{name} {id}" for name, id in tokenizer.specials.items())
    first = [left + right for left, right in tokenizer.merges[:20]]
    print(f"vocabulary       {tokenizer.vocab_size:,} tokens, {len(tokenizer.merges):,} merges")
    print(f"special tokens   {specials or 'none'}")
    print(f"made of          {_kind(tokenizer)}")
    if first:
        print(f"first merges     {listed(tokenizer, [tokenizer.vocabulary.ids[token] for token in first])}")
    print(f"longest          {listed(tokenizer, longest(tokenizer))}")


def _kind(tokenizer: Tokenizer) -> str:
    if not isinstance(tokenizer.vocabulary, BytePair):
        return type(tokenizer.vocabulary).__name__.lower()
    names = [name for name, pattern in PATTERNS.items() if pattern == tokenizer.pattern]
    return f"byte pairs, split pattern {names[0] if names else tokenizer.pattern}"


def _encoded(tokenizer: Tokenizer, text: str | None, file: Path | None) -> list[int] | None:
    """The ids of the text or of the file, whichever is given; None if neither is."""
    if text is not None and file is not None:
        raise ValueError(f"a TEXT and --file {file} are one too many; give either")
    if file is not None:
        return tokenizer.encode_bytes(existing(file).read_bytes())
    return None if text is None else tokenizer.encode(sys.stdin.read() if text == "-" else text)
