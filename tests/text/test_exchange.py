"""Between formats: the same ids after every journey, other people's files as they are, and damage named in a line."""

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import tiktoken.load
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import decoders, models, pre_tokenizers, processors
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from groundup.text.alphabet import name_of
from groundup.text.patterns import PATTERNS
from groundup.text.tokenizer import END_OF_TEXT, Tokenizer

PROSE = "The quick brown fox doesn't jump over 1234 lazy dogs; où est l'été ? 駅はどこ\n\n  They're here.\t" * 3
assigned = st.characters(exclude_categories=["Cs", "Cn"])
texts = st.text(assigned) | st.lists(st.sampled_from(PROSE.split(" ")), max_size=12).map(" ".join)


def journey(start: Tokenizer, pattern: str, folder: Path) -> list[Tokenizer]:
    """The tokenizer after json, two files, tiktoken, json, each read from what the one before wrote.

    The two files are left out of the way of any pattern but GPT-2's, which they imply.
    """
    stations = [Tokenizer.load(start.save(folder / "json"))]
    if pattern == "gpt2":
        stations.append(Tokenizer.load(stations[-1].export(folder / "two", format="gpt2")))
    ranks = stations[-1].export(folder / "ranks.tiktoken", format="tiktoken")
    stations.append(Tokenizer.load(ranks, pattern=pattern, specials=start.specials))
    stations.append(Tokenizer.load(stations[-1].export(folder / "again", format="json")))
    if pattern == "gpt2":
        stations.append(Tokenizer.load(stations[-1].export(folder / "two-again", format="gpt2").parent))
    return stations


@pytest.fixture(scope="module", params=["gpt2", "gpt4", "o200k", r"[A-Z]?[a-z]*"])
def travelled(request, tmp_path_factory) -> tuple[Tokenizer, list[Tokenizer]]:
    start = Tokenizer.train_from_texts(PROSE, 380, pattern=request.param, specials=("<pad>", END_OF_TEXT))
    return start, journey(start, request.param, tmp_path_factory.mktemp("journey"))


@settings(max_examples=150, deadline=None)
@given(text=texts)
def test_ids_survive_every_journey(travelled: tuple[Tokenizer, list[Tokenizer]], text: str):
    start, stations = travelled
    text = f"{text}<pad>"
    for allowed in ((), "all"):
        ids = start.encode(text, allowed_special=allowed)
        assert [station.encode(text, allowed_special=allowed) for station in stations] == [ids] * len(stations)


def test_everything_else_survives_too(travelled: tuple[Tokenizer, list[Tokenizer]]):
    start, stations = travelled
    for station in stations:
        assert (station.merges, station.pattern, station.specials) == (start.merges, start.pattern, start.specials)
        assert station.vocabulary.ids == start.vocabulary.ids


@pytest.mark.slow
def test_gpt2_s_vocabulary_survives_every_journey(data_dir, tmp_path: Path):
    start = Tokenizer.load(data_dir / "gpt2-bpe")
    for station in journey(start, "gpt2", tmp_path):
        assert station.encode(PROSE + END_OF_TEXT, allowed_special="all") == start.encode(
            PROSE + END_OF_TEXT, allowed_special="all"
        )
        assert station.merges == start.merges


def test_their_libraries_read_our_two_files_and_ranks(tmp_path: Path):
    ours = Tokenizer.train_from_texts(PROSE, 380, pattern="gpt2", specials=())
    ours.export(tmp_path, format="gpt2")
    two = tokenizers.ByteLevelBPETokenizer(str(tmp_path / "vocab.json"), str(tmp_path / "merges.txt"))
    assert two.encode(PROSE).ids == ours.encode(PROSE)
    path = ours.export(tmp_path / "ours.tiktoken", format="tiktoken")
    assert tiktoken.load.load_tiktoken_bpe(str(path)) == ours.vocabulary.ids


