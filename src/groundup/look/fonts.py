"""Fonts for the labels of a picture: choose those that have the glyphs, and replace characters that no font has."""

from collections.abc import Iterable
from functools import cache

LAST_RESORT = "Last Resort"  # comes with matplotlib and has a box for every character


def families(texts: Iterable[str]) -> list[str]:
    """Return matplotlib's own font family, and the installed families that have glyphs which the others lack."""
    from matplotlib import font_manager, rcParams

    chosen = list(rcParams["font.family"])
    missing = {character for text in texts for character in text if character.isprintable()} - _glyphs(*chosen)
    entries = font_manager.fontManager.ttflist
    # Only upright fonts of normal weight: for any other, matplotlib warns that it differs from the one asked for.
    for name in sorted(
        {entry.name for entry in entries if entry.style == "normal" and entry.weight in (400, "normal")}
    ):
        if not missing:
            break
        if not name.startswith(LAST_RESORT) and missing & (there := _glyphs(name)):
            chosen.append(name)
            missing -= there
    return chosen


def drawable(text: str, families: Iterable[str]) -> str:
    """Write a character without a glyph in these families as U+6F22, and an unprintable one as \\x01."""
    there = frozenset().union(*map(_glyphs, families))

    def shown(character: str) -> str:
        if not character.isprintable():
            return repr(character)[1:-1]
        return character if character in there else f"U+{ord(character):04X}"

    return "".join(map(shown, text))


@cache
def _glyphs(*family: str) -> frozenset[str]:
    """Return the characters that matplotlib can draw with a family; empty if it is missing or has bitmaps only."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    try:
        font = get_font(findfont(FontProperties(family=[*family])))
    except (OSError, RuntimeError, ValueError):  # the file is not a font
        return frozenset()
    return frozenset(map(chr, font.get_charmap())) if font.scalable else frozenset()
