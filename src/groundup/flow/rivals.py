"""Two language models on the same text: the figures of each, and whether their difference is more than luck."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from groundup.data.load import load_texts
from groundup.data.shards import fingerprint
from groundup.flow.score_text import HeldOut, held_out, score_ids, spelled, windows
from groundup.flow.text import encode_texts
from groundup.measure.paired import WindowLosses, paired_losses
from groundup.run.results import Difference, Result
from groundup.run.text import TextRun
from groundup.training.precision import choose_precision
from groundup.training.validate import token_losses


def judge_two(runs: Mapping[str, TextRun], *, data: str | None = None) -> tuple[list[list[Result]], list[Difference]]:
    """Judge both runs on `data`, or on what both held out; and the second minus the first, by a paired bootstrap.

    Windows are as long as the longer context, in the tokens of the first run. Runs with different tokenizers are
    compared by bits per byte. ValueError where they held out different texts.
    """
    parts = _same_text(runs, data)
    split = "validation" if data is None else data
    losses = [_losses(run, part.ids) for run, part in zip(runs.values(), parts, strict=True)]
    results = [
        score_ids(run, part.ids, split=split, nats=float(nats.sum()))
        for run, part, nats in zip(runs.values(), parts, losses, strict=True)
    ]
    first, second = runs.values()
    length = max(run.recipe.model.context for run in runs.values())
    starts = [_starts(run, part.ids) for run, part in zip(runs.values(), parts, strict=True)]
    bounds = starts[0][0][1:-1:length]
    tables = [_by_window(nats, *place, bounds) for nats, place in zip(losses, starts, strict=True)]
    apart = paired_losses(*tables)
    if fingerprint(first.tokenizer) != fingerprint(second.tokenizer):
        apart = [one for one in apart if one.metric == "bits-per-byte"]
    return results, [Difference(**one._asdict()) for one in apart]


def _same_text(runs: Mapping[str, TextRun], data: str | None) -> list[HeldOut]:
    """The text as the tokens of each run."""
    if data is not None:
        texts = load_texts(data)
        return [HeldOut(encode_texts(texts, run.tokenizer), texts) for run in runs.values()]
    parts = [held_out(run) for run in runs.values()]
    one, other = parts
    if one.texts is not None:
        same = one.texts == other.texts
    else:
        tokenizers = {fingerprint(run.tokenizer) for run in runs.values()}
        same = other.texts is None and len(tokenizers) == 1 and np.array_equal(one.ids, other.ids)
    if not same:
        raise ValueError(f"{' and '.join(runs)} held out different texts; judge both with the same --data FILE")
    return parts


def _losses(run: TextRun, ids: NDArray[np.integer]) -> NDArray[np.float64]:
    """Nats of every token but the first."""
    return token_losses(run.model, windows(run, ids), choose_precision(run.device, "float32")).double().numpy()


def _starts(run: TextRun, ids: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """At which byte of the text each token begins, and one more, the end; and how many bytes each has."""
    sizes = np.array([len(token) for token in spelled(run.tokenizer)], np.int64)[ids]
    return np.concatenate([[0], np.cumsum(sizes)]), sizes


def _by_window(
    nats: NDArray[np.float64], starts: NDArray[np.int64], sizes: NDArray[np.int64], bounds: NDArray[np.int64]
) -> WindowLosses:
    """The sums over each window of the text; a token is of the window in which its first byte lies."""
    window = np.maximum(np.searchsorted(bounds, starts[1:-1], side="right") - 1, 0)
    columns = (nats, np.ones_like(nats), sizes[1:].astype(np.float64))
    return WindowLosses(
        *(np.bincount(window, weights=column, minlength=len(bounds)).astype(np.float64) for column in columns)
    )
