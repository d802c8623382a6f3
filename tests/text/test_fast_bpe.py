"""The compiled byte-pair encoding gives the merges and ids of the readable one, for any text and number of threads."""

import os
import random
import subprocess
import sys
import unicodedata
from collections import Counter
from collections.abc import Mapping

import numpy as np
import pytest
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup.text import bpe, engine, fast_bpe, fast_encode, patterns
from groundup.text.alphabet import name_of
from groundup.text.fast_train import Text
from groundup.text.tokenizer import Tokenizer
from groundup.text.vocabulary import BytePair

KINDS = [*patterns.PATTERNS]
PROSE = (
    "The quick brown fox doesn't jump over 1234 lazy dogs; it's the dogs who'd jump, they're quick.\n\n"
    "  Où est la gare ? L'été dernier, 25 000 voyageurs l'ont cherchée… 駅はどこですか。\tThe END\r\n"
) * 3
chunks = st.dictionaries(st.text("ab", max_size=12).map(str.encode), st.integers(1, 4), max_size=8)
wide_chunks = st.dictionaries(st.text("xyzà", max_size=20).map(str.encode), st.integers(1, 3), max_size=12)
texts = st.text() | st.lists(st.sampled_from(PROSE.split(" ")), max_size=12).map(" ".join)


def text_of(chunks: Mapping[bytes, int]) -> Text:
    """Counted chunks as `train_counted` wants them."""
    ends = np.cumsum([0, *map(len, chunks)])
    return fast_bpe._lay_out(np.frombuffer(b"".join(chunks), np.uint8), ends, np.array([*chunks.values()], np.int64))


@pytest.fixture(autouse=True)
def compiled_for_any_size(monkeypatch):
    monkeypatch.setattr(engine, "SOME", 0)


@settings(max_examples=400, deadline=None)
@given(chunks | wide_chunks, st.integers(0, 30))
def test_training_equals_its_definition(counts: dict[bytes, int], merges: int):
    assert fast_bpe.train_counted(text_of(counts), merges) == bpe.train_plainly(counts, merges)


def test_long_runs_and_a_full_hash_table_equal_the_readable_training():
    dice = random.Random(0)
    counts = Counter("".join(dice.choices("abcdefgh", k=dice.randint(1, 9))).encode() for _ in range(40_000))
    counts |= {b"a" * 3001: 1, b"ab" * 2000: 2, b"aab" * 1000: 1}
    assert fast_bpe.train_counted(text_of(counts), 2000) == bpe.train(counts, 2000)


@pytest.mark.parametrize("kind", KINDS)
def test_training_on_texts_equals_the_readable_one(kind: str, prose: str, source_code: str):
    text = prose[:50_000] + source_code[:50_000] + PROSE
    counts = Counter(chunk.encode() for chunk in patterns.split(text, patterns.compiled(patterns.PATTERNS[kind])))
    assert fast_bpe.train([text], 300, KINDS.index(kind)) == bpe.train(counts, 300)


def test_the_reference_merges_come_out_exactly(data_dir):
    folder = data_dir / "bpe-train-reference"
    merges = fast_bpe.train([(folder / "corpus.en").read_text("utf-8")], 243, KINDS.index("gpt2"))
    lines = (folder / "train-bpe-reference-merges.txt").read_text("utf-8").splitlines()
    assert [f"{name_of(left)} {name_of(right)}" for left, right in merges] == lines


def test_neither_threads_nor_the_order_of_texts_matter(source_code: str, monkeypatch):
    monkeypatch.setattr(fast_bpe, "PIECE", 10_000)
    paragraphs = source_code[:300_000].split("\n\n")
    once = fast_bpe.train(paragraphs, 1000, KINDS.index("gpt4"), threads=1)
    for threads in (2, 5):
        random.Random(threads).shuffle(paragraphs)
        assert fast_bpe.train(paragraphs, 1000, KINDS.index("gpt4"), threads=threads) == once


def test_progress_tells_every_merge_in_order():
    seen: list[tuple[int, ...]] = []
    fast_bpe.train_counted(text_of({b"abab": 3}), 2, progress=lambda *numbers: seen.append(numbers))
    assert seen == [(1, 2, 6, 97, 98, 256), (2, 2, 3, 256, 256, 257)]


