"""Reading text to learn from: blocks give the very chunks of the whole, packed files are files, damage is named."""

import gzip
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup.data.corpus import read_lines
from groundup.text import patterns, reading, unpacked
from groundup.text.tokenizer import Tokenizer
from groundup.text.unpacked import Unpacked

signs = st.sampled_from(list("aé漢1 2'\"s.,!/-_\t\n\n\r\u0301\u2028\u3000"))
texts = st.text(signs, max_size=80) | st.text() | st.lists(st.sampled_from(["word\n", "9\n", "  \n", "b"])).map("".join)


def read_as(text: str) -> str:
    """What a file of this text is read as."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    return text if "\n" in text else text.replace("\r", "\n")


@settings(max_examples=400, deadline=None)
@given(text=texts, size=st.integers(1, 9), name=st.sampled_from(["gpt2", "gpt4", "o200k"]))
def test_blocks_have_the_chunks_of_the_whole(tmp_path_factory, text: str, size: int, name: str):
    text = text.replace("\0", "")
    path = tmp_path_factory.getbasetemp() / "blocks.txt"
    path.write_bytes(text.encode())
    pattern = patterns.compiled(patterns.PATTERNS[name])
    with Unpacked(path) as file:
        blocks = [block.decode() for block in reading.blocks(file, size)]
    chunks = patterns.split(read_as(text), pattern)
    assert [chunk for block in blocks for chunk in patterns.split(block, pattern)] == chunks


@settings(max_examples=200, deadline=None)
@given(text=texts)
def test_every_reader_of_lines_ends_them_at_the_same_places(tmp_path_factory, text: str):
    text = text.replace("\0", "")
    path = tmp_path_factory.getbasetemp() / "lines.txt"
    path.write_bytes(text.encode())
    expected = read_as(text).removesuffix("\n").split("\n") if text.removeprefix("\ufeff") else []
    assert reading.read_text(path) == read_as(text)
    with Unpacked(path) as file:
        assert list(reading.lines(file)) == expected or expected == [""]
    if read_as(text).strip():
        assert read_lines(path) == expected
    with path.open(encoding="utf-8") as stream:
        assert list(reading.piped_lines(stream)) == expected


def test_a_carriage_return_between_two_blocks_belongs_to_its_line_feed(tmp_path: Path):
    (tmp_path / "a.txt").write_bytes(b"ab\r\ncd\rx\r\nef\r\n")
    for size in range(1, 12):
        with Unpacked(tmp_path / "a.txt") as file:
            assert b"".join(reading.blocks(file, size)) == b"ab\ncd\rx\nef\n"


def test_a_long_file_really_comes_in_blocks(tmp_path: Path):
    (tmp_path / "long.txt").write_text("a line of words\n" * 300_000)
    blocks = list(reading.read([tmp_path], whole=False))
    assert sum(map(len, blocks)) == 16 * 300_000
    assert max(map(len, blocks)) < 1.1 * (1 << 20)
    assert len(list(reading.read([tmp_path], whole=True))) == 1


def test_packed_files_are_read_as_files(tmp_path: Path):
    text = "the cat sat on the mat\n" * 50
    with gzip.open(tmp_path / "book.txt.gz", "wt", encoding="utf-8") as packed:
        packed.write(text)
    for path in (tmp_path, tmp_path / "book.txt.gz"):
        assert Tokenizer.train(path, 280).merges == Tokenizer.train_from_texts(text, 280).merges


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("place", [0, 5, (1 << 20) - 1, 1 << 20, 1_500_000])
def test_the_place_of_what_is_not_utf8_is_told(tmp_path: Path, place: int, whole: bool):
    (tmp_path / "bad.txt").write_bytes(b"a" * place + b"\xe2\x82")
    with pytest.raises(ValueError, match=rf"bad\.txt, line 1: not UTF-8 .byte 0xe2 at offset {place}\)"):
        list(reading.read([tmp_path], whole=whole))


@pytest.mark.parametrize("keep", [0, 5, 30, -4])
def test_a_damaged_packed_file_is_named(tmp_path: Path, keep: int):
    packed = gzip.compress(b"the cat sat on the mat\n" * 50)
    (tmp_path / "bad.txt.gz").write_bytes(packed[:keep] or b"no gzip")
    with pytest.raises(ValueError, match=r"bad\.txt\.gz: damaged or not gzip"):
        list(reading.read([tmp_path / "bad.txt.gz"], whole=False))


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        ("He said “hi”.\n".encode("cp1252"), "cp1252"),
        ("déjà vu\n".encode("latin-1"), "cp1252"),  # which is Latin-1 with more
        ("plain\n".encode("utf-16"), "utf-16"),
        ("plain words\n".encode("utf-16-le"), "utf-16le"),
        ("plain words\n".encode("utf-16-be"), "utf-16be"),
        ("слово\n".encode("utf-16-le"), "utf-16le"),
    ],
)
def test_the_cure_of_another_encoding_is_right(tmp_path: Path, data: bytes, encoding: str):
    (tmp_path / "a.txt").write_bytes(data)
    with pytest.raises(ValueError, match=f"iconv -f {encoding} -t utf-8 ") as caught:
        reading.read_text(tmp_path / "a.txt")
    assert data.decode(encoding).isprintable() or data.decode(encoding)[:-1].isprintable()
    assert "\n" not in str(caught.value)


def test_devices_and_pipes_are_refused(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.txt")
    for path in ("/dev/zero", tmp_path / "pipe.txt"):
        with pytest.raises(ValueError, match="a device or a pipe, and a file is needed"):
            reading.read_text(path)


def test_a_packed_file_that_unpacks_to_far_more_than_text_does_is_refused(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(unpacked, "BOMB_SIZE", 1 << 21)
    (tmp_path / "bomb.txt.gz").write_bytes(gzip.compress(b"a" * (1 << 24)))
    with pytest.raises(ValueError, match=r"bomb\.txt\.gz: .* unpack to .*, more than 200 times"):
        reading.read_text(tmp_path / "bomb.txt.gz")
    text = "".join(f"{n} green bottles hanging on the wall\n" for n in range(100_000))
    (tmp_path / "text.txt.gz").write_bytes(gzip.compress(text.encode()))
    assert reading.read_text(tmp_path / "text.txt.gz") == text


def test_a_line_without_an_end_is_refused_before_it_fills_the_memory(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(reading, "LONGEST", 1 << 21)
    (tmp_path / "a.jsonl").write_text("{}\n" + "a" * (1 << 23))
    with Unpacked(tmp_path / "a.jsonl") as file, pytest.raises(ValueError, match=r"a\.jsonl, line 2: longer than"):
        list(reading.lines(file))
