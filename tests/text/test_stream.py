"""Streaming: the pieces join to the decoded text, and no piece ever holds half a character."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup.text.tokenizer import Tokenizer


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.train_from_texts("où là-bas 駅はどこ 😀😃😄 the cat 😀 sat\n" * 5, 300, pattern="none")


@settings(max_examples=300, deadline=None)
@given(text=st.text())
def test_any_text_streams_whole(tokenizer: Tokenizer, text: str):
    stream = tokenizer.stream()
    pieces = [stream.push(id) for id in tokenizer.encode(text)]
    assert stream.flush() == ""
    assert "".join(pieces) == text
    assert all(piece in text for piece in pieces)
    assert "\ufffd" not in "".join(pieces).replace("\ufffd", "", text.count("\ufffd"))


@settings(max_examples=300, deadline=None)
@given(ids=st.lists(st.integers(0, 299)))
def test_any_ids_stream_to_what_decode_gives(tokenizer: Tokenizer, ids: list[int]):
    stream = tokenizer.stream()
    assert "".join(stream.push(id) for id in ids) + stream.flush() == tokenizer.decode(ids)


def test_a_character_waits_for_its_last_byte():
    stream = Tokenizer.train_from_texts("x", 257).stream()
    assert [stream.push(byte) for byte in "a€".encode()] == ["a", "", "", "€"]
    assert stream.push(0xE2) == ""
    assert stream.flush() == "\ufffd"
