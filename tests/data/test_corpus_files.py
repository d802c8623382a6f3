"""Reading texts: every format, and one line that names file, place and cure for every mistake."""

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundup.data.corpus import read_documents, read_lines, read_texts
from groundup.data.subtitles import subtitle_text

SRT = (
    "\ufeff1\r\n00:00:01,000 --> 00:00:02,500\r\n{\\an8}<i>Wait!</i>\r\n\r\n"
    '2\r\n00:00:03,000 --> 00:00:04,000\r\n- I <3 you.\r\n- <font color="#fff">42</font>\r\n\r\n'
    "3\r\n00:00:05,000 --> 00:00:06,000\r\n1984\r\n\r\n"
    "4\r\n00:00:07,000 --> 00:00:08,000\r\n<i></i>\r\n"
)


def write(path, text):
    path.write_bytes(text.encode())
    return path


def test_text_is_read_as_it_stands(tmp_path):
    text = "  Où\u202f?\n\n\tl’eau\u2028x\n"
    assert list(read_texts(write(tmp_path / "a.txt", text))) == [text]


def test_line_ends_and_byte_order_mark_are_unified(tmp_path):
    assert list(read_texts(write(tmp_path / "a.txt", "\ufeffone\r\ntwo\n"))) == ["one\ntwo\n"]


def test_only_a_newline_ends_a_line(tmp_path):
    assert read_lines(write(tmp_path / "a.txt", "one\u2028still one\x0c\x85\ntwo\n")) == [
        "one\u2028still one\x0c\x85",
        "two",
    ]


def test_subtitles_keep_the_words_alone(tmp_path):
    expected = "Wait!\n- I <3 you. - 42\n1984\n"
    assert list(read_texts(write(tmp_path / "film.srt", SRT))) == [expected]
    assert subtitle_text(SRT.replace("\r\n\r\n", "\n").replace("\r\n", "\n")) == expected  # no blank lines between


@given(st.lists(st.text("ab ,.!", min_size=1).filter(str.strip), min_size=1, max_size=5))
def test_every_cue_gives_its_line(cues):
    times = "00:00:01,000 --> 00:00:02,000"
    text = "".join(f"{n}\n{times}\n{cue}\n\n" for n, cue in enumerate(cues, start=1))
    assert subtitle_text(text).splitlines() == [" ".join(cue.split()) for cue in cues]


def test_json_lines_give_a_text_for_each_record(tmp_path):
    texts = ["first\nsecond line", "deux"]
    lines = "".join(json.dumps({"text": text, "id": 1}) + "\n" for text in texts)
    assert list(read_texts(write(tmp_path / "a.jsonl", lines + "\n"))) == texts


@pytest.mark.parametrize(
    ("name", "content", "texts"),
    [
        ("a.txt", "words\n", ["words\n"]),
        ("a.srt", SRT, ["Wait!\n- I <3 you. - 42\n1984\n"]),
        ("a.jsonl", '{"text": "x"}', ["x"]),
    ],
)
def test_every_format_may_be_packed(tmp_path, name, content, texts):
    path = tmp_path / f"{name}.gz"
    path.write_bytes(gzip.compress(content.encode()))
    assert list(read_texts(path)) == texts


