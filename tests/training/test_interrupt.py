"""The first Ctrl-C or SIGTERM lets a step end, the second ends the process, whatever torch is about."""

import os
import signal
import subprocess
import sys
import time

import pytest

from groundup.training.interrupt import stop_asked

# A power is one call of torch; 125 products of this size take more than a minute.
LONG = """
import sys, torch
from groundup.training.interrupt import stop_asked
torch.set_num_threads(1)
a = torch.eye(2560)
with stop_asked() as asked:
    print("now", flush=True)
    while not asked.is_set():
        torch.linalg.matrix_power(a, int(sys.argv[1]))
    print("saved", flush=True)
print("over", flush=True)
"""
BOTH = [signal.SIGINT, signal.SIGTERM]


def started(power: int) -> subprocess.Popen:
    process = subprocess.Popen(
        [sys.executable, "-c", LONG, str(power)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "now\n"
    time.sleep(0.3)
    return process


@pytest.mark.posix
@pytest.mark.parametrize("number", BOTH)
def test_the_second_signal_ends_a_process_that_is_deep_in_torch(number):
    process = started(2**63 - 1)
    process.send_signal(number)
    time.sleep(0.3)
    assert process.poll() is None
    process.send_signal(number)
    out, err = process.communicate(timeout=60)  # it does not wait for the call to end
    assert (process.returncode, out) == (130, "")
    assert "stopped at once" in err


@pytest.mark.posix
@pytest.mark.parametrize("number", BOTH)
def test_one_signal_lets_the_work_end_and_is_saved(number):
    process = started(1)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, "saved\nover\n", "")


def interrupted_twice() -> None:
    with stop_asked() as asked:
        signal.raise_signal(signal.SIGTERM)
        assert asked.wait(5)
        signal.raise_signal(signal.SIGINT)
        time.sleep(5)


@pytest.mark.posix
def test_everything_is_as_it_was_afterwards():
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    before = signal.set_wakeup_fd(writer)
    handlers = [signal.getsignal(number) for number in BOTH]
    files = os.listdir("/dev/fd")
    try:
        with pytest.raises(KeyboardInterrupt):
            interrupted_twice()
        assert [signal.getsignal(number) for number in BOTH] == handlers
        assert os.listdir("/dev/fd") == files
    finally:
        assert signal.set_wakeup_fd(before) == writer
        os.close(reader)
        os.close(writer)


def test_what_was_asked_long_ago_is_forgotten():
    for _ in range(2):
        with stop_asked() as asked:
            assert not asked.is_set()
            signal.raise_signal(signal.SIGINT)
            assert asked.wait(5)
