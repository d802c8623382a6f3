"""Files of columns: what the common forms mean, and that what is ambiguous is refused with the cure."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundup.data.names import sides_of
from groundup.data.pairs import layout, read_pairs, read_rows

MANY = [(f"Let's try {n} things.", f"Proviamo {n} cose.") for n in range(20)]


def tsv(rows) -> str:
    return "".join("\t".join(row) + "\n" for row in rows)


def read(tmp_path, text, name="a.tsv"):
    (tmp_path / name).write_bytes(text.encode())
    return read_pairs(tmp_path / name)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (MANY, "columns 1 and 2 of 2"),
        ([(str(n), a, str(9 * n), b) for n, (a, b) in enumerate(MANY)], "columns 2 and 4 of 4"),  # Tatoeba
        ([(a, b, "CC-BY 2.0 (France)") for a, b in MANY], "columns 1 and 2 of 3"),  # manythings.org
        ([("source", "target"), *MANY], "columns 1 and 2 of 2, named source | target in the first line"),
        ([("English", "Italian"), *MANY], "columns 1 and 2 of 2, named English | Italian in the first line"),
        ([("id", "en", "it-IT"), *((str(n), a, b) for n, (a, b) in enumerate(MANY))], "columns 2 and 3 of 3"),
        ([("target", "x", "source"), *((b, "", a) for a, b in MANY)], "columns 3 and 1 of 3"),
    ],
)
def test_the_common_forms_are_understood(tmp_path, rows, said):
    assert read(tmp_path, tsv(rows)) == MANY
    assert layout(tmp_path / "a.tsv").startswith(said)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            [*MANY[:10], ("Let's", "try 10 things.", "Proviamo 10 cose."), *MANY[11:]],
            "line 11: 3 columns, .*2; if a tab",
        ),
        ([(str(n), a, b) for n, (a, b) in enumerate(MANY)], "column 1 holds nothing but numbers.*source and target"),
    ],
)
def test_what_is_ambiguous_is_refused_with_the_cure(tmp_path, rows, message):
    with pytest.raises(ValueError, match=message):
        read(tmp_path, tsv(rows))


def test_numbers_may_be_what_is_learnt(tmp_path):
    rows = [("1276", "milleduecentosettantasei"), ("12", "dodici")]
    assert read(tmp_path, tsv(rows)) == rows


def test_a_first_pair_that_only_looks_like_codes_is_no_header(tmp_path):
    assert read(tmp_path, tsv([("Hi", "No"), *MANY]))[0] == ("Hi", "No")
    assert sides_of(["He", "El"]) is None
    assert sides_of(["en-GB", "zh_CN"]) == ("en-GB", "zh_CN")
    assert sides_of(["de", "en", "fr"]) is None


@given(st.lists(st.tuples(*[st.text('ab"\t', min_size=1, max_size=6)] * 2), min_size=1, max_size=8))
def test_what_python_writes_as_tsv_with_quotes_is_read_as_it_was(tmp_path_factory, rows):
    rows = [(f'"{a}\t', b) for a, b in rows]  # so that quotes are needed
    written = io.StringIO(newline="")
    csv.writer(written, delimiter="\t", lineterminator="\n").writerows(rows)
    path = tmp_path_factory.getbasetemp() / "quoted.tsv"
    path.write_text(written.getvalue())
    assert [tuple(pair) for pair in read_rows(path)] == rows


def test_quotes_of_people_stay(tmp_path):
    rows = [('"Hi," he said.', '"Salut", dit-il.'), ("Go.", '"Va !"')]
    assert read(tmp_path, tsv(rows)) == rows
    assert read(tmp_path, tsv([('"Hi."', '"Salut."')])) == [('"Hi."', '"Salut."')]


@pytest.mark.parametrize("sign", [",", ";"])
def test_csv_is_read_by_its_header_or_as_two_columns(tmp_path, sign):
    rows = [('Well, "hi"; you.', "Be', ciao,; tu."), ("two\nlines", "due")]
    for head in ([], [("source", "target")]):
        written = io.StringIO(newline="")
        csv.writer(written, delimiter=sign).writerows([*head, *rows])
        assert read(tmp_path, written.getvalue(), "a.csv") == [rows[0], ("two lines", "due")]
    with pytest.raises(ValueError, match=r"3 columns .a \| b \| c. and no header, .* source and target"):
        read(tmp_path, "a,b,c\n1,2,3\n", "a.csv")


def test_a_line_that_is_a_whole_text_is_no_pair(tmp_path):
    with pytest.raises(ValueError, match=r"line 2: 1,000,003 characters.*is it running text"):
        read(tmp_path, "a\tb\n" + "c" * 1_000_001 + "\td\n")