def test_a_folder_is_read_in_order_and_without_hidden_files(tmp_path):
    for name in ("b/2.txt", "b/1.txt", "a.txt", ".hidden.txt", ".git/c.txt", "notes.pdf"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write(tmp_path / name, name)
    assert list(read_texts(tmp_path)) == ["a.txt", "b/1.txt", "b/2.txt"]


def test_a_corpus_in_a_hidden_folder_is_still_a_corpus(tmp_path):
    (tmp_path / ".cache").mkdir()
    write(tmp_path / ".cache" / "a.txt", "words")
    assert list(read_texts(tmp_path / ".cache")) == ["words"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"", "empty"),
        ("a.txt", b" \n\n", "empty"),
        ("a.txt.gz", b"", "empty"),
        ("a.txt", b"ab\0cd", "binary file .NUL at byte 2"),
        ("a.txt", "é".encode("utf-16"), "binary|UTF-8"),
        ("a.txt", b"one\ntwo \xe9t\xe9\n", r"line 2: not UTF-8 .byte 0xe9 at offset 8.*iconv -f cp1252"),
        ("a.txt.gz", b"not packed at all", "damaged or not gzip"),
        ("a.txt.gz", gzip.compress(b"words " * 1000, mtime=0)[:30], "damaged or not gzip"),
        ("a.txt.gz", gzip.compress(b"words", mtime=0)[:-8] + b"12345678", "damaged or not gzip"),
        ("a.pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "not UTF-8"),
        ("a.gz", b"words", "damaged or not gzip"),
        ("a.tsv", b"one\tun", "holds sentence pairs"),
        ("a.srt", b"plain words", r"no time line.*name it \.txt"),
        ("a.srt", b"1\n00:00:01,000 --> 00:00:02,000\n<i></i>\n", "not one word"),
        ("a.jsonl", b'{"text": "x"}\n{"txt": "y"}\n', r'line 2: no key "text" .there are: txt'),
        ("a.jsonl", b'{"text": "x"}\n\n{"text": "y"\n', "line 3: not JSON"),
        ("a.jsonl", b"[1]\n", "line 1: a JSON object"),
        ("a.jsonl", b"", "empty"),
        ("a.jsonl", b'{"text": ""}\n{"text": " "}\n', "empty"),
        ("a.jsonl", b'{"text": 3}\n', 'line 1: "text" must be a string, not int'),
    ],
)
def test_a_mistake_is_one_line_with_the_name_of_the_file(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        list(read_texts(tmp_path / name))
    assert str(tmp_path / name) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_of_another_suffix_is_plain_text_when_it_is_named(tmp_path):
    (tmp_path / "README.md").write_text("# words\n")
    assert list(read_texts(tmp_path / "README.md")) == ["# words\n"]
    with pytest.raises(ValueError, match="the folder holds none"):  # nobody asked for it
        list(read_texts(tmp_path))


def test_what_is_not_there_is_said(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"gone\.txt: there is no such file"):
        list(read_texts(tmp_path / "gone.txt"))
    with pytest.raises(ValueError, match=r"the folder holds none of \.txt, \.srt, \.vtt, \.jsonl, \.parquet"):
        list(read_texts(tmp_path))


WITHOUT = {
    "empty.txt": "",
    "blank.txt": " \n\n",
    "empty.jsonl": "",
    "empty.srt": "",
    "music.srt": "1\n00:00:01,000 --> 00:00:02,000\n<i></i>\n",
    "records.jsonl": '{"text": ""}\n{"text": "words"}\n{"text": "\\n"}\n',
}


def test_files_and_records_without_text_are_left_out(tmp_path):
    for name, content in WITHOUT.items():
        write(tmp_path / name, content)
    (tmp_path / "empty.txt.gz").write_bytes(b"")
    write(tmp_path / "z.txt", "the last")
    assert list(read_texts(tmp_path)) == ["words", "the last"]
    assert ["".join(parts) for parts in read_documents(tmp_path)] == ["words", "the last"]


def test_a_folder_without_any_text_is_one_line(tmp_path):
    for name in WITHOUT.keys() - {"records.jsonl"}:
        write(tmp_path / name, WITHOUT[name])
    for read in (read_texts, read_documents):
        with pytest.raises(ValueError, match=f"^{tmp_path}: empty, not one word in it") as caught:
            list(read(tmp_path))
        assert "\n" not in str(caught.value)


def test_what_is_wrong_in_a_folder_is_not_left_out(tmp_path):
    write(tmp_path / "a.txt", "words")
    write(tmp_path / "b.srt", "no times")
    with pytest.raises(ValueError, match=r"b\.srt: no time line"):
        list(read_texts(tmp_path))
