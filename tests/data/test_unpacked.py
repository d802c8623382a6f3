"""Packed files, by isal and by Python's own zlib: the same bytes, and nothing damaged is read in silence."""

import gzip
import random
import sys

import pytest

from groundup.text.unpacked import Unpacked

TEXT = random.Random(0).randbytes(700_000).hex().encode()  # more than one piece, and it packs by half


@pytest.fixture(params=["isal", "zlib"], autouse=True)
def unpacker(request, monkeypatch):
    if request.param == "zlib":
        monkeypatch.setitem(sys.modules, "isal", None)


def read(path, size=1 << 20):
    with Unpacked(path) as file:
        return b"".join(iter(lambda: file.read(size), b""))


@pytest.mark.parametrize("size", [1, 1000, 1 << 20])
def test_the_text_comes_back_in_pieces_of_any_size(tmp_path, size):
    text = TEXT[: 300 * size]
    (tmp_path / "a.gz").write_bytes(gzip.compress(text))
    assert read(tmp_path / "a.gz", size) == text


def test_members_one_behind_the_other_are_one_text_and_zeros_may_follow(tmp_path):
    packed = gzip.compress(TEXT[:500_000]) + gzip.compress(b"") + gzip.compress(TEXT[500_000:]) + bytes(1000)
    (tmp_path / "a.gz").write_bytes(packed)
    assert read(tmp_path / "a.gz") == TEXT


def test_of_two_hundred_flipped_bits_and_cuts_none_changes_the_text_in_silence(tmp_path):
    whole, chance, found = gzip.compress(TEXT, mtime=0), random.Random(1), 0
    for _ in range(200):
        damaged = bytearray(whole)
        if chance.random() < 0.2:
            del damaged[chance.randrange(1, len(whole)) :]
        else:
            damaged[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        (tmp_path / "a.gz").write_bytes(damaged)
        try:
            assert read(tmp_path / "a.gz") == TEXT  # a few bytes of the header mean nothing
        except ValueError:
            found += 1
    assert found > 190
