"""What a long training shows of itself at every validation: a line that the model writes, and questions it answers."""

import sys
from collections.abc import Callable
from functools import partial
from typing import cast

from torch import nn

from groundup.decode.choose import Sample
from groundup.models.causal_lm import CausalLM
from groundup.recipes.recipe import Recipe, TextRecipe
from groundup.run.folder import RunFolder
from groundup.run.questions import FILE, answer, hellaswag
from groundup.run.text import TextRun
from groundup.terminal import shown
from groundup.text.tokenizer import Tokenizer
from groundup.training.record import Watch

Say = Callable[[str], None]


def watch(recipe: Recipe, folder: RunFolder, model: nn.Module, tokenizer: Tokenizer) -> Watch | None:
    """The watcher that `fit` calls at every validation; None where the recipe asks no questions."""
    if not isinstance(recipe, TextRecipe) or recipe.questions is None:
        return None
    return lambda step, say: look(TextRun(folder, recipe, cast(CausalLM, model), tokenizer), step, say=say)


def look(run: TextRun, step: int, *, say: Say, max_new_tokens: int = 64) -> dict[str, float]:
    """Write a sample into samples/ and answer HellaSwag questions, as the run's recipe says; give the figures.

    Figures are for metrics.jsonl: shares of right answers, 0 .. 1. The draws have seeds of their own, so a training
    that is watched takes the same steps as one that is not. What fails costs a line that says why, never the training.
    """
    show = partial(_write, run, step, say=say, max_new_tokens=max_new_tokens)
    ask = partial(_ask, run, step, say=say)
    _or_say(show, lambda why: say(f"step {step}  no sample: {why}"))
    return _or_say(ask, lambda why: say(f"step {step}  HellaSwag is not asked: {why}")) or {}


def _or_say(act: Callable[[], dict[str, float] | None], say: Say) -> dict[str, float] | None:
    try:
        return act()
    except Exception as error:  # whatever it is: hours of training must not end for something to look at
        say(" ".join(str(error).split()) or type(error).__name__)
        return None


def _write(run: TextRun, step: int, *, say: Say, max_new_tokens: int) -> None:
    prompt, choose = run.recipe.sample, Sample(top_k=50, seed=step)
    if prompt is None:
        return
    text = prompt + "".join(run.generate(prompt, choose=choose, max_new_tokens=max_new_tokens))
    say(shown(f"step {step}  writes: {' '.join(text.split())}", sys.stderr))
    run.folder.samples.mkdir(exist_ok=True)
    (run.folder.samples / f"step-{step:08d}.txt").write_text(text + "\n", encoding="utf-8")


def _ask(run: TextRun, step: int, *, say: Say) -> dict[str, float]:
    if (path := hellaswag()) is None:
        if step == 0:
            say(f"step {step}  HellaSwag is not asked: there is no {FILE.as_posix()} in the folder GROUNDUP_DATA names")
        return {}
    answered = answer(run, path, limit=run.recipe.questions)
    found = answered.accuracies
    figures = "  ".join(f"{one.name} {one.value:.1%} ± {one.margin:.1%}" for one in found)
    left_out = f"; {len(answered.faults):,} left out" if answered.faults else ""
    say(f"step {step}  HellaSwag, {found[0].questions:,} questions: {figures}{left_out}")
    return {f"hellaswag_{one.name}": one.value for one in found}
