"""Join the page's JavaScript modules, which stand in js/, into one script by leaving out their imports and exports."""

import re
from importlib.resources import files

ENGINE = (
    *("tensor", "layers", "positions", "attention", "state", "model", "weights"),
    *("choose", "beam", "bpe", "tokenizer", "normalise", "sentences", "run"),
)
"""The model. Each module stands after those that it imports."""
WORKER = (*ENGINE, "worker")
DRAWING = ("dom", "strip", "maps", "attentionview", "tree")
"""Tokens, heat maps and the tree of a search."""
APP = (*DRAWING, "ask", "sampling", "translate", "talk", "write", "tokens", "how", "app")
"""What a person sees of a model."""
RECORDED = (*DRAWING, "recorded")
"""What a person sees of an output that was recorded."""

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export ", re.MULTILINE)


def module(name: str) -> str:
    """Return the text of one module."""
    return files("groundup.page").joinpath("js", f"{name}.js").read_text(encoding="utf-8")


def imported(name: str) -> list[str]:
    """Return the names of the modules that a module imports."""
    return _IMPORT.findall(module(name))


def joined(names: tuple[str, ...]) -> str:
    """Return modules as one script. A test sees to it that no name stands at the top of two of them."""
    parts = (f"// ---- {name}.js\n" + _EXPORT.sub("", _IMPORT.sub("", module(name))) for name in names)
    return '"use strict";\n' + "\n".join(parts)
