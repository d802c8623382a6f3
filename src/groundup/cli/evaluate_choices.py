"""`groundup evaluate RUN --choices hellaswag`: questions, answered by what the model finds likeliest."""

import sys
import time
from pathlib import Path
from typing import Any, Protocol

NAMED = 10  # bad lines that are named one by one
SIGNATURE = (
    "score: sum of ln p of an ending's tokens; acc_norm: by character, acc_norm_token: by token; contexts as they are "
    "in the file, without activity labels; ±: Wilson's 95% interval; {precision}"
)
HARNESS = (
    "questions put, acc and acc_norm computed as in lm-evaluation-harness's task hellaswag 1.0; acc_norm_token: by "
    "token; ±: Wilson's 95% interval; {precision}"
)


class Asked(Protocol):
    """The options of `groundup evaluate` that are read here."""

    @property
    def run(self) -> str: ...
    @property
    def choices(self) -> str | None: ...
    @property
    def limit(self) -> int | None: ...
    @property
    def harness(self) -> bool: ...


def judge_choices(run: Any, options: Asked) -> list:
    """acc, acc_norm and acc_norm_token in percent, with 95% intervals. ValueError for a run of another kind."""
    from groundup.run.questions import answer
    from groundup.run.results import Result
    from groundup.run.text import TextRun

    assert options.choices is not None
    if not isinstance(run, TextRun):
        raise ValueError(f"{options.run} is a {run.recipe.task} run; --choices asks language models")
    began = time.perf_counter()
    how: dict[str, Any] = dict(limit=options.limit, harness=options.harness)
    with _Progress() as progress:
        found = answer(run, find(options.choices), begin=progress.begin, progress=progress.advance, **how)
    _warn(found.faults, found.cut)
    part = "" if options.limit is None else f"; {options.limit:,} spread over the file"
    part += f"; {found.left_out:,} of them left out, which the run cannot read" if found.left_out else ""
    return [
        Result(
            metric=one.name,
            value=100 * one.value,
            margin=100 * one.margin,
            split=options.choices,
            size=one.questions,
            unit="questions",
            seed=run.recipe.train.seed,
            seconds=round(time.perf_counter() - began, 1),
            signature=(HARNESS if options.harness else SIGNATURE).format(precision=found.precision) + part,
        )
        for one in found.accuracies
    ]


def find(name: str) -> Path:
    """The file of HellaSwag's validation questions, or the user's own. ValueError says where one is looked for."""
    from groundup.run.questions import FILE, hellaswag

    if name != "hellaswag":
        if not Path(name).is_file():
            raise ValueError(
                f"no questions {name!r}; --choices takes hellaswag, or a .jsonl of {{ctx, endings, label}}"
            )
        return Path(name)
    if (path := hellaswag()) is None:
        raise ValueError(
            f"HellaSwag is looked for in GROUNDUP_DATA/{FILE.as_posix()}, and is not there; get it, or give a .jsonl"
        )
    return path


def _warn(faults: list[str], cut: int) -> None:
    for line in faults[:NAMED]:
        print(f"groundup: {line}", file=sys.stderr)
    if len(faults) > NAMED:
        print(f"groundup: and {len(faults) - NAMED:,} more such lines", file=sys.stderr)
    if cut:
        print(f"groundup: {cut:,} contexts are longer than the model's and lost their beginning", file=sys.stderr)


class _Progress:
    """A bar on a terminal; nothing elsewhere."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("questions"), BarColumn(None), MofNCompleteColumn(), TimeRemainingColumn())
        self.bar = Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())

    def begin(self, questions: int) -> None:
        self.task = self.bar.add_task("questions", total=questions)

    def advance(self, questions: int) -> None:
        self.bar.advance(self.task, questions)

    def __enter__(self) -> "_Progress":
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()
