"""Check that a run still holds out what it held out when it began: a corpus may change, and its parts with it.

What was trained on must never be judged as held out. So a run keeps a hash of each part in held-out.json.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from groundup.data.pairs import Pair
from groundup.files import write_whole
from groundup.records import read_json
from groundup.run.folder import RunFolder
from groundup.training import launch

Part = Sequence[Pair] | NDArray[np.integer]


def keep_held_out(folder: RunFolder, parts: Mapping[str, Part], *, resume: bool) -> None:
    """Write hashes of what is held out, if anything is. ValueError, on resuming, where it is no longer the same."""
    if not parts:
        return
    if resume:
        check_held_out(folder, parts)
    if launch.rank() == 0 and not folder.held_out_file.is_file():
        hashes = {name: part_digest(part) for name, part in parts.items()}
        write_whole(folder.held_out_file, json.dumps(hashes) + "\n")


def check_held_out(folder: RunFolder, parts: Mapping[str, Part]) -> None:
    """ValueError where one of the parts is not what the run held out; a run older than held-out.json is accepted."""
    if not folder.held_out_file.is_file():
        return
    was = read_json(folder.held_out_file)
    if not isinstance(was, dict):
        raise ValueError(f"{folder.held_out_file}: damaged, it is not what a training writes")
    for name, part in parts.items():
        if was.get(name) != part_digest(part):
            raise ValueError(
                f"{folder.path} held out another {name} part: its corpus has changed, and some of what would be judged "
                "now may have been learnt; bring the corpus back, judge it by another text (groundup evaluate "
                f"{folder.quoted} --data FILE), or train again under another --name"
            )


def part_digest(part: Part) -> str:
    """SHA-256 of the sentences, or of the ids as they lie in memory."""
    if isinstance(part, np.ndarray):
        return hashlib.sha256(np.ascontiguousarray(part).data).hexdigest()
    return hashlib.sha256(json.dumps(part).encode()).hexdigest()