def test_an_error_in_progress_stops_the_training():
    def refuse(*numbers: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fast_bpe.train([PROSE], 200, KINDS.index("gpt2"), progress=refuse)


def plainly(tokenizer: Tokenizer, text: str) -> list[int]:
    """The readable way."""
    split = patterns.split(text, patterns.compiled(tokenizer.pattern))
    return [id for chunk in split for id in tokenizer.vocabulary.encode(chunk)]


@pytest.fixture(scope="module", params=KINDS)
def tokenizer(request) -> Tokenizer:
    return Tokenizer.train_from_texts(PROSE, 400, pattern=request.param)


@settings(max_examples=300, deadline=None)
@given(text=texts)
def test_encoding_equals_the_readable_one(tokenizer: Tokenizer, text: str):
    assert tokenizer.encode(text) == plainly(tokenizer, text)
    assert tokenizer.encode_array(text).tolist() == plainly(tokenizer, text)


@settings(max_examples=100, deadline=None)
@given(batch=st.lists(texts, max_size=5))
def test_a_batch_is_its_texts(tokenizer: Tokenizer, batch: list[str]):
    assert tokenizer.encode_batch(batch) == [plainly(tokenizer, text) for text in batch]


@settings(max_examples=100, deadline=None)
@given(counts=wide_chunks, merges=st.integers(0, 30), text=st.text("abxyzà ", max_size=60))
def test_encoding_with_any_merges(counts: dict[bytes, int], merges: int, text: str):
    tokenizer = Tokenizer(BytePair(bpe.train(counts, merges)), None)
    assert tokenizer.encode(text) == plainly(tokenizer, text)


def test_a_full_memory_of_chunks_changes_nothing(monkeypatch, prose: str):
    text = prose[:100_000]
    tokenizer = Tokenizer.train_from_texts(text, 700)
    known = fast_encode.known_tokens
    monkeypatch.setattr(fast_encode, "known_tokens", lambda ids: known(ids, 32))
    assert tokenizer.encode(text) == plainly(tokenizer, text)


def test_many_threads_keep_the_order(prose: str, monkeypatch):
    monkeypatch.setattr(fast_bpe, "PIECE", 5_000)
    text = prose[:200_000]
    tokenizer = Tokenizer.train_from_texts(text, 700)
    assert tokenizer.encode_array(text, threads=4).tolist() == plainly(tokenizer, text)


def test_whole_tokens_go_first_where_the_vocabulary_says_so():
    """The merges alone would never make "abcd", which stands in the vocabulary."""
    merges = [(b"b", b"c"), (b"a", b"b"), (b"c", b"d"), (b"ab", b"cd")]
    for whole_first in (True, False):
        tokenizer = Tokenizer(BytePair(merges, whole_first=whole_first), patterns.PATTERNS["gpt2"])
        assert tokenizer.encode("abcd abcd") == plainly(tokenizer, "abcd abcd")
        assert (tokenizer.encode("abcd") == [259]) == whole_first


@pytest.mark.parametrize("name", ["gpt2", "gpt4", "o200k"])
def test_ids_are_tiktoken_s_on_a_hundred_thousand_strings(name: str, prose: str):
    """Of characters that Unicode 14 has: newer ones may be letters to one library and not yet to another."""
    sample = prose[:50_000] + PROSE
    ours = Tokenizer.train_from_texts(sample, 3000, pattern=name, specials=())
    ranks = {ours.token_bytes(id): id for id in range(ours.vocab_size)}
    theirs = tiktoken.Encoding(name, pat_str=ours.pattern, mergeable_ranks=ranks, special_tokens={})
    dice = random.Random(name)
    assigned = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) not in ("Cn", "Cs", "Co")]
    common = [*sample, *"'sSdDmMtTlLvVeErR \n\r\t/"]
    strings = ["".join(dice.choices(common if dice.random() < 0.7 else assigned, k=9)) for _ in range(100_000)]
    assert ours.encode_batch(strings) == theirs.encode_ordinary_batch(strings)


@pytest.mark.parametrize("unit", ["a", " ", "e\u0301", "漢", "\n", "1", "'", "ab", "🙂"])
def test_no_text_takes_more_than_linear_time(tokenizer: Tokenizer, unit: str, growth):
    text = unit * (1_000_000 // len(unit.encode()))
    assert growth(lambda size: tokenizer.encode_array(text[:size]), len(text) // 8) < 20
    assert tokenizer.decode(tokenizer.encode_array(text).tolist()) == text


def test_little_text_is_encoded_without_loading_the_compiler(tmp_path):
    Tokenizer.train_from_texts(PROSE, 300).save(tmp_path)
    code = (
        "import sys; from groundup.text.tokenizer import Tokenizer; "
        f"Tokenizer.load({str(tmp_path)!r}).encode('one line'); Tokenizer.train_from_texts('abab', 300); "
        "print([name for name in ('numba', 'numpy') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


def test_much_text_is_encoded_by_the_compiled_loops(monkeypatch):
    monkeypatch.setattr(engine, "SOME", 1000)
    tokenizer = Tokenizer.train_from_texts(PROSE, 300)
    called: list[int] = []
    arrays = fast_bpe.Encoder.arrays
    monkeypatch.setattr(fast_bpe.Encoder, "arrays", lambda *a, **k: called.append(1) or arrays(*a, **k))
    tokenizer.encode("little")
    assert not called
    assert tokenizer.encode(PROSE * 10) == plainly(tokenizer, PROSE * 10)
    assert called


def test_what_was_compiled_is_kept_for_the_next_process(tmp_path):
    """In a folder named after the source of all loops, for what is out of date must not be used."""
    code = (
        "from groundup.text.fast_compile import _DIGEST; from groundup.text import fast_bpe; "
        "counts = fast_bpe.Counts(0); counts.add('ab'); counts.text(); "
        "print(sum(fast_bpe._lay_out.stats.cache_hits.values()), _DIGEST)"
    )
    hits = []
    for _ in range(2):
        env = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
        hits.append(done.stdout.split())
    assert [int(count) for count, _ in hits] == [0, 1]
    assert [folder.name for folder in tmp_path.iterdir()] == [f"fast-{hits[0][1]}"]
