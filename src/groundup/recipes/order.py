"""Whether a training that goes on meets the batches it was begun with.

Batch n is arithmetic, so a checkpoint only says how many there were. Where the arithmetic has changed meanwhile, or the
data, number n is another batch: that is worth a line, not the training.
"""

import hashlib
import json
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from groundup.files import write_whole
from groundup.records import read_json
from groundup.run.folder import RunFolder
from groundup.training import launch
from groundup.training.checkpoint import saved_steps
from groundup.training.micro import Data

FIRST = 16  # batches that are looked at


class Epochs(Data, Protocol):
    """Batches of which so many make an epoch."""

    def __len__(self) -> int: ...


def keep_order(folder: RunFolder, epoch: Epochs, *, resume: bool, say: Callable[[str], None]) -> None:
    """Write the order of the batches down in batches.json; on resuming, say where it is no longer the one there.

    A run from before there was such a file goes on without a word.
    """
    now, was, steps = order(epoch), _written(folder.batches_file) if resume else None, saved_steps(folder.checkpoints)
    if was == now:
        return
    if was is not None and steps:
        counts = f"{was['epoch']} an epoch" + (
            f", now {now['epoch']}" if was["epoch"] != now["epoch"] else " as before"
        )
        say(
            f"warning      {folder.path} was trained on another order of batches ({counts}); it goes on from step "
            f"{steps[-1]:,} with the new one, so not bit for bit as it would have; or train it anew (--overwrite)\n"
        )
    if launch.rank() == 0:
        write_whole(folder.batches_file, json.dumps(now) + "\n")


def order(epoch: Epochs) -> dict[str, Any]:
    """How many batches an epoch has, and a hash of what the first few of them teach."""
    found = hashlib.sha256()
    for batch in islice(epoch.batches(0), FIRST):
        found.update(str(tuple(batch.targets.shape)).encode())
        found.update(batch.targets.numpy().tobytes())
    return {"epoch": len(epoch), "first": found.hexdigest()[:16]}


def _written(file: Path) -> dict[str, Any] | None:
    """What was written down; None where there is nothing, or nothing to be made of it."""
    try:
        was = read_json(file)
    except (OSError, ValueError):
        return None
    return was if isinstance(was, dict) and "epoch" in was else None
