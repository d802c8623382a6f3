"""groundup resume RUN: go on with an interrupted training, from its latest whole checkpoint."""

import dataclasses
from pathlib import Path

from groundup.cli.parse import Run, parse
from groundup.flow.start import go_on
from groundup.run.claim import alone, bring_back
from groundup.run.folder import RUNS, RunFolder, find_run
from groundup.training import launch
from groundup.training.settings import ParallelName


@dataclasses.dataclass(frozen=True)
class Resume:
    """Go on with a training where it stopped; its recipe is the one it was begun with."""

    run: Run
    """A run folder, or its name under runs/."""
    max_minutes: float | None = None
    """Train for this many minutes in all, including those already used; None keeps the recipe's."""
    steps: int | None = None
    """Take this many steps in all, including those already taken. It takes as long as it takes, unless --max-minutes is
    given too; None keeps the recipe's."""
    parallel: ParallelName | None = None
    """Go on in another way: none, or under torchrun ddp or fsdp; None keeps the recipe's."""
    trust_code: bool = False
    """Execute the Python file of its own that the run was trained with, a copy of which lies in its folder."""
    convert: bool = False
    """Only turn what fsdp has saved in slices into ordinary checkpoints, and stop."""


def main(arguments: list[str]) -> None:
    options = parse(Resume, arguments, prog="groundup resume")
    if launch.rank() == 0:
        bring_back(RunFolder(RUNS / Path(options.run).name))
    folder = find_run(options.run)
    if options.convert:
        with alone(folder):
            _convert(folder.checkpoints)
        return
    folder.recipe()  # a folder that is no run is that first
    if folder.path.resolve() != (RUNS / folder.name).resolve():
        raise ValueError(f"{folder.path} is not under {RUNS}/; run groundup from the folder that holds {RUNS}/")
    how = dict(parallel=options.parallel, trust_code=options.trust_code)
    go_on(folder, steps=options.steps, max_minutes=options.max_minutes, **how)  # type: ignore[arg-type]


def _convert(checkpoints: Path) -> None:
    """ValueError naming what is damaged, after all that is whole was turned."""
    from groundup.training.places import newest_whole
    from groundup.training.sharded import make_whole

    steps, damaged = make_whole(checkpoints)
    print(f"steps turned into ordinary checkpoints: {', '.join(map(str, steps)) or 'none'}")
    if damaged:
        whole = newest_whole(checkpoints, set())
        cure = "no checkpoint here is whole" if whole is None else f"use a whole one: --checkpoint {whole[0]}"
        raise ValueError(f"{'; '.join(damaged)}; left in slices; {cure}")
