"""The shards of llm.c and build-nanogpt, written here byte by byte as their writers do, and whatever may be wrong."""

import json
from pathlib import Path

import numpy as np
import pytest

from groundup.data.shards import Shards, is_shard_folder
from groundup.data.token_files import map_tokens
from groundup.text.tokenizer import Tokenizer

IDS = np.array([50256, 1, 2, 3, 50256, 4, 5], np.uint16)


def llmc(path: Path, ids: np.ndarray, *, magic: int = 20240520, version: int = 1, count: int | None = None) -> Path:
    header = np.zeros(256, np.int32)
    header[:3] = magic, version, len(ids) if count is None else count
    path.write_bytes(header.tobytes() + ids.tobytes())
    return path


def test_llmc_shards_of_both_widths_are_read(tmp_path: Path):
    two = map_tokens(llmc(tmp_path / "a.bin", IDS))
    four = map_tokens(llmc(tmp_path / "b.bin", np.array([128000, 7], np.uint32), magic=20240801, version=7))
    assert (two.ids[:].tolist(), two.vocab_size) == (IDS.tolist(), 50257)
    assert (four.ids[:].tolist(), four.vocab_size) == ([128000, 7], 128256)


def test_names_say_what_is_held_out(tmp_path: Path):
    for name, ids in (("val_000000", IDS[:3]), ("train_000001", IDS), ("train_000002", IDS[:2])):
        np.save(tmp_path / f"edufineweb_{name}.npy", ids)
    train, valid = Shards.open(tmp_path).parts(0.5)
    assert [row[:].tolist() for row in train] == [IDS.tolist(), IDS[:2].tolist()]
    assert [row[:].tolist() for row in valid] == [IDS[:3].tolist()]
    Shards.open(tmp_path).check()


def test_without_names_the_last_share_is_held_out(tmp_path: Path):
    llmc(tmp_path / "a.bin", IDS)
    llmc(tmp_path / "b.bin", IDS[:3])
    train, valid = Shards.open(tmp_path).parts(0.4)
    assert [row[:].tolist() for row in train] == [IDS[:6].tolist()]
    assert [row[:].tolist() for row in valid] == [IDS[6:].tolist(), IDS[:3].tolist()]


def test_gpt2s_tokenizer_is_taken_for_both(tmp_path: Path, data_dir: Path):
    llmc(tmp_path / "x_train_000001.bin", IDS)
    assert Shards.open(tmp_path).load_tokenizer().special_id("<|endoftext|>") == 50256


def test_a_tokenizer_in_the_folder_comes_first(tmp_path: Path):
    tokenizer = Tokenizer.train_from_texts("abc", 258)
    np.save(tmp_path / "a.npy", np.array([256, 255, 3], np.uint16))
    tokenizer.save(tmp_path)
    shards = Shards.open(tmp_path)
    assert shards.vocab_size == tokenizer.vocab_size
    assert shards.load_tokenizer().specials == tokenizer.specials


def test_llama_shards_need_their_tokenizer(tmp_path: Path):
    llmc(tmp_path / "a.bin", np.array([1, 2], np.uint32), magic=20240801, version=7)
    with pytest.raises(ValueError, match=r"no tokenizer\.json beside the shards"):
        Shards.open(tmp_path).load_tokenizer()


def cut(path: Path, size: int) -> Path:
    path.write_bytes(path.read_bytes()[:size])
    return path


def npy(path: Path, ids: np.ndarray) -> Path:
    np.save(path, ids)
    return path


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: llmc(p, IDS, version=3), r"version 3 of llm\.c's magic 20240520, which should be 1 \(byte 4\)"),
        (lambda p: llmc(p, IDS, count=8), r"ends at byte 1,038; its 8 ids \(byte 8\) need 1,040 bytes"),
        (lambda p: llmc(p, IDS, count=-8), r"ends at byte 1,038; its -8 ids \(byte 8\)"),
        (lambda p: cut(llmc(p, IDS), 1030), r"ends at byte 1,030; its 7 ids"),
        (lambda p: cut(llmc(p, IDS), 500), r"ends at byte 500; its 7 ids"),
        (lambda p: llmc(p, IDS, magic=20240522), r"multiple-choice questions, not running text \(byte 0\)"),
        (lambda p: llmc(p, IDS, magic=7), r"not a token shard of groundup, of llm\.c or \.npy \(byte 0\)"),
        (lambda p: cut(llmc(p, IDS), 0), r"not a token shard"),
        (lambda p: npy(p, IDS.astype(np.float32)), r"float32 of shape \(7,\); one row of uint16 or uint32"),
        (lambda p: npy(p, IDS.astype(np.int64)), r"int64 of shape \(7,\)"),
        (lambda p: npy(p, IDS[None]), r"uint16 of shape \(1, 7\)"),
        (lambda p: cut(npy(p, IDS), 141), r"ends at byte 141; its 7 ids \(byte 10\) need 142 bytes"),
        (lambda p: cut(npy(p, IDS), 40), r"a damaged \.npy header"),
    ],
)
def test_what_is_wrong_is_named_with_its_byte(tmp_path: Path, make, message: str):
    path = tmp_path / "bad.npy"
    make(path)
    with pytest.raises(ValueError, match=rf"bad\.npy: .*{message}"):
        map_tokens(path)


def test_a_stranger_among_the_shards_is_named(tmp_path: Path):
    llmc(tmp_path / "a.bin", IDS)
    (tmp_path / "b.bin").write_bytes(b"weights of something else")
    assert is_shard_folder(tmp_path)
    with pytest.raises(ValueError, match=r"b\.bin: not a token shard"):
        Shards.open(tmp_path)
    (tmp_path / "b.bin").unlink()
    llmc(tmp_path / "c.bin", np.array([1], np.uint32), magic=20240801, version=7)
    with pytest.raises(ValueError, match="different tokenizers"):
        Shards.open(tmp_path)


def test_a_folder_of_nothing_but_a_damaged_file_is_still_one_of_shards(tmp_path: Path):
    (tmp_path / "some_train_000001.bin").write_bytes(b"weights of something else")
    (tmp_path / "README.md").write_text("what is here")
    assert is_shard_folder(tmp_path)
    with pytest.raises(ValueError, match=r"000001\.bin: not a token shard of groundup, .* \(byte 0\)"):
        Shards.open(tmp_path)
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "a.txt").write_text("words")
    assert not is_shard_folder(tmp_path), "beside text a .bin may be anything"


def test_a_folder_of_text_is_none_of_shards(tmp_path: Path):
    (tmp_path / "a.txt").write_text("words")
    (tmp_path / "config.json").write_text(json.dumps({}))
    (tmp_path / "index.json").write_text(json.dumps({"pages": []}))
    assert not is_shard_folder(tmp_path)
    assert not is_shard_folder(tmp_path / "a.txt")
    assert not is_shard_folder(tmp_path / "gone")
    (tmp_path / ".progress.json").write_text("{}")
    assert is_shard_folder(tmp_path), "one that is being made"
