"""Special tokens in the small files of a folder, vocabularies without all bytes, any merges: as Hugging Face's."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tokenizers
from tokenizers import AddedToken, decoders, models, pre_tokenizers, trainers
from transformers import AutoTokenizer

from groundup.text.tokenizer import END_OF_TEXT, Tokenizer

PROSE = "The quick brown fox doesn't jump over 1234 lazy dogs; it isn't the fox. 'Tis  over.\n" * 3


def folder_of_two(folder: Path, **files: Any) -> Path:
    """GPT-2's two files, and the small ones beside them."""
    Tokenizer.train_from_texts(PROSE, 300, pattern="gpt2").export(folder, format="gpt2")
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return folder


def special(content: str, **flags: bool) -> dict[str, Any]:
    return {"content": content, **dict.fromkeys(("lstrip", "normalized", "rstrip", "single_word"), False)} | flags


MAP = dict(bos_token=END_OF_TEXT, eos_token="<|im_end|>", pad_token="<pad>", additional_special_tokens=["<|im_start|>"])
CONFIG = dict(tokenizer_class="GPT2Tokenizer", bos_token=END_OF_TEXT, eos_token=END_OF_TEXT, unk_token=END_OF_TEXT)
OLD = {"<|im_start|>": 300, "<|im_end|>": 301, "<pad>": 302}
DECODER = {
    "299": special(END_OF_TEXT, special=True),
    "300": special("<|im_start|>", special=True),
    "301": special("<pad>", special=True),
}
BESIDE: dict[str, dict[str, Any]] = {
    "added_tokens.json": dict(added_tokens=OLD, special_tokens_map=MAP, tokenizer_config=CONFIG),
    "with ids that are not the next": dict(
        added_tokens={"<|im_start|>": 402, "<|im_end|>": 401, "<pad>": 400},
        special_tokens_map=MAP,
        tokenizer_config=CONFIG,
    ),
    "special_tokens_map.json alone": dict(special_tokens_map=MAP, tokenizer_config=CONFIG),
    "whose values are records": dict(
        special_tokens_map={"pad_token": special("<pad>"), "eos_token": special("</s>")}, tokenizer_config=CONFIG
    ),
    "added_tokens_decoder": dict(tokenizer_config=CONFIG | dict(added_tokens_decoder=DECODER, pad_token="<pad>")),
    "roles in tokenizer_config.json": dict(tokenizer_config=CONFIG | dict(pad_token="<pad>", eos_token="<end>")),
    "framed": dict(tokenizer_config=CONFIG | dict(add_bos_token=True)),
}


@pytest.mark.parametrize("name", BESIDE)
def test_files_beside_a_vocabulary_count(tmp_path: Path, name: str):
    """The same tokens and ids as transformers, also after an export."""
    folder = folder_of_two(tmp_path / "two", **BESIDE[name])
    ours, theirs = Tokenizer.load(folder), AutoTokenizer.from_pretrained(folder)
    assert ours.specials == theirs.added_tokens_encoder
    assert ours.vocab_size == len(theirs)
    text = "the fox" + "".join(ours.specials) + "jumps"
    assert ours.framed(ours.encode(text, allowed_special="all")) == theirs(text).input_ids
    exported = Tokenizer.load(ours.save(tmp_path / "exported"))
    assert (exported.specials, exported.frame) == (ours.specials, ours.frame)
    again = AutoTokenizer.from_pretrained(tmp_path / "exported")
    assert again(text, split_special_tokens=False).input_ids == theirs(text).input_ids
    for role in ("bos", "eos", "pad", "unk"):
        if (wanted := getattr(theirs, f"{role}_token")) is not None:
            assert getattr(again, f"{role}_token") == wanted


def test_files_beside_a_tokenizer_json_count_too(tmp_path: Path):
    Tokenizer.train_from_texts(PROSE, 300).save(tmp_path)
    (tmp_path / "added_tokens.json").write_text('{"<pad>": 300}')
    config = json.loads((tmp_path / "tokenizer_config.json").read_text()) | {"pad_token": "<pad>"}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config))
    ours, theirs = Tokenizer.load(tmp_path), AutoTokenizer.from_pretrained(tmp_path)
    assert ours.specials == theirs.added_tokens_encoder == {END_OF_TEXT: 299, "<pad>": 300}


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (dict(added_tokens={"<extra>": 300}), "'<extra>' is not a plain special token but part of every text"),
        (
            dict(tokenizer_config={"added_tokens_decoder": {"300": special("<x>", special=True, lstrip=True)}}),
            "lstrip is true",
        ),
        (dict(tokenizer_config={"add_prefix_space": True}), "add_prefix_space puts a space before every text"),
        (dict(special_tokens_map={"pad_token": "the"}), "'the'"),
        (dict(special_tokens_map={"pad_token": "!"}), "'!' is an ordinary token too"),
        (dict(special_tokens_map=[]), "special_tokens_map.json: it holds a JSON list"),
        (dict(added_tokens=7), "added_tokens.json: it holds a JSON int"),
    ],
)
def test_what_they_ask_for_and_is_not_done_is_refused(tmp_path: Path, files: dict[str, Any], words: str):
    with pytest.raises(ValueError) as caught:
        Tokenizer.load(folder_of_two(tmp_path, **files))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_another_id_than_the_stated_one_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    Tokenizer.load(folder_of_two(tmp_path, added_tokens={"<pad>": 400}, special_tokens_map={"pad_token": "<pad>"}))
    assert "says id 400 for '<pad>'; it is 300, as in Hugging Face's libraries" in capsys.readouterr().err


