"""The shapes of models among which `--size auto` chooses, narrow and shallow ones first."""

from dataclasses import replace
from typing import Any

from groundup.config import ModelConfig
from groundup.recipes.recipe import Recipe

LADDER = (
    *((48, 2), (64, 2), (96, 2), (128, 2), (128, 3), (160, 3), (192, 3), (192, 4), (256, 4), (320, 4), (384, 4)),
    *((384, 6), (512, 6), (640, 6), (768, 8), (1024, 8), (1024, 12), (1536, 12)),
)
"""Width and layers; of an encoder-decoder as many layers on each side."""
HEAD, WIDE = 32, 512
"""The width of a head; twice that from width WIDE on."""


def shapes(recipe: Recipe, fixed: set[str]) -> list[tuple[int, int]]:
    """LADDER, but of it only what the user's heads can share."""
    even = 2 * recipe.model.heads if "model.heads" in fixed else 1
    return [shape for shape in LADDER if shape[0] % even == 0] or list(LADDER)


def shaped(recipe: Recipe, vocabulary: int, width: int, layers: int, fixed: set[str]) -> ModelConfig:
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


def settings_of(model: ModelConfig) -> dict[str, Any]:
    names = ("width", "layers", "encoder_layers", "heads", "kv_heads", "mlp_width", "context")
    return {f"model.{name}": getattr(model, name) for name in names}
