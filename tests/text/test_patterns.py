"""Splitting: nothing is lost, and the presets cut where tiktoken's and Hugging Face's engines cut."""

import pytest
import tiktoken_ext.openai_public as openai
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Regex
from tokenizers.pre_tokenizers import Split

from groundup.text import patterns
from groundup.text.patterns import WORDS

# engines differ in the Unicode version they know, so code points not assigned to a character are left out
assigned = st.characters(exclude_categories=["Cs", "Cn"])
signs = st.sampled_from(list("aZéǅʰ/\u0301\u20dd漢٣1 2½'\"sSſtTrevmLlD.,!-_\t\n\r\x0b\x1c\x85\xa0\u2028\u3000\u200bß"))
texts = st.text(assigned) | st.text(signs) | st.text(signs | assigned, max_size=60)
OWN = [r"\d+", r"[A-Z]?[a-z]*", r"(\p{L})(\p{L}+)", r"\s+|\S+", ".", r"(?<=a)b", r"\n"]


@settings(max_examples=200, deadline=None)
@given(texts, st.sampled_from([*patterns.PATTERNS.values(), *OWN]))
def test_chunks_joined_are_the_text(text: str, pattern: str | None):
    chunks = patterns.split(text, patterns.compiled(pattern))
    assert "".join(chunks) == text


def test_what_a_pattern_leaves_out_is_a_chunk_of_its_own():
    assert patterns.split("ab12cd3", patterns.compiled(r"\d+")) == ["ab", "12", "cd", "3"]
    assert patterns.split("ab12cd3", patterns.compiled(r"(\d)(\d)")) == ["ab", "12", "cd3"]


@settings(max_examples=300, deadline=None)
@given(texts, st.sampled_from(["gpt2", "gpt4", "o200k", WORDS, *OWN]))
def test_the_cuts_are_those_of_tokenizers(text: str, name: str):
    pattern = patterns.PATTERNS.get(name, name)
    assert pattern is not None
    theirs = [chunk for chunk, _ in Split(Regex(pattern), "isolated").pre_tokenize_str(text)]
    assert [chunk for chunk in patterns.split(text, patterns.compiled(pattern)) if chunk] == theirs


# the spellings of the GPT-2 release, of tiktoken's first cl100k, which LLaMA 3 took over, and of its o200k
GPT2 = r"""'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""
GPT4 = (
    r"""(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"""
    r"""|\s*[\r\n]+|\s+(?!\S)|\s+"""
)
O200K = "|".join(
    [
        r"""[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?""",
        r"""[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?""",
        r"""\p{N}{1,3}""",
        r""" ?[^\s\p{L}\p{N}]+[\r\n/]*""",
        r"""\s*[\r\n]+""",
        r"""\s+(?!\S)""",
        r"""\s+""",
    ]
)


@settings(max_examples=300, deadline=None)
@given(texts)
def test_the_presets_cut_as_the_published_spellings_do(text: str):
    for name, published in (("gpt2", GPT2), ("gpt2", openai.r50k_pat_str), ("gpt4", GPT4), ("o200k", O200K)):
        ours = patterns.split(text, patterns.compiled(patterns.PATTERNS[name]))
        assert ours == patterns.split(text, patterns.compiled(published))


def test_gpt2_and_gpt4_differ_as_published():
    def cut(name: str) -> list[str]:
        return patterns.split("IT'S 12345\n\n  he's", patterns.compiled(patterns.PATTERNS[name]))

    assert cut("gpt2") == ["IT", "'", "S", " 12345", "\n\n ", " he", "'s"]
    assert cut("gpt4") == ["IT", "'S", " ", "123", "45", "\n\n", " ", " he", "'s"]


def test_o200k_cuts_at_capitals_and_keeps_accents_and_contractions():
    def cut(name: str) -> list[str]:
        return patterns.split("aCamelCase IT'S e\u0301te\u0301's a/b!//\n", patterns.compiled(patterns.PATTERNS[name]))

    assert cut("o200k") == ["a", "Camel", "Case", " IT'S", " e\u0301te\u0301's", " a", "/b", "!//\n"]
    assert cut("gpt4")[:3] == ["aCamelCase", " IT", "'S"]


@settings(max_examples=300, deadline=None)
@given(texts)
def test_words_and_white_space_are_all_there_is(text: str):
    (words,) = patterns.compiled(WORDS)
    assert not words.sub("", text).strip()
    assert not any(character.isspace() for word in words.findall(text) for character in word if character > " ")


def test_a_word_keeps_what_joins_its_letters():
    (words,) = patterns.compiled(WORDS)
    assert words.findall("Qu'est-ce que l’été, 24 'h'?") == ["Qu'est-ce", "que", "l’été", ",", "24", "'", "h", "'", "?"]


def test_a_mistyped_name_is_refused_with_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'gpt4'"):
        patterns.named("gtp4")


def test_a_broken_expression_is_refused():
    with pytest.raises(ValueError, match="is not a regular expression"):
        patterns.compiled("(unclosed")
