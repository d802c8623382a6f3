"""The heart stays small and plain: nn and models are equations, and know nothing of processors or compilers."""

import re
from pathlib import Path

import pytest

import groundup

PACKAGE = Path(groundup.__file__).parent
NN, MODELS = sorted((PACKAGE / "nn").glob("*.py")), sorted((PACKAGE / "models").glob("*.py"))


def lines(*files: Path) -> int:
    return sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files)


def test_the_heart_has_at_most_900_lines():
    assert lines(*NN) > 300, "this counts nothing"
    assert lines(*NN, *MODELS) <= 900


def test_the_forward_pass_is_read_in_about_200_lines():
    assert lines(*(PACKAGE / "nn" / f"{name}.py" for name in ("block", "attention", "attend"))) <= 200


@pytest.mark.parametrize("path", NN + MODELS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_heart_asks_for_no_device_compiler_or_gradient_mode(path: Path):
    forbidden = r"device\.type|is_compiling|is_grad_enabled|mkldnn|autocast|\.is_cuda|is_cpu|torch\.compile|no_grad"
    assert re.findall(forbidden, path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.name)
def test_models_know_one_word_of_the_fast_ways(path: Path):
    words = re.findall(r"groundup\.fast\S*.*", path.read_text(encoding="utf-8"))
    assert words in ([], ["groundup.fast.quicken import quicken"])
