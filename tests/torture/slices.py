"""Checkpoints in slices, saved by two ranks: damaged, failed and killed as the ordinary ones are, and as safe."""

import json
import os
import random
import shutil
import signal
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import count as count_up
from pathlib import Path
from typing import Any

import torch
from faults import CRASHED, Faults
from flips import damage, spoil
from ranks_of import begin, complaints, ended
from saves import SCENES, WAYS, Save, copied, judge
from tiny import VARIANTS, Board, Row, as_command, differences, newest, same, tiny_fit, tiny_model
from torch import Tensor
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import Shard, distribute_tensor

from groundup.training.checkpoint import Checkpoint, load_checkpoint, saved_steps
from groundup.training.distributed import assembled
from groundup.training.optim import adamw
from groundup.training.sharded import find_whole, make_whole, save_sharded
from groundup.training.store import Store
from groundup.training.team import Solo

TIMEOUT = 60.0
warnings.filterwarnings("ignore", message="torch.distributed is disabled")  # one process saves alone: so it should
SETTINGS = {name: replace(VARIANTS[name], parallel="fsdp", timeout=TIMEOUT) for name in ("adamw", "average")}
SLICED_SCENES = ("the first of all", "a better one, the old go", "the best step again")


# Flips and cuts


def sliced_flips(count: int, folder: Path, *, seed: int = 0, sizes: tuple[int, ...] = (1, 2, 4)) -> list[Row]:
    """`count` damages to what is then turned into ordinary checkpoints, a tenth as many to what 1, 2, 4 ranks load."""
    chance, saved = random.Random(seed), folder / "slices"
    wrong = complaints(ended(begin(2, partial(write_slices, saved), folder)), folder, (0,))
    assert not wrong, wrong
    rows = [replace(damage("slices, converted", saved, partial(converted, folder / "copy"), count, chance), part="g")]
    best, latest = converted(folder / "copy", saved)
    for size in sizes:
        told = folder / f"told-{size}.json"
        truth, least = {entry["step"]: entry for entry in (best, latest)}, max(2, count // 10)
        work = partial(damaged_on_ranks, saved, truth, least, seed + size, told)
        failures = complaints(ended(begin(size, work, folder), seconds=600), folder, (0,))
        outcomes: dict[str, int] = {}
        if not failures:
            outcomes, failures = json.loads(told.read_text())
        note = ", ".join(f"{n:,} {outcome}" for outcome, n in outcomes.items())
        what = f"flips and cuts, slices on {size} rank{'s' * (size > 1)}: silent"
        details = {"outcomes": outcomes, "failures": failures}
        rows.append(Row("g", what, least, len(failures), note, details=details))
    return rows


@contextmanager
def opened(folder: Path) -> Iterator[tuple[Store, Any, Any, Any]]:
    """On a rank: a store for the tiny model in slices, with its parameters and optimizer."""
    with assembled(SETTINGS["adamw"]) as team:
        team.wrap(trained := team.local_model(tiny_model()))
        optimizer = adamw(trained, lr=1e-2)
        yield Store(folder, trained, optimizer, team, keep=2), list(trained.parameters()), optimizer, team


def write_slices(folder: Path) -> None:
    """On a rank: two checkpoints, `best` and `latest`."""
    with opened(folder) as (store, parameters, optimizer, _):
        for step in (1, 2):
            for parameter in parameters:
                parameter.grad = torch.full_like(parameter, step)
            optimizer.step()
            store.save(step, state={"step": step}, best=step == 1)


def converted(copy: Path, folder: Path) -> list[dict[str, Any]]:
    """What one process makes of the slices; ValueError where one of them is damaged."""
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy)
    _, damaged = make_whole(copy)
    if damaged:
        raise ValueError("; ".join(damaged))
    return [vars(load_checkpoint(copy, which)) for which in ("best", "latest")]


def damaged_on_ranks(folder: Path, truth: dict[int, Any], count: int, seed: int, told: Path) -> None:
    """On a rank: damage one file at a time, load, and compare; an older checkpoint has to come with a warning."""
    chance, outcomes, failures = random.Random(seed), Counter[str](), []
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    with opened(folder) as (store, _, _, team):
        checkpoint, warning = store.load()
        assert warning is None
        assert same(whole(checkpoint, team), truth[2]), "what nobody has damaged"
        for _ in range(count):
            file, dice = chance.choice(files), random.Random(chance.random())
            content, how = team.from_main(partial(spoilt, file, dice))
            outcome = loaded(store, truth, file.name)
            outcomes[outcome] += 1
            if outcome not in ("identical", "refused by name", "older by name"):
                failures.append(f"{outcome}: {file.relative_to(folder)}, {how}")
            team.gather(None)  # all have read
            team.from_main(partial(file.write_bytes, content))
        if team.main:
            told.write_text(json.dumps([dict(outcomes), failures]))


