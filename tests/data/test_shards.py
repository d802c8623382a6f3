"""Token shards: what was written comes back, and whatever is wrong with a file is named with its place."""

import hashlib
import json
import os
import resource
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from groundup.data.prepare import prepare
from groundup.data.shards import INDEX, PROGRESS, Shards, fingerprint, is_shard_folder, sealed
from groundup.data.stream import ShardStream
from groundup.data.token_files import GPT2, HEADER, MAPPED
from groundup.text.tokenizer import Tokenizer
from groundup.text.vocabulary import BytePair

TEXTS = ["The quick brown fox.\n" * 30, "Où est la gare ?\n" * 20, "x"]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.train_from_texts(TEXTS, 300)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "texts.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in TEXTS))
    return path


@pytest.fixture
def folder(tmp_path: Path, source: Path, tokenizer: Tokenizer) -> Path:
    prepare(source, tokenizer, tmp_path / "shards", shard_tokens=100, valid_tokens=30)
    return tmp_path / "shards"


def test_the_ids_come_back_in_order(folder: Path, tokenizer: Tokenizer):
    shards = Shards.open(folder)
    end = tokenizer.specials["<|endoftext|>"]
    expected = [id for text in TEXTS for id in [end, *tokenizer.encode(text)]]
    assert np.concatenate(shards.rows).tolist() == expected
    assert [len(row) for row in shards.rows[:-1]] == [30] + [100] * (len(shards.rows) - 2)
    assert len(shards) == len(expected)
    assert shards.rows[0].dtype == np.uint16
    assert all(isinstance(row[:], np.memmap) for row in shards.rows), "a shard is not read into memory"
    shards.check()
    assert shards.load_tokenizer().encode(TEXTS[1]) == tokenizer.encode(TEXTS[1])


def test_a_large_vocabulary_takes_four_bytes(tmp_path: Path, tokenizer: Tokenizer):
    large = Tokenizer(tokenizer.vocabulary, tokenizer.pattern, {"<|endoftext|>": 1 << 16})
    (tmp_path / "a.txt").write_text("The fox")
    row = prepare(tmp_path / "a.txt", large, tmp_path / "shards").rows[0]
    assert (row.dtype, row[:].tolist()) == (np.uint32, [1 << 16, *tokenizer.encode("The fox")])


def test_the_held_out_part_is_the_first_shard_or_the_last_share(folder: Path, source: Path, tokenizer: Tokenizer):
    train, valid = Shards.open(folder).parts(0.5)
    assert sum(map(len, valid)) == 30
    whole = np.concatenate([*valid, *train])
    without = prepare(source, tokenizer, folder.with_name("all"), shard_tokens=100, valid_tokens=0)
    train, valid = without.parts(0.25)
    assert np.concatenate([*train, *valid]).tolist() == whole.tolist()
    assert sum(map(len, train)) == int(len(whole) * 0.75)


def overwrite(path: Path, at: int, content: bytes) -> None:
    data = bytearray(path.read_bytes())
    data[at : at + len(content)] = content
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("at", "content", "message"),
    [
        (0, b"GROUNDUP", r"train-00001\.bin: not a token shard .* \(byte 0\)"),
        (16, b"\x09", r"train-00001\.bin: version 9 with 2 bytes an id cannot be read \(byte 16\)"),
        (20, b"\x04", r"train-00001\.bin: ends at byte 264; its 100 ids \(byte 24\) need 464 bytes"),
        (24, b"\x07", r"train-00001\.bin: ends at byte 264; its 7 ids \(byte 24\) need 78 bytes"),
        (40, b"another one", r"train-00001\.bin: made by another tokenizer .* \(byte 32\)"),
    ],
)
def test_a_foreign_header_is_named(folder: Path, at: int, content: bytes, message: str):
    overwrite(folder / "train-00001.bin", at, content)
    with pytest.raises(ValueError, match=message):
        Shards.open(folder)


