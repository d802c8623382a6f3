"""The word tables: every row is whole, and what one row names is in another table."""

from importlib.resources import files

import pytest

from groundup.phrasebook import lexicon, tables

TABLES = sorted(file.name for file in (files("groundup.phrasebook") / "words").iterdir())


@pytest.mark.parametrize("name", TABLES)
def test_rows_are_whole_and_distinct(name: str):
    rows = tables.rows(name.removesuffix(".tsv"))
    assert len(rows) > 25
    assert all(cell == cell.strip() for row in rows for cell in row)
    assert len(set(rows)) == len(rows)


def test_adjectives_name_kinds_and_nouns_that_exist():
    known = set(lexicon.NOUNS) | {noun.en.singular for kind in lexicon.NOUNS.values() for noun in kind}
    for adjectives in lexicon.ADJECTIVES.values():
        for adjective in adjectives:
            assert adjective.suits <= known, adjective.en


def test_a_row_with_a_cell_too_few_is_named(tmp_path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "nouns.tsv").write_text("kind\tenglish\nperson\tman\nperson\n", encoding="utf-8")
    monkeypatch.setattr(tables, "files", lambda package: tmp_path)
    with pytest.raises(AssertionError, match=r"nouns\.tsv line 3 has 1 cells, and the header has 2"):
        tables.rows("nouns")
