"""The rule of `--size auto`: from a text, the minutes and this machine's speed to a model and how it is trained.

It is what the runs of docs/sizing.md say:

1. The vocabulary grows with the text, about as its fourth root.
2. The model is the largest of LADDER that can still read READ tokens for each of its weights in the time. Both, the
   model and what it reads, so grow as the square root of the computation (Hoffmann et al. 2022 found the same).
3. A text that is read many times over lets no model grow: beyond BYTES for each weight there is nothing to gain.
4. The more often the text is read, the stronger the dropout.
5. A longer training takes larger batches.
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
HEAD = 32
"""The width of a head, 64 from WIDE on."""
WIDE = 512
READ = {"language": 3.0, "translation": 3.0}
"""Tokens for each weight that is multiplied."""
BYTES = {"language": 0.5, "translation": 0.5}
"""Least bytes of text for each such weight."""
DROPOUT = ((2, 0.0), (8, 0.1), (math.inf, 0.2))
"""Up to so many readings of the text, this dropout."""
LEAST_BYTES, LEAST_STEPS = 2_000, 50
STEPS = 1500  # about as many, by choice of the batch
SHARE = 0.92  # of the minutes: the rest is for validations and checkpoints
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


@dataclass(frozen=True)
class Size:
    """What the rule chose."""

    settings: dict[str, Any]
    """By the dotted names that the flags have."""
    parameters: int
    """Weights that are multiplied."""
    tokens: float
    """To be read in the time; of pairs, target tokens."""
    readings: float
    """Of the text."""
    enough: bool
    """Whether the text, and not the time, kept the model small."""


def choose(recipe: Recipe, material: Material, pace: Pace, minutes: float, fixed: set[str]) -> Size:
    """Choose for the recipe, which holds what the user has fixed, by dotted names such as model.width.

    ValueError where there is too little text or time for anything.
    """
    if material.bytes < LEAST_BYTES:
        raise ValueError(
            f"--size auto needs at least {LEAST_BYTES:,} bytes to learn from, and there are {material.bytes:,}; "
            "bring more, or leave --size out"
        )
    kind, vocabulary = _vocabulary(recipe, material, fixed)
    packed = material.bytes / _tokens(material, kind, vocabulary)
    context = recipe.model.context
    rungs = [_rung(recipe, vocabulary, context, shape, fixed) for shape in LADDER]
    seconds = 60 * minutes * SHARE
    task = recipe.task
    tried = [(model, *_weighed(model, pace, seconds)) for model in rungs]
    in_time = [one for one in tried if one[2] >= READ[task] * one[1]] or tried[:1]
    largest = in_time[-1]
    enough = [one for one in in_time if one[1] * BYTES[task] <= material.bytes] or tried[:1]
    model, parameters, tokens = enough[-1]
    both = 2 if material.pairs else 1
    readings = tokens * packed * both / material.bytes
    batch = _batch(tokens)
    steps = int(tokens / batch)
    if steps < LEAST_STEPS:
        needed = minutes * LEAST_STEPS * batch / tokens
        raise ValueError(
            f"--max-minutes {minutes:g} is time for {steps} steps of the smallest model here, which learns nothing; "
            f"give at least --max-minutes {math.ceil(needed * 10) / 10:g}"
        )
    wanted = largest[2] * packed * both / material.bytes
    dropout = next(value for most, value in DROPOUT if wanted <= most)
    settings = _shape_settings(model) | {
        "tokenizer.kind": kind,
        "tokenizer.vocab_size": vocabulary if kind == "bpe" else recipe.tokenizer.vocab_size,
        "model.dropout": dropout,
        **_training(recipe, batch, steps, tokens),
    }
    return Size(settings, parameters, tokens, readings, model is not largest[0])


def _vocabulary(recipe: Recipe, material: Material, fixed: set[str]) -> tuple[str, int]:
    """Kind and size."""
    kind = recipe.tokenizer.kind
    if kind == "characters":
        return kind, material.distinct
    if "tokenizer.vocab_size" in fixed:
        return kind, recipe.tokenizer.vocab_size
    grown = 2000 * (material.bytes / 300_000) ** 0.3
    return kind, round(min(16_000, max(400, grown, 256 + material.distinct)) / 100) * 100


def _tokens(material: Material, kind: str, vocabulary: int) -> float:
    """About how many tokens the text becomes."""
    if kind == "characters":
        return material.characters
    return material.bytes / _packed(material, vocabulary)


def _packed(material: Material, vocabulary: int) -> float:
    """Bytes a token of byte pairs, about: each doubling of the vocabulary adds 0.45 characters."""
    characters = 1 + 0.45 * max(0.0, math.log2(vocabulary / 256))
    return characters * (material.bytes / material.characters) ** 0.5


def _rung(recipe: Recipe, vocabulary: int, context: int, shape: tuple[int, int], fixed: set[str]) -> ModelConfig:
    """The recipe's model in that shape, but where the user has fixed it."""
    model = recipe.model
    width = model.width if "model.width" in fixed else shape[0]
    layers = model.layers if "model.layers" in fixed else shape[1]
    encoder = model.encoder_layers
    if encoder is not None and "model.encoder_layers" not in fixed:
        encoder = layers
    heads = model.heads if "model.heads" in fixed else _heads(width)
    mlp = round(width * 8 / 3 / 16) * 16 if model.mlp == "swiglu" else 4 * width
    return replace(
        model,
        vocab_size=vocabulary,
        width=width,
        layers=layers,
        encoder_layers=encoder,
        heads=heads,
        kv_heads=model.kv_heads if "model.kv_heads" in fixed else None,
        mlp_width=model.mlp_width if "model.mlp_width" in fixed else max(1, mlp),
        context=context,
    )


