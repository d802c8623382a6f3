"""Any bytes and any character: what is not UTF-8 is kept, every scalar value comes back, no text makes control ids."""

import random
import sys

import pytest
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup.text.tokenizer import END_OF_TEXT, Tokenizer

PROSE = "The quick brown fox, où est l'été ? 駅はどこですか。 <|endoftext|> <pad>\r\n" * 5
SPECIALS = ("<pad>", END_OF_TEXT)
SCALARS = [code for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
pieces = st.sampled_from([*SPECIALS, "<|", "endof", "|>", "<", ">", "pad", "<|endoftext", "<p", "ad>", " "])
broken = st.sampled_from(
    [b"\xff", b"\x80", b"\xe2\x82", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\xaf", b"a", "é€😀".encode()]
)


@pytest.fixture(scope="module", params=["gpt2", "gpt4", "o200k", "none"])
def tokenizer(request) -> Tokenizer:
    return Tokenizer.train_from_texts(PROSE, 330, pattern=request.param, specials=SPECIALS)


@settings(max_examples=300, deadline=None)
@given(data=st.binary() | st.lists(broken).map(b"".join))
def test_any_bytes_come_back(tokenizer: Tokenizer, data: bytes):
    ids = tokenizer.encode_bytes(data)
    assert tokenizer.decode_bytes(ids) == data
    assert tokenizer.decode(ids) == data.decode("utf-8", "replace")
    assert not set(ids) & set(tokenizer.specials.values())


@settings(max_examples=200, deadline=None)
@given(text=st.text())
def test_valid_bytes_are_encoded_as_their_text(tokenizer: Tokenizer, text: str):
    assert tokenizer.encode_bytes(text.encode()) == tokenizer.encode(text)


def test_every_single_byte_comes_back_and_its_neighbours_are_text(tokenizer: Tokenizer):
    for byte in range(256):
        data = bytes([byte])
        assert tokenizer.decode_bytes(tokenizer.encode_bytes(data)) == data
        if byte >= 0x80:
            assert tokenizer.encode_bytes(b"fox" + data + b"fox") == [
                *tokenizer.encode("fox"),
                byte,
                *tokenizer.encode("fox"),
            ]


@settings(max_examples=300, deadline=None)
@given(parts=st.lists(pieces | st.text(max_size=3), max_size=10))
def test_control_ids_come_from_no_text_nor_from_decoded_control_ids(tokenizer: Tokenizer, parts: list[str]):
    text, control = "".join(parts), set(tokenizer.specials.values())
    assert not control & set(tokenizer.encode(text))
    allowed = tokenizer.encode(text, allowed_special="all")
    again = tokenizer.encode(tokenizer.decode(allowed))
    assert not control & set(again)
    assert tokenizer.decode(again) == text


def alone_and_in_context(tokenizer: Tokenizer, codes: list[int]) -> None:
    for code in codes:
        assert tokenizer.decode(tokenizer.encode(chr(code))) == chr(code)
    for frame in ("{}", "a{} ", " {}1\n", "é{}駅"):
        text = "".join(frame.format(chr(code)) for code in codes)
        assert tokenizer.decode(tokenizer.encode(text)) == text


def test_scalar_values_come_back(tokenizer: Tokenizer):
    alone_and_in_context(tokenizer, SCALARS[:3000] + SCALARS[3000::97])


@pytest.mark.slow
@pytest.mark.parametrize("tokenizer", ["gpt4", "o200k"], indirect=True)
def test_all_scalar_values_come_back(tokenizer: Tokenizer):
    assert len(SCALARS) == 1_112_064
    for start in range(0, len(SCALARS), 50_000):
        alone_and_in_context(tokenizer, SCALARS[start : start + 50_000])


def random_texts(count: int, seed: int) -> list[str]:
    """Strings of letters, marks, spaces and signs that sit together in any way, and of any assigned characters."""
    dice = random.Random(seed)
    common = "aZéǅʰ\u0301\u20dd漢٣1 2½'\"sSſtTreEvVmMlLdD.,!-_/\t\n\r\x0b\x85\xa0\u2028\u3000\u200bß"
    letters = [chr(code) for code in SCALARS if chr(code).isprintable()]
    return ["".join(dice.choices(dice.choice([common, letters]), k=dice.randrange(40))) for _ in range(count)]


def as_tiktoken(ours: Tokenizer) -> tiktoken.Encoding:
    assert ours.pattern is not None
    ranks = dict(ours.vocabulary.ids)
    return tiktoken.Encoding("ours", pat_str=ours.pattern, mergeable_ranks=ranks, special_tokens=ours.specials)


@pytest.mark.parametrize("tokenizer", ["gpt2", "gpt4", "o200k"], indirect=True)
@pytest.mark.parametrize("count", [2_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_ids_are_tiktoken_s_on_random_strings(tokenizer: Tokenizer, count: int):
    theirs = as_tiktoken(tokenizer)
    for text in random_texts(count, seed=count):
        assert tokenizer.encode(text) == theirs.encode_ordinary(text)
