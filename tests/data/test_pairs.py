"""Reading pairs: columns, aligned files, records and dialogue; counts of what was left out."""

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundup.data.pairs import Pair, clean, numbered_rows, read_pairs, read_rows


def write(path, text):
    path.write_bytes(text.encode())
    return path


def test_the_first_two_columns_are_the_pair(tmp_path):
    path = write(tmp_path / "a.tsv", 'Go.\tVa !\tCC-BY 2.0\n"Hi," he said.\t"Salut"\n\n')
    assert read_pairs(path) == [("Go.", "Va !"), ('"Hi," he said.', '"Salut"')]


def test_manythings_names_its_columns_txt_and_a_packed_file_is_the_same(tmp_path):
    text = "Go.\tVa\u202f!\n"
    (tmp_path / "a.tsv.gz").write_bytes(gzip.compress(text.encode()))
    assert read_pairs(tmp_path / "a.tsv.gz") == read_pairs(write(tmp_path / "fra.txt", text)) == [("Go.", "Va !")]


def test_pairs_are_normalised_and_empty_and_repeated_rows_counted(tmp_path):
    path = write(tmp_path / "a.tsv", "Go.\tl’eau\nGo.\tl'eau\n \tVa\nGo.\t\u200b\nGo.\tVa\n")
    cleaned = clean(read_rows(path))
    assert cleaned.pairs == [Pair("Go.", "l'eau"), Pair("Go.", "Va")]
    assert (cleaned.empty, cleaned.repeated) == (2, 1)


def test_a_published_test_set_keeps_its_repeated_rows(tmp_path):
    path = write(tmp_path / "a.tsv", "a\tb\na\tb\n")
    assert len(read_pairs(path, distinct=False)) == 2


@given(st.lists(st.tuples(st.text("abé ", max_size=3), st.text("xyz’ ", max_size=3)), max_size=20))
def test_nothing_is_lost_uncounted(rows):
    cleaned = clean(rows)
    assert len(cleaned.pairs) + cleaned.empty + cleaned.repeated == len(rows)
    assert len(set(cleaned.pairs)) == len(cleaned.pairs)


def test_line_n_of_one_file_belongs_to_line_n_of_the_other(tmp_path):
    en, fr = write(tmp_path / "a.en", "one\n\ntwo\n"), write(tmp_path / "a.fr", "un\nvide\ndeux")
    assert read_pairs(en, fr) == [("one", "un"), ("two", "deux")]


def test_unaligned_files_are_refused_with_both_counts(tmp_path):
    en, fr = write(tmp_path / "a.en", "one\ntwo\n"), write(tmp_path / "a.fr", "un\ndeux\ntrois\n")
    with pytest.raises(ValueError, match=r"a\.en has 2 lines and .*a\.fr has 3"):
        read_pairs(en, fr)


def test_records_name_their_sides(tmp_path):
    lines = json.dumps({"source": "one", "target": "un"}) + "\n" + json.dumps({"target": "deux", "source": "two"})
    assert read_pairs(write(tmp_path / "a.jsonl", lines)) == [("one", "un"), ("two", "deux")]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.tsv", "Go.\tVa\nalone\n", r"a\.tsv, line 2: one column.*tab"),
        ("a.txt", "Just a story.\n", r"a\.txt, line 1: one column"),
        ("a.csv", "Go.\n", r"a\.csv, line 1: one column.*comma"),
        ("a.md", "Go.,Va\n", r"unknown suffix '\.md' for pairs; known: \.tsv, \.txt, \.csv, \.jsonl, \.json"),
        ("a.jsonl", '{"source": "x"}\n', r'line 1: no key "target" .there are: source'),
        ("a.tsv", "", "empty"),
    ],
)
def test_a_mistake_is_one_line(tmp_path, name, content, message):
    with pytest.raises(ValueError, match=message) as caught:
        read_pairs(write(tmp_path / name, content))
    assert "\n" not in str(caught.value)


def test_a_judge_may_take_a_line_without_a_tab_for_half_a_pair(tmp_path):
    path = write(tmp_path / "a.tsv", "Go.\tVa\nalone\nStop.\tHalte\tmore\n")
    rows = list(numbered_rows(path, bare=True))
    assert rows == [(1, ("Go.", "Va")), (2, ("alone", "")), (3, ("Stop.", "Halte"))]
    with pytest.raises(ValueError, match=r"line 1 .and 1 more lines.: one column"):
        list(numbered_rows(write(tmp_path / "b.tsv", "a story\nof lines\n"), bare=True))


def test_a_folder_is_not_a_file_of_pairs(tmp_path):
    with pytest.raises(ValueError, match="is a folder; pairs come from one file"):
        read_pairs(tmp_path)
    with pytest.raises(FileNotFoundError, match="gone"):
        read_pairs(tmp_path / "gone.tsv")
