"""Memory that a process has freed serves it again, without the system clearing every page of it anew."""

import subprocess
import sys

import pytest

from groundup.machine import keep_memory

PAGES = """
import resource
from groundup.machine import keep_memory
if {keep}:
    keep_memory()
def block():
    return b"x" * (64 << 20)
block()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(4):
    block()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def pages(keep: bool) -> int:
    """New pages that four blocks of 64 MiB took, one after the other, after a first one."""
    script = PAGES.format(keep=keep)
    return int(subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts pages as Linux does")
def test_a_freed_block_is_used_again():
    if not keep_memory():
        pytest.skip("this C library cannot be told to keep memory")
    assert pages(keep=False) > 100, "nothing came anew, so this test compares nothing"
    assert pages(keep=True) < 50


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ctypes.CDLL", lambda name: object())
    assert keep_memory.__wrapped__() is False