def test_a_truncated_or_missing_shard_is_named(folder: Path):
    path = folder / "train-00001.bin"
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(ValueError, match=r"train-00001\.bin: ends at byte 261; its 100 ids .* need 264 bytes"):
        Shards.open(folder)
    path.unlink()
    with pytest.raises(ValueError, match=r"train-00001\.bin: missing"):
        Shards.open(folder)


def test_flipped_bits_of_shard_and_index_are_found(folder: Path):
    """Bits at odd distances, so that header, ids, names, numbers and brackets are all hit, in every place of a byte."""
    for path, step in ((folder / "train-00001.bin", 7), (folder / INDEX, 43)):
        whole = path.read_bytes()
        for bit in range(0, 8 * len(whole), step):
            overwrite(path, bit // 8, bytes([whole[bit // 8] ^ 1 << bit % 8]))
            with pytest.raises(ValueError, match=r"\.bin|index\.json"):
                Shards.open(folder).check()
        path.write_bytes(whole)
    Shards.open(folder).check()


def test_ranks_share_the_reading_and_one_of_them_finds_the_damage(folder: Path):
    shards = Shards.open(folder)
    seen: list[list[Path]] = []

    def watched(share):
        seen.append([shard.path for shard in share])
        return share

    for rank in range(3):
        shards.check(rank=rank, ranks=3, watched=watched)
    assert sorted(path for share in seen for path in share) == sorted(shard.path for shard in shards.shards)
    assert max(map(len, seen)) - min(map(len, seen)) <= 1
    overwrite(folder / "train-00001.bin", 90, b"\xff")
    found = []
    for rank in range(99):  # more than there are shards
        try:
            shards.check(rank=rank, ranks=99)
        except ValueError as error:
            found.append(str(error))
    assert len(found) == 1
    assert "train-00001.bin: damaged" in found[0]


def test_an_id_outside_the_vocabulary_is_named_with_its_byte(tmp_path: Path):
    ids = np.arange(50, dtype=np.uint16)
    ids[33] = 300
    np.save(tmp_path / "some_train_000001.npy", ids)
    Tokenizer.train_from_texts(TEXTS, 280).save(tmp_path)
    start = len((tmp_path / "some_train_000001.npy").read_bytes()) - 100
    with pytest.raises(ValueError, match=rf"000001\.npy: id 300 at byte {start + 66} is not below 280"):
        Shards.open(tmp_path).check()


def test_another_tokenizer_beside_the_shards_is_refused(folder: Path):
    Tokenizer.train_from_texts(TEXTS, 260).save(folder)
    with pytest.raises(ValueError, match=r"tokenizer\.json: not the tokenizer that index\.json says"):
        Shards.open(folder).load_tokenizer()


def test_the_fingerprint_is_of_all_that_decides_the_ids(tokenizer: Tokenizer, tmp_path: Path):
    vocabulary, pattern, specials = tokenizer.vocabulary, tokenizer.pattern, tokenizer.specials
    tokenizer.save(tmp_path)
    assert fingerprint(Tokenizer.load(tmp_path)) == fingerprint(tokenizer)
    others = [
        Tokenizer(vocabulary, r"\w+|\W+", specials),
        Tokenizer(vocabulary, pattern, {"<|end|>": specials["<|endoftext|>"]}),
        Tokenizer(vocabulary, pattern, {"<|endoftext|>": specials["<|endoftext|>"] + 1}),
        Tokenizer(BytePair(tokenizer.merges[:-1]), pattern, specials),
        Tokenizer(BytePair([tokenizer.merges[1], tokenizer.merges[0], *tokenizer.merges[2:]]), pattern, specials),
        Tokenizer(BytePair(tokenizer.merges, whole_first=True), pattern, specials),
        Tokenizer.characters(TEXTS, specials=("<|endoftext|>",)),
    ]
    assert len({fingerprint(one) for one in (tokenizer, *others)}) == 1 + len(others)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 7}'])
def test_a_damaged_index_is_named(folder: Path, content: str):
    (folder / INDEX).write_text(content)
    with pytest.raises(ValueError, match=r"index\.json: damaged"):
        Shards.open(folder)


