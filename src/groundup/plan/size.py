"""The rule of `--size auto`: from a text, the minutes and this machine's speed to a model and how it is trained.

It is what the runs of docs/sizing.md say:

1. A text of few characters is read by characters, a longer one in byte pairs. Their number grows with the text, as
   about its cube root, and no faster than the fourth root of the computation.
2. The model is the largest of LADDER that can still read READ tokens for each of its weights in the time. So both, the
   model and what it reads, grow as about the square root of the computation (as in Hoffmann et al. 2022).
3. A model with more weights than WEIGHTS for each byte of the text gains nothing.
4. After READINGS of the text a model only learns it by heart, so that the training ends there, if not before.
5. The more often the text is read, the stronger the dropout; and the longer the training, the larger the batch.
"""

import math
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from groundup.build import on_meta
from groundup.config import ModelConfig
from groundup.plan.pace import Pace
from groundup.recipes.recipe import PairRecipe, Recipe
from groundup.training.flops import flops_per_token, matrix_parameters

LADDER = (
    *((48, 2), (64, 2), (96, 2), (128, 2), (128, 3), (160, 3), (192, 3), (192, 4), (256, 4), (320, 4), (384, 4)),
    *((384, 6), (512, 6), (640, 6), (768, 8), (1024, 8), (1024, 12), (1536, 12)),
)
"""Width and layers; of an encoder-decoder as many layers on each side."""
AVERAGE = 128
"""A width."""
HEAD, WIDE = 32, 512
"""The width of a head; twice that from width WIDE on."""
READ = {"language": 3.0, "translation": 1.0}
"""Tokens for each weight that is multiplied; of pairs, target tokens."""
WEIGHTS = {"language": 4, "translation": 4}
"""For each byte of text, at most."""
READINGS = {"characters": 25, "bpe": 8, "translation": 20}
"""Of a text of SMALL bytes; of a larger one more, as its fourth root."""
SMALL = 30_000
BY_CHARACTERS = 60_000
"""Fewer characters than these are read one by one."""
DROPOUT = {
    "language": ((0.3, 0.0), (2, 0.1), (math.inf, 0.2)),
    "translation": ((0.03, 0.0), (0.1, 0.1), (0.2, 0.2), (math.inf, 0.3)),
}
"""Where there is time for up to so many times the useful readings, this dropout."""
LEAST_BYTES, LEAST_STEPS = 2_000, 50
BATCH, AT = 1024, 1_500_000
"""Tokens of a step in a training of AT tokens; four times as long a training takes twice as many."""
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
    task, seconds = recipe.task, 60 * minutes * SHARE
    kind, vocabulary = _vocabulary(recipe, material, pace.rate(AVERAGE) * seconds, fixed)
    once = material.tokens(kind, vocabulary)
    tried = [_tried(_shaped(recipe, vocabulary, *shape, fixed), pace, seconds) for shape in _shapes(recipe, fixed)]
    in_time = [one for one in tried if one.tokens >= READ[task] * one.parameters] or tried[:1]
    useful = [one for one in in_time if one.parameters <= WEIGHTS[task] * material.bytes] or tried[:1]
    readings = READINGS["translation" if material.pairs else kind] * max(1.0, material.bytes / SMALL) ** 0.25
    best, most = useful[-1], readings * once
    tokens = min(best.tokens, most)
    batch = _batch(tokens)
    if best.tokens < LEAST_STEPS * batch:
        least = minutes * LEAST_STEPS * batch / best.tokens
        raise ValueError(
            f"--max-minutes {minutes:g} is time for {best.tokens / batch:.0f} steps of the smallest model here, which "
            f"learns nothing; give at least --max-minutes {math.ceil(least * 20) / 20:g}"
        )
    dropout = next(value for share, value in DROPOUT[task] if in_time[-1].tokens <= share * most)
    settings = _shape_settings(best.model) | {
        "tokenizer.kind": kind,
        "model.dropout": dropout,
        **_training(recipe, batch, tokens, ends=tokens == most),
    }
    if kind == "bpe":
        settings["tokenizer.vocab_size"] = vocabulary
    return Size(settings, best.parameters, tokens, tokens / once, best is not in_time[-1] or tokens == most)


