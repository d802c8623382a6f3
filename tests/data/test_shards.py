"""Token shards: what was written comes back, and whatever is wrong with a file is named with its place."""

import json
from pathlib import Path

import numpy as np
import pytest

from groundup.data.shards import HEADER, INDEX, Shards, ShardWriter
from groundup.text.tokenizer import Tokenizer

TEXTS = ["The quick brown fox.\n" * 30, "Où est la gare ?\n" * 20, "x"]


@pytest.fixture
def tokenizer() -> Tokenizer:
    return Tokenizer.train_from_texts(TEXTS, 300)


@pytest.fixture
def folder(tmp_path: Path, tokenizer: Tokenizer) -> Path:
    with ShardWriter(tmp_path / "shards", tokenizer, size=100) as shards:
        for text in TEXTS:
            shards.write(text)
            shards.end_document()
    return tmp_path / "shards"


def test_the_ids_come_back_in_order(folder: Path, tokenizer: Tokenizer):
    shards = Shards.open(folder)
    end = tokenizer.specials["<|endoftext|>"]
    expected = [id for text in TEXTS for id in [*tokenizer.encode(text), end]]
    assert np.concatenate(shards.rows).tolist() == expected
    assert [len(row) for row in shards.rows[:-1]] == [100] * (len(shards.rows) - 1)
    assert len(shards) == len(expected)
    assert shards.rows[0].dtype == np.uint16
    shards.check()


def test_a_large_vocabulary_takes_four_bytes(tmp_path: Path, tokenizer: Tokenizer):
    large = Tokenizer(tokenizer.vocabulary, tokenizer.pattern, {"<|far|>": 1 << 16})
    with ShardWriter(tmp_path / "shards", large) as shards:
        shards.write("The fox")
    row = Shards.open(tmp_path / "shards").rows[0]
    assert (row.dtype, row.tolist()) == (np.uint32, tokenizer.encode("The fox"))


def test_an_unfinished_folder_is_refused(tmp_path: Path, tokenizer: Tokenizer):
    def fail() -> None:
        with ShardWriter(tmp_path / "shards", tokenizer, size=10) as shards:
            shards.write(TEXTS[0])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    with pytest.raises(ValueError, match=r"no index\.json; its shards were not finished"):
        Shards.open(tmp_path / "shards")
    with pytest.raises(ValueError, match="not empty; give a new folder"):
        ShardWriter(tmp_path / "shards", tokenizer)


def test_nothing_to_write_is_refused(tmp_path: Path, tokenizer: Tokenizer):
    with pytest.raises(ValueError, match="no text to write"), ShardWriter(tmp_path / "shards", tokenizer):
        pass


def overwrite(path: Path, at: int, content: bytes) -> None:
    data = bytearray(path.read_bytes())
    data[at : at + len(content)] = content
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("at", "content", "message"),
    [
        (0, b"GROUNDUP", r"tokens-00001\.bin: not a token shard of groundup \(byte 0\)"),
        (16, b"\x09", r"tokens-00001\.bin: version 9 with 2 bytes an id cannot be read \(byte 16\)"),
        (20, b"\x04", r"tokens-00001\.bin: 264 bytes for 100 ids"),
        (24, b"\x07", r"264 bytes for 7 ids, where index\.json says 100 ids, 264 bytes"),
        (40, b"another one", r"tokens-00001\.bin: made by another tokenizer .* \(byte 32\)"),
    ],
)
def test_a_foreign_header_is_named(folder: Path, at: int, content: bytes, message: str):
    overwrite(folder / "tokens-00001.bin", at, content)
    with pytest.raises(ValueError, match=message):
        Shards.open(folder)


def test_a_truncated_or_missing_shard_is_named(folder: Path):
    path = folder / "tokens-00001.bin"
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(ValueError, match=r"tokens-00001\.bin: 261 bytes for 100 ids, .* 264 bytes"):
        Shards.open(folder)
    path.unlink()
    with pytest.raises(ValueError, match=r"tokens-00001\.bin: missing"):
        Shards.open(folder)


def test_a_flipped_bit_is_found_by_the_check(folder: Path):
    overwrite(folder / "tokens-00000.bin", HEADER.size + 20, b"\x01")
    with pytest.raises(ValueError, match=r"tokens-00000\.bin: damaged, its SHA-256"):
        Shards.open(folder).check()


def test_an_id_outside_the_vocabulary_is_found_by_the_check(folder: Path):
    index = json.loads((folder / INDEX).read_text())
    index["vocab_size"] = 40
    (folder / INDEX).write_text(json.dumps(index))
    with pytest.raises(ValueError, match=r"tokens-00000\.bin: id \d+ at byte \d+ is not below vocab_size 40"):
        Shards.open(folder).check()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 7}'])
def test_a_damaged_index_is_named(folder: Path, content: str):
    (folder / INDEX).write_text(content)
    with pytest.raises(ValueError, match=r"index\.json: damaged"):
        Shards.open(folder)
