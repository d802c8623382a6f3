"""JSON records and parquet rows as texts and pairs: arrays, other keys, nulls, half characters, too deep."""

import json
import sys

import pytest

from groundup.data.corpus import read_texts
from groundup.data.dialogue import dialogue_rows
from groundup.data.documents import read_pieces
from groundup.data.notext import LeftOut
from groundup.data.pairs import read_pairs

TEXTS = ["one", "two", "three"]


def write(path, text):
    path.write_text(text)
    return path


def texts_by_both(path) -> list[str]:
    """As `train` reads them, and as `data prepare` does."""
    texts = list(read_texts(path))
    pieces = [p.text if isinstance(p.text, str) else p.text.decode() for p in read_pieces([path])]
    assert pieces == texts
    return texts


@pytest.mark.parametrize("indent", [None, 2])
def test_a_json_array_holds_records(tmp_path, indent):
    array = json.dumps([{"text": text} for text in TEXTS], indent=indent)
    assert texts_by_both(write(tmp_path / "a.json", f"\n{array}\n")) == TEXTS
    pairs = json.dumps([{"source": "a", "target": "b"}, {"target": "d", "source": "c"}], indent=indent)
    assert read_pairs(write(tmp_path / "b.json", pairs)) == [("a", "b"), ("c", "d")]


def test_a_json_file_may_also_be_one_record_a_line(tmp_path):
    lines = "".join(json.dumps({"text": text}) + "\n" for text in TEXTS)
    assert texts_by_both(write(tmp_path / "a.json", lines)) == TEXTS


@pytest.mark.parametrize(
    "record",
    [
        {"source": "a", "target": "b"},
        {"translation": {"en": "a", "fr": "b"}},
        {"id": "7", "translation": {"en": "a", "fr": "b"}},
        {"en": "a", "it": "b", "score": 3},
        {"question": "a", "answer": "b"},
        {"src": "a", "tgt": "b"},
        {"context": "a", "response": "b"},
    ],
)
def test_the_common_names_of_two_sides_are_known(tmp_path, record):
    path = write(tmp_path / "a.jsonl", json.dumps(record) + "\n")
    assert read_pairs(path) == [("a", "b")]
    assert [row.pair for row in dialogue_rows(path)] == [("a", "b")]


@pytest.mark.parametrize("record", [{"translation": {"en": "a", "fr": "b", "de": "c"}}, {"a": "x", "b": "y"}])
def test_other_names_are_refused_with_the_cure(tmp_path, record):
    with pytest.raises(ValueError, match=r'line 1: no keys "source" and "target".*there are: .*rename'):
        read_pairs(write(tmp_path / "a.jsonl", json.dumps(record)))


def test_nulls_are_passed_over_and_counted(tmp_path):
    path = write(tmp_path / "a.jsonl", '{"text": "one"}\n{"text": null}\n{"text": "two"}\n{"text": null}\n')
    with pytest.warns(LeftOut, match=r"a\.jsonl: 2 records without text .null. left out"):
        assert list(read_texts(path)) == ["one", "two"]
    with pytest.warns(LeftOut, match="2 records"):
        assert [piece.text for piece in read_pieces([path])] == ["one", "two"]
    pairs = write(tmp_path / "b.jsonl", '{"source": null, "target": "x"}\n{"source": "a", "target": "b"}\n')
    assert read_pairs(pairs) == [("a", "b")]


HALF = '{"text": "half \\ud83d here"}\n{"text": "whole \\ud83d\\ude00"}\n'


def test_half_a_surrogate_pair_never_comes_in(tmp_path):
    assert texts_by_both(write(tmp_path / "a.jsonl", HALF)) == ["half \ufffd here", "whole 😀"]
    pair = '{"source": "\\ud83d!", "target": "\\ude00?"}\n'
    assert read_pairs(write(tmp_path / "b.jsonl", pair)) == [("\ufffd!", "\ufffd?")]
    turns = '{"context": ["\\ud83d!"], "responses": ["\\ude00?"]}\n'
    assert [row.pair for row in dialogue_rows(write(tmp_path / "c.jsonl", turns))] == [("\ufffd!", "\ufffd?")]


@pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
def test_json_of_any_depth_is_one_line(tmp_path, name):
    deep = 20 * sys.getrecursionlimit()
    path = write(tmp_path / name, '[{"text": ' * deep)
    for read in (read_texts, dialogue_rows, lambda path: read_pieces([path])):
        with pytest.raises(ValueError, match=r"nested too deep|not JSON") as caught:
            list(read(path))
        assert str(path) in str(caught.value)
    digits = write(tmp_path / f"digits-{name}", '{"text": ' + "1" * 10_000 + "}")
    with pytest.raises(ValueError, match="too many digits"):
        list(read_texts(digits))


parquet = pytest.importorskip("pyarrow.parquet")
import pyarrow  # noqa: E402


def table(path, values, kind=None, **options):
    parquet.write_table(pyarrow.table({"text": pyarrow.array(values, kind)}), path, **options)
    return path


def test_parquet_is_read_whatever_kind_of_strings(tmp_path):
    for kind in ("string", "large_string"):
        assert texts_by_both(table(tmp_path / f"{kind}.parquet", TEXTS, kind)) == TEXTS
    categories = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
    assert texts_by_both(table(tmp_path / "categories.parquet", TEXTS * 2, categories)) == TEXTS * 2
    with pytest.raises(ValueError, match='column "text" must hold strings, not int64'):
        list(read_texts(table(tmp_path / "numbers.parquet", [1, 2])))


def test_null_rows_are_passed_over_and_counted(tmp_path):
    path = table(tmp_path / "a.parquet", ["one", None, "two"], "string", row_group_size=2)
    with pytest.warns(LeftOut, match=r"a\.parquet: 1 row without text"):
        assert [(p.number, p.text) for p in read_pieces([path])] == [(0, "one"), (2, "two")]
    assert [(p.number, p.text) for p in read_pieces([path], number=2)] == [(2, "two")]  # as after a kill


def test_a_parquet_file_of_far_more_than_a_corpus_holds_is_refused_at_once(tmp_path, monkeypatch):
    rows = table(tmp_path / "rows.parquet", pyarrow.repeat(None, 1 << 23).cast("string"))
    with pytest.raises(ValueError, match="hold 8,388,608 rows, more than 200 times as many"):
        next(read_pieces([rows]))
    monkeypatch.setattr("groundup.data.parquet.BOMB_SIZE", 1 << 22)
    categories = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
    long = pyarrow.DictionaryArray.from_arrays(pyarrow.repeat(0, 4096).cast("int32"), ["x" * 10_000])
    texts = table(tmp_path / "texts.parquet", long.cast(categories))
    with pytest.raises(ValueError, match="characters of text, more than 200 times as many"):
        list(read_pieces([texts]))