@dataclass(frozen=True)
class _Tried:
    """A model that may be chosen."""

    model: ModelConfig
    parameters: int
    tokens: float
    """That it reads in the time."""


def _tried(model: ModelConfig, pace: Pace, seconds: float) -> _Tried:
    parameters, flops = _counted(model)
    return _Tried(model, parameters, pace.rate(model.width) * seconds / flops)


@cache
def _counted(model: ModelConfig) -> tuple[int, float]:
    """The weights that are multiplied, and the FLOPs of a token."""
    built = on_meta(model)
    return matrix_parameters(built), flops_per_token(built)


def _vocabulary(recipe: Recipe, material: Material, flops: float, fixed: set[str]) -> tuple[str, int]:
    """Kind and size; flops: those of the training."""
    kind = recipe.tokenizer.kind
    tiny = material.characters < BY_CHARACTERS and not material.pairs
    if kind == "characters" or (tiny and not fixed & {"tokenizer.kind", "tokenizer.vocab_size"}):
        return "characters", material.distinct
    if "tokenizer.vocab_size" in fixed:
        return kind, recipe.tokenizer.vocab_size
    of_text, of_time = 2000 * (material.characters / 300_000) ** 0.3, 3000 * (flops / 1e12) ** 0.25
    return kind, round(min(32_000, max(500, 256 + material.distinct, min(of_text, of_time))) / 100) * 100


def _shapes(recipe: Recipe, fixed: set[str]) -> list[tuple[int, int]]:
    """LADDER, but of it only what the user's heads can share."""
    even = 2 * recipe.model.heads if "model.heads" in fixed else 1
    return [shape for shape in LADDER if shape[0] % even == 0] or list(LADDER)


def _shaped(recipe: Recipe, vocabulary: int, width: int, layers: int, fixed: set[str]) -> ModelConfig:
    """The recipe's model in that shape, except for what the user has fixed."""
    model = recipe.model
    width = model.width if "model.width" in fixed else width
    layers = model.layers if "model.layers" in fixed else layers
    mlp = round(width * 8 / 3 / 16) * 16 if model.mlp == "swiglu" else 4 * width
    shape: dict[str, Any] = dict(
        width=width,
        layers=layers,
        encoder_layers=None if model.encoder_layers is None else layers,
        heads=_heads(width),
        kv_heads=None,
        mlp_width=max(16, mlp),
    )
    return replace(model, vocab_size=vocabulary, **{k: v for k, v in shape.items() if f"model.{k}" not in fixed})


def _heads(width: int) -> int:
    """As many heads of HEAD as there is room for, an even part of the width to each."""
    most = max(1, width // (HEAD if width < WIDE else 2 * HEAD))
    return next((heads for heads in range(most, 0, -1) if width % (2 * heads) == 0), 1)


def _shape_settings(model: ModelConfig) -> dict[str, Any]:
    names = ("width", "layers", "encoder_layers", "heads", "kv_heads", "mlp_width", "context")
    return {f"model.{name}": getattr(model, name) for name in names}


def _batch(tokens: float) -> int:
    """Tokens of a step: a power of two."""
    return 2 ** min(15, max(9, round(math.log2(BATCH * (tokens / AT) ** 0.5))))


def _training(recipe: Recipe, batch: int, tokens: float, *, ends: bool) -> dict[str, Any]:
    """Batch, rates, and when to validate. ends: whether the training ends after these tokens, with time left."""
    steps = max(1, int(tokens / batch))
    every = max(1, steps // VALIDATIONS)
    settings: dict[str, Any] = {
        "train.steps": steps if ends else None,
        "train.optimizer": "muon",
        "train.lr": 4e-3,
        "train.matrix_lr": 0.02,
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
