"""The tokenizer as a user meets it: round trips, special tokens, characters, and two libraries as oracles."""

import json
from pathlib import Path

import pytest
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup.text.tokenizer import END_OF_TEXT, Tokenizer

GPT2 = Path(__file__).parents[1] / "fixtures" / "gpt2-excerpt"
PROSE = (
    "The quick brown fox doesn't jump over 1234 lazy dogs; it's the dogs who'd jump, they're quick.\n\n"
    "  Où est la gare ? L'été dernier, 25 000 voyageurs l'ont cherchée… 駅はどこですか。\tthe end\r\n"
) * 3
assigned = st.characters(exclude_categories=["Cs", "Cn"])
texts = st.text(assigned) | st.lists(st.sampled_from(PROSE.split(" ")), max_size=12).map(" ".join)


@pytest.fixture(scope="module", params=["gpt2", "gpt4", "o200k", "none", r"[aeiou]+"])
def tokenizer(request) -> Tokenizer:
    return Tokenizer.train_from_texts(PROSE, 400, pattern=request.param)


@settings(max_examples=200, deadline=None)
@given(text=st.text())
def test_every_text_comes_back(tokenizer: Tokenizer, text: str):
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_every_code_point_comes_back(tokenizer: Tokenizer):
    text = "".join(chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000 and code % 5 == 0)
    assert tokenizer.decode(tokenizer.encode(text)) == text


@settings(max_examples=200, deadline=None)
@given(text=texts | st.text())
def test_ids_are_tiktoken_s(pair: tuple[Tokenizer, tiktoken.Encoding], text: str):
    ours, theirs = pair
    assert ours.encode(text) == theirs.encode_ordinary(text)
    text = f"{text}{END_OF_TEXT}the"
    assert ours.encode(text, allowed_special="all") == theirs.encode(text, allowed_special="all")


@pytest.fixture(scope="module", params=["gpt2", "gpt4", "o200k"])
def pair(request) -> tuple[Tokenizer, tiktoken.Encoding]:
    ours = Tokenizer.train_from_texts(PROSE, 400, pattern=request.param)
    assert ours.pattern is not None
    ranks = {ours.token_bytes(id): id for id in range(ours.vocab_size - 1)}
    theirs = tiktoken.Encoding("ours", pat_str=ours.pattern, mergeable_ranks=ranks, special_tokens=ours.specials)
    return ours, theirs


def test_gpt2_s_published_vocabulary_gives_gpt2_s_ids(data_dir):
    gpt2 = Tokenizer.load(data_dir / "gpt2-bpe")
    assert gpt2.vocab_size == 50257
    assert_gpt2_s_ids(gpt2)


def test_the_merges_that_the_vectors_need_give_gpt2_s_ids():
    assert_gpt2_s_ids(Tokenizer.load(GPT2))


def assert_gpt2_s_ids(gpt2: Tokenizer) -> None:
    assert gpt2.specials == {END_OF_TEXT: 50256}
    for name, allowed in (("vectors", ()), ("vectors_special", "all")):
        lines = (GPT2 / f"{name}.jsonl").read_text("utf-8").splitlines()
        assert lines
        for vector in map(json.loads, lines):
            assert gpt2.encode(vector["text"], allowed_special=allowed) == vector["ids"]
            assert gpt2.decode(vector["ids"]) == vector["text"]


def test_ids_are_bytes_then_merges_then_specials():
    tokenizer = Tokenizer.train_from_texts("abababab", 260, specials=("<pad>", "<eos>"))
    assert [tokenizer.token_bytes(id) for id in range(256)] == [bytes([byte]) for byte in range(256)]
    assert tokenizer.merges == [(b"a", b"b"), (b"ab", b"ab")]
    assert [tokenizer.token_bytes(id) for id in (256, 257)] == [b"ab", b"abab"]
    assert tokenizer.specials == {"<pad>": 258, "<eos>": 259}
    assert tokenizer.vocab_size == 260


def test_vocab_size_tells_the_truth_when_the_text_runs_out():
    tokenizer = Tokenizer.train_from_texts(["ab"], 1000)
    assert tokenizer.vocab_size == 258
    assert tokenizer.special_id(END_OF_TEXT) == 257


@pytest.mark.parametrize(
    ("vocab_size", "specials", "message"),
    [
        (100, ("<|endoftext|>",), r"vocab_size \(100\) must be at least 257: 256 bytes \+ 1 special token$"),
        (258, ("<a>", "<b>", "<c>"), r"vocab_size \(258\) must be at least 259: 256 bytes \+ 3 special tokens$"),
    ],
)
def test_a_vocabulary_too_small_is_refused(vocab_size: int, specials: tuple[str, ...], message: str):
    with pytest.raises(ValueError, match=message):
        Tokenizer.train_from_texts(PROSE, vocab_size, specials=specials)


@pytest.mark.parametrize("empty", ["", [], ["", ""], [END_OF_TEXT]])
def test_no_text_is_refused(empty):
    with pytest.raises(ValueError, match="no text to train"):
        Tokenizer.train_from_texts(empty, 300)


@pytest.mark.parametrize("specials", [("<a>", "<a>"), ("",), "<pad>"])
def test_impossible_special_tokens_are_refused(specials):
    with pytest.raises(ValueError, match="distinct and not empty"):
        Tokenizer.train_from_texts(PROSE, 300, specials=specials)


