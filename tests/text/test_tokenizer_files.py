"""Files: Hugging Face reads ours with the same ids, we read theirs and GPT-2's, and damage is named in one line."""

import base64
import json
import random
from pathlib import Path
from typing import Any

import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from groundup.text.tokenizer import END_OF_TEXT, Tokenizer

PROSE = "The quick brown fox doesn't jump over 1234 lazy dogs; où est l'été ? 駅はどこ\n\n  They're here.\t" * 3
PATTERNS = ["gpt2", "gpt4", "none", r"\d+", r"[A-Z]?[a-z]*"]
assigned = st.characters(exclude_categories=["Cs", "Cn"])  # see test_patterns
texts = st.text(assigned) | st.lists(st.sampled_from(PROSE.split(" ")), max_size=12).map(" ".join)


@pytest.fixture(scope="module", params=PATTERNS)
def pair(request, tmp_path_factory) -> tuple[Tokenizer, tokenizers.Tokenizer]:
    ours = Tokenizer.train_from_texts(PROSE, 380, pattern=request.param, specials=("<pad>", END_OF_TEXT))
    path = ours.save(tmp_path_factory.mktemp("tokenizer"))
    return Tokenizer.load(path), tokenizers.Tokenizer.from_file(str(path))


@settings(max_examples=150, deadline=None)
@given(text=texts)
def test_tokenizers_gives_the_same_ids_and_text(pair: tuple[Tokenizer, tokenizers.Tokenizer], text: str):
    ours, theirs = pair
    ids = ours.encode(text)
    assert theirs.encode(text).ids == ids
    assert theirs.decode(ids, skip_special_tokens=False) == ours.decode(ids)


def test_tokenizers_knows_the_special_tokens(pair: tuple[Tokenizer, tokenizers.Tokenizer]):
    ours, theirs = pair
    text = f"<pad>the fox{END_OF_TEXT}"
    ids = ours.encode(text, allowed_special="all")
    assert theirs.encode(text).ids == ids
    assert theirs.decode(ids, skip_special_tokens=True) == ours.decode(ids, skip_special=True) == "the fox"
    assert theirs.get_vocab_size() == ours.vocab_size


def test_transformers_reads_the_file(tmp_path):
    ours = Tokenizer.train_from_texts(PROSE, 300)
    theirs = PreTrainedTokenizerFast(tokenizer_file=str(ours.save(tmp_path)))
    assert theirs.encode(PROSE) == ours.encode(PROSE)
    assert len(theirs) == ours.vocab_size


@pytest.mark.parametrize("kind", [*PATTERNS, "characters"])
def test_what_was_saved_comes_back(tmp_path: Path, kind: str):
    if kind == "characters":
        before = Tokenizer.characters(PROSE, specials=("<pad>",))
    else:
        before = Tokenizer.train_from_texts(PROSE, 350, pattern=kind, specials=("<bos>", "<eos>"))
    for target in (tmp_path / "folder", tmp_path / "source.json"):
        path = before.save(target)
        assert path == (target if target.suffix else target / "tokenizer.json")
        after = Tokenizer.load(target)
        assert (after.merges, after.pattern, after.specials) == (before.merges, before.pattern, before.specials)
        assert [after.token_bytes(id) for id in range(after.vocab_size)] == [
            before.token_bytes(id) for id in range(before.vocab_size)
        ]
        assert after.encode(PROSE) == before.encode(PROSE)


def test_characters_are_the_same_in_tokenizers(tmp_path: Path):
    ours = Tokenizer.characters(PROSE, specials=("<pad>", "<eos>"))
    theirs = tokenizers.Tokenizer.from_file(str(ours.save(tmp_path)))
    assert theirs.encode(PROSE).ids == ours.encode(PROSE)
    assert theirs.encode("<pad>a<eos>").ids == ours.encode("<pad>a<eos>", allowed_special="all")
    assert theirs.decode(ours.encode(PROSE)) == PROSE
    with pytest.raises(Exception, match="UNK"):
        theirs.encode("ж")


def test_a_tokenizer_trained_by_tokenizers_is_read(tmp_path: Path):
    theirs = tokenizers.ByteLevelBPETokenizer()
    theirs.train_from_iterator([PROSE], vocab_size=340, special_tokens=["<s>", "<pad>"], show_progress=False)
    theirs.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "two").mkdir()
    theirs.save_model(str(tmp_path / "two"))
    for path in (tmp_path, tmp_path / "two"):
        ours = Tokenizer.load(path)
        for text in (PROSE, "Never seen: naïve 2,048 ☃"):
            assert ours.encode(text) == theirs.encode(text).ids
    saved_again = Tokenizer.load(tmp_path / "two").save(tmp_path / "again")
    assert tokenizers.Tokenizer.from_file(str(saved_again)).encode(PROSE).ids == theirs.encode(PROSE).ids


