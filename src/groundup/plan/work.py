"""The work of a training: the counts of its model, the size of its batch, and how many tokens it takes in all."""

import dataclasses
import math
from dataclasses import dataclass

from groundup.build import count_parameters, on_meta
from groundup.config import ModelConfig
from groundup.nearest import nearest
from groundup.presets import PRESETS, preset
from groundup.recipes.recipe import PairRecipe, Recipe, TextRecipe
from groundup.recipes.table import RECIPES
from groundup.training.flops import flops_per_token, matrix_parameters
from groundup.training.prepare import blocks

BATCH_TOKENS = 2**19  # used for presets, which say nothing about batches
TOKENS_A_PARAMETER = 20  # used if no length is given: about the best for a given budget (Hoffmann et al. 2022)


@dataclass(frozen=True)
class Work:
    """Everything about a training that its cost depends on. Tokens are target tokens."""

    name: str
    config: ModelConfig
    parameters: int
    matrices: int
    """Numbers that every token is multiplied with."""
    block: int
    """Parameters of the largest block."""
    block_matrices: int
    """Of all blocks: what recomputation multiplies with once more."""
    flops: float
    """Of a token, forward and backward."""
    batch_tokens: int
    tokens: float
    """In the whole training."""
    windows: int | None
    """Texts as long as the context that a rank takes at a time; None: as many as fit."""
    optimizer: str = "adamw"
    chunk_head: int | None = None
    """Tokens whose logits are held at a time; None: those of a micro-batch."""
    minutes: float | None = None
    """Of a training that ends by the clock, whatever `tokens` says."""
    exact: bool = True
    """Whether a step must be batch_tokens, so that a training refuses what cannot make them up."""

    @property
    def rows(self) -> int:
        """Texts of a step."""
        return max(1, self.batch_tokens // self.config.context)

    @property
    def steps(self) -> int:
        return max(1, math.ceil(self.tokens / self.batch_tokens))


def work(
    name: str,
    *,
    context: int | None = None,
    batch_tokens: int | None = None,
    tokens: float | None = None,
    windows: int | None = None,
) -> Work:
    """The work of a named recipe, or of a preset with a batch of half a million tokens; ValueError for other names."""
    if name in RECIPES:
        return recipe_work(RECIPES[name], context=context, batch_tokens=batch_tokens, tokens=tokens, windows=windows)
    if name not in PRESETS:
        raise ValueError(f"no recipe or preset {name!r}; {nearest(name, [*RECIPES, *PRESETS])}")
    config = preset(name) if context is None else preset(name, context=context)
    whole = max(1, BATCH_TOKENS // config.context) * config.context
    return _work(name, config, batch_tokens or whole, tokens, windows)


def recipe_work(
    recipe: Recipe,
    *,
    context: int | None = None,
    batch_tokens: int | None = None,
    tokens: float | None = None,
    windows: int | None = None,
) -> Work:
    """The work of a recipe. Half of the tokens in a batch of pairs are targets.

    ValueError for a context where pairs say how long they are.
    """
    config, train = recipe.model, recipe.train
    if isinstance(recipe, PairRecipe):
        if context is not None:
            raise ValueError(
                f"{recipe.name} learns from pairs of up to {recipe.data.max_length} tokens (data.max_length), whatever "
                f"--context ({context}) says; leave it out, or plan a recipe for text, or a preset"
            )
        config = dataclasses.replace(config, context=recipe.data.max_length)
        windows = windows or max(1, recipe.data.batch_tokens // 2 // config.context)
    else:
        assert isinstance(recipe, TextRecipe)
        config = config if context is None else dataclasses.replace(config, context=context)
        windows = windows or recipe.data.batch
    given = batch_tokens or train.batch_tokens
    step = given or windows * config.context * train.accumulate
    tokens = tokens or (step * train.steps if train.steps is not None else None)
    minutes = recipe.max_minutes if tokens is None else None
    job = _work(recipe.name, config, step, tokens, windows)
    exact = given is not None and isinstance(recipe, TextRecipe)
    return dataclasses.replace(
        job, optimizer=train.optimizer, chunk_head=train.chunk_head, minutes=minutes, exact=exact
    )


def _work(name: str, config: ModelConfig, batch_tokens: int, tokens: float | None, windows: int | None) -> Work:
    if batch_tokens < config.context:
        raise ValueError(
            f"a step of {batch_tokens:,} tokens holds no text of {config.context:,}; "
            f"try --batch-tokens {config.context}"
        )
    model = on_meta(config)
    layers = blocks(model)
    parameters = count_parameters(model)
    return Work(
        name=name,
        config=config,
        parameters=parameters,
        matrices=matrix_parameters(model),
        block=max(count_parameters(layer) for layer in layers),
        block_matrices=sum(matrix_parameters(layer) for layer in layers),
        flops=flops_per_token(model),
        batch_tokens=batch_tokens,
        tokens=tokens or TOKENS_A_PARAMETER * parameters,
        windows=windows,
    )
