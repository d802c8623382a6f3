"""The checks of the exercises: right solutions of another style pass, wrong ones are told what is wrong."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).parent
EXERCISES = HERE.parents[1] / "exercises"
STUBS = sorted(EXERCISES.glob("e[0-9]_*.py"))


def module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"exercises_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


check = module(EXERCISES / "check.py")
WRONG = module(HERE / "wrong.py").WRONG
CASES = [(number, at) for number, changes in WRONG.items() for at in range(len(changes))]


def right(number: int) -> Path:
    (path,) = (HERE / "right").glob(f"e{number}_*.py")
    return path


@pytest.mark.parametrize("stub", STUBS, ids=[stub.stem for stub in STUBS])
def test_a_stub_is_said_to_be_unwritten(stub: Path):
    assert "not written yet" in check.verdict(int(stub.name[1]), stub)


@pytest.mark.parametrize("number", range(1, 10))
def test_right_solutions_pass(number: int):
    assert check.verdict(number, right(number)) is None


@pytest.mark.parametrize(("number", "at"), CASES)
def test_wrong_solutions_are_told_in_words(number: int, at: int, tmp_path: Path):
    good, bad = WRONG[number][at]
    text = right(number).read_text(encoding="utf-8")
    assert text.count(good) >= 1, f"{good!r} is not in the right solution"
    path = tmp_path / right(number).name
    path.write_text(text.replace(good, bad, 1), encoding="utf-8")
    said = check.verdict(number, path)
    assert said is not None, f"passes: {bad!r}"
    assert len(said.split()) >= 4
    assert "not written yet" not in said


def test_there_are_ten_wrong_solutions_of_each_and_a_check_for_every_stub():
    assert len(check.CHECKS) == len(STUBS) == len(WRONG) == 9
    assert min(len(changes) for changes in WRONG.values()) >= 10


@pytest.mark.parametrize(("words", "code", "said"), [(["5"], 1, "e5_norm.py: not written yet"), (["12"], 2, "1 to 9")])
def test_the_program_says_it(words: list[str], code: int, said: str):
    done = subprocess.run([sys.executable, EXERCISES / "check.py", *words], capture_output=True, text=True)
    assert done.returncode == code
    assert said in done.stdout + done.stderr
