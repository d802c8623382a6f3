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
    """Write the folder's manifest, after all its other files, and sync everything to disk.

    best: recorded here too, so that one rename of the folder publishes the checkpoint and that it is the best one.
    known: size and hash of files that other ranks wrote and measured. Raises OSError if one has another size here.
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
    """Check every file against the manifest and return the names of the verified files.

    Raises ValueError with the file and the difference if one is not what was written. A file that the manifest does
    not list is not verified: do not read it.
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
    with ThreadPoolExecutor() as pool:  # slices are many and large, and hashing releases Python's lock
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
    # The files are correct, so an undamaged manifest is exactly the text that we would write now.
    if text != _text(step, files, best):
        raise ValueError(f"{manifest}: damaged, it is not what was written")
    return set(files)


def is_plain_name(name: object) -> bool:
    """Whether this is the name of a file in the same folder on any system: no path, no drive, no parent."""
    return isinstance(name, str) and name not in ("", ".", "..") and not set(name) & set("/\\:\0")


def says_best(folder: Path) -> bool:
    """Whether the folder's manifest, damaged or not, says that this checkpoint was saved as the best."""
    try:
        return parse_json((folder / MANIFEST).read_bytes())["best"] is True
    except (ValueError, TypeError, KeyError, OSError):
        return False


def measure(path: Path) -> dict[str, Any]:
    """Return the manifest's entry for a file: its size in bytes and its SHA-256."""
    return {"bytes": path.stat().st_size, "sha256": digest(path)}


def _text(step: int, files: dict[str, Any], best: bool) -> str:
    content = {"format": FORMAT, "step": step, "files": files, **({"best": True} if best is True else {})}
    return json.dumps(content, indent=1, sort_keys=True) + "\n"
