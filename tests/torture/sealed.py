"""Checkpoints that are sealed and wrong: somebody changed a file and made the manifest fit. Refused, never a crash."""

import json
import os
import random
import shutil
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from tiny import VARIANTS, Row, as_command, fork, tiny_fit, wait, warm_up

from groundup.training.manifest import MANIFEST, seal
from groundup.training.places import point

VALUES = [None, True, -1, 0, 1.5, "x", [], {}, [1], 10**23, float("nan"), "../x", "/etc/passwd"]


def sealed(count: int, folder: Path, *, seed: int = 0) -> Row:
    """`count` changes, each to a copy of a whole run, which a child then tries to go on with."""
    warm_up(folder)
    chance, outcomes, failures = random.Random(seed), Counter[str](), []
    complaint, said = folder / "complaint.txt", folder / "said.txt"
    for trial in range(count):
        name = list(VARIANTS)[trial % len(VARIANTS)]
        run = folder / "run"
        shutil.rmtree(run, ignore_errors=True)
        shutil.copytree(folder / f"warm-{name}", run)
        step = sorted((run / "checkpoints").glob("step-*"))[-1]
        how, must_refuse = change(step, chance)
        complaint.unlink(missing_ok=True)
        code = wait(fork(partial(as_command, partial(tiny_fit, run, VARIANTS[name]), said), complaint))
        outcome = judge(code, said.read_text(), complaint, must_refuse)
        outcomes[outcome] += 1
        if outcome not in ("refused by name", "went on"):
            failures.append(f"{outcome}: {name}, {how}")
    note = ", ".join(f"{n:,} {outcome}" for outcome, n in outcomes.items())
    return Row(
        "i", "sealed but wrong: crash, traceback, or loaded", count, len(failures), note, details={"failures": failures}
    )


def judge(code: int, said: str, complaint: Path, must_refuse: bool) -> str:
    """What came of it, in words."""
    if code < 0:
        return f"ended by signal {-code}"
    if complaint.is_file() or code not in (0, 2):
        return f"exit code {code}, {complaint.read_text()[-300:] if complaint.is_file() else said[-300:]!r}"
    if code == 2:
        named = "checkpoints" in said and len(said.splitlines()) == 1
        return "refused by name" if named else f"refused without name: {said!r}"
    return "silent" if must_refuse else "went on"


def change(step: Path, chance: random.Random) -> tuple[str, bool]:
    """Change one thing in the checkpoint's folder and seal it again; what was done, and whether it must be refused."""
    ways: list[Callable[[Path, random.Random], tuple[str, bool]]] = [
        tensors,
        tensors,
        header,
        state,
        settings,
        manifest,
    ]
    best = json.loads((step / MANIFEST).read_text()).get("best", False)
    how, must_refuse = chance.choice(ways)(step, chance)
    if not how.startswith("manifest"):
        (step / MANIFEST).unlink()
        seal(step, int(step.name[5:]), best=best)
    for pointer in ("latest", "best"):
        if pointer == "latest" or best:
            point(step.parent, pointer, int(step.name[5:]))
    for older in step.parent.glob("step-*"):  # or resuming would take it, with a warning
        if older != step:
            shutil.rmtree(older)
    return how, must_refuse


def opened(file: Path) -> tuple[dict[str, torch.Tensor], dict[str, str] | None]:
    with safe_open(file, framework="pt") as content:
        return {name: content.get_tensor(name) for name in content.keys()}, content.metadata()  # noqa: SIM118


def tensors(step: Path, chance: random.Random) -> tuple[str, bool]:
    """Another shape or number format, another name, one too few or too many."""
    file = chance.choice(sorted(step.glob("*.safetensors")))
    content, metadata = opened(file)
    name = chance.choice(sorted(content))
    way = chance.choice(["shape", "longer", "dtype", "name", "missing", "more"])
    if way == "shape":
        content[name] = torch.zeros(chance.choice([(), (1,), (0,), (3, 5), (2, 2, 2), (10**6,)]))
        content[name] = content[name] if content[name].shape != opened(file)[0][name].shape else torch.zeros(7, 7)
    elif way == "longer":
        content[name] = torch.cat([content[name].flatten(), torch.zeros(1)])
    elif way == "dtype":
        kinds = [torch.int64, torch.bool, torch.complex64, torch.float64, torch.bfloat16, torch.uint8]
        content[name] = content[name].to(chance.choice(kinds))
    elif way == "name":
        content[chance.choice(["x", "99.exp_avg", "-1.step", "", "0", "0.step.step"])] = content.pop(name)
    elif way == "missing":
        del content[name]
    else:
        content["more"] = torch.zeros(2)
    save_file({key: tensor.contiguous() for key, tensor in content.items()}, file, metadata=metadata)
    return f"{way} of {name} in {file.name}", True


def header(step: Path, chance: random.Random) -> tuple[str, bool]:
    """A few bytes of the header of a file of weights, its length included."""
    file = chance.choice(sorted(step.glob("*.safetensors")))
    content = bytearray(file.read_bytes())
    end = 8 + int.from_bytes(content[:8], "little")
    for _ in range(chance.randrange(1, 4)):
        content[chance.randrange(8 if chance.random() < 0.3 else end)] = chance.randrange(256)
    file.write_bytes(content)
    return f"header of {file.name}", False


def state(step: Path, chance: random.Random) -> tuple[str, bool]:
    """One value of state.json, or the whole of it."""
    file = step / "state.json"
    file.write_text(changed(json.loads(file.read_text()), chance))
    return "state.json", False


def settings(step: Path, chance: random.Random) -> tuple[str, bool]:
    """What the optimizer's file says besides tensors."""
    file = step / "optimizer.safetensors"
    content, metadata = opened(file)
    assert metadata is not None
    rest = changed(json.loads(metadata["rest"]), chance)
    save_file(content, file, metadata={"rest": rest})
    return f"rest of {file.name}", False


def manifest(step: Path, chance: random.Random) -> tuple[str, bool]:
    file = step / MANIFEST
    before = json.loads(file.read_text())
    file.write_text(changed(before, chance))
    return "manifest", file.read_text() != json.dumps(before, indent=1, sort_keys=True) + "\n"


def changed(value: Any, chance: random.Random) -> str:
    """The JSON with one value changed somewhere, a key added or lost, or something else altogether."""
    if chance.random() < 0.1:
        return chance.choice(["", "[" * 100_000, "null", "[]", "5", "{}", "\x00"])
    place, parents = value, []
    while isinstance(place, dict | list) and place and (not parents or chance.random() < 0.8):
        key = chance.choice(sorted(place)) if isinstance(place, dict) else chance.randrange(len(place))
        parents.append((place, key))
        place = place[key]
    if parents:
        inner, key = parents[-1]
        if isinstance(inner, dict) and chance.random() < 0.2:
            del inner[key]
        else:
            inner[key] = chance.choice(VALUES)
    return json.dumps(value)


if __name__ == "__main__":
    import tempfile

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as where:
        os.chdir(where)
        print(sealed(200, Path(where)))