def spoilt(file: Path, chance: random.Random) -> tuple[bytes, str]:
    content = file.read_bytes()
    changed, how = spoil(content, chance)
    file.write_bytes(changed)
    return content, how


def loaded(store: Store, truth: dict[int, Any], name: str) -> str:
    """What came of loading, in words."""
    try:
        checkpoint, warning = store.load()
        right = same(whole(checkpoint, store.team), truth[checkpoint.step]) and store.best_tally().step == 1
    except (ValueError, OSError) as error:
        return f"refused {'by' if name in str(error) and chr(10) not in str(error) else 'without'} name"
    except Exception as error:
        return f"traceback: {error!r}"
    if not right or (checkpoint.step != 2 and warning is None):
        return "silent"
    if warning is not None:
        return "older by name" if name in warning else "older without name"
    return "identical"


def whole(checkpoint: Checkpoint, team: Any) -> dict[str, Any]:
    """The checkpoint with every tensor put together."""

    def together(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: together(value) for key, value in part.items()}
        return team.whole(part) if isinstance(part, Tensor) else part

    return {name: together(part) for name, part in vars(checkpoint).items()}


# Every call


def sliced_saves(folder: Path, *, every: int = 1, scenes: tuple[str, ...] = SLICED_SCENES) -> list[Row]:
    """Every call that touches the disk, of either rank, in every way; `every` n-th call only."""
    starts, calls = {}, {}
    for n, scene in enumerate(scenes):
        before, save = SCENES[scene]
        starts[scene] = folder / f"sliced-start-{n}"
        starts[scene].mkdir()
        for earlier in before:
            in_slices(earlier, starts[scene])
        told = folder / "calls.json"
        work = partial(attempt, [Faults(), Faults()], save, copied(starts[scene], folder / "counted"), told)
        assert ended(begin(2, work, folder)) == [0, 0], complaints([1, 1], folder, (0,))
        calls[scene] = [json.loads(told.with_suffix(f".{rank}").read_text()) for rank in range(2)]
    rows = []
    for name, how, error in WAYS:
        tried, failures = 0, []
        for scene in scenes:
            before, save = SCENES[scene]
            for rank, at in [(r, n) for r in range(2) for n in range(0, calls[scene][r], every)]:
                run, faults = copied(starts[scene], folder / "run"), [Faults(), Faults()]
                faults[rank] = Faults(at=at, how=how, error=error)
                codes = ended(begin(2, partial(attempt, faults, save, run), folder))
                tried += 1
                wrong = complaints(codes, folder, (0, 2, CRASHED)) + remains(run, before, save, codes)
                failures += [f"{scene}, rank {rank}, call {at}, {name}: {problem}" for problem in wrong]
        least, most = (f(sum(numbers) for numbers in calls.values()) for f in (min, max))
        note = f"{len(scenes)} scenes of {least} to {most} calls of two ranks"
        what = f"save in slices, each call: {name}"
        rows.append(Row("g", what, tried, len(failures), note, details={"failures": failures}))
    return rows


def in_slices(save: Save, folder: Path, team: Solo | None = None) -> None:
    """The save, by the ranks of the team or this process alone."""

    def cut(whole: Tensor) -> Tensor:
        return whole if team is None else distribute_tensor(whole, mesh, [Shard(0)], src_data_rank=None)

    mesh = None if team is None else init_device_mesh("cpu", (team.size,))
    save_sharded(folder, save.step, team or Solo(), **save.what(cut))


def attempt(faults: list[Faults], save: Save, run: Path, told: Path | None = None) -> int:
    """On a rank: 0 where the save went through, 2 where it said what failed and where, or that a rank is gone."""
    try:
        with assembled(SETTINGS["adamw"]) as team:
            team.gather(None)  # so that the first exchange, which makes connections, is over
            mine = faults[team.rank]
            mine.install()
            in_slices(save, run, team)
            if told is not None:
                number = len(mine.calls)
                told.with_suffix(f".{team.rank}").write_text(str(number))
    except OSError as error:
        gone = isinstance(error, ConnectionError)
        if "\n" in str(error) or not (gone or str(run) in str(error)):
            raise ValueError(f"no line that names the folder: {error}") from error
        return 2
    return 0


