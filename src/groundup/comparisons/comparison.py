"""What is compared, and what makes it fair. No torch here: `groundup --help` reads this file."""

import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from groundup.recipes.recipe import PairRecipe, Recipe, TextRecipe
from groundup.run.own_code import STOCK, OwnCode

Measure = Literal["test", "test_bits", "bleu"]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Variants of a recipe that differ only in what is compared.

    ValueError, with both numbers, where two variants differ in data, tokens, or (unless `ablation`) dropout; see
    `check_sizes` for parameters.
    """

    name: str
    about: str
    """One line on what is compared."""
    variants: dict[str, Recipe]
    """Complete recipes; their learning rate is the one of `untuned` variants, their seed is not used."""
    lrs: tuple[float, ...]
    """Peak learning rates that every variant is tried with."""
    seeds: tuple[int, ...] = (0, 1, 2)
    """The first one also serves the search for the learning rate."""
    untuned: tuple[str, ...] = ()
    """Variants that keep the learning rate of their recipe."""
    ablation: bool = False
    """Each variant is the one before with one change, and is judged against it; parameters and dropout may differ."""
    tolerance: float = 0.05
    """How far the numbers of parameters may be apart, as a share of the largest."""
    prompt: str = ""
    """What the sample passages of language models begin with."""
    varied: str | None = None
    """The one field that the variants differ in: what follows from it, size and tokens, may then differ, too."""
    code: OwnCode = STOCK
    """What a Python file of the user's own makes of the recipes."""

    def __post_init__(self) -> None:
        if len(self.variants) < 2:
            raise ValueError(f"{self.name}: a comparison needs at least 2 variants, not {len(self.variants)}")
        for name in (self.name, *self.variants):
            if not name or Path(name).name != name or name.startswith("."):
                raise ValueError(f"{name!r} must be the name of a folder; leave out slashes and leading dots")
        if not self.lrs or len(set(self.lrs)) < len(self.lrs) or not all(0 < lr < math.inf for lr in self.lrs):
            raise ValueError(f"the learning rates {_list(self.lrs)} must be distinct and above 0; try --lrs 1e-3 2e-3")
        if not self.seeds or len(set(self.seeds)) < len(self.seeds) or min(self.seeds) < 0:
            raise ValueError(f"the seeds {_list(self.seeds)} must be distinct and at least 0; try --seeds 0 1 2")
        for name in self.untuned:
            if name not in self.variants:
                raise ValueError(f"{self.name}: untuned variant {name!r} is not among {_list(self.variants)}")
        for name, recipe in self.variants.items():
            if recipe.train.steps is None or recipe.max_minutes is not None:
                raise ValueError(f"{name}: a fair budget is counted in steps; set train.steps, leave max_minutes out")
        self._check_equal("kind of recipe", {name: type(recipe).__name__ for name, recipe in self.variants.items()})
        self._check_equal("data", {name: _data(recipe) for name, recipe in self.variants.items()})
        if self.varied is None:
            self._check_equal("training tokens", {name: tokens(recipe) for name, recipe in self.variants.items()})
        if not self.ablation and self.varied is None:
            for field in ("dropout", "attention_dropout"):
                self._check_equal(field, {name: getattr(r.model, field) for name, r in self.variants.items()})

    def _check_equal(self, what: str, values: dict) -> None:
        (first, one), *rest = values.items()
        for name, other in rest:
            if other != one:
                one, other = (f"{value:,}" if isinstance(value, int) else value for value in (one, other))
                raise ValueError(f"unequal {what}: {first} has {one}, {name} has {other}; give both the same")

    @property
    def first(self) -> Recipe:
        return next(iter(self.variants.values()))

    @property
    def measure(self) -> Measure:
        """What variants are ranked by. A loss per token depends on the tokenizer; bits per byte do not."""
        if isinstance(self.first, PairRecipe):
            return "bleu"
        tokenizers = {recipe.tokenizer for recipe in self.variants.values()}
        return "test" if len(tokenizers) == 1 else "test_bits"

    @property
    def budget(self) -> str:
        """The tokens of a run, in words."""
        counts = {tokens(recipe) for recipe in self.variants.values()}
        least, most = min(counts), max(counts)
        return f"{least:,} tokens a run" if least == most else f"{least:,} to {most:,} tokens a run, by {self.varied}"

    @property
    def runs(self) -> int:
        """How many trainings it takes, without those of grids that grow."""
        searched = len(self.variants) - len(self.untuned)
        return searched * len(self.lrs) + len(self.untuned) + len(self.variants) * (len(self.seeds) - 1)

    def grid(self, variant: str) -> list[float]:
        """The learning rates to begin with, in rising order."""
        return [self.variants[variant].train.lr] if variant in self.untuned else sorted(self.lrs)

    def shortened(self, steps: int) -> "Comparison":
        """The same with this many steps for every variant, a warm-up of at most a tenth, and as many validations."""

        def short(recipe: Recipe) -> Recipe:
            train = recipe.train
            every = max(1, train.validate_every * steps // (train.steps or steps))
            train = dataclasses.replace(
                train, steps=steps, warmup=min(train.warmup, steps // 10), validate_every=every, save_every=every
            )
            return dataclasses.replace(recipe, train=train)

        if steps < 1:
            raise ValueError(f"steps ({steps}) must be at least 1; try --steps 1000")
        return dataclasses.replace(self, variants={name: short(recipe) for name, recipe in self.variants.items()})


def tokens(recipe: Recipe) -> int:
    """Tokens that a run of this recipe is trained on; for pairs, both sides with padding."""
    batch = recipe.data.batch_tokens if isinstance(recipe, PairRecipe) else recipe.data.batch * recipe.model.context
    return batch * recipe.train.accumulate * (recipe.train.steps or 0)


def check_sizes(comparison: Comparison) -> dict[str, int]:
    """Count every variant's parameters, with the vocabulary its recipe asks for. ValueError if they differ too much."""
    from groundup.build import count_parameters
    from groundup.flow.complete import planned

    variants = comparison.variants.items()
    sizes = {name: count_parameters(comparison.code.skeleton(planned(one))) for name, one in variants}
    small, large = min(sizes, key=sizes.__getitem__), max(sizes, key=sizes.__getitem__)
    alike = not comparison.ablation and comparison.varied is None
    if alike and sizes[small] < (1 - comparison.tolerance) * sizes[large]:
        raise ValueError(
            f"unequal parameters: {small} has {sizes[small]:,}, {large} has {sizes[large]:,}, more than "
            f"{comparison.tolerance:.0%} apart; adjust model.mlp_width"
        )
    return sizes


def _data(recipe: Recipe) -> str:
    """The data in words, without the size of batches: `tokens` counts those."""
    if isinstance(recipe, TextRecipe):
        return f"{recipe.data.corpus} ({recipe.data.valid:g} held out)"
    return str(dataclasses.replace(recipe.data, batch_tokens=2 * recipe.data.max_length))


def _list(values) -> str:
    return ", ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in values)
