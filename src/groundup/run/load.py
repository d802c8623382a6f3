"""Load a run from a folder on disk."""

from pathlib import Path
from typing import Any, Literal

from torch import Tensor

from groundup.recipes.recipe import TextRecipe
from groundup.run.folder import RunFolder, find_run
from groundup.run.own_code import kept_code
from groundup.run.pairs import PairRun
from groundup.run.text import TextRun
from groundup.training.checkpoint import load_checkpoint
from groundup.training.places import step_name
from groundup.training.precision import choose_device
from groundup.training.tensors import check_model_tensors, load_model_tensors


def load(
    run: str | Path,
    *,
    checkpoint: Literal["best", "latest"] | int = "best",
    device: str = "auto",
    trust_code: bool | str = False,
) -> PairRun | TextRun:
    """Load the run of this name or folder: a `PairRun` (translation, dialogue) or a `TextRun`.

    Every byte of the checkpoint is verified first. Raises ValueError with the damaged file and what to use instead.
    A run that was trained with a Python file of its own has a copy of it, recipe.py, without which there is no such
    model; it is executed only with trust_code=True, or its SHA-256, and a ValueError without.
    """
    folder = find_run(run)
    recipe = folder.recipe()
    code = kept_code(folder.path, recipe, trust_code=trust_code)
    place = choose_device(device)
    source, target = folder.tokenizers()
    weights, file = _read_weights(folder, checkpoint)
    check_model_tensors(
        code.skeleton(recipe), weights, file=file
    )  # check this before a model of another size uses memory
    model: Any = code.build(recipe)
    load_model_tensors(model, weights, file=file)
    model = model.to(place).eval()
    if isinstance(recipe, TextRecipe):
        return TextRun(folder, recipe, model, target)
    return PairRun(folder, recipe, model, source, target)


def load_pair_run(run: str | Path, task: str, **options) -> PairRun:
    """`load` for a verb that needs pairs. Raises ValueError if the run is of another kind."""
    loaded = load(run, **options)
    if not isinstance(loaded, PairRun):
        raise ValueError(f"{run} is a language model and cannot {task}; use: groundup generate {run} PROMPT")
    return loaded


def load_text_run(run: str | Path, task: str, **options) -> TextRun:
    """`load` for a verb that needs a language model. Raises ValueError if the run is of another kind."""
    loaded = load(run, **options)
    if not isinstance(loaded, TextRun):
        verb = "chat" if loaded.recipe.task == "dialogue" else "translate"
        raise ValueError(f"{run} is a {loaded.recipe.task} run and cannot {task}; use: groundup {verb} {run}")
    return loaded


def which(text: str) -> Literal["best", "latest"] | int:
    """Parse the name of a checkpoint: best, latest or the number of a step."""
    if text == "best" or text == "latest":
        return text
    if text.isdecimal():
        return int(text)
    raise ValueError(f"unknown checkpoint {text!r}; say best, latest or the number of a step")


def _read_weights(folder: RunFolder, checkpoint: Literal["best", "latest"] | int) -> tuple[dict[str, Tensor], Path]:
    """Return the weights and their folder."""
    if checkpoint == "best" and folder.replaced.exists() and not (folder.checkpoints / "best").is_file():
        raise ValueError(
            f"{folder.path} has no best checkpoint yet; go on with it (groundup resume {folder.quoted}), or take "
            f"--checkpoint latest; the run that it is to replace is kept in {folder.replaced} until then"
        )
    read = load_checkpoint(folder.checkpoints, checkpoint, optimizer=False)
    return read.model, folder.checkpoints / step_name(read.step)
