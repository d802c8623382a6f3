"""What an export is compared on: texts that the run held out, and strings that tokenizers stumble over."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from groundup.data.normalise import normalise_sentence
from groundup.flow.evaluate import same_pairs
from groundup.flow.text import open_shards, read_texts, shard_parts
from groundup.run.pairs import PairRun
from groundup.run.text import TextRun
from groundup.text.tokenizer import Tokenizer

HARD = [
    "Hello, world!",
    "  two  spaces,\ta tab\nand a line break ",
    "don't, DON'T, won’t, o'clock, it's “quoted” and ‘so’",
    "1234567890 3.14159 1,000,000 -5 50% $3 12:30",
    "naïve café élève Straße ñandú œuvre",
    "e\u0301 and \u00e9, \u200bzero\u00adwidth\ufeff, \u00a0nbsp",
    "日本語の文章。 中文，句子！ 한국어 문장",
    "Привет, как дела? Γειά σου Κόσμε שלום مرحبا नमस्ते",
    "🙂👨‍👩‍👧‍👦🇫🇷 emoji",
    "<pad> <bos> <eos> <|endoftext|> </s> [PAD] <unk> <s>",
    "a" * 300,
    "x = [i ** 2 for i in range(10)]  # code",
    "https://example.org/a?b=c&d=%20e user@example.org",
    "\u241e record ␞ separators",
    "The quick brown fox jumps over the lazy dog. THE QUICK BROWN FOX.",
]
LEAST, MOST = 4, 32
"""Tokens of a prompt."""


class Inputs(NamedTuple):
    """Texts to be answered or written on after, and where they are from."""

    texts: list[str]
    origin: str


def inputs_for(run: PairRun | TextRun, count: int) -> Inputs:
    """Up to `count` texts that the run held out; hard strings that it can read where its corpus is not at hand."""
    try:
        found = _sources(run) if isinstance(run, PairRun) else _prompts(run, count)
        origin = "held-out inputs"
    except (ValueError, OSError):  # a corpus that has gone, or changed
        found, origin = [], ""
    readable = [text for text in dict.fromkeys(found) if _fits(run, text)][:count]
    if readable:
        return Inputs(readable, origin)
    made = (text for text in dict.fromkeys((*HARD, *_mixed(count))) if _fits(run, text))
    return Inputs(list(islice(made, count)), "made-up inputs, since the corpus is not at hand")


def _mixed(count: int) -> Iterator[str]:
    """Words of the hard strings alone, then two to five of them in ever other company."""
    words = list(dict.fromkeys(word for text in HARD for word in text.split()))
    yield from words
    for n in range(2 * count):
        yield " ".join(words[(n * step + step) % len(words)] for step in (1, 7, 13, 29, 31)[: 2 + n % 4])


def hard_strings(tokenizer: Tokenizer) -> list[str]:
    """Those that the vocabulary can say at all."""
    return [text for text in HARD if _can_encode(tokenizer, normalise_sentence(text)) and _can_encode(tokenizer, text)]


def _sources(run: PairRun) -> list[str]:
    return [pair.source for pair in same_pairs({run.folder.name: run}).pairs]


def _prompts(run: TextRun, count: int) -> list[str]:
    """Passages of different lengths, from all over the held-out text."""
    if (shards := open_shards(run.recipe.data)) is not None:
        ids: Sequence[int] = shard_parts(shards, run.recipe.data, run.tokenizer).valid.tolist()
    else:
        held_out = "\n".join(read_texts(run.recipe.data)[1])
        ids = run.tokenizer.encode(held_out[:200_000])
    longest = min(MOST, run.model.config.context // 2)
    step = max(1, (len(ids) - longest) // max(1, count))
    specials = {*run.tokenizer.specials.values()}
    passages = [
        [id for id in ids[n * step : n * step + LEAST + n % max(1, longest - LEAST)] if id not in specials]
        for n in range(count)
    ]
    return [run.tokenizer.decode(passage).replace("\ufffd", "") for passage in passages]


def _fits(run: PairRun | TextRun, text: str) -> bool:
    try:
        if isinstance(run, PairRun):
            return len(run.source_ids(text)) > 1
        return bool(run.tokenizer.encode(text)) and 2 * len(run.prompt_ids(text)) <= run.model.config.context
    except ValueError:
        return False


def _can_encode(tokenizer: Tokenizer, text: str) -> bool:
    try:
        tokenizer.encode(text)
    except ValueError:
        return False
    return True