def test_an_unfinished_folder_is_refused(folder: Path):
    (folder / INDEX).unlink()
    assert is_shard_folder(folder)
    with pytest.raises(ValueError, match=r"no index\.json; its shards were not finished"):
        Shards.open(folder)


def test_a_folder_without_shards_is_not_called_unfinished(tmp_path: Path):
    (tmp_path / "text.txt").write_text("words")
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path, tmp_path / "empty"):
        with pytest.raises(ValueError, match=f"^{folder}: no token shards there; .*groundup data prepare SOURCE"):
            Shards.open(folder)
    (tmp_path / "empty" / PROGRESS).write_text("{}")  # begun, and none is finished
    with pytest.raises(ValueError, match="its shards were not finished"):
        Shards.open(tmp_path / "empty")


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("fineweb_val_000000", "valid"),
        ("edufineweb_val_000000", "valid"),
        ("TinyStories_val", "valid"),
        ("val-0", "valid"),
        ("valid_1", "valid"),
        ("books.Validation.3", "valid"),
        ("fineweb_train_000001", "train"),
        ("medieval_000000", "train"),
        ("retrieval_000000", "train"),
        ("interval7", "train"),
        ("values_0", "train"),
    ],
)
def test_foreign_shards_are_held_out_by_a_word_of_their_name(tmp_path: Path, name: str, part: str):
    for stem in (name, "zoo_1"):
        np.save(tmp_path / f"{stem}.npy", np.arange(50, dtype=np.uint16))
    Tokenizer.train_from_texts(TEXTS, 280).save(tmp_path)
    assert {shard.path.stem: shard.part for shard in Shards.open(tmp_path).shards} == {name: part, "zoo_1": "train"}


def test_shards_of_the_first_layout_can_still_be_read(tmp_path: Path):
    """As they were written before there were parts: an index of five keys, one file."""
    ids = np.arange(7, dtype=np.uint16)
    made_by = bytes(range(32))
    content = HEADER.pack(b"groundup tokens\n", 1, 2, 7, made_by) + ids.tobytes()
    (tmp_path / "tokens-00000.bin").write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    shard = {"file": "tokens-00000.bin", "tokens": 7, "sha256": sha256}
    index = {"format": 1, "tokenizer": made_by.hex(), "vocab_size": 300, "tokens": 7, "shards": [shard]}
    (tmp_path / INDEX).write_text(json.dumps(index))
    shards = Shards.open(tmp_path)
    shards.check()
    assert shards.rows[0][:].tolist() == list(range(7))


