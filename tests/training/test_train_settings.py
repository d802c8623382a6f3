"""Settings refuse what cannot be, in one line with the number and a cure; and cost no torch."""

import dataclasses
import subprocess
import sys

import pytest

from groundup.training.settings import TrainSettings


@pytest.mark.parametrize(
    "wrong",
    [
        {"steps": 0},
        {"lr": 0.0},
        {"lr": float("nan")},
        {"lr": float("inf")},
        {"clip": -1.0},
        {"beta2": 1.0},
        {"smoothing": 1.5},
        {"floor": -0.1},
        {"weight_decay": float("nan")},
        {"accumulate": 0},
        {"threads": 0},
        {"validate_every": 0},
        {"log_every": -5},
        {"patience": 0},
        {"warmup": -1},
        {"steps": 10, "warmup": 11},
        {"matrix_lr": 0.0},
        {"decay": 0.0},
        {"decay": 1.5},
        {"optimizer": "sgd"},
        {"schedule": "cosin"},
        {"precision": "float16"},
        {"parallel": "dp"},
        {"compile": "yes"},
        {"timeout": 0.0},
        {"batch_tokens": 0},
        {"batch_tokens": 4096, "accumulate": 4},
        {"skip_nonfinite": -1},
    ],
)
def test_what_cannot_be_is_refused_with_its_number(wrong):
    with pytest.raises(ValueError, match="try") as error:
        TrainSettings(**wrong)
    message = str(error.value)
    assert "\n" not in message
    name, value = list(wrong.items())[-1]
    assert name in message
    assert f"--train.{name.replace('_', '-')} " in message or "--train." not in message
    assert str(value) in message


def test_the_defaults_are_possible_and_frozen():
    settings = TrainSettings()
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.lr = 1.0


def test_reading_the_settings_imports_no_torch():
    code = "import sys, groundup.training.settings; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
