"""The rule of `--size auto`: from a text, the minutes and this machine's speed to a model and how it is trained.

It is what the runs of docs/sizing.md say:

1. A text is read in byte pairs. Their number grows with it, as about its cube root, and no faster than the fourth root
   of the computation. Where there is time to read it so often that no more is learnt from byte pairs, characters are
   better, which take longer and teach more; so they are in a script of many characters.
2. The model is the largest of LADDER that can still read READ tokens for each of its weights in the time. So both, the
   model and what it reads, grow as about the square root of the computation (as in Hoffmann et al. 2022).
3. A model with more weights than WEIGHTS for each byte of the text gains nothing.
4. After READINGS of the text a model only learns it by heart, so that the training ends there, if not before.
5. The more often the text is read, the stronger the dropout; and the longer the training, the larger the batch and the
   lower the rates.
"""

import math
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from groundup.build import on_meta
from groundup.config import ModelConfig
from groundup.plan.ladder import settings_of, shaped, shapes
from groundup.plan.pace import Pace
from groundup.recipes.recipe import PairRecipe, Recipe
from groundup.training.flops import flops_per_token, matrix_parameters

AVERAGE = 128
"""A width."""
READ = {"language": 3.0, "translation": 1.0}
"""Tokens for each weight that is multiplied; of pairs, target tokens."""
WEIGHTS = 4
"""For each byte of text, at most."""
READINGS = {"characters": 25, "bpe": 8, "translation": 20}
"""Of a text of SMALL bytes; of a larger one more, as its fourth root."""
SMALL = 30_000
BY_CHARACTERS = 0.7
"""Where there is time for more than this share of the useful readings in byte pairs, characters are better."""
MANY = 500
"""A script of more characters, of two bytes or more, is read by characters in any case."""
DROPOUT = {
    "characters": ((0.3, 0.0), (2, 0.1), (math.inf, 0.2)),
    "bpe": ((0.7, 0.0), (2, 0.1), (math.inf, 0.2)),
    "translation": ((0.12, 0.0), (0.2, 0.1), (0.3, 0.2), (math.inf, 0.3)),
}
"""Where there is time for up to so many times the useful readings, this dropout."""
LEAST_BYTES, LEAST_STEPS = 2_000, 50
BATCH, AT = 1024, 1_500_000
"""Tokens of a step in a training of AT tokens; four times as long a training takes twice as many."""
MUON, ADAMW, FAST = 0.04, 8e-3, 250_000
"""Rates of a training of FAST tokens or fewer; longer ones take lower rates."""
SHARE = 0.92
"""Of the minutes; the rest is for validations and checkpoints."""
VALIDATIONS = 12


@dataclass(frozen=True)
class Material:
    """What there is to learn from, held-out parts not counted."""

    bytes: int
    """Of pairs both sides together."""
    characters: int
    distinct: int
    """Different characters."""
    pairs: int | None = None

    @property
    def many(self) -> bool:
        """Whether the script has many characters, such as the Chinese one."""
        return self.distinct > MANY and self.bytes > 1.5 * self.characters

    def tokens(self, kind: str, vocabulary: int) -> float:
        """About how many tokens a model predicts in one reading; of pairs, those of one side."""
        if kind == "characters":
            every = self.characters
        else:  # byte pairs: each doubling of the vocabulary adds half a character to a token
            each = 1 + 0.55 * math.log2(max(vocabulary, 257) / 256)
            every = self.characters / each * (self.bytes / self.characters) ** 0.5
        return every / 2 if self.pairs else every


@dataclass(frozen=True)
class Size:
    """What the rule chose."""

    settings: dict[str, Any]
    """By the dotted names that the flags have."""
    parameters: int
    """Weights that are multiplied."""
    tokens: float
    """To be read; of pairs, target tokens."""
    readings: float
    """Of the text."""
    enough: bool
    """Whether the text, and not the time, bounds the model or the training."""


def choose(recipe: Recipe, material: Material, pace: Pace, minutes: float, fixed: set[str]) -> Size:
    """Choose for the recipe, which holds what the user has fixed, by dotted names such as model.width.

    ValueError where there is too little text or time for anything.
    """
    if material.bytes < LEAST_BYTES:
        raise ValueError(
            f"--size auto needs at least {LEAST_BYTES:,} bytes to learn from, and there are {material.bytes:,}; "
            "bring more, or leave --size out"
        )
    seconds = 60 * minutes * SHARE
    way = _way(recipe, material, pace, seconds, fixed)
    free = not material.pairs and not fixed & {"tokenizer.kind", "tokenizer.vocab_size"}
    if free and way.kind == "bpe" and (way.share > BY_CHARACTERS or material.many):
        by_characters = replace(recipe, tokenizer=replace(recipe.tokenizer, kind="characters"))
        way = _way(by_characters, material, pace, seconds, fixed)
    tokens = min(way.tokens, way.useful)
    batch = _batch(tokens)
    if way.tokens < LEAST_STEPS * batch:
        least = minutes * LEAST_STEPS * batch / way.tokens
        raise ValueError(
            f"--max-minutes {minutes:g} is time for {way.tokens / batch:.0f} steps of the smallest model here, which "
            f"learns nothing; give at least --max-minutes {math.ceil(least * 20) / 20:g}"
        )
    ends = way.tokens > way.useful
    settings = settings_of(way.model) | {
        "tokenizer.kind": way.kind,
        "model.dropout": next(value for share, value in DROPOUT[way.reads] if way.share <= share),
        **_training(recipe, batch, tokens, ends=ends),
    }
    if way.kind == "bpe":
        settings["tokenizer.vocab_size"] = way.vocabulary
    return Size(settings, way.parameters, tokens, tokens / way.once, way.bounded or ends)


