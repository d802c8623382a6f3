"""A corpus that is already on every machine: the sources of the running interpreter's standard library."""

import sysconfig
import tokenize
from collections.abc import Iterator
from pathlib import Path

_LEFT_OUT = {"test", "tests", "idlelib", "idle_test", "site-packages", "dist-packages", "lib2to3", "turtledemo"}


def stdlib_texts() -> Iterator[str]:
    """The modules of the standard library as source code, sorted by path: about 11 million characters.

    The same interpreter always gives the same corpus; tests, IDLE, installed packages and the record of how this
    interpreter was built are left out. FileNotFoundError where Python was installed without its sources.
    """
    root = Path(sysconfig.get_paths()["stdlib"])
    count = 0
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).parts
        if _LEFT_OUT.isdisjoint(parts) and not path.name.startswith("_sysconfigdata"):
            with tokenize.open(path) as stream:  # honours a coding comment
                text = stream.read()
            if text.strip():
                count += 1
                yield text
    if count == 0:
        raise FileNotFoundError(f"{root}: this Python came without the sources of its standard library")
