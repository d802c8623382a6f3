"""Whether a character has a glyph: the fonts that a picture's labels need, and what to write where none has one."""

from collections.abc import Iterable
from functools import cache

LAST_RESORT = "Last Resort"  # comes with matplotlib and has a box for everything


def families(texts: Iterable[str]) -> list[str]:
    """matplotlib's own font family, and as many of those installed as have glyphs that the ones before them lack."""
    from matplotlib import font_manager, rcParams

    chosen = list(rcParams["font.family"])
    missing = {character for text in texts for character in text if character.isprintable()} - _glyphs(*chosen)
    entries = font_manager.fontManager.ttflist
    # Upright and of plain weight: for any other matplotlib warns that it is not what was asked for.
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
    """The text with U+6F22 for a character that none of the families has a glyph of, and \\x01 for one unseen."""
    there = frozenset().union(*map(_glyphs, families))

    def shown(character: str) -> str:
        if not character.isprintable():
            return repr(character)[1:-1]
        return character if character in there else f"U+{ord(character):04X}"

    return "".join(map(shown, text))


@cache
def _glyphs(*family: str) -> frozenset[str]:
    """The characters that matplotlib can draw with a family; none where it is not there, or is made of bitmaps."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    try:
        font = get_font(findfont(FontProperties(family=[*family])))
    except (OSError, RuntimeError, ValueError):  # a file that is no font after all
        return frozenset()
    return frozenset(map(chr, font.get_charmap())) if font.scalable else frozenset()