@pytest.mark.parametrize("pattern", ["gpt4", "o200k", "none", r"\S+"])
def test_two_files_are_for_gpt2_s_pattern(tmp_path: Path, pattern: str):
    """Whoever reads them splits as GPT-2 does: to write what was split otherwise would be to write other ids."""
    ours = Tokenizer.train_from_texts(PROSE, 380, pattern=pattern, specials=())
    with pytest.raises(ValueError, match=r"name no split pattern.*export it as json, or train one with pattern gpt2"):
        ours.export(tmp_path / "two", format="gpt2")
    assert not (tmp_path / "two").exists()
    same = Tokenizer(ours.vocabulary, PATTERNS["gpt2"])
    same.export(tmp_path, format="gpt2")
    theirs = tokenizers.ByteLevelBPETokenizer(str(tmp_path / "vocab.json"), str(tmp_path / "merges.txt"))
    assert theirs.encode(PROSE).ids == same.encode(PROSE) != ours.encode(PROSE)


def test_the_list_of_merges_can_be_read(tmp_path: Path):
    ours = Tokenizer.train_from_texts(PROSE, 300)
    rank, *rows = ours.export(tmp_path / "merges.tsv", format="merges").read_text("utf-8").splitlines()
    assert rank.split("\t") == ["rank", "left", "right", "id", "token"]
    for number, (row, (left, right)) in enumerate(zip(rows, ours.merges, strict=True), 1):
        (piece,) = ours.pieces([255 + number])
        assert row.split("\t") == [str(number), name_of(left), name_of(right), str(255 + number), piece]


@settings(max_examples=100, deadline=None)
@given(text=texts)
def test_autotokenizer_opens_the_folder(opened: tuple[Tokenizer, PreTrainedTokenizerFast], text: str):
    ours, theirs = opened
    text = f"{text} , they 're{END_OF_TEXT}<eos><pad> ."
    ids = ours.encode(text)
    assert theirs.encode(text) == ids  # control tokens of a user's text stay text there too
    assert theirs.decode(ids) == ours.decode(ids)


@pytest.fixture(scope="module", params=["bpe", "words"])
def opened(request, tmp_path_factory) -> tuple[Tokenizer, PreTrainedTokenizerFast]:
    folder, specials = tmp_path_factory.mktemp("folder"), ("<pad>", "<bos>", "<eos>", "<unk>")
    if request.param == "words":
        ours = Tokenizer.words(PROSE, specials=specials)
    else:
        ours = Tokenizer.train_from_texts(PROSE, 380, specials=specials)
    ours.save(folder)
    return ours, AutoTokenizer.from_pretrained(folder)


def test_autotokenizer_knows_what_the_special_tokens_are_for(opened: tuple[Tokenizer, PreTrainedTokenizerFast]):
    ours, theirs = opened
    for role in ("bos", "eos", "pad", "unk"):
        assert getattr(theirs, f"{role}_token_id") == ours.special_id(f"<{role}>")
    assert len(theirs) == ours.vocab_size


def llama3(folder: Path) -> tuple[Path, tokenizers.Tokenizer]:
    """A file as LLaMA 3's: ranks made into merges, whole tokens first, 256 special tokens, one put before each text."""
    source = Tokenizer.train_from_texts(PROSE, 400, pattern="gpt4", specials=())
    vocab = {name_of(token): id for token, id in source.vocabulary.ids.items()}
    vocab["xqz!k"] = len(vocab)  # a token that no merge makes, such as hand-made vocabularies have
    merges = [(name_of(left), name_of(right)) for left, right in source.merges]
    theirs = tokenizers.Tokenizer(models.BPE(vocab, merges, ignore_merges=True))
    split = pre_tokenizers.Split(tokenizers.Regex(PATTERNS["gpt4"] or ""), "isolated")
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    theirs.pre_tokenizer = pre_tokenizers.Sequence([split, byte_level])
    theirs.decoder = decoders.ByteLevel()
    names = ["<|begin_of_text|>", "<|end_of_text|>", *(f"<|reserved_special_token_{n}|>" for n in range(254))]
    theirs.add_special_tokens(names)
    template = processors.TemplateProcessing(
        single="<|begin_of_text|> $A", special_tokens=[(names[0], theirs.token_to_id(names[0]))]
    )
    theirs.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), template])
    path = folder / "tokenizer.json"
    theirs.save(str(path))
    return path, theirs


