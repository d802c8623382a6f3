"""What every test shares: two threads at most, a folder of real data when there is one, tiny models of every family."""

import os
from pathlib import Path

import pytest
import torch

torch.set_num_threads(1)
os.environ["HF_HUB_OFFLINE"] = "1"


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real corpora that GROUNDUP_DATA names; the test is skipped where there is none."""
    folder = os.environ.get("GROUNDUP_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("needs real corpora: set GROUNDUP_DATA to their folder")
    return Path(folder)
