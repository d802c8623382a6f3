"""The tokens of a text in colours: in the terminal, and as a page."""

import html
from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from groundup.text.tokenizer import Tokenizer

COLOURS = ("#cfe2ff", "#d1e7dd", "#fff3cd", "#f8d7da", "#e2d9f3")

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 16px/1.9 ui-monospace, monospace; max-width: 60em; margin: 2em auto; padding: 0 1em; }}
body {{ background: #fff; color: #111; overflow-wrap: anywhere; }}
h1 {{ font: bold 20px system-ui, sans-serif; }}
span {{ padding: 2px 0; border-radius: 3px; }}
span:hover {{ outline: 2px solid #111; }}
{styles}
</style>
<h1>{title}</h1>
<p>{summary}</p>
<p>{tokens}</p>
</html>
"""


def page(tokenizer: Tokenizer, ids: Sequence[int], *, title: str) -> str:
    """One page without anything from elsewhere; the id and the bytes of a token show where the mouse is."""
    parts = []
    for number, (id, piece) in enumerate(zip(ids, tokenizer.pieces(ids), strict=True)):
        data = tokenizer.token_bytes(id)
        label = f"id {id}, bytes {data.hex(' ')}"
        parts.append(f'<span class="c{number % len(COLOURS)}" title="{label}">{html.escape(piece)}</span>')
        parts.append("<br>\n" if data.endswith(b"\n") else "<wbr>")
    size = len(tokenizer.decode_bytes(ids))
    return PAGE.format(
        title=html.escape(title),
        styles="\n".join(f".c{number} {{ background: {colour}; }}" for number, colour in enumerate(COLOURS)),
        summary=f"{size:,} bytes, {size / max(1, len(ids)):.3f} bytes per token, {tokenizer.vocab_size:,} in all",
        tokens="".join(parts),
    )


def print_tokens(tokenizer: Tokenizer, ids: Sequence[int], *, with_ids: bool) -> None:
    """The tokens one after the other on coloured ground, each with its id below if wanted; where there are no
    colours, with | between them."""
    console = Console(highlight=False)
    gap = "" if console.color_system else "|"
    for row in _rows(tokenizer, ids, width=console.width, with_ids=with_ids, gap=gap):
        pieces, numbers = Text(no_wrap=True), Text(no_wrap=True)
        for at, (number, piece, id) in enumerate(row):
            width = max(cell_len(piece), len(str(id))) if with_ids else 0
            style = f"#111111 on {COLOURS[number % len(COLOURS)]}"
            pieces.append(gap * (at > 0)).append(piece + " " * (width - cell_len(piece)), style=style)
            numbers.append(gap * (at > 0)).append(str(id).ljust(width), style=style)
        console.print(pieces, soft_wrap=True)
        if with_ids:
            console.print(numbers, soft_wrap=True)


def _rows(
    tokenizer: Tokenizer, ids: Sequence[int], *, width: int, with_ids: bool, gap: str
) -> Iterator[list[tuple[int, str, int]]]:
    """The tokens (number, what it looks like, id) in rows that end at a line end or at the border of the screen."""
    row: list[tuple[int, str, int]] = []
    used = 0
    for number, (id, piece) in enumerate(zip(ids, tokenizer.pieces(ids), strict=True)):
        needs = max(cell_len(piece), len(str(id)) if with_ids else 0) + len(gap)
        if row and used + needs > width:
            yield row
            row, used = [], 0
        row.append((number, piece, id))
        used += needs
        if tokenizer.token_bytes(id).endswith(b"\n"):
            yield row
            row, used = [], 0
    if row:
        yield row