def test_a_file_as_llama_3_s_is_read_and_its_frame_is_kept(tmp_path: Path):
    path, theirs = llama3(tmp_path)
    ours = Tokenizer.load(path)
    assert ours.frame == (("<|begin_of_text|>",), ())
    saved = Tokenizer.load(ours.save(tmp_path / "saved"))
    for text in (PROSE, "xqz!k", "Never seen: naïve 2,048 ☃", "", "a<|end_of_text|>b"):
        ids = ours.encode(text, allowed_special="all")
        assert theirs.encode(text, add_special_tokens=False).ids == ids
        assert theirs.encode(text).ids == ours.framed(ids) == saved.framed(saved.encode(text, allowed_special="all"))
    again = tokenizers.Tokenizer.from_file(str(tmp_path / "saved" / "tokenizer.json"))
    assert again.encode("fox").ids == theirs.encode("fox").ids
    assert again.encode("a", "b").ids == ours.framed(ours.encode("a")) + ours.framed(ours.encode("b"))
    assert AutoTokenizer.from_pretrained(tmp_path / "saved").bos_token == "<|begin_of_text|>"


def test_what_a_format_cannot_hold_is_refused(tmp_path: Path):
    path, _ = llama3(tmp_path)
    ours = Tokenizer.load(path)
    with pytest.raises(ValueError, match=r"vocab\.json and merges\.txt cannot hold this tokenizer"):
        Tokenizer(ours.vocabulary, PATTERNS["gpt2"], ours.specials).export(tmp_path / "two", format="gpt2")
    assert Tokenizer.load(
        ours.export(tmp_path / "x.tiktoken", format="tiktoken"), pattern="gpt4", specials=ours.specials
    ).encode(PROSE) == ours.encode(PROSE)
    with pytest.raises(ValueError, match=r"must end in \.tiktoken"):
        ours.export(tmp_path / "ranks.txt", format="tiktoken")
    joined = Tokenizer.train_from_texts("PAD PA D", 258, pattern=r"\w+", specials=("PAX",))
    with pytest.raises(ValueError, match="special tokens not named like <this>"):
        Tokenizer(joined.vocabulary, PATTERNS["gpt2"], {"PAA": 300, "PAPA": 301}).export(
            tmp_path / "two", format="gpt2"
        )
    merges = [(b"a", b"b"), (b"c", b"d")]
    tokenizer = Tokenizer.train_from_texts("ab cd ab", 258, pattern="gpt2", specials=())
    assert tokenizer.merges == merges
    tokenizer.vocabulary.ids[b"ab"], tokenizer.vocabulary.ids[b"cd"] = 257, 256
    with pytest.raises(ValueError, match=r"its merges do not follow from the order of ids"):
        tokenizer.export(tmp_path / "y.tiktoken", format="tiktoken")
    assert not (tmp_path / "two").exists()
    assert not (tmp_path / "y.tiktoken").exists()


def test_a_file_as_gpt2_s_on_the_hub_is_read(tmp_path: Path):
    theirs = tokenizers.ByteLevelBPETokenizer(add_prefix_space=False, trim_offsets=True)
    theirs.train_from_iterator([PROSE], vocab_size=340, special_tokens=[END_OF_TEXT], show_progress=False)
    theirs.post_processor = processors.ByteLevel(trim_offsets=False)
    theirs.save(str(tmp_path / "tokenizer.json"))
    ours = Tokenizer.load(tmp_path)
    assert (ours.pattern, ours.frame) == (PATTERNS["gpt2"], ((), ()))
    for text in (PROSE, "Never seen: naïve 2,048 ☃"):
        assert ours.framed(ours.encode(text)) == theirs.encode(text).ids