def _heads(width: int) -> int:
    """As many heads of HEAD as there is room for, by which an even part of the width is left to each."""
    most = max(1, width // (HEAD if width < WIDE else 2 * HEAD))
    return next((heads for heads in range(most, 0, -1) if width % (2 * heads) == 0), 1)


def _weighed(model: ModelConfig, pace: Pace, seconds: float) -> tuple[int, float]:
    """The weights that are multiplied, and the tokens that are read in the time."""
    parameters, flops = _counted(model)
    return parameters, pace.rate(model.width) * seconds / flops


@cache
def _counted(model: ModelConfig) -> tuple[int, float]:
    """The weights that are multiplied, and the FLOPs of a token."""
    built = on_meta(model)
    return matrix_parameters(built), flops_per_token(built)


def _batch(tokens: float) -> int:
    """Tokens of a step: a power of two."""
    return 2 ** min(15, max(10, round(math.log2(tokens / STEPS))))


def _shape_settings(model: ModelConfig) -> dict[str, Any]:
    names = ("width", "layers", "encoder_layers", "heads", "kv_heads", "mlp_width", "context")
    return {f"model.{name}": getattr(model, name) for name in names}


def _training(recipe: Recipe, batch: int, steps: int, tokens: float) -> dict[str, Any]:
    """Batch, rates, and when to validate."""
    every = max(1, steps // VALIDATIONS)
    settings: dict[str, Any] = {
        "train.optimizer": "muon",
        "train.lr": 4e-3,
        "train.matrix_lr": 0.02,
        "train.warmup": min(100, max(1, steps // 10)),
        "train.validate_every": every,
        "train.save_every": every,
        "train.log_every": min(50, every),
    }
    if isinstance(recipe, PairRecipe):
        average = None if recipe.train.average is None else min(recipe.train.average, every)
        return settings | {"data.batch_tokens": max(2 * batch, 2 * recipe.data.max_length), "train.average": average}
    # Validations read a twentieth of what the training does, at most.
    most = max(4096, round(tokens * 0.15 / VALIDATIONS))
    return settings | {"data.batch": max(1, batch // recipe.model.context), "data.valid_tokens": most}
