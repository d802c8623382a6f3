"""A recipe that is a Python file: it has RECIPE or COMPARISON and, optionally, `model`, `loss` and `finish`.

Such a file is executed, so it must be trusted like any program. A run keeps a copy of it, and recipe.json the SHA-256
of that copy. Code that loads the run later executes the copy only if the user allows it (`kept_code`).
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
"""The name of a run's copy."""
PARTS = ("model", "loss", "finish")
_executed: set[str] = set()


def _nothing(run: Any) -> None:
    pass


@dataclass(frozen=True)
class OwnCode:
    """The contents of a recipe's Python file. Without a file: the config's model, its loss, and nothing at the end."""

    path: Path | None = None
    source: bytes = b""
    about: str = ""
    """The first line of the file's docstring."""
    sha256: str | None = None
    """The file's SHA-256 if a run needs the file; None if recipe.json has all its contents."""
    recipe: Any = None
    comparison: Any = None
    model: "Callable[..., nn.Module] | None" = None
    """model(config, **own) -> the model to train."""
    loss: "Callable[[nn.Module, Batch], Tensor] | None" = None
    """loss(model, batch) -> the mean loss per target token, which training minimises."""
    finish: Callable[[Any], None] = _nothing
    """finish(run), called after the training and its evaluation."""

    def build(self, recipe: Recipe) -> "nn.Module":
        """Build the recipe's model. Raises ValueError if the file returns something that is not a usable model."""
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
        """Build the model for its shapes only: without storage, except for a file's own model, which may need it."""
        if self.model is None:
            from groundup.build import on_meta

            return on_meta(_fitting(recipe))
        return self.build(recipe)

    def signed(self, recipe: Recipe) -> Recipe:
        """Return the recipe with the file's hash. Raises ValueError for settings that the file would ignore."""
        if recipe.own and self.model is None:
            raise ValueError(f"{recipe.name}: own ({recipe.own}) is for a model(config, **own), which it does not have")
        if self.loss is not None:
            recipe.train.check_own_loss()
        return replace(recipe, code=self.sha256)

    def keep(self, folder: Path) -> None:
        """Write a copy of the file into a run's folder."""
        if self.path is not None:
            (folder / COPY).write_bytes(self.source)


STOCK = OwnCode()


def read_code(path: Path) -> OwnCode:
    """Execute the file, which must not import its neighbours, and return its contents. Does not catch its errors."""
    return _execute(path, path.read_bytes())


def _execute(path: Path, source: bytes) -> OwnCode:
    digest = hashlib.sha256(source).hexdigest()
    module = ModuleType(f"recipe_file_{digest[:12]}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses and others look up the names of a class there
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
    """Return the code of the run in the folder: STOCK, or its copy of a Python file, executed if it is trusted.

    trust_code: True, or the SHA-256 of the only trusted file. Raises ValueError, before anything is executed, if the
    copy is not trusted, or is not the file that the run was trained with.
    """
    if recipe.code is None:
        return STOCK
    copy = folder / COPY
    if not copy.is_file():
        raise ValueError(f"{copy} is missing: the run was trained with a Python file; bring its copy back")
    source = copy.read_bytes()  # read once, so that the checked bytes are executed
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
    """Return `mine.py, line 12` if the error came from a file that was executed here, else None."""
    if isinstance(error, SyntaxError) and error.filename in _executed:
        return f"{error.filename}, line {error.lineno}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in _executed]
    return f"{frames[-1].filename}, line {frames[-1].lineno}" if frames else None


def _fitting(recipe: Recipe) -> ModelConfig:
    """Return the config. Raises ValueError if it is for another kind of model than the recipe's."""
    encoder = recipe.model.encoder_layers
    if isinstance(recipe, TextRecipe) != (encoder is None):
        raise ValueError(f"{recipe.name}: model.encoder_layers ({encoder}) does not fit the task {recipe.task}")
    return recipe.model


def _check_alone(path: Path, imported: set[str]) -> None:
    """Raise ValueError if the file imports its neighbours: the run's copy would not find them, or find others."""
    here = path.resolve().parent
    for name in sorted(imported):
        file = Path(getattr(sys.modules.get(name), "__file__", None) or "")
        folder = file.parents[1] if file.name == "__init__.py" else file.parent
        if file.is_absolute() and folder.resolve() == here:
            raise ValueError(
                f"{path} imports {name} from the folder it lies in, and a run keeps a copy of one file only; "
                "put all of it into one file, or install the other one as a package"
            )
