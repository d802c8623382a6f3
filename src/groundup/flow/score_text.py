"""Judge a language model: perplexity and bits per byte over a whole held-out text."""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from groundup.batch import Batch
from groundup.data.stream import Windows
from groundup.flow.held_out import check_held_out
from groundup.flow.progress import progress
from groundup.flow.text import TextParts, document_end, encode_texts, open_shards, read_texts, shard_parts
from groundup.measure.perplexity import Perplexity
from groundup.models.causal_lm import CausalLM
from groundup.recipes.recipe import TextRecipe
from groundup.run.folder import RunFolder, check_known
from groundup.run.results import Result, save_results
from groundup.run.text import TextRun
from groundup.text.tokenizer import Tokenizer
from groundup.training.precision import choose_precision
from groundup.training.validate import validate

CONVENTION = "every token but the first, non-overlapping windows of {context} tokens over the whole text"
_LOOK = 1 << 22  # ids counted in one go


def judge(
    recipe: TextRecipe,
    folder: RunFolder,
    model: CausalLM,
    parts: TextParts,
    *,
    training: dict[str, Any],
    say: Callable[[str], None],
) -> TextRun:
    """Score the trained model on all that is held out, write `results.json`, and return the run."""
    run = TextRun(folder, recipe, model, parts.tokenizer)
    results = score_ids(run, parts.valid, split="validation")
    for result in results:
        say(f"held out     {result}")
    save_results(folder.results_file, results, training=training)
    return run


def score_text(run: TextRun, texts: Sequence[str], *, split: str) -> list[Result]:
    """Score the run on the whole of the texts."""
    return score_ids(run, encode_texts(texts, run.tokenizer), split=split)


def score_held_out(run: TextRun) -> list[Result]:
    """Score the run on what it held out itself."""
    return score_ids(run, held_out(run).ids, split="validation")


class HeldOut(NamedTuple):
    """What a run held out itself: of a text all, of shards as much as it validated on."""

    ids: NDArray[np.integer]
    texts: list[str] | None
    """None of shards, which have tokens only."""


def held_out(run: TextRun) -> HeldOut:
    """Read what the run held out. ValueError where that is no longer there, or has changed."""
    check_known(run.folder, run.recipe)
    shards, texts = open_shards(run.recipe.data), None
    if shards is None:
        texts = read_texts(run.recipe.data)[1]
        ids = encode_texts(texts, run.tokenizer)
    else:
        ids = shard_parts(shards, run.recipe.data, run.tokenizer).valid
    check_held_out(run.folder, {"validation": ids})
    return HeldOut(ids, texts)


def windows(run: TextRun, ids: NDArray[np.integer]) -> Iterable[Batch]:
    """The ids as the run reads them, with a progress bar."""
    end = document_end(run.recipe.data, run.tokenizer)
    batches = Windows(ids, length=run.recipe.model.context, batch=run.recipe.data.batch, end_of_text=end)
    return progress(batches, what=f"reading {len(ids):,} held-out tokens")


def score_ids(run: TextRun, ids: NDArray[np.integer], *, split: str, nats: float | None = None) -> list[Result]:
    """Score the run on one row of ids: loss, perplexity, bits per byte. nats: their sum, where it is known already."""
    began = time.perf_counter()
    data, context = run.recipe.data, run.recipe.model.context
    if nats is None:
        nats = validate(run.model, windows(run, ids), choose_precision(run.device, "float32")) * (len(ids) - 1)
    text_bytes, characters = text_size(ids, run.tokenizer)
    measured = Perplexity.from_totals(
        nats,
        len(ids) - 1,
        text_bytes=text_bytes,
        skipped_bytes=text_size(ids[:1], run.tokenizer)[0],
    )
    signature = CONVENTION.format(context=context)
    if data.valid_tokens == len(ids) - 1:
        signature += f", of which the first {len(ids):,} tokens"
    if data.document_mask:
        signature += ", each token seeing its own document alone"
    figures = {
        "loss": measured.nats_per_token,
        "perplexity": measured.perplexity,
        "bits-per-byte": measured.bits_per_byte,
    }
    return [
        Result(
            metric=metric,
            value=value,
            split=split,
            size=characters,
            unit="characters",
            seed=run.recipe.train.seed,
            seconds=round(time.perf_counter() - began, 1),
            signature=signature,
        )
        for metric, value in figures.items()
    ]


def spelled(tokenizer: Tokenizer) -> list[bytes]:
    """The bytes of every token, in the order of the ids; special tokens have none."""
    there = {id: token for token, id in tokenizer.vocabulary.ids.items() if id not in tokenizer.specials.values()}
    return [there.get(id, b"") for id in range(tokenizer.vocab_size)]


def text_size(ids: NDArray[np.integer], tokenizer: Tokenizer) -> tuple[int, int]:
    """How many bytes and characters the ids stand for; special tokens stand for none."""
    tokens = spelled(tokenizer)
    counts = np.zeros(tokenizer.vocab_size, np.int64)
    for first in range(0, len(ids), _LOOK):
        counts += np.bincount(ids[first : first + _LOOK], minlength=tokenizer.vocab_size)
    size = np.array([len(token) for token in tokens], np.int64)
    inside = np.array([sum(byte & 0xC0 == 0x80 for byte in token) for token in tokens], np.int64)
    return int(counts @ size), int(counts @ (size - inside))
