"""groundup doctor FILE.py|RUN|RECIPE: what is wrong with a Transformer, anybody's or ours."""

import ast
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from groundup.cli.parse import parse

if TYPE_CHECKING:
    from groundup.doctor.report import Report


@dataclass(frozen=True)
class Doctor:
    """Find what is wrong with a Transformer in plain PyTorch, in under a minute, without changing anything.

    FILE.py is code of your own that also defines `model()`, a fresh model, and as far as there are any: `logits(model,
    ids)` or for an encoder-decoder `logits(model, source, target)`, `batch(seed)`, `loss(model, batch)`,
    `optimizer(model)`, `generate(model, ids, n)`, `tokenizer()`, and VOCAB, SRC_VOCAB, CONTEXT, PAD, BOS, EOS, MASK,
    TEXT, CAUSAL, PREFIX. It is executed, so it is trusted like any program. docs/doctor.md tells more.

    Exit code 0: sound; 1: something is wrong; 2: it could not be examined.
    """

    what: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="FILE.py|RUN|RECIPE")]
    """A Python file, a run, or a recipe."""
    data: tuple[str, str] | None = None
    """Also compare two files of text: the one you train on, and the one you test on."""
    seconds: float = 60.0
    """The time limit of a file."""
    json: bool = False
    """Print the findings as JSON, for programs."""
    trust_code: bool = False
    """Execute the Python file of its own that a run was trained with."""


def main(arguments: list[str]) -> None:
    options = parse(Doctor, arguments, prog="groundup doctor")
    if not 5 <= options.seconds <= 3600:
        raise ValueError(f"seconds ({options.seconds:g}) must be between 5 and 3600; try --seconds 60")
    report = _examine(options)
    if options.data is not None:
        report = _with_overlap(report, *options.data)
    print(report.to_json() if options.json else report)
    if not report.sound:
        sys.exit(1)


def _examine(options: Doctor) -> "Report":
    from groundup.flow.find import find
    from groundup.recipes.table import RECIPES

    path = Path(options.what)
    if options.what in RECIPES or (path.suffix == ".py" and path.is_file() and _is_recipe(path)):
        from groundup.flow.checkup import examine_recipe

        return examine_recipe(*find(options.what))
    if path.is_file() and path.suffix != ".py":
        raise ValueError(f"{path} is not a Python file; the doctor examines FILE.py, a run or a recipe")
    if path.suffix == ".py":
        from groundup.doctor.visit import visit

        return visit(path, seconds=options.seconds)
    from groundup.flow.checkup import examine_run

    return examine_run(options.what, trust_code=options.trust_code)


def _is_recipe(path: Path) -> bool:
    """Whether a Python file is a recipe of groundup's, by the names that it assigns."""
    try:
        body = ast.parse(path.read_text(encoding="utf-8")).body
    except (SyntaxError, UnicodeDecodeError):
        return False
    targets = [target for node in body if isinstance(node, ast.Assign) for target in node.targets]
    return any(isinstance(target, ast.Name) and target.id in ("RECIPE", "COMPARISON") for target in targets)


def _with_overlap(report: "Report", train: str, test: str) -> "Report":
    from groundup.doctor.causes import sort_out
    from groundup.doctor.overlap import check_overlap

    found = check_overlap(Path(train), Path(test))
    return replace(report, findings=sort_out([*report.findings, *found]), checked=(*report.checked, "overlap"))