@pytest.mark.parametrize(
    ("processor", "message"),
    [
        (processors.BertProcessing(("[SEP]", 1), ("[CLS]", 0)), "its post_processor BertProcessing is not a template"),
        (processors.TemplateProcessing(single="<a> $A <b> $A", special_tokens=[("<a>", 1), ("<b>", 2)]), "not special"),
        (processors.TemplateProcessing(single="<a> $A", special_tokens=[("<a>", 7)]), "not special tokens around"),
    ],
)
def test_another_post_processor_is_refused(tmp_path: Path, processor, message: str):
    path = Tokenizer.train_from_texts(PROSE, 300, specials=("<a>", "<b>")).save(tmp_path)
    content = json.loads(path.read_text("utf-8"))
    bare = tokenizers.Tokenizer(models.BPE())
    bare.post_processor = processor
    content["post_processor"] = json.loads(bare.to_str())["post_processor"]
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=message):
        Tokenizer.load(path)


LINES = [f"{base64.b64encode(bytes([b])).decode()} {b}" for b in range(256)]
VOCAB = {name_of(bytes([b])): b for b in range(256)} | {"ab": 256, "abc": 257}
MERGES = "#version: 0.2\na b\nab c\n"


def ranks(*extra: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / "x.tiktoken").write_text("\n".join([*LINES, *extra]))
        return folder / "x.tiktoken"

    return make


def two_files(vocab: str | bytes, merges: str | bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        for name, content in (("vocab.json", vocab), ("merges.txt", merges)):
            (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return folder / "vocab.json"

    return make


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (ranks("YWI="), r"line 257 is 'YWI=', not a token in base64 and its rank"),
        (ranks("YW? 256"), r"line 257 is 'YW\? 256', not a token in base64"),
        (ranks("YWI 256"), r"line 257 .*padding"),
        (ranks("YWI= many"), r"line 257 .*'many'"),
        (ranks("YWI= 3"), "its ids are not distinct"),
        (ranks("YWI= -3"), "its ids are not distinct"),
        (ranks("YWI= 256", "YWI= 257"), r"line 258 .*b'ab' has rank 256 already"),
        (lambda folder: ranks()(folder).with_name("none.tiktoken"), "none"),
        (two_files(json.dumps(VOCAB)[:-20], MERGES), "is not a tokenizer"),
        (two_files("[]", MERGES), "it holds a JSON list, not an object"),
        (two_files(json.dumps(VOCAB).replace("256", "255"), MERGES), "its ids are not distinct"),
        (two_files(json.dumps(VOCAB).replace("257", '"257"'), MERGES), "its ids are not distinct"),
        (two_files(json.dumps(VOCAB)[:-1] + ', "ab": 300}', MERGES), "'ab' is in it twice"),
        (
            two_files(json.dumps(VOCAB), MERGES[:-5]),
            "no merge makes its token 'abc'; the list of merges seems cut short",
        ),
        (two_files(json.dumps(VOCAB), MERGES[:-2]), r"merge 2 is 'ab ', not two tokens|no id|cut short|no merge makes"),
        (two_files(json.dumps(VOCAB), MERGES + "x y"), "'xy' is missing in it"),
        (two_files(b"\xff\xfe{}", MERGES), "utf-8"),
        (two_files(json.dumps(VOCAB), b"\xff\xfea b"), "utf-8"),
        (two_files("[" * 100_000, MERGES), "is not a tokenizer"),
    ],
)
def test_damage_is_named_in_one_line(tmp_path: Path, make: Callable[[Path], Path], message: str):
    path = make(tmp_path)
    with pytest.raises((ValueError, FileNotFoundError), match=message) as caught:
        Tokenizer.load(path, **({"pattern": "gpt4"} if path.suffix == ".tiktoken" else {}))
    assert path.name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_undamaged_files_are_read(tmp_path: Path):
    assert Tokenizer.load(two_files(json.dumps(VOCAB), MERGES)(tmp_path)).encode("abc") == [257]
    assert Tokenizer.load(ranks("YWI= 256", "YWJj 257")(tmp_path), pattern="none").encode("abc") == [257]


def test_special_tokens_are_only_given_to_files_that_name_none(tmp_path: Path):
    Tokenizer.train_from_texts(PROSE, 300).save(tmp_path)
    with pytest.raises(ValueError, match="names its own special tokens"):
        Tokenizer.load(tmp_path, specials={"<x>": 999})
    with pytest.raises(ValueError, match="its ids are not distinct"):
        Tokenizer.load(ranks()(tmp_path), pattern="gpt4", specials={"<x>": 5})
