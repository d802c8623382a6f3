"""Rows with the numbers of their lines: what was read, and what was at fault where."""

import pytest

from groundup.data.load import load_pairs, load_rows


def test_every_row_keeps_the_number_of_its_line(tmp_path):
    (tmp_path / "a.tsv").write_text("one\tun\n\n  \tdeux\none\tun\nthree\t\u200b\nfour\tquatre\n")
    rows = load_rows(tmp_path / "a.tsv")
    assert [row.line for row in rows] == [1, 2, 3, 4, 5, 6]
    assert [row.line for row in rows if not (row.pair.source and row.pair.target)] == [2, 3, 5]
    whole = [row.pair for row in rows if row.pair.source and row.pair.target]
    assert whole == load_pairs(tmp_path / "a.tsv", distinct=False)


def test_two_files_and_json_lines(tmp_path):
    (tmp_path / "a.en").write_text("one\n\nthree\n")
    (tmp_path / "a.fr").write_text("un\ndeux\ntrois\n")
    assert [(row.line, *row.pair) for row in load_rows(tmp_path / "a.en", tmp_path / "a.fr")] == [
        (1, "one", "un"), (2, "", "deux"), (3, "three", "trois"),
    ]  # fmt: skip
    (tmp_path / "a.jsonl").write_text('{"source": "a", "target": "b"}\n{"context": ["c"], "responses": ["d", "e"]}\n')
    assert [row.line for row in load_rows(tmp_path / "a.jsonl")] == [1, 2, 2]
    (tmp_path / "b.fr").write_text("un\n")
    with pytest.raises(ValueError, match=r"a\.en has 3 lines and .*b\.fr has 1"):
        load_rows(tmp_path / "a.en", tmp_path / "b.fr")


def test_multi30k_the_other_way_has_its_published_parts(data_dir):
    from groundup.data.load import load_splits

    there, back = (load_splits(f"multi30k-{way}", valid=1, test=1, seed=0) for way in ("de-en", "en-de"))
    assert [(pair.target, pair.source) for pair in there.test] == back.test
    assert len(back.valid) == 1014
