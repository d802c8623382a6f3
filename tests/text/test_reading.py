"""Reading text to learn from: blocks give the very chunks of the whole, packed files are files, damage is named."""

import gzip
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup.text import patterns, reading
from groundup.text.tokenizer import Tokenizer

signs = st.sampled_from(list("aé漢1 2'\"s.,!/-_\t\n\n\r\u0301\u2028\u3000"))
texts = st.text(signs, max_size=80) | st.text() | st.lists(st.sampled_from(["word\n", "9\n", "  \n", "b"])).map("".join)


@settings(max_examples=400, deadline=None)
@given(text=texts, size=st.integers(1, 9), name=st.sampled_from(["gpt2", "gpt4", "o200k"]))
def test_blocks_have_the_chunks_of_the_whole(text: str, size: int, name: str):
    pattern = patterns.compiled(patterns.PATTERNS[name])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "_BLOCK", size)
        blocks = list(reading.blocks(io.BytesIO(text.encode()), "it"))
    assert [chunk for block in blocks for chunk in patterns.split(block, pattern)] == patterns.split(text, pattern)


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
    with pytest.raises(ValueError, match=rf"bad\.txt is not UTF-8 text: byte {place} is 0xe2"):
        list(reading.read([tmp_path], whole=whole))


@pytest.mark.parametrize("keep", [0, 5, 30, -4])
def test_a_damaged_packed_file_is_named(tmp_path: Path, keep: int):
    packed = gzip.compress(b"the cat sat on the mat\n" * 50)
    (tmp_path / "bad.txt.gz").write_bytes(packed[:keep] or b"no gzip")
    with pytest.raises(ValueError, match=r"bad\.txt\.gz: damaged or not gzip"):
        list(reading.read([tmp_path / "bad.txt.gz"], whole=False))