def trained(pre_tokenizer: Any, **options: Any) -> tokenizers.Tokenizer:
    """By their library, as the Hugging Face course does: without an initial alphabet, so with the bytes met alone."""
    theirs = tokenizers.Tokenizer(models.BPE(**options))
    theirs.pre_tokenizer, theirs.decoder = pre_tokenizer, decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=90, special_tokens=[END_OF_TEXT, "<unk>"], show_progress=False)
    theirs.train_from_iterator([PROSE], trainer)
    return theirs


def test_bytes_may_be_missing(tmp_path: Path):
    theirs = trained(pre_tokenizers.ByteLevel(add_prefix_space=False))
    theirs.save(str(tmp_path / "tokenizer.json"))
    ours = Tokenizer.load(tmp_path)
    again = Tokenizer.load(ours.save(tmp_path / "again"))
    for text in (PROSE, "the dogs jump", "fox" * 50):
        assert ours.encode(text) == again.encode(text) == theirs.encode(text).ids
        assert ours.decode(ours.encode(text)) == text
    ours.vocabulary.merged(b"fox")
    for text in ("Zebra", "été", PROSE * 300 + "Z"):  # theirs leaves the letter out, and says nothing
        with pytest.raises(ValueError, match=r"the byte 0x.. of '.*' is not in this vocabulary of 3\d bytes"):
            ours.encode(text)


def test_missing_bytes_are_the_unknown_token_where_there_is_one(tmp_path: Path):
    theirs = trained(pre_tokenizers.ByteLevel(add_prefix_space=False), unk_token="<unk>")
    theirs.save(str(tmp_path / "tokenizer.json"))
    ours = Tokenizer.load(tmp_path)
    again = Tokenizer.load(ours.save(tmp_path / "again"))
    saved = tokenizers.Tokenizer.from_file(str(tmp_path / "again" / "tokenizer.json"))
    for text in (PROSE, "Zebra", "fox été ☃ fox"):
        assert ours.encode(text) == again.encode(text) == theirs.encode(text).ids == saved.encode(text).ids


