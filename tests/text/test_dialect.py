"""Split patterns of other people's files: cut as Hugging Face's engine cuts, or refused by name."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Regex
from tokenizers import Tokenizer as Theirs
from tokenizers.pre_tokenizers import Split

from groundup.text import patterns
from groundup.text.dialect import translated
from groundup.text.tokenizer import Tokenizer

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2 = LLAMA3.replace("{1,3}", "")
DEEPSEEK = (
    r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*"""
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
SAFE = [
    *filter(None, patterns.PATTERNS.values()),
    LLAMA3,
    QWEN2,
    DEEPSEEK,
    r"\d+",
    "[一-龥぀-ゟ゠-ヿ]+",
    r"[\s\S]",
    "[a-z]+?",
]
# one engine reads these otherwise than the other, so they are written out
OTHER = [
    "^.",
    r"\w+|\W",
    r"\b",
    "$",
    r"\B",
    r"\A.|x",
    r"\h+",
    "[\\w'-]+",
    r"a$|b",
    "^a",
    r"\ba",
    r"\Z",
    r"a\z",
    r"(?=a)|ab",
    "|a",
]

pieces = st.sampled_from(
    ["a", "B", "s", " ", "\n", "\r\n", "1", "é", "e\u0301", "\u200d", "\u200c", "👩", "_", "漢", "'", "ſ", "  ", "Ⅷ"]
)
texts = st.lists(pieces, min_size=1, max_size=12).map("".join)
atoms = st.sampled_from(
    [
        "a",
        ".",
        r"\w",
        r"\W",
        r"\s",
        r"\S",
        r"\p{L}",
        r"\p{N}",
        "[a-z]",
        "[^a\\s]",
        r"\b",
        "^",
        "$",
        "(?=a)",
        "(?<=a)",
        "(?!\\S)",
        r"\B",
    ]
)
repeated = st.tuples(atoms, st.sampled_from(["", "", "+", "*", "?", "{1,2}", "*?", "++"])).map("".join)
made = st.lists(st.lists(repeated, min_size=1, max_size=3).map("".join), min_size=1, max_size=3).map("|".join)


def cuts(pattern: str, text: str) -> tuple[list[str], list[str]]:
    """Ours, and theirs."""
    theirs = [chunk for chunk, _ in Split(Regex(pattern), "isolated").pre_tokenize_str(text)]
    return patterns.split(text, patterns.compiled(translated(pattern))), theirs


@settings(max_examples=300, deadline=None)
@given(text=texts, pattern=st.sampled_from([*SAFE, *OTHER]))
def test_patterns_of_other_files_cut_alike(text: str, pattern: str):
    ours, theirs = cuts(pattern, text)
    assert ours == theirs


@settings(max_examples=600, deadline=None)
@given(text=texts, pattern=made)
def test_patterns_put_together_by_chance_cut_alike_or_are_refused(text: str, pattern: str):
    try:
        translated(pattern)
    except ValueError:
        return
    ours, theirs = cuts(pattern, text)
    assert ours == theirs


def test_published_patterns_stay_as_they_are():
    assert [translated(pattern) for pattern in SAFE] == SAFE


@pytest.mark.parametrize(
    ("pattern", "part"),
    [
        (r"\X", r"\\X"),
        ("[[:alpha:]]", r"\[\["),
        ("[a-z&&b]", "&&|a-z"),
        (r"\R+", r"\\R"),
        ("(?i)a", r"\(\?"),
        ("(?i:ss)", r"ss"),
        ("a{1,3}+", r"\}\+"),
        ("(a*)*", r"a\*"),
        (r"(a)\1", r"\\1"),
        ("(?<n>a)", r"\(\?"),
        (r"\p{^L}", r"\\p"),
        ("a{,3}", r"\{,"),
        ("(a", r"\(a"),
        ("a)", r"\)"),
        (r"\K", r"\\K"),
        (r"\p{InBasic_Latin}", r"\\p"),
    ],
)
def test_what_cannot_be_said_alike_is_refused(tmp_path: Path, pattern: str, part: str):
    path = Tokenizer.train_from_texts("the house", 260, pattern=r"\S+", specials=()).save(tmp_path)
    content = json.loads(path.read_text("utf-8"))
    content["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] = pattern
    content["pre_tokenizer"]["pretokenizers"][1]["trim_offsets"] = True
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=rf"its split pattern has '.*{part}.*which the regular-expression engines"):
        Tokenizer.load(path)


STEPS = {
    "digits as SmolLM": [{"type": "Digits", "individual_digits": True}],
    "numbers": [{"type": "Digits", "individual_digits": False}],
    "a word of its own": [{"type": "Split", "pattern": {"String": "a.b"}, "behavior": "Isolated", "invert": False}],
    "DeepSeek": [
        {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}
        for pattern in (r"\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+", DEEPSEEK)
    ],
    "lines": [{"type": "Split", "pattern": {"Regex": r"^\w+|\n"}, "behavior": "Isolated", "invert": False}],
}


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("own", [True, False])
def test_several_steps_of_splitting(tmp_path: Path, name: str, own: bool):
    """own: whether ByteLevel splits by GPT-2's pattern at the end, too."""
    text = "It  cost 1234 or a.b\n  漢字かな 56 times, they're\n x²  7 "
    path = Tokenizer.train_from_texts(text, 330, pattern="none").save(tmp_path)
    content = json.loads(path.read_text("utf-8"))
    last = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": own}
    content["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [*STEPS[name], last]}
    path.write_text(json.dumps(content))
    ours, theirs = Tokenizer.load(path), Theirs.from_file(str(path))
    again = Tokenizer.load(ours.save(tmp_path / "again"))
    saved = Theirs.from_file(str(tmp_path / "again" / "tokenizer.json"))
    assert again.pattern == ours.pattern
    for part in (text, text * 3, " 12", "a.ba.b", "\n\n1", ""):
        expected = theirs.encode(part).ids
        assert ours.encode(part) == again.encode(part) == saved.encode(part).ids == expected


def test_a_pattern_that_tries_too_many_ways_is_stopped(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(patterns, "SECONDS", 0.2)
    tokenizer = Tokenizer.train_from_texts("a a a", 258, pattern=r"(?:[a-z]|[a-y])+\p{N}", specials=())
    with pytest.raises(ValueError, match=r"tries too many ways to match; use one in which"):
        tokenizer.encode("a" * 60 + "!")
