"""What every test shares: one thread, the same random numbers whatever ran before, a folder of real data if any."""

import atexit
import os
import random
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch

torch.set_num_threads(1)
os.environ["HF_HUB_OFFLINE"] = "1"
# transformers copies the code of a folder before it imports it. One place for each process, not the user's own: what
# was imported as a package from one place is not looked for in another.
os.environ["HF_MODULES_CACHE"] = tempfile.mkdtemp(prefix="modules-")
atexit.register(shutil.rmtree, os.environ["HF_MODULES_CACHE"], ignore_errors=True)
WINDOWS = os.name == "nt"
if WINDOWS:  # no fork server, no strace, no tmpfs
    collect_ignore = ["torture", "training/test_ranks.py", "training/test_sharded.py", "training/test_head.py"]
SEED = int(os.environ.get("TEST_SEED", "0"))
"""Another one draws other weights and inputs for every test: none may lean on what it happens to draw."""


def seed() -> None:
    random.seed(SEED)
    np.random.seed(SEED)
    torch.manual_seed(SEED)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if WINDOWS and item.get_closest_marker("posix"):
        pytest.skip("Windows has no such signals, shells or limits")
    seed()  # before fixtures, those of a module too: workers share tests out differently


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call() -> None:
    seed()


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real corpora that GROUNDUP_DATA names; the test is skipped where there is none."""
    folder = os.environ.get("GROUNDUP_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("needs real corpora: set GROUNDUP_DATA to their folder")
    return Path(folder)
