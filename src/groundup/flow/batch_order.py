"""Check that a training that goes on meets the batches it was begun with.

Batch n is arithmetic, so a checkpoint only says how many there were. If the arithmetic or the data has changed since,
batch n is another one. That is worth a line, not the end of the training.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from groundup.files import write_whole
from groundup.flow.parts import Batches
from groundup.records import read_json
from groundup.run.folder import RunFolder
from groundup.training import launch
from groundup.training.checkpoint import saved_steps


def keep_order(folder: RunFolder, batches: Batches, *, resume: bool, say: Callable[[str], None]) -> None:
    """Write the order of the batches into batches.json; on resuming, say so if it is no longer the one in there.

    A run older than batches.json goes on without a word.
    """
    now, was, steps = (
        batches.fingerprint(),
        _written(folder.batches_file) if resume else None,
        saved_steps(folder.checkpoints),
    )
    if was == now:
        return
    if was is not None and steps:
        counts = f"{was['epoch']} an epoch" + (
            f", now {now['epoch']}" if was["epoch"] != now["epoch"] else " as before"
        )
        say(
            f"warning      {folder.path} was trained on another order of batches ({counts}); it goes on from step "
            f"{steps[-1]:,} with the new one, so not bit for bit as it would have; or train it again (--overwrite)\n"
        )
    if launch.rank() == 0:
        write_whole(folder.batches_file, json.dumps(now) + "\n")


def _written(file: Path) -> dict[str, Any] | None:
    """What batches.json says; None if there is none, or it cannot be read."""
    try:
        was = read_json(file)
    except (OSError, ValueError):
        return None
    return was if isinstance(was, dict) and "epoch" in was else None