def test_tiktoken_s_file_is_read(tmp_path: Path):
    before = Tokenizer.train_from_texts(PROSE, 350, specials=())
    lines = [f"{base64.b64encode(before.token_bytes(id)).decode()} {id}" for id in range(before.vocab_size)]
    (tmp_path / "mine.tiktoken").write_text("\n".join(lines))
    after = Tokenizer.load(tmp_path / "mine.tiktoken", pattern="gpt4")
    assert after.merges == before.merges
    assert after.encode(PROSE) == before.encode(PROSE)
    with pytest.raises(ValueError, match="names no split pattern; give pattern gpt4"):
        Tokenizer.load(tmp_path / "mine.tiktoken")


def test_nothing_half_written_is_left(tmp_path: Path):
    path = Tokenizer.train_from_texts(PROSE, 300).save(tmp_path)
    content = path.read_bytes()
    clash = Tokenizer.train_from_texts(PROSE, 300, specials=("a",))
    with pytest.raises(ValueError, match="special token 'a' is an ordinary token too"):
        clash.save(tmp_path)
    assert path.read_bytes() == content
    assert sorted(file.name for file in tmp_path.iterdir()) == ["tokenizer.json", "tokenizer_config.json"]


def edited(content: dict, *keys: str | int, value: object) -> dict:
    """A copy with one value replaced."""
    content = json.loads(json.dumps(content))
    inner: Any = content
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = value
    return content


@pytest.mark.parametrize(
    ("keys", "value", "message"),
    [
        (("model", "type"), "Unigram", "it is made like SentencePiece"),
        (("model", "byte_fallback"), True, "it is made like SentencePiece"),
        (("normalizer",), {"type": "NFC"}, "it uses 'normalizer'"),
        (("pre_tokenizer",), {"type": "Whitespace"}, "its pre_tokenizer ends in Whitespace, not in ByteLevel"),
        (("model", "merges"), ["t h e"], "merge 1 is 't h e', not two tokens"),
        (("model", "merges"), ["q z"], "the token b'qz' has no id"),
        (("model", "merges"), ["qz x", "q z"], "the token b'qzx' has no id"),
        (("model", "vocab"), {"a": 0}, "has no id"),
        (("model", "vocab", "a"), 66, "not distinct whole numbers"),
        (("model", "vocab", "a"), "66", "not distinct whole numbers"),
        (("model", "vocab", "漢"), 999, "'漢' is not written in the byte alphabet"),
        (("pre_tokenizer", "pretokenizers"), [], "its pre_tokenizer ends in None"),
        (("pre_tokenizer",), None, "its pre_tokenizer ends in None"),
        (
            ("pre_tokenizer", "pretokenizers", 1, "add_prefix_space"),
            True,
            "its pre_tokenizer puts a space before every",
        ),
    ],
)
def test_a_foreign_file_is_refused_by_name(tmp_path: Path, keys, value, message):
    path = Tokenizer.train_from_texts(PROSE, 300).save(tmp_path)
    path.write_text(json.dumps(edited(json.loads(path.read_text("utf-8")), *keys, value=value)))
    with pytest.raises(ValueError, match=message) as caught:
        Tokenizer.load(tmp_path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"{}", b"\xff\xfe\x00", b'{"model": []}', b'{"model": {}}'])
def test_what_is_no_tokenizer_is_refused_by_name(tmp_path: Path, content: bytes):
    (tmp_path / "tokenizer.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"tokenizer\.json is not a tokenizer"):
        Tokenizer.load(tmp_path)


def complaint(path: Path) -> str | None:
    """What loading says of a file, after a round trip if it loads."""
    try:
        tokenizer = Tokenizer.load(path)
    except ValueError as error:
        return str(error)
    assert tokenizer.decode(tokenizer.encode("the fox")) == "the fox"
    return None


def test_a_damaged_file_is_refused_or_still_a_tokenizer(tmp_path: Path):
    path = Tokenizer.train_from_texts(PROSE, 300).save(tmp_path)
    content, dice = path.read_text("utf-8"), random.Random(0)
    refused = 0
    for _ in range(150):
        at = dice.randrange(len(content))
        damaged = content[:at] + dice.choice(["", "x", "9", '"', "]", content[at + 9 :][:40]]) + content[at + 9 :]
        path.write_text(damaged if dice.random() < 0.8 else content[:at], encoding="utf-8")
        message = complaint(path)
        assert message is None or (str(path) in message and "\n" not in message)
        refused += message is not None
    assert refused > 75


def test_a_folder_without_a_tokenizer_says_what_is_expected(tmp_path: Path):
    (tmp_path / "vocab.json").write_text("{}")
    with pytest.raises(FileNotFoundError, match=r"expected tokenizer\.json, vocab\.json \+ merges\.txt"):
        Tokenizer.load(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"none\.json: there is no such tokenizer; give a tokenizer\.json"):
        Tokenizer.load(tmp_path / "none.json")


def test_a_pattern_for_a_file_that_has_one_is_refused(tmp_path: Path):
    Tokenizer.train_from_texts(PROSE, 300).save(tmp_path)
    with pytest.raises(ValueError, match="names its own split pattern"):
        Tokenizer.load(tmp_path, pattern="gpt2")