@contextmanager
def few_files(limit: int):
    """Inside, this process may open so many files and no more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_there_may_be_more_shards_than_files_a_process_may_open(tmp_path: Path):
    rng = np.random.default_rng(0)
    rows = [rng.integers(0, 50257, 30).astype(np.uint16) for _ in range(300)]
    for number, row in enumerate(rows):
        np.save(tmp_path / f"some_{'train' if number else 'val'}_{number:06}.npy", row)
    with few_files(len(os.listdir("/proc/self/fd")) + MAPPED + 20):
        shards = Shards.open(tmp_path)
        shards.check()
        train, valid = shards.parts(0.1)
        stream = ShardStream(train, length=8, batch=64, seed=0)
        seen = [batch.inputs[0] for batch, _ in zip(stream.batches(), range(len(stream)), strict=False)]
    assert np.array_equal(np.concatenate(valid), rows[0])
    assert np.array_equal(np.concatenate(train), np.concatenate(rows[1:]))
    assert sum(map(len, seen)) >= 299 * 30 // 8 - 2
    half, rest = Shards(tmp_path, tuple(one._replace(part=None) for one in shards.shards), GPT2, None).parts(0.5)
    assert np.array_equal(np.concatenate([*half, *rest]), np.concatenate([*rows[1:], rows[0]]))
    assert sum(map(len, half)) == 4500


def sealed_again(folder: Path, change) -> None:
    """An index that was edited by somebody who knows how it is sealed."""
    index = json.loads((folder / INDEX).read_text())
    index.pop("sha256")
    change(index)
    (folder / INDEX).write_text(json.dumps(sealed(index)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda index: index["shards"][0].update(tokens=float("inf")), "inf is no whole number from 1 to"),
        (lambda index: index["shards"][0].update(tokens=True), "True is no whole number"),
        (lambda index: index["shards"][0].update(tokens=-1), "-1 is no whole number"),
        (lambda index: index.update(vocab_size=10**30), "10+ is no whole number from 1 to 4,294,967,296"),
        (lambda index: index.update(vocab_size=[300]), r"\[300\] is no whole number"),
        (lambda index: index["shards"].append(index["shards"][1]), "the shard train-00001.bin is listed twice"),
        (lambda index: index["shards"][0].update(file="../valid-00000.bin"), "is not the name of a file in this"),
        (lambda index: index["shards"][0].update(file="/etc/passwd"), "is not the name of a file in this folder"),
        (lambda index: index["shards"][0].update(file=3), "3 is not the name of a file"),
        (lambda index: index.update(shards=[]), "it lists no shards"),
        (lambda index: index.update(shards={"file": 1}), "damaged"),
        (lambda index: index["shards"][0].update(part=[1]), "damaged"),
    ],
)
def test_an_index_that_states_the_impossible_is_refused_in_one_line(folder: Path, change, message: str):
    sealed_again(folder, change)
    with pytest.raises(ValueError, match=message) as caught:
        Shards.open(folder)
    assert str(folder / INDEX) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_index_nested_too_deep_is_refused(folder: Path):
    (folder / INDEX).write_text('{"shards": ' + "[" * 100_000)
    with pytest.raises(ValueError, match=r"index\.json: damaged"):
        Shards.open(folder)


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<u2', 'fortran_order': False, 'shape': (3,), }",
        "{'descr': '<u2', 'fortran_order': False, 'shape': (-3,), }",
        "{'descr': '<u2', 'fortran_order': False, 'shape': (10**30,), }",
        "{'descr': '<u2', 'fortran_order': False, 'shape': ('3',), }",
        "{'descr': '<u2', 'fortran_order': False, 'shape': 3, }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }",
        "{'descr': '|O', 'fortran_order': False, 'shape': (2,), }",
        "{'descr': [('a', '<u2'), ('b', 5)], 'fortran_order': False, 'shape': (2,), }",
        "{'descr': None, 'fortran_order': 7, 'shape': (2,), }",
        "[" * 5000,
        "{'descr': '<u2'",
        "",
    ],
)
def test_a_npy_header_of_any_kind_is_read_or_refused_in_one_line(tmp_path: Path, header: str):
    path = tmp_path / "some_train_000000.npy"
    data = header.encode()
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(data).to_bytes(2, "little") + data + bytes(8))
    with pytest.raises(ValueError, match=r"some_train_000000\.npy") as caught:
        Shards.open(tmp_path)
    assert "\n" not in str(caught.value)


def test_one_process_writes_into_a_folder_and_the_other_is_refused(tmp_path: Path, source: Path, tokenizer: Tokenizer):
    told = []

    def second(*_: int) -> None:
        with pytest.raises(ValueError, match="another process is writing into it; wait for it, or give another --out"):
            prepare(source, tokenizer, tmp_path / "shards", shard_tokens=100, valid_tokens=30)
        told.append(True)

    first = prepare(source, tokenizer, tmp_path / "shards", shard_tokens=100, valid_tokens=30, progress=second)
    assert told
    first.check()
    assert not (tmp_path / "shards" / ".lock").exists()


def test_a_folder_that_is_there_is_read_before_it_is_called_saved(folder: Path, source: Path, tokenizer: Tokenizer):
    def again() -> Shards:
        return prepare(source, tokenizer, folder, shard_tokens=100, valid_tokens=30)

    again()
    path = folder / "train-00001.bin"
    damaged = bytearray(path.read_bytes())
    damaged[-1] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(ValueError, match=r"train-00001\.bin: damaged, its SHA-256"):
        again()