def remains(run: Path, before: tuple[Save, ...], save: Save, codes: list[int]) -> list[str]:
    """What is wrong with what is there: read as it is, turned into ordinary checkpoints, and saved to again."""
    finished, copy = codes == [0, 0], run.with_name("copy")
    wrong = [] if finished or CRASHED in codes or codes == [2, 2] else [f"the ranks end differently: {codes}"]
    if before or finished:
        try:
            step, _, _ = find_whole(run)
            if step not in (before[-1].step if before else None, save.step):
                wrong.append(f"step {step} is found, neither the old nor the new")
        except (ValueError, OSError) as error:
            wrong.append(f"not found: {error}")
    shutil.rmtree(copy, ignore_errors=True)
    if not run.exists():
        return wrong + (["nothing is left"] if before or finished else [])
    shutil.copytree(run, copy)
    _, damaged = make_whole(copy)
    wrong += [f"damaged: {sentence}" for sentence in damaged] + judge(copy, before, save, finished=finished)
    after = Save(500, keep=1)
    try:
        in_slices(after, run)
        step, _, warning = find_whole(run)
        if step != 500 or warning is not None:
            wrong.append(f"the next save is not the latest: {step}, {warning}")
        if {path.name for path in run.iterdir()} - {"latest", "best"} != {f"step-{n:08d}" for n in saved_steps(run)}:
            wrong.append(f"leftovers: {sorted(path.name for path in run.iterdir())}")
    except (ValueError, OSError) as error:
        wrong.append(f"the next save: {error}")
    return wrong


# kill -9


def sliced_kills(count: int, folder: Path, *, seed: int = 0, variants: tuple[str, ...] = tuple(SETTINGS)) -> Row:
    """At least `count` kills of one rank or of both, two of three in a save; resumed to the end, then compared."""
    chance, board, during = random.Random(seed), Board(), Counter[str]()
    whole, seconds, survivors, failures, chains = {}, {}, 0, [], 0
    for name in variants:
        whole[name], began = folder / f"sliced-whole-{name}", time.perf_counter()
        codes = ended(begin(2, partial(train, whole[name], name, board), folder), seconds=600)
        assert codes == [0, 0], (codes, (folder / "said-0.txt").read_text())
        seconds[name] = time.perf_counter() - began
    while during.total() < count:
        name, run, chains = variants[chains % len(variants)], folder / f"sliced-run-{chains}", chains + 1
        wrong: list[str] = []
        for n in count_up():
            at = newest(run)
            board.write("resume")
            children, victims = begin(2, partial(train, run, name, board), folder), chance.choice(((0,), (1,), (0, 1)))
            moment = chance.uniform(0, seconds[name] / 2 * (1 + n / 20))
            wait_for(board, children, moment, chance, in_save=chance.random() < 2 / 3)
            for rank in victims:
                os.kill(children[rank], signal.SIGKILL)
            phase, _ = board.read()
            codes = ended(children, seconds=2 * TIMEOUT)
            if -signal.SIGKILL not in codes:
                wrong += complaints(codes, folder, (0,))
                break
            during[phase] += 1
            survivors += len(victims) == 1
            wrong += gone(codes, folder)
            if newest(run) < at:
                wrong.append(f"latest went back from step {at} to {newest(run)}")
        if not wrong and (found := differences(whole[name], run)):
            wrong.append(f"differs in {found}")
        failures += [f"{name}: {problem}" for problem in wrong]
        if not wrong:
            shutil.rmtree(run)
    note = f"{chains} chains, {survivors} times one of two ranks; "
    note += ", ".join(f"{n} in {p}" for p, n in during.most_common())
    details = {"chains": chains, "during": dict(during), "survivors": survivors, "failures": failures}
    return Row(
        "g", "kill -9 of ranks and resume: bits that differ", during.total(), len(failures), note, details=details
    )


def train(run: Path, name: str, board: Board) -> int:
    """On a rank: to the end, or as far as it gets."""
    board.follow()
    said = run.parent / f"said-{os.environ['RANK']}.txt"
    return as_command(lambda: tiny_fit(run, SETTINGS[name], board=board), said)


def wait_for(board: Board, children: list[int], moment: float, chance: random.Random, *, in_save: bool) -> None:
    """Wait so long, and then if wanted for the next save and a little into it, unless the training is over before."""
    time.sleep(moment)
    until = time.monotonic() + 10
    while in_save and board.read()[0] != "save" and time.monotonic() < until:
        if any(os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) for child in children):
            return
        time.sleep(0.0005)
    if in_save:
        time.sleep(chance.uniform(0, 0.03))


def gone(codes: list[int], folder: Path) -> list[str]:
    """What is wrong with how a rank ended whose neighbour was killed: by one line that says so, and soon."""
    wrong = []
    for rank, code in enumerate(codes):
        said = (folder / f"said-{rank}.txt").read_text() if (folder / f"said-{rank}.txt").exists() else ""
        if code == 2 and said.count("\n") == 1 and "another rank" in said:
            continue
        if code not in (0, -signal.SIGKILL):
            wrong += [f"rank {rank} ended with {code} after its neighbour was killed: {said!r}"]
    return wrong
