"""The compiled loops where nothing can be kept: they run all the same, and say what it costs."""

import subprocess
import sys

import pytest

NO_PLACE = "from numba.core import caching; caching.CacheImpl._locator_classes = []"
FULL = """
import errno
from numba.core import caching
def full(*ignored):
    raise OSError(errno.ENOSPC, "No space left on device")
caching.IndexDataCacheFile.save = full
"""
USE = """
from groundup.text.fast_compile import compiled
def add(a, b):
    return a + b
add.__module__ = "groundup.text.fast_bpe"
fast = compiled(add)
print(fast(2, 3), fast(2.5, 3))
"""


@pytest.mark.parametrize(("place", "words"), [(NO_PLACE, "at every start"), (FULL, "No space left on device")])
def test_a_machine_on_which_nothing_can_be_kept(place: str, words: str, tmp_path):
    (tmp_path / "use.py").write_text(place + USE)
    done = subprocess.run([sys.executable, tmp_path / "use.py"], capture_output=True, text=True)
    assert done.stdout == "5 5.5\n", done.stderr
    assert words in done.stderr
    assert "nothing can be written into" in done.stderr
    assert "NUMBA_CACHE_DIR" in done.stderr
    assert done.stderr.count("groundup: ") <= 2
    assert "Traceback" not in done.stderr