@settings(max_examples=100, deadline=None)
@given(parts=st.lists(st.sampled_from([END_OF_TEXT, "<|endof", "text|>", "the ", "\n"]) | st.text(), max_size=8))
def test_user_text_never_makes_a_control_id(tokenizer: Tokenizer, parts: list[str]):
    text = "".join(parts)
    ids = tokenizer.encode(text)
    assert not set(tokenizer.specials.values()) & set(ids)
    assert tokenizer.decode(ids) == text


def test_special_tokens_are_made_where_allowed():
    tokenizer = Tokenizer.train_from_texts(PROSE, 300, specials=("<a>", "<a><b>", "<eos>"))
    a, ab, eos = (tokenizer.special_id(name) for name in ("<a>", "<a><b>", "<eos>"))
    plain = tokenizer.encode("<eos>")
    assert tokenizer.encode("<a><b><a>x<eos>", allowed_special="all") == [ab, a, ord("x"), eos]
    assert tokenizer.encode("<a>x<eos>", allowed_special=["<a>"]) == [a, ord("x"), *plain]
    assert tokenizer.decode([a, ord("x"), eos]) == "<a>x<eos>"
    assert tokenizer.decode([a, ord("x"), eos], skip_special=True) == "x"
    with pytest.raises(ValueError, match=r"no special token '<c>'; it has: <a>, <a><b>, <eos>"):
        tokenizer.encode("x", allowed_special=["<c>"])


def test_special_tokens_in_training_text_are_not_learnt():
    tokenizer = Tokenizer.train_from_texts(f"xy{END_OF_TEXT}xy" * 50, 300, pattern="none")
    assert tokenizer.merges == [(b"x", b"y"), (b"xy", b"xy")]


@pytest.mark.parametrize("text", ["a\ud800b", "\udfff", "\ud83d\ude00 pair"])
def test_lone_surrogates_count_as_the_replacement_character(tokenizer: Tokenizer, text: str):
    meant = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert tokenizer.decode(tokenizer.encode(text)) == meant
    assert "\ufffd" in meant or "😀" in meant


def test_decoding_refuses_ids_that_are_not_there(tokenizer: Tokenizer):
    with pytest.raises(ValueError, match=f"id 99999 is not in this vocabulary of {tokenizer.vocab_size} tokens"):
        tokenizer.decode([65, 99999])


def test_bytes_that_are_no_text_become_replacement_characters(tokenizer: Tokenizer):
    assert tokenizer.decode([0x61, 0xFF, 0xE2, 0x82]) == b"a\xff\xe2\x82".decode("utf-8", "replace")


def test_pieces_are_printable(tokenizer: Tokenizer):
    every_id = range(tokenizer.vocab_size)
    assert all(piece and piece.isprintable() and " " not in piece for piece in tokenizer.pieces(every_id))
    assert tokenizer.pieces([32, 10, 0xE2]) == ["␣", "\\n", "\\xe2"]


def test_the_same_text_in_one_or_many_parts_of_any_order_gives_the_same_merges():
    lines = PROSE.splitlines(keepends=True)
    one = Tokenizer.train_from_texts(lines, 350)
    assert one.merges == Tokenizer.train_from_texts(iter(lines[::-1]), 350).merges


def test_training_reads_files_and_folders(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "a.txt").write_text(PROSE, encoding="utf-8", newline="")
    (tmp_path / "deep" / "b.txt").write_text("zzzzzz", encoding="utf-8")
    (tmp_path / "c.bin").write_bytes(b"\xff\xfe\x00")
    expected = Tokenizer.train_from_texts([PROSE, "zzzzzz"], 300).merges
    assert Tokenizer.train(tmp_path, 300).merges == expected
    assert Tokenizer.train([tmp_path / "a.txt", str(tmp_path / "deep")], 300).merges == expected
    with pytest.raises(ValueError, match=r"c\.bin: a binary file \(NUL at byte 2\); it is UTF-16"):
        Tokenizer.train([tmp_path / "c.bin"], 300)
    with pytest.raises(FileNotFoundError):
        Tokenizer.train([tmp_path / "none.txt"], 300)


def test_characters_have_the_same_interface(tmp_path):
    tokenizer = Tokenizer.characters(["hello", "wörld\n"], specials=("<pad>",))
    letters = sorted(set("hellowörld\n"))
    assert tokenizer.vocab_size == len(letters) + 1
    assert tokenizer.encode("holw\n") == [letters.index(c) for c in "holw\n"]
    assert tokenizer.encode("h<pad>", allowed_special="all") == [letters.index("h"), tokenizer.special_id("<pad>")]
    assert tokenizer.decode(tokenizer.encode("drö")) == "drö"
    assert tokenizer.pieces(tokenizer.encode("ö\n")) == ["ö", "\\n"]
    assert tokenizer.merges == []
    with pytest.raises(ValueError, match=r"the character 'x' \(U\+0078\) is not in this vocabulary of 9 characters"):
        tokenizer.encode("xyz")


def test_encode_batch_encodes_each(tokenizer: Tokenizer):
    assert tokenizer.encode_batch(["the fox", ""]) == [tokenizer.encode("the fox"), []]


def test_a_megabyte_comes_back(source_code: str):
    tokenizer = Tokenizer.train_from_texts(source_code[:500_000], 2048)
    ids = tokenizer.encode(source_code)
    assert tokenizer.decode(ids) == source_code
    assert len(ids) < len(source_code) / 2
