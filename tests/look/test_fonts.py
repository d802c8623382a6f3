"""What has a glyph somewhere is drawn with it, the rest is spelled out, and nobody is warned."""

import logging
import warnings

import matplotlib.image
import pytest
import torch
from matplotlib import font_manager, rcParams
from matplotlib.font_manager import FontProperties, findfont, get_font

from groundup.look.draw import draw_attention
from groundup.look.fonts import drawable, families


def glyphs(name: str) -> set[str]:
    return set(map(chr, get_font(findfont(FontProperties(family=[name]))).get_charmap()))


@pytest.mark.parametrize(
    "token", ["漢字", "\x01", "🙂", "\u200b", "가", "\U000f0000", "a\u0301", "\udc80", "ｱ", "𓀀", "\x7f\t"]
)
def test_no_token_makes_matplotlib_complain(tmp_path, token, caplog):
    with warnings.catch_warnings(), caplog.at_level(logging.WARNING):
        warnings.simplefilter("error")
        draw_attention(torch.ones(1, 1, 1), queries=[token], keys=[token], title=token, path=tmp_path / "map.png")
    assert not caplog.records
    assert matplotlib.image.imread(tmp_path / "map.png").size


def test_what_nobody_has_a_glyph_of_is_spelled_out():
    plain = list(rcParams["font.family"])
    missing = next(c for c in map(chr, range(0x4E00, 0x10000)) if c.isprintable() and c not in glyphs(plain[0]))
    assert drawable(f"a{missing}b\x01\n é\\", plain) == f"aU+{ord(missing):04X}b\\x01\\n é\\"


def test_a_font_that_has_the_glyph_is_taken(monkeypatch):
    """Of the fonts that come with matplotlib some have characters that its first one lacks."""
    plain = list(rcParams["font.family"])
    entries = font_manager.fontManager.ttflist
    extra = {
        entry.name: {c for c in glyphs(entry.name) - glyphs(plain[0]) if c.isprintable()}
        for entry in entries
        if "Last Resort" not in entry.name and (entry.style, entry.weight) == ("normal", 400)
    }
    characters = max(extra.values(), key=len)
    assert characters
    text = "".join(sorted(characters)[:5])
    fonts = families([text])
    assert fonts[: len(plain)] == plain
    assert len(fonts) > len(plain)
    assert drawable(text, fonts) == text
    assert families(["plain été"]) == plain
    without = [entry for entry in entries if not set(text) & extra.get(entry.name, set())]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", without)
    assert families([text]) == plain


def test_the_label_is_drawn_with_that_font(tmp_path, monkeypatch):
    """A glyph of a second font is narrower than what spells it out, where that font is not there."""
    plain = list(rcParams["font.family"])
    token = min(c for c in glyphs("STIXGeneral") - glyphs(plain[0]) if c.isprintable())

    def width() -> int:
        draw_attention(torch.ones(1, 1, 12), queries=[token], keys=["a"] * 12, path=tmp_path / "map.png")
        return matplotlib.image.imread(tmp_path / "map.png").shape[1]

    drawn = width()
    monkeypatch.setattr(font_manager.fontManager, "ttflist", [])
    assert drawn < width()
