"""In a notebook: what to do about errors that come from the order of the cells or from a missing package."""

import sys
from typing import Any

EXTRAS = {
    "transformers": "hub",
    "tokenizers": "hub",
    "huggingface_hub": "hub",
    "pyarrow": "data",
    "fastapi": "serve",
    "uvicorn": "serve",
    "ctranslate2": "bench",
}
"""A package that only a part of groundup needs -> the extra that brings it."""


def explain_errors() -> None:
    """Have the notebook say in a line what to do, below the traceback of such an error. Elsewhere it does nothing."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None:
        shell.set_custom_exc((NameError, ImportError), _explained)


def _explained(shell: Any, kind: type, error: BaseException, trace: Any, tb_offset: int | None = None) -> None:
    shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
    if (line := advice(error)) is not None:
        print(line)


def advice(error: BaseException) -> str | None:
    """What to do about the error, in one line; None where nothing can be said."""
    if isinstance(error, UnboundLocalError) or error.name is None:  # type: ignore[attr-defined]
        return None
    if isinstance(error, NameError):
        return f"If a cell above makes `{error.name}`, run that one first: Run > Run All Above Selected Cell."
    if isinstance(error, ModuleNotFoundError):
        package = error.name.partition(".")[0]  # type: ignore[union-attr]
        wanted = f"'groundup[{EXTRAS[package]}]'" if package in EXTRAS else package
        return f"{package} is not installed. In a new cell: %pip install {wanted}"
    return None
