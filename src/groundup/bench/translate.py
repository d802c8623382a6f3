"""Speed of translation and of its training in tokens a second: ours, transformers' Marian and CTranslate2."""

import itertools
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from groundup.bench.race import Contestant, Outcome, race
from groundup.bench.report import Report, Table, machine, ratio

PACKAGES = ("torch", "transformers", "ctranslate2", "numpy")
JOBS = "groundup.bench.translate_jobs"
RULES = (
    "tokens/s: target tokens of the best answers over the whole call, encoder included; all write the same number, "
    "since no answer may end earlier. same tokens: the share of positions with transformers' token; with random "
    "weights many tokens are nearly tied, int8 may choose the other one, and the answer then differs to its end"
)
TRAINING = (
    "training: forward, backward, gradient clipping to norm 1, fused AdamW; dropout 0; bfloat16 is autocast. ours: "
    "`groundup.training.train`. transformers: its class with its defaults (SDPA) and `labels=`"
)


@dataclass(frozen=True)
class Settings:
    """Translation with beams, and its training, compared with transformers' Marian and CTranslate2 (same weights)."""

    MAY_BE_EMPTY: ClassVar = ("precisions",)

    batches: tuple[int, ...] = (32, 1)
    """Numbers of sentences in a batch."""
    beams: tuple[int, ...] = (1, 4)
    """Numbers of beams; 1 is greedy."""
    source: int = 20
    """Tokens of each source sentence."""
    target: int = 32
    """Tokens to write for each sentence."""
    vocab_size: int = 8000
    layers: int = 4
    """Layers on either side."""
    width: int = 256
    heads: int = 4
    precisions: tuple[Literal["float32", "bfloat16"], ...] = ("float32", "bfloat16")
    """Number formats of the training; an empty list leaves training out."""
    train_batch: int = 64
    """Pairs in a training step."""
    train_length: int = 20
    """Tokens on either side of a pair."""
    rounds: int = 3
    """Rounds, in which the contestants take turns; medians are shown."""
    json: Path | None = None
    """File to write the figures to."""

    def __post_init__(self) -> None:
        for name in ("batches", "beams"):
            if not getattr(self, name):
                raise ValueError(f"{name} must be at least one number; try --{name} 1 4")


def compare(settings: Settings, say: Callable[[str], None]) -> Report:
    """Race the contestants with every batch size and number of beams, then with a training step in every precision."""
    report = Report("translate", asdict(settings), machine(PACKAGES), notes=[RULES, TRAINING])
    sizes = {key: getattr(settings, key) for key in ("layers", "width", "heads", "vocab_size")}
    shape = dict(family="marian", context=max(settings.source, settings.target, settings.train_length) + 8, **sizes)
    report.tables.append(_translating(settings, shape, say))
    if settings.precisions:
        report.tables.append(_training(settings, shape, say))
    return report


def _translating(settings: Settings, shape: dict[str, Any], say: Callable[[str], None]) -> Table:
    ways = list(itertools.product(settings.batches, settings.beams))
    arguments = dict(shape=shape, ways=ways, source=settings.source, target=settings.target)
    peers = ("transformers", "ctranslate2")
    f32, int8 = arguments | dict(compute="float32"), arguments | dict(compute="int8")
    outcomes = race(
        [
            Contestant("ours", f"{JOBS}:translate_ours", f32),
            Contestant("ours, int8", f"{JOBS}:translate_ours", int8),
            Contestant("transformers", f"{JOBS}:translate_theirs", arguments, needs=peers[:1]),
            Contestant("ctranslate2", f"{JOBS}:translate_fast", f32, needs=peers),
            Contestant("ctranslate2, int8", f"{JOBS}:translate_fast", int8, needs=peers),
        ],
        rounds=settings.rounds,
        say=say,
    )
    rows = [row for batch, beams in ways for row in _rows(outcomes, batch, beams, settings.target)]
    formats = {"tokens/s": ",.0f", "ratio": ".2f", "ms/token": ",.2f", "same tokens": ".1%", "MiB": ",.0f"}
    title = (
        f"translation: {settings.layers} + {settings.layers} layers, width {settings.width}, vocabulary "
        f"{settings.vocab_size:,}, {settings.source} source and {settings.target} target tokens"
    )
    return Table(title, rows, formats)


def _rows(outcomes: dict[str, Outcome], batch: int, beams: int, target: int) -> list[dict[str, Any]]:
    way = f"{batch} {beams}"
    theirs = outcomes["transformers"]
    rows = []
    for name, outcome in outcomes.items():
        seconds = outcome.median(f"seconds {way}")
        both = bool(outcome.rounds and theirs.rounds)
        rows.append(
            {
                "batch": batch,
                "beams": beams,
                "contestant": name,
                "tokens/s": batch * target / seconds if seconds else None,
                "ratio": ratio(theirs.median(f"seconds {way}"), seconds),
                "ms/token": 1000 * seconds / target if seconds else None,
                "same tokens": _same(outcome.rounds[0][f"ids {way}"], theirs.rounds[0][f"ids {way}"]) if both else None,
                "MiB": outcome.median("peak_mib"),
                "note": outcome.missing,
            }
        )
    return rows


def _same(ours: list[list[int]], theirs: list[list[int]]) -> float:
    pairs = [pair for rows in zip(ours, theirs, strict=True) for pair in zip(*rows, strict=True)]
    return sum(a == b for a, b in pairs) / len(pairs)


def _training(settings: Settings, shape: dict[str, Any], say: Callable[[str], None]) -> Table:
    rows = []
    for precision in settings.precisions:
        arguments = dict(shape=shape, precision=precision, batch=settings.train_batch, length=settings.train_length)
        outcomes = race(
            [
                Contestant("ours", f"{JOBS}:train_ours", arguments),
                Contestant("transformers", f"{JOBS}:train_theirs", arguments, needs=("transformers",)),
            ],
            rounds=settings.rounds,
            say=lambda line, precision=precision: say(f"training, {precision}: {line}"),
        )
        theirs = outcomes["transformers"].median("seconds")
        for name, outcome in outcomes.items():
            seconds = outcome.median("seconds")
            rows.append(
                {
                    "precision": precision,
                    "contestant": name,
                    "parameters": outcome.facts.get("parameters"),
                    "target tokens/s": settings.train_batch * settings.train_length / seconds if seconds else None,
                    "ratio": ratio(theirs, seconds),
                    "ms/step": 1000 * seconds if seconds else None,
                    "MiB": outcome.median("peak_mib"),
                    "note": outcome.missing,
                }
            )
    formats = {"parameters": ",", "target tokens/s": ",.0f", "ratio": ".2f", "ms/step": ",.0f", "MiB": ",.0f"}
    pairs = f"{settings.train_batch} pairs of {settings.train_length} + {settings.train_length} tokens"
    return Table(f"training: the same shape, {pairs} a step", rows, formats)