def test_padding_and_truncation_are_ignored_with_a_notice(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = Tokenizer.train_from_texts(PROSE, 300, specials=("<pad>",)).save(tmp_path)
    theirs = tokenizers.Tokenizer.from_file(str(path))
    expected = theirs.encode(PROSE).ids
    theirs.enable_padding(length=64)
    theirs.enable_truncation(max_length=8)
    theirs.save(str(path))
    assert Tokenizer.load(path).encode(PROSE) == expected
    assert "asks for padding and truncation, ignored here" in capsys.readouterr().err


def test_two_merges_may_make_one_token(tmp_path: Path):
    """As in LLaMA 3's file, where every way to put a token together is a merge."""
    names = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = [
        ("a", "a"),
        ("aa", "a"),
        ("a", "aa"),
        ("b", "c"),
        ("a", "b"),
        ("a", "bc"),
        ("x", "ab"),
        ("ab", "c"),
        ("a", "b"),
    ]
    vocab = {name: id for id, name in enumerate(dict.fromkeys([*names, *map("".join, merges)]))}
    theirs = tokenizers.Tokenizer(models.BPE(vocab=vocab, merges=merges))
    theirs.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    theirs.save(str(tmp_path / "tokenizer.json"))
    ours = Tokenizer.load(tmp_path)
    again = Tokenizer.load(ours.save(tmp_path / "again"))
    for number in range(3**7):
        text = "".join("abx c"[number // 3**place % 3 + (place % 3)] for place in range(7))
        assert ours.encode(text) == again.encode(text) == theirs.encode(text).ids, text
    long = "xabcaaab" * 20_000  # goes through the compiled loops
    assert ours.encode(long) == theirs.encode(long).ids


def edited(change: Callable[[dict], object]) -> Callable[[Path], None]:
    def edit(path: Path) -> None:
        content = json.loads(path.read_text("utf-8"))
        change(content)
        path.write_text(json.dumps(content))

    return edit


TOKEN = dict(id=300, special=True, **dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c["model"].update(byte_fallback=True), "made like SentencePiece"),
        (lambda c: c.update(normalizer={"type": "Prepend", "prepend": "▁"}), "made like SentencePiece"),
        (lambda c: c["model"].update(type="Unigram"), "made like SentencePiece"),
        (lambda c: c.update(pre_tokenizer={"type": "Metaspace", "replacement": "▁"}), "made like SentencePiece"),
        (
            lambda c: c.update(pre_tokenizer={"type": "ByteLevel", "add_prefix_space": True}),
            "puts a space before every text",
        ),
        (lambda c: c.update(pre_tokenizer={"type": "Whitespace"}), "ends in Whitespace, not in ByteLevel"),
        (
            lambda c: c["pre_tokenizer"]["pretokenizers"][0].update(behavior="Removed"),
            "has a step Split (Removed); only Split (Isolated) and Digits",
        ),
        (
            lambda c: c.update(
                post_processor={"type": "TemplateProcessing", "single": [], "pair": [], "special_tokens": {}}
            ),
            "the text must be in it once",
        ),
        (
            lambda c: c["added_tokens"].extend(
                [TOKEN | {"content": "<a><b>"}, TOKEN | {"content": "<b>", "normalized": True}]
            ),
            "'<b>' and '<a><b>' overlap",
        ),
        (lambda c: c["added_tokens"].append(TOKEN | {"content": ""}), "needs a name"),
    ],
)
def test_a_foreign_file_is_refused_in_a_sentence(tmp_path: Path, change: Callable[[dict], object], words: str):
    path = Tokenizer.train_from_texts(PROSE, 300).save(tmp_path)
    edited(change)(path)
    with pytest.raises(ValueError) as caught:
        Tokenizer.load(tmp_path)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_added_token_has_the_id_that_the_library_gives(tmp_path: Path):
    path = Tokenizer.train_from_texts(PROSE, 300).save(tmp_path)
    edited(
        lambda c: c["added_tokens"].extend([TOKEN | {"content": "<a>", "id": 400}, TOKEN | {"content": "<b>", "id": 7}])
    )(path)
    theirs = tokenizers.Tokenizer.from_file(str(path))
    ours = Tokenizer.load(tmp_path)
    assert [ours.specials[name] for name in ("<a>", "<b>")] == [theirs.token_to_id("<a>"), theirs.token_to_id("<b>")]


RANKS = [f"{base64.b64encode(bytes([byte])).decode()} {byte}" for byte in range(256)]


def ranks(folder: Path, *tokens: bytes, singles: int = 256) -> Path:
    lines = [*RANKS[:singles], *(f"{base64.b64encode(token).decode()} {id}" for id, token in enumerate(tokens, 256))]
    (folder / "x.tiktoken").write_text("\n".join(lines))
    return folder / "x.tiktoken"


def test_a_rank_before_its_parts_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match=r"b'abc' has rank 256, before its parts b'ab' \(257\) and b'c' \(99\)"):
        Tokenizer.load(ranks(tmp_path, b"abc", b"ab"), pattern="gpt4")
    with pytest.raises(ValueError, match="the byte 0xff has no rank"):
        Tokenizer.load(ranks(tmp_path, singles=255), pattern="gpt4")
    assert Tokenizer.load(ranks(tmp_path, b"ab", b"abc", b"xqz"), pattern="gpt4").encode("xabc xqz")


@pytest.mark.parametrize(
    ("pattern", "name"), [("none", END_OF_TEXT), ("gpt4", "EOS"), ("gpt2", "EOS"), ("o200k", "Eos")]
)
def test_the_name_of_a_special_token_stays_text(tmp_path: Path, pattern: str, name: str):
    ours = Tokenizer.load(ranks(tmp_path, b"ab"), pattern=pattern, specials={name: 257})
    ours.save(tmp_path / "saved")
    theirs = AutoTokenizer.from_pretrained(tmp_path / "saved")
    assert theirs(name).input_ids == ours.encode(name) == list(name.encode())
    assert theirs.convert_tokens_to_ids(name) == 257
    assert Tokenizer.load(tmp_path / "saved").specials == {name: 257}
    words = Tokenizer.words("a EOS a EOS", specials=("EOS",))
    words.save(tmp_path / "words")
    assert AutoTokenizer.from_pretrained(tmp_path / "words")("a EOS").input_ids == words.encode("a EOS")


def test_a_name_that_must_become_the_token_is_refused(tmp_path: Path):
    """Its id lies before others, so it must stand in the vocabulary, where the library would find it."""
    ours = Tokenizer.load(ranks(tmp_path, b"ab"), pattern="gpt4", specials={"EOS": 300})
    with pytest.raises(ValueError, match="would make a special token of the text 'EOS'"):
        ours.save(tmp_path / "saved")


def test_a_byte_order_mark_is_no_part_of_a_file(tmp_path: Path):
    folder = folder_of_two(tmp_path, special_tokens_map=dict(pad_token="<pad>"))
    before = Tokenizer.load(folder)
    for file in folder.iterdir():
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    after = Tokenizer.load(folder)
    assert (after.specials, after.encode(PROSE)) == (before.specials, before.encode(PROSE))


def test_tokens_that_strip_or_are_ordinary_are_refused(tmp_path: Path):
    for token, words in ((AddedToken("<a>", lstrip=True), "lstrip is true"), (AddedToken("<a>"), "part of every text")):
        theirs = tokenizers.Tokenizer.from_file(str(Tokenizer.train_from_texts(PROSE, 300).save(tmp_path)))
        theirs.add_tokens([token])
        theirs.save(str(tmp_path / "tokenizer.json"))
        with pytest.raises(ValueError, match=words):
            Tokenizer.load(tmp_path)
