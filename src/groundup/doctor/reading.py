"""Read an author's file: execute it, but not its training, and take the names that the doctor knows.

Statements are executed one by one. Loops that train, and calls of functions that do, are passed over; so are statements
that fail because of that. A statement that takes too long is interrupted, and the names defined so far are kept.
"""

import ast
import contextlib
import copy
import ctypes
import linecache
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from torch import nn

from groundup.doctor.patient import CONSTANTS, NAMES, Crashed, Patient, Unfit

MODULE = "patient_file"


class TooLong(BaseException):
    """Raised inside a statement that takes too long."""


def read_patient(path: Path, *, seconds: float = 20.0) -> Patient:
    """The patient in the file. Unfit where it has no model, Crashed where the code of the file fails."""
    source = path.read_text(encoding="utf-8")
    told: list[str] = []
    try:
        tree = ast.parse(source, str(path))
    except SyntaxError as error:
        raise Crashed("reading the file", error) from error
    names = _execute(path, tree, told, seconds)
    if "model" not in names:
        raise Unfit(_no_model(path, names, told))
    return gather(names, source=source, file=str(path), name=path.name, told=told)


def gather(names: dict[str, Any], **about: Any) -> Patient:
    """A patient of names: `model` is a function or a module, everything else is optional."""
    made = names["model"]
    if isinstance(made, nn.Module):
        kept = copy.deepcopy(made)

        def make() -> nn.Module:
            return copy.deepcopy(kept)
    elif callable(made):
        make = cast("Callable[[], nn.Module]", made)
    else:
        raise Unfit(f"`model` is {type(made).__name__}; write `def model(): return MyTransformer(...)`")
    given = {name: names[name] for name in (*NAMES[1:], *CONSTANTS) if names.get(name) is not None}
    for name in NAMES[1:]:
        if name in given and not callable(given[name]):
            if name == "optimizer":  # a script's variable: it is made by the loop, not by a function
                del given[name]
                continue
            raise Unfit(f"`{name}` is {type(given[name]).__name__}, not a function; write `def {name}(...)`")
    for name in CONSTANTS:
        if name in given and name not in ("TEXT", "CAUSAL") and not isinstance(given[name], int):
            raise Unfit(f"{name} must be a whole number, not {given[name]!r}")
    return Patient(make, given, **about)


def _execute(path: Path, tree: ast.Module, told: list[str], seconds: float) -> dict[str, Any]:
    """The names that the file defines."""
    module = ModuleType(MODULE)
    module.__file__ = str(path)
    sys.modules[MODULE] = module
    sys.path.insert(0, str(path.resolve().parent))
    sys.argv = [str(path)]
    linecache.checkcache(str(path))
    training = _trainers(tree)
    ends = time.monotonic() + seconds
    passed_over = False
    for statement in tree.body:
        if _trains(statement, training):
            told.append(f"line {statement.lineno} trains, and was passed over")
            passed_over = True
            continue
        code = compile(ast.Module([statement], []), str(path), "exec")
        try:
            with _interrupted_after(max(ends - time.monotonic(), 1.0)):
                exec(code, vars(module))
        except TooLong:
            told.append(
                f"line {statement.lineno} took too long and was interrupted; if it trains, put it under "
                '`if __name__ == "__main__":`'
            )
            passed_over = True
        except SystemExit as error:
            if "model" not in vars(module):
                raise Unfit(
                    f"{path.name}, line {statement.lineno} ends the program when the file is read; put what needs "
                    'arguments under `if __name__ == "__main__":`'
                ) from error
            break
        except Exception as error:
            if passed_over and "model" in vars(module):
                told.append(f"line {statement.lineno} was passed over ({type(error).__name__}: {error})")
                continue
            raise Crashed("reading the file", error) from error
    return vars(module)


@contextlib.contextmanager
def _interrupted_after(seconds: float) -> Iterator[None]:
    """Raise TooLong in this thread, between two of Python's steps, when the time is over."""
    this = threading.get_ident()
    interrupt = lambda: ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(this), ctypes.py_object(TooLong))  # noqa: E731
    timer = threading.Timer(seconds, interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _calls(tree: ast.AST) -> set[str]:
    """The names that are called: `backward` of loss.backward(), `train` of train()."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                found.add(node.func.attr)
            elif isinstance(node.func, ast.Name):
                found.add(node.func.id)
    return found


def _trainers(tree: ast.Module) -> set[str]:
    """The functions and methods of the file that train, or call one that does."""
    calls = {
        node.name: _calls(node) for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    found = {name for name, called in calls.items() if "backward" in called}
    while more := {name for name, called in calls.items() if name not in found and called & found}:
        found |= more
    return found - {*NAMES, "__init__", "forward"}


def _trains(statement: ast.stmt, trainers: set[str]) -> bool:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom):
        return False
    return bool(_calls(statement) & ({"backward"} | trainers))


def _no_model(path: Path, names: dict[str, Any], told: list[str]) -> str:
    kinds = [
        name
        for name, one in names.items()
        if isinstance(one, type) and issubclass(one, nn.Module) and one.__module__ == MODULE
    ]
    kind = kinds[-1] if kinds else "MyTransformer"
    first = f" ({told[0]})" if told else ""
    return f"{path.name} defines no model{first}; add `def model(): return {kind}(...)`, a fresh one of a small size"


def explain(crash: Crashed, file: str) -> tuple[str, int | None]:
    """What happened in one line, and the author's line that it happened in."""
    error = crash.cause
    said = " ".join(str(error).split())[:300]
    if isinstance(error, SyntaxError):
        return f"SyntaxError: {error.msg}", error.lineno
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == file]
    return f"{type(error).__name__}: {said}".rstrip(": "), frames[-1].lineno if frames else None
