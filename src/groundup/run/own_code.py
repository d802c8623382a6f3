"""A recipe that is a Python file: RECIPE or COMPARISON and, as wanted, `model`, `loss` and `finish`.

Such a file is executed, so it is trusted like any program. A run keeps a copy of it, and recipe.json the SHA-256 of
that copy; whatever loads the run later executes the copy only if it is told to (`kept_code`).
"""

import hashlib
import inspect
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from groundup.config import ModelConfig
from groundup.recipes.recipe import Recipe, TextRecipe

if TYPE_CHECKING:
    from torch import Tensor, nn

    from groundup.batch import Batch

COPY = "recipe.py"
"""What a run calls its copy."""
PARTS = ("model", "loss", "finish")
_executed: set[str] = set()


def _nothing(run: Any) -> None:
    pass


@dataclass(frozen=True)
class OwnCode:
    """What a recipe's Python file says; without a file, the model of the config, its loss, and nothing at the end."""

    path: Path | None = None
    source: bytes = b""
    about: str = ""
    """The first line of its docstring."""
    sha256: str | None = None
    """Of the file, where it has parts that a run is made of; None where all it says stands in recipe.json too."""
    recipe: Any = None
    comparison: Any = None
    model: "Callable[..., nn.Module] | None" = None
    """model(config, **own) -> what is trained."""
    loss: "Callable[[nn.Module, Batch], Tensor] | None" = None
    """loss(model, batch) -> the mean loss of a target token, which training minimises."""
    finish: Callable[[Any], None] = _nothing
    """finish(run), when a training is over and judged."""

    def build(self, recipe: Recipe) -> "nn.Module":
        """The recipe's model. ValueError where the file gives something that cannot be one."""
        if self.model is None:
            from groundup.build import build

            return build(_fitting(recipe))
        try:
            inspect.signature(self.model).bind(recipe.model, **recipe.own)
        except TypeError as error:
            raise ValueError(
                f"{self.path}: model(config, **own) cannot be called with own {recipe.own}: {error}"
            ) from None
        from groundup.run.own_model import fitted

        try:
            return fitted(self.model(recipe.model, **recipe.own), recipe, f"{self.path}: model(config)")
        except Exception as error:
            if isinstance(error, ValueError | OSError | MemoryError) or place_of(error) is not None:
                raise
            said = f"{type(error).__name__}: {' '.join(str(error).split())}"
            raise ValueError(f"{self.path}: what model(config) gives cannot read two tokens ({said})") from error

    def skeleton(self, recipe: Recipe) -> "nn.Module":
        """The model for its shapes alone: without storage, unless it is of the user's own, which may not be made so."""
        if self.model is None:
            from groundup.build import on_meta

            return on_meta(_fitting(recipe))
        return self.build(recipe)

    def signed(self, recipe: Recipe) -> Recipe:
        """The recipe with the file's hash. ValueError for settings that the file would pass over."""
        if recipe.own and self.model is None:
            raise ValueError(f"{recipe.name}: own ({recipe.own}) is for a model(config, **own), which it does not have")
        if self.loss is not None:
            recipe.train.check_own_loss()
        return replace(recipe, code=self.sha256)

    def keep(self, folder: Path) -> None:
        """Leave a copy of the file in a run's folder."""
        if self.path is not None:
            (folder / COPY).write_bytes(self.source)


STOCK = OwnCode()


def read_code(path: Path) -> OwnCode:
    """Execute the file, which is one by itself, and give what it says. Its own errors are raised as they are."""
    return _execute(path, path.read_bytes())


def _execute(path: Path, source: bytes) -> OwnCode:
    digest = hashlib.sha256(source).hexdigest()
    module = ModuleType(f"recipe_file_{digest[:12]}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # where dataclasses and others look for the names of a class
    _executed.add(str(path))
    before = set(sys.modules)
    try:
        exec(compile(source, str(path), "exec"), vars(module))
    except SystemExit:
        raise ValueError(f"{path} ends the program when it is read; leave exit() out") from None
    _check_alone(path, set(sys.modules) - before)
    said = {name: getattr(module, name) for name in PARTS if hasattr(module, name)}
    for name, part in said.items():
        if not callable(part):
            raise ValueError(f"{path}: {name} must be a function, not {part!r}")
    recipe, comparison = (getattr(module, name, None) for name in ("RECIPE", "COMPARISON"))
    if recipe is not None and not isinstance(recipe, Recipe):
        raise ValueError(f"{path}: RECIPE must be a gu.TextRecipe or a gu.PairRecipe, not a {type(recipe).__name__}")
    about = (module.__doc__ or "").strip().split("\n")[0]
    code = OwnCode(path, source, about, digest if said else None, recipe, comparison, **said)
    return replace(code, recipe=None if recipe is None else code.signed(recipe))


def kept_code(folder: Path, recipe: Recipe, *, trust_code: bool | str) -> OwnCode:
    """What the run in the folder was trained with: STOCK, or its copy of a Python file, executed if that is trusted.

    trust_code: True, or the SHA-256 of the one file that is trusted. ValueError, before anything is executed, where
    it is not trusted, or where the copy is not the file that was trained with.
    """
    if recipe.code is None:
        return STOCK
    copy = folder / COPY
    if not copy.is_file():
        raise ValueError(f"{copy} is missing: the run was trained with a Python file; bring its copy back")
    source = copy.read_bytes()  # read once: what is executed is what was checked
    if (found := hashlib.sha256(source).hexdigest()) != recipe.code:
        raise ValueError(
            f"{copy} is not the file that the run was trained with (SHA-256 {found[:12]}..., not "
            f"{recipe.code[:12]}...), so it is not executed; bring that one back"
        )
    if trust_code not in (True, recipe.code):
        raise ValueError(
            f"{folder} was trained with a Python file, and to load it is to run {copy}; read that file, and if you "
            "trust it add --trust-code (in Python: trust_code=True)"
        )
    return _execute(copy, source)


def place_of(error: BaseException) -> str | None:
    """`mine.py, line 12` where the error came from a file that was executed here; else None."""
    if isinstance(error, SyntaxError) and error.filename in _executed:
        return f"{error.filename}, line {error.lineno}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in _executed]
    return f"{frames[-1].filename}, line {frames[-1].lineno}" if frames else None


def _fitting(recipe: Recipe) -> ModelConfig:
    """The config, if it is one of the recipe's kind of model; else ValueError."""
    encoder = recipe.model.encoder_layers
    if isinstance(recipe, TextRecipe) != (encoder is None):
        raise ValueError(f"{recipe.name}: model.encoder_layers ({encoder}) does not fit the task {recipe.task}")
    return recipe.model


def _check_alone(path: Path, imported: set[str]) -> None:
    """ValueError where the file imports its neighbours: the run's copy would not find them, or find others."""
    here = path.resolve().parent
    for name in sorted(imported):
        file = Path(getattr(sys.modules.get(name), "__file__", None) or "")
        folder = file.parents[1] if file.name == "__init__.py" else file.parent
        if file.is_absolute() and folder.resolve() == here:
            raise ValueError(
                f"{path} imports {name} from the folder it lies in, and a run keeps a copy of one file only; "
                "put all of it into one file, or install the other one as a package"
            )
