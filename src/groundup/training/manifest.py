"""MANIFEST.json: size and SHA-256 of every file in a folder, so that a damaged file is refused instead of used.

safetensors alone notices a truncated file but not a flipped bit.
"""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from groundup.files import digest, sync
from groundup.records import parse_json

MANIFEST = "MANIFEST.json"
FORMAT = 1


def seal(folder: Path, step: int, *, best: bool = False, known: Mapping[str, dict[str, Any]] | None = None) -> None:
    """Write the folder's manifest, after everything else in it, and put all of it on the disk.

    `best` goes on record here too, so that renaming the folder says at once that it is there and that it is the best.
    `known` are files that those who wrote them have measured; OSError where one of them is not here as long as it was.
    """
    known = known or {}
    for name, measured in known.items():
        here = (folder / name).stat().st_size
        if here != measured["bytes"]:
            raise OSError(f"{folder / name} has {here:,} bytes here, and {measured['bytes']:,} where it was written")
    files = {path.name: known.get(path.name) or measure(path) for path in folder.iterdir()}
    (folder / MANIFEST).write_text(_text(step, files, best), encoding="utf-8")
    for path in (*folder.iterdir(), folder):
        sync(path)


def verify(folder: Path, step: int, required: set[str]) -> set[str]:
    """The files vouched for; ValueError naming the file and what differs, unless every one is what was written.

    A file that the manifest does not list is nobody's: leave it unread.
    """
    manifest = folder / MANIFEST
    try:
        text = manifest.read_bytes().decode("utf-8")
        loaded = parse_json(text)
        written, files, best = loaded["format"], loaded["files"], loaded.get("best", False)
        strange = [name for name in files if not is_plain_name(name)]
    except FileNotFoundError:
        raise ValueError(f"{manifest}: missing, so this checkpoint is not whole") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ValueError(f"{manifest}: damaged, it is not what was written") from None
    if isinstance(written, int) and written > FORMAT:
        raise ValueError(f"{manifest}: format {written} is newer than this version's {FORMAT}; update groundup")
    if not isinstance(files, dict):
        raise ValueError(f"{manifest}: damaged, it is not what was written")
    if strange:
        raise ValueError(f"{manifest}: lists {strange[0]!r}, which is no file of this folder; do not trust this run")
    paths = {name: folder / name for name in sorted(required | set(files))}
    with ThreadPoolExecutor() as pool:  # slices are many and large, and hashing lets go of Python's lock
        found = pool.map(lambda path: measure(path) if path.is_file() else None, paths.values())
    for (name, path), here in zip(paths.items(), found, strict=True):
        listed = files.get(name)
        if here is None:
            raise ValueError(f"{path}: missing, {MANIFEST} lists it")
        if listed is None:
            raise ValueError(f"{manifest}: damaged, it does not list {name}")
        for what in here:
            if not isinstance(listed, dict) or listed.get(what) != here[what]:
                said = listed.get(what) if isinstance(listed, dict) else listed
                raise ValueError(f"{path}: damaged, its {what} is {here[what]} and {MANIFEST} says {said}")
    # The files are right, so a whole manifest is the very text that we would write now.
    if text != _text(step, files, best):
        raise ValueError(f"{manifest}: damaged, it is not what was written")
    return set(files)


def is_plain_name(name: object) -> bool:
    """Whether it names a file in the same folder, on any system: no path, no drive, no parent."""
    return isinstance(name, str) and name not in ("", ".", "..") and not set(name) & set("/\\:\0")


def says_best(folder: Path) -> bool:
    """Whether the folder's manifest, damaged or not, says that this checkpoint was saved as the best."""
    try:
        return parse_json((folder / MANIFEST).read_bytes())["best"] is True
    except (ValueError, TypeError, KeyError, OSError):
        return False


def measure(path: Path) -> dict[str, Any]:
    """What the manifest says of a file."""
    return {"bytes": path.stat().st_size, "sha256": digest(path)}


def _text(step: int, files: dict[str, Any], best: bool) -> str:
    content = {"format": FORMAT, "step": step, "files": files, **({"best": True} if best is True else {})}
    return json.dumps(content, indent=1, sort_keys=True) + "\n"
