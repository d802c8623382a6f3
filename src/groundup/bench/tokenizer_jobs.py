"""The jobs of each tokenizer, in its own process: learn a vocabulary, encode, and start from nothing.

All get the same documents, which are cut so that no chunk of the GPT-4 pattern is cut. Those that can use that pattern.
"""

import contextlib
import hashlib
import importlib
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import regex

from groundup.text import bpe, patterns
from groundup.text.tokenizer import Tokenizer

PATTERN = "gpt4"
DOCUMENT = 2**18
"""The approximate number of characters in a document."""
READABLE = 2**20
"""The number of characters that the readable code encodes; the others encode all."""
HEAD = 10_000
"""The number of ids that are compared with those of the readable code."""

WARM = "The quick brown fox jumps over 13 lazy dogs, isn't it?\n" * 1000
"""Enough text to load or compile the compiled code before the measurement."""


def documents(path: str) -> list[str]:
    """Cut the text of a file at line ends that no space follows, so that chunks stay whole."""
    text = Path(path).read_text(encoding="utf-8")
    cuts, at = [0], DOCUMENT
    while at < len(text) and (found := regex.compile(r"\n(?=[^\s])").search(text, at)):
        cuts.append(found.end())
        at = found.end() + DOCUMENT
    return [text[start:end] for start, end in zip(cuts, [*cuts[1:], len(text)], strict=True)]


def learn(*, contestant: str, path: str, vocab_size: int, threads: int) -> Iterator[dict[str, Any]]:
    """Learn a vocabulary once. `merges` in the answer is a digest, equal for our fast and our readable code."""
    work = {
        "ours": _learn_ours,
        "ours, readable": _learn_readable,
        "rustbpe": _learn_rustbpe,
        "tokenizers": _learn_tokenizers,
        "sentencepiece": _learn_sentencepiece,
    }[contestant]
    texts = [path] if contestant == "sentencepiece" else documents(path)
    if contestant == "ours":
        _load_compiled()
        Tokenizer.train_from_texts(WARM, 300, pattern=PATTERN, specials=())
    yield {}
    began = time.perf_counter()
    learnt = work(texts, vocab_size, threads)
    yield {"seconds": time.perf_counter() - began, "merges": _digest_of(learnt)}


def _load_compiled() -> None:
    """Load the compiled code. By default ours does so from 8 million characters on, because loading takes time."""
    importlib.import_module("groundup.text.fast_bpe")


def _learn_ours(texts: list[str], vocab_size: int, threads: int) -> bpe.Merges:
    return Tokenizer.train_from_texts(texts, vocab_size, pattern=PATTERN, specials=()).merges


def _learn_readable(texts: list[str], vocab_size: int, threads: int) -> bpe.Merges:
    splitter, chunks = patterns.compiled(patterns.named(PATTERN)), Counter()
    for text in texts:
        chunks.update(patterns.split(text, splitter))
    return bpe.train({chunk.encode(): count for chunk, count in chunks.items()}, vocab_size - 256)


def _learn_rustbpe(texts: list[str], vocab_size: int, threads: int) -> None:
    _rustbpe(texts, vocab_size)


def _rustbpe(texts: list[str], vocab_size: int) -> Any:
    """Train a rustbpe tokenizer. Raises ImportError if it is not installed."""
    tokenizer: Any = importlib.import_module("rustbpe").Tokenizer()
    tokenizer.train_from_iterator(iter(texts), vocab_size, pattern=patterns.PATTERNS[PATTERN])
    return tokenizer


def _learn_tokenizers(texts: list[str], vocab_size: int, threads: int) -> None:
    from tokenizers import Regex, models, pre_tokenizers, trainers
    from tokenizers import Tokenizer as Theirs

    theirs = Theirs(models.BPE())
    split = pre_tokenizers.Split(Regex(patterns.PATTERNS[PATTERN] or ""), "isolated")
    bytes_only = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    theirs.pre_tokenizer = pre_tokenizers.Sequence([split, bytes_only])
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=vocab_size, initial_alphabet=alphabet, show_progress=False)
    theirs.train_from_iterator(texts, trainer)


def _learn_sentencepiece(texts: list[str], vocab_size: int, threads: int) -> None:
    learn_sentencepiece(texts[0], vocab_size, threads)


def learn_sentencepiece(path: str, vocab_size: int, threads: int) -> bytes:
    """Train sentencepiece's own kind of vocabulary: BPE on characters, bytes for rare ones, words split at spaces."""
    import io

    import sentencepiece

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        input=path,
        model_writer=model,
        model_type="bpe",
        vocab_size=vocab_size,
        byte_fallback=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        max_sentence_length=2**24,
        hard_vocab_limit=False,
        num_threads=threads,
        minloglevel=2,
    )
    return model.getvalue()


