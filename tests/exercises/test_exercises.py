"""The checks of the exercises: right solutions of another style pass, wrong ones are told what is wrong."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from groundup.run.own_code import read_code

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
    check.verdict(1, STUBS[0])  # reads checks.py
    assert len(sys.modules["checks"].CHECKS) == len(STUBS) == len(WRONG) == 9
    assert min(len(changes) for changes in WRONG.values()) >= 10


def test_of_a_block_the_doctor_names_the_line(tmp_path: Path):
    path = tmp_path / right(6).name
    path.write_text(right(6).read_text(encoding="utf-8").replace(", is_causal=True", ""), encoding="utf-8")
    said = check.line_of_the_mistake(path)
    assert re.match(r"line 22: heads = .*\n.*tokens see the future", said)
    assert check.line_of_the_mistake(right(6)) is None


@pytest.mark.parametrize("slip", ["scale=1.0", "chunk(1,", "normed = x", ".relu()", "q, v, k in zip"])
def test_the_words_about_a_block_are_not_only_that_the_numbers_differ(slip: str, tmp_path: Path):
    good, bad = next((good, bad) for good, bad in WRONG[6] if slip in bad)
    path = tmp_path / right(6).name
    path.write_text(right(6).read_text(encoding="utf-8").replace(good, bad, 1), encoding="utf-8")
    said = check.verdict(6, path)
    assert said is not None
    assert "close, but other numbers" not in said


def test_the_block_of_chapter_6_passes(tmp_path: Path):
    chapter = (EXERCISES.parent / "docs" / "handbook" / "06-the-block.md").read_text(encoding="utf-8")
    (cell,) = re.findall(r"python\n(import math\n.*?class MyBlock.*?)^```$", chapter, re.MULTILINE | re.DOTALL)
    path = tmp_path / "e6_block.py"
    path.write_text(cell.replace("MyBlock", "Block"), encoding="utf-8")
    assert check.verdict(6, path) is None
    assert check.line_of_the_mistake(path) is None


@pytest.mark.parametrize("slip", ["start = 0", "softmax(dim=-2)", "math.sqrt(keys.shape[2])", ".insert(0, v)", "< now"])
def test_the_words_about_a_cache_are_not_only_that_the_numbers_differ(slip: str, tmp_path: Path):
    good, bad = next((good, bad) for good, bad in WRONG[7] if slip in bad)
    path = tmp_path / right(7).name
    path.write_text(right(7).read_text(encoding="utf-8").replace(good, bad, 1), encoding="utf-8")
    said = check.verdict(7, path)
    assert said is not None
    assert "must give what the whole text" not in said


def test_your_block_is_trained_and_becomes_a_recipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    folder = shutil.copytree(EXERCISES, tmp_path / "exercises", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(right(6), folder)
    yours = module(folder / "your_block.py")
    monkeypatch.chdir(tmp_path)
    yours.main(steps=3)
    said = capsys.readouterr().out
    (theirs_loss, theirs_text), (my_loss, my_text) = re.findall(r"held-out loss ([\d.]+) .* it writes (.*)", said)
    assert abs(float(theirs_loss) - float(my_loss)) < 0.01
    assert theirs_text == my_text  # token by token, with the package's cache
    (command,) = re.findall(r"groundup (train .*) --max-minutes", said)
    code = read_code(tmp_path / command.split()[1])
    model = code.build(code.recipe)
    assert type(model.stack.blocks[0].block).__name__ == "Block"  # type: ignore[union-attr]


def test_your_block_says_that_the_exercise_comes_first():
    done = subprocess.run([sys.executable, EXERCISES / "your_block.py"], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "e6_block.py: not written yet; its docstring says what it must do",
        "try: make exercise N=6",
    ]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("def layer_norm(:", "line 1: Python cannot read this"),
        ("def layer_norm(*_):\n    return undefined", "line 2: NameError"),
        ("x = 1", "AttributeError: module"),
        ("def layer_norm(*_):\n    raise KeyboardInterrupt", "line 2: stopped; is there a loop that does not end?"),
    ],
)
def test_what_python_stops_at_is_told_with_its_line(code: str, said: str, tmp_path: Path):
    path = tmp_path / "e5_norm.py"
    path.write_text(code, encoding="utf-8")
    assert said in check.verdict(5, path)


def test_without_the_package_one_line_says_which_python_to_take():
    line = [sys.executable, "-S", EXERCISES / "check.py", "1"]  # -S: without installed packages
    done = subprocess.run(line, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": ""})
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "has no torch" in done.stderr


@pytest.mark.parametrize(("words", "code", "said"), [(["5"], 1, "e5_norm.py: not written yet"), (["12"], 2, "1 to 9")])
def test_the_program_says_it(words: list[str], code: int, said: str):
    done = subprocess.run([sys.executable, EXERCISES / "check.py", *words], capture_output=True, text=True)
    assert done.returncode == code
    assert said in done.stdout + done.stderr
