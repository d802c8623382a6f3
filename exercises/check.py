"""Check one exercise, or all: `make exercise N=3`, or python exercises/check.py [3]. It says in words what is wrong."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from checks import CHECKS  # noqa: E402


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def verdict(number: int, path: Path) -> str | None:
    """What is missing or wrong in one sentence; None if nothing is."""
    try:
        CHECKS[number - 1](load(path))
    except NotImplementedError:
        return "not written yet; its docstring says what it must do"
    except AssertionError as wrong:
        return str(wrong) or "an assert of your own failed"
    except Exception as error:
        at = [entry for entry in traceback_of(error) if entry[0] == str(path)]
        where = f"line {at[-1][1]}: " if at else ""
        return f"{where}{type(error).__name__}: {error}"
    return None


def traceback_of(error: BaseException) -> list[tuple[str, int]]:
    entries, trace = [], error.__traceback__
    while trace is not None:
        entries.append((trace.tb_frame.f_code.co_filename, trace.tb_lineno))
        trace = trace.tb_next
    return entries


def main(arguments: list[str]) -> int:
    known = {int(path.name[1]): path for path in sorted(HERE.glob("e[0-9]_*.py"))}
    try:
        wanted = [int(one) for one in arguments] or [*known]
        paths = [known[number] for number in wanted]
    except (ValueError, KeyError):
        print(f"there are the exercises 1 to {len(known)}; try: make exercise N=1", file=sys.stderr)
        return 2
    wrong = 0
    for number, path in zip(wanted, paths, strict=True):
        said = verdict(number, path)
        print(f"{path.name}: {said or 'right'}")
        wrong += said is not None
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