def prepare(*, path: str, folder: str, vocab_size: int) -> Iterator[dict[str, Any]]:
    """Write the merges that all encode with, in every library's format. They are rustbpe's, or ours without it."""
    import base64

    texts = documents(path)
    try:
        ranks = [(bytes(token), rank) for token, rank in _rustbpe(texts, vocab_size).get_mergeable_ranks()]
    except ImportError:
        ours = Tokenizer.train_from_texts(texts, vocab_size, pattern=PATTERN, specials=())
        ranks = list(ours.vocabulary.ids.items())
    file = Path(folder) / "merges.tiktoken"
    file.write_text("".join(f"{base64.b64encode(token).decode()} {rank}\n" for token, rank in ranks))
    Tokenizer.load(file, pattern=PATTERN).save(folder)
    with contextlib.suppress(ImportError):
        (Path(folder) / "sentencepiece.model").write_bytes(learn_sentencepiece(path, vocab_size, 1))
    yield {"vocabulary": len(ranks)}


Encode = Callable[[list[str]], Iterable[Any]]


def encode(
    *, contestant: str, form: str, path: str, folder: str, threads: int, vocab_size: int
) -> Iterator[dict[str, Any]]:
    """Encode the text once, to lists or arrays of ids. `ids` is a digest of all of them, `head` of the first HEAD."""
    texts = documents(path)
    if contestant == "ours, readable":
        texts = texts[: READABLE // DOCUMENT]
    run = _encoders(contestant, form, Path(folder), threads, texts, vocab_size)
    run([WARM])
    yield {}
    began = time.perf_counter()
    ids = list(run(texts))
    seconds = time.perf_counter() - began
    flat = array("q")
    for row in ids:
        flat.extend(row.tolist() if hasattr(row, "tolist") else row)
    size = sum(len(text.encode()) for text in texts)
    yield {"seconds": seconds, "bytes": size, "tokens": len(flat), "ids": _hash(flat), "head": _hash(flat[:HEAD])}


def _encoders(contestant: str, form: str, folder: Path, threads: int, texts: list[str], vocab_size: int) -> Encode:
    """Load a contestant's tables, and return the function with which it encodes documents."""
    if contestant == "ours":
        _load_compiled()
        ours = Tokenizer.load(folder)
        if form == "array":
            # With several threads, encode the whole text in one call, as a user would do for speed.
            return lambda texts: (
                [ours.encode_array("".join(texts), threads=threads)]
                if threads > 1
                else [ours.encode_array(text, threads=1) for text in texts]
            )
        return ours.encode_batch
    if contestant == "ours, readable":
        return _readable(Tokenizer.load(folder))
    if contestant == "tiktoken":
        return _tiktoken(folder, form, threads)
    if contestant == "tokenizers":
        from tokenizers import Tokenizer as Theirs

        theirs = Theirs.from_file(str(folder / "tokenizer.json"))
        return lambda texts: [encoding.ids for encoding in theirs.encode_batch_fast(texts, add_special_tokens=False)]
    if contestant == "rustbpe":
        rust = _rustbpe(texts, vocab_size)  # it cannot load merges, but learns the same ones again
        return rust.batch_encode if threads > 1 else lambda texts: [rust.encode(text) for text in texts]
    import sentencepiece

    pieces: Any = sentencepiece.SentencePieceProcessor(model_file=str(folder / "sentencepiece.model"))
    return lambda texts: pieces.encode(texts, num_threads=threads)


def _readable(tokenizer: Tokenizer) -> Encode:
    """Return the readable encoder: chunk by chunk, without a cache."""
    splitter, vocabulary = patterns.compiled(tokenizer.pattern), tokenizer.vocabulary
    return lambda texts: [
        [id for chunk in patterns.split(text, splitter) for id in vocabulary.encode(chunk)] for text in texts
    ]


def _tiktoken(folder: Path, form: str, threads: int) -> Encode:
    import tiktoken
    import tiktoken.load

    ranks = tiktoken.load.load_tiktoken_bpe(str(folder / "merges.tiktoken"))
    pattern = patterns.PATTERNS[PATTERN]
    assert pattern is not None
    theirs = tiktoken.Encoding("bench", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
    if threads > 1:
        return lambda texts: theirs.encode_ordinary_batch(texts, num_threads=threads)
    if form == "array":
        return lambda texts: [theirs.encode_to_numpy(text, disallowed_special=()) for text in texts]
    return lambda texts: [theirs.encode_ordinary(text) for text in texts]


def begin(*, path: str, folder: str, job: str, megabytes: float) -> Iterator[dict[str, Any]]:
    """Measure one first use, loading included, in a process that has loaded only this file."""
    text = Path(path).read_text(encoding="utf-8")
    text = text * (1 + int(megabytes * 1e6) // len(text))
    text = text[: int(megabytes * 1e6)]
    yield {}
    began = time.perf_counter()
    if job == "learn":
        Tokenizer.train_from_texts(text, 1000, pattern=PATTERN)
    else:
        Tokenizer.load(folder).encode(text if job == "encode" else "Where is the station?")
    yield {"seconds": time.perf_counter() - began}


def _digest_of(merges: bpe.Merges | None) -> str | None:
    return None if merges is None else hashlib.sha256(repr(merges).encode()).hexdigest()


def _hash(ids: array) -> str:
    return hashlib.sha256(ids.tobytes()).hexdigest()
