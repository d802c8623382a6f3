"""`gu.doctor(...)`: the same names as in a file, as arguments."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import nn

from groundup.doctor.examine import examine
from groundup.doctor.patient import CONSTANTS, NAMES
from groundup.doctor.reading import gather
from groundup.doctor.report import Report
from groundup.doctor.visit import visit


def doctor(model: "nn.Module | Callable[[], nn.Module] | str | Path", **given: Any) -> Report:
    """Examine a model: a module, a function that makes a fresh one, or a Python file.

    given: logits, batch, loss, optimizer, generate, tokenizer and VOCAB, SRC_VOCAB, CONTEXT, PAD, BOS, EOS, MASK, TEXT,
    CAUSAL, PREFIX, all optional, with the meaning they have in a file. ValueError for other names.
    """
    if isinstance(model, str | Path):
        if given:
            raise ValueError(f"a file brings its own names; leave {', '.join(given)} out")
        return visit(model)
    known = {name.lower(): name for name in (*NAMES[1:], *CONSTANTS)}
    if unknown := [name for name in given if name.lower() not in known]:
        raise ValueError(f"unknown name {unknown[0]!r}; known are {', '.join(known.values())}")
    names = {"model": model, **{known[name.lower()]: value for name, value in given.items()}}
    return examine(gather(names, **_about(names)))


def _about(names: dict[str, Any]) -> dict[str, str]:
    """The text of the file that a function of the author's, or the model's class, stands in."""
    model = names["model"]
    for one in (names.get("loss"), type(model) if isinstance(model, nn.Module) else model):
        try:
            file = inspect.getsourcefile(one) if one is not None else None  # type: ignore[arg-type]
        except TypeError:
            continue
        if file and Path(file).is_file() and "site-packages" not in file:
            return {"source": Path(file).read_text(encoding="utf-8"), "file": file, "name": Path(file).name}
    return {"name": type(model).__name__ if isinstance(model, nn.Module) else "model"}