@dataclass(frozen=True)
class _Way:
    """A vocabulary, and the best model for it."""

    kind: str
    vocabulary: int
    model: ModelConfig
    parameters: int
    tokens: float
    """That it reads in the time."""
    once: float
    """Tokens of the text."""
    useful: float
    """Tokens worth reading."""
    share: float
    """Of these, what the largest model reads for which there is time."""
    bounded: bool
    """Whether the text bounds the model."""

    @property
    def reads(self) -> str:
        """The row of READINGS and DROPOUT."""
        return _reads(self.kind, self.model)


def _way(recipe: Recipe, material: Material, pace: Pace, seconds: float, fixed: set[str]) -> _Way:
    kind, task = recipe.tokenizer.kind, recipe.task
    vocabulary = _vocabulary(recipe, material, pace.rate(AVERAGE) * seconds, fixed)
    tried = []
    for shape in shapes(recipe, fixed):
        model = shaped(recipe, vocabulary, *shape, fixed)
        parameters, flops = _counted(model)
        tried.append((model, parameters, pace.rate(model.width) * seconds / flops))
    in_time = [one for one in tried if one[2] >= READ[task] * one[1]] or tried[:1]
    model, parameters, tokens = ([one for one in in_time if one[1] <= WEIGHTS * material.bytes] or tried[:1])[-1]
    once = material.tokens(kind, vocabulary)
    useful = READINGS[_reads(kind, recipe.model)] * once * max(1.0, material.bytes / SMALL) ** 0.25
    largest, _, most = in_time[-1]
    return _Way(kind, vocabulary, model, parameters, tokens, once, useful, most / useful, model is not largest)


def _reads(kind: str, model: ModelConfig) -> str:
    return kind if model.encoder_layers is None else "translation"


@cache
def _counted(model: ModelConfig) -> tuple[int, float]:
    """The weights that are multiplied, and the FLOPs of a token."""
    built = on_meta(model)
    return matrix_parameters(built), flops_per_token(built)


def _vocabulary(recipe: Recipe, material: Material, flops: float, fixed: set[str]) -> int:
    """How many tokens; flops: those of the training."""
    if recipe.tokenizer.kind == "characters":
        return material.distinct
    if "tokenizer.vocab_size" in fixed:
        return recipe.tokenizer.vocab_size
    of_text, of_time = 2000 * (material.characters / 300_000) ** 0.3, 3000 * (flops / 1e12) ** 0.25
    return round(min(32_000, max(500, 256 + material.distinct, min(of_text, of_time))) / 100) * 100


def _batch(tokens: float) -> int:
    """Tokens of a step: a power of two."""
    return 2 ** min(15, max(9, round(math.log2(BATCH * (tokens / AT) ** 0.5))))


def _training(recipe: Recipe, batch: int, tokens: float, *, ends: bool) -> dict[str, Any]:
    """Batch, rates, and when to validate. ends: whether the training ends after these tokens, with time left."""
    steps = max(1, int(tokens / batch))
    every, longer = max(1, steps // VALIDATIONS), max(1.0, tokens / FAST)
    settings: dict[str, Any] = {
        "train.steps": steps if ends else None,
        "train.optimizer": "muon",
        "train.lr": float(f"{ADAMW * longer**-0.3:.2g}"),
        "train.matrix_lr": float(f"{MUON * longer**-0.15:.2g}"),
        "train.warmup": min(100, steps // 10),
        "train.validate_every": every,
        "train.save_every": every,
        "train.log_every": min(50, every),
    }
    if isinstance(recipe, PairRecipe):  # whose batches count both sides
        average = None if recipe.train.average is None else min(recipe.train.average, every)
        return settings | {"data.batch_tokens": max(2 * batch, 2 * recipe.data.max_length), "train.average": average}
    # Validations read a twentieth of what the training does, at most: a token costs a third there.
    return settings | {
        "data.batch": max(1, batch // recipe.model.context),
        "data.valid_tokens": max(4096, round(0.15 * tokens / VALIDATIONS)),
    }
