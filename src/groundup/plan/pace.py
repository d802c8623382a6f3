"""How fast this machine trains, measured with real steps of two small models: `--size auto` plans with it.

`measure_products` says what the processor can do at most; a small model reaches a tenth to a half of that, a narrow one
less than a wide one. So the steps are those of a training: the same loop, optimizer, number format and threads.
"""

import math
import statistics
from dataclasses import dataclass, replace

import torch

from groundup.batch import Batch
from groundup.build import build
from groundup.config import ModelConfig
from groundup.machine import cores
from groundup.recipes.recipe import PairRecipe, Recipe
from groundup.training import optim
from groundup.training.flops import flops_per_token
from groundup.training.loop import train
from groundup.training.precision import choose_device, choose_precision

WIDTHS = {"cpu": (64, 256)}
WIDER = (256, 1024)  # on a GPU, which small models do not fill
TOKENS, LENGTH, VOCABULARY = 2048, 128, 1000
STEPS, UNCOUNTED = 9, 3  # the first ones are slower


@dataclass(frozen=True)
class Pace:
    """FLOP/s of training by the model's width."""

    rates: tuple[tuple[int, float], ...]
    """(width, FLOP/s), the narrower model first."""
    where: str
    """Such as "2 threads"."""

    def rate(self, width: int) -> float:
        """FLOP/s at this width: on a line between the two over the logarithm of the width, level beyond them."""
        (narrow, low), (wide, high) = self.rates
        share = math.log(width / narrow) / math.log(wide / narrow)
        return low + (high - low) * min(1.0, max(0.0, share))


def measure_pace(recipe: Recipe) -> Pace:
    """Train two models like the recipe's for a few steps each, on its device, with its precision and threads."""
    if recipe.train.threads is not None:
        torch.set_num_threads(recipe.train.threads)
    device = choose_device(recipe.train.device)
    widths = WIDTHS.get(device.type, WIDER)
    threads = min(torch.get_num_threads(), cores())
    where = f"{threads} thread{'s' * (threads > 1)}" if device.type == "cpu" else device.type
    return Pace(tuple((width, _rate(recipe, width, device)) for width in widths), where)


def _rate(recipe: Recipe, width: int, device: torch.device) -> float:
    """FLOP/s of the median step of a model of two layers."""
    torch.manual_seed(0)
    model = build(_shape(recipe.model, width)).to(device)
    batch, times = _batch(recipe), []
    settings = replace(recipe.train, optimizer="muon")
    for step in train(
        model,
        iter(lambda: batch, None),
        steps=STEPS,
        lr=1e-4,
        precision=choose_precision(device, recipe.train.precision),
        optimizer=optim.from_settings(model, settings),
    ):
        times.append(step.seconds)
    tokens = int((batch.targets >= 0).sum())
    return flops_per_token(model) * tokens / statistics.median(times[UNCOUNTED:])


def _shape(config: ModelConfig, width: int) -> ModelConfig:
    return replace(
        config,
        vocab_size=VOCABULARY,
        source_vocab_size=None,
        context=LENGTH,
        width=width,
        heads=width // 32,
        kv_heads=None,
        mlp_width=4 * width,
        layers=2,
        encoder_layers=None if config.encoder_layers is None else 2,
    )


def _batch(recipe: Recipe) -> Batch:
    """Random tokens: windows of a text, or pairs of sentences as long as those of a phrase book."""
    if isinstance(recipe, PairRecipe):
        ids, targets = torch.randint(VOCABULARY, (2, TOKENS // 32, 16))
        return Batch((ids, targets), targets)
    ids = torch.randint(VOCABULARY, (TOKENS // LENGTH, LENGTH))
    return Batch((ids,), ids)
