"""The work of a training: the parameters and FLOPs of its model, the size of its batch, and its tokens in all."""

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

BATCH_TOKENS = 2**19  # for presets, which have no batch size
TOKENS_A_PARAMETER = 20  # if no length is given: about the best for a given budget (Hoffmann et al. 2022)


@dataclass(frozen=True)
class Work:
    """All that the cost of a training depends on. Tokens are target tokens."""

    name: str
    config: ModelConfig
    parameters: int
    matrices: int
    """The number of weights in matrices that every token is multiplied with."""
    block: int
    """The number of parameters of the largest block."""
    block_matrices: int
    """The part of `matrices` in blocks: recomputation multiplies with them once more."""
    flops: float
    """FLOPs of one token, forward and backward."""
    batch_tokens: int
    """Tokens in one step."""
    tokens: float
    """Tokens in the whole training."""
    windows: int | None
    """Texts as long as the context that a rank takes at a time; None: as many as fit."""
    optimizer: str = "adamw"
    chunk_head: int | None = None
    """Tokens whose logits are in memory at a time; None: those of a micro-batch."""
    minutes: float | None = None
    """The length of a training that time ends; `tokens` is then not used."""
    exact: bool = True
    """Whether a step must have exactly batch_tokens; the training then refuses ranks that cannot share them."""

    @property
    def rows(self) -> int:
        """The number of texts in a step."""
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
    """Return the work of a recipe, or of a preset with half a million tokens a step. ValueError for other names."""
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
    """Return the work of a recipe. Half of the tokens in a batch of pairs are targets.

    Raises ValueError if `context` is given for pairs, whose length is a data setting.
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
