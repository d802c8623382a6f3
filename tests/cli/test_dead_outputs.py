"""Outputs that are closed, full or gone, and interrupts: no traceback ever, and a training goes on."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

CALL = f"{sys.executable} -m groundup"
FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")


def shell(command: str, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=120, **options)


@needs_full
@pytest.mark.parametrize("verb", ["--help", "train demo --help", "data list", "nonsense"])
@pytest.mark.parametrize("streams", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-", ">/dev/full", "2>/dev/full"])
def test_closed_and_full_streams_end_in_no_traceback(verb, streams):
    done = shell(f"{CALL} {verb} {streams}")
    assert "Traceback" not in done.stderr + done.stdout
    assert "Exception ignored" not in done.stderr
    assert done.returncode == (2 if verb == "nonsense" or streams == ">/dev/full" else 0), done.stderr
    if streams == ">/dev/full" and verb != "nonsense":
        assert done.stderr == "groundup: standard output: No space left on device\n"


def test_a_reader_that_is_gone_ends_quietly():
    done = shell(f"set -o pipefail; {CALL} train --help | true; echo ${{PIPESTATUS[0]}}")
    assert done.stdout in ("141\n", "0\n")
    assert done.stderr == ""


TRAIN = (
    "train corpus text.txt --name r --model.width 16 --model.heads 2 --model.layers 1 --model.context 16 "
    "--data.batch 4 --tokenizer.kind characters --train.threads 1 --train.steps 6 --train.warmup 1 "
    "--train.validate-every 3 --train.save-every 3 --train.log-every 1 --max-minutes None"
)


@needs_full
def test_a_training_goes_on_whatever_becomes_of_its_log(desk):
    done = shell(f"{CALL} {TRAIN} <&- >&- 2>&-")
    assert "Traceback" not in done.stderr + done.stdout
    assert done.returncode == 0, done.stderr
    assert (desk / "runs/r/results.json").is_file()
    assert (desk / "runs/r/checkpoints/step-00000006").is_dir()
    for file in (desk / "runs/r").rglob("*.safetensors"):
        assert b"training on" not in file.read_bytes(), "what was printed went into a file"


@needs_full
def test_a_log_that_fails_is_said_once_where_it_can_be(desk):
    done = shell(f"{CALL} {TRAIN} 2>/dev/full")
    assert done.returncode == 0
    assert done.stdout.count("what is printed cannot be written (No space left on device); going on") == 1


IMPORTS = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs are begun with it ignored
from unittest.mock import patch
from groundup.cli import main
sys.path.insert(0, sys.argv[1])
def run(arguments):
    import swallows
    print("imported whole:", swallows.whole, flush=True)
    time.sleep(3600)
with patch.object(main, "_run", run):
    main.main([])
"""
SWALLOWS = """
import os, signal, time
whole = False
try:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.1)
    whole = True
except BaseException:
    pass
"""


def test_an_interrupt_that_an_import_would_swallow_is_kept(tmp_path):
    (tmp_path / "swallows.py").write_text(SWALLOWS)
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS, str(tmp_path)], capture_output=True, text=True, timeout=300, check=False
    )
    assert (done.returncode, done.stderr) == (130, "\ngroundup: interrupted\n")
    assert done.stdout in ("", "imported whole: True\n")


def test_interrupts_are_as_they_were_afterwards(cli):
    before = signal.getsignal(signal.SIGINT)
    assert cli("--version").code == 0
    assert signal.getsignal(signal.SIGINT) is before


def test_help_fits_any_terminal():
    done = shell(f"{CALL} evaluate --help", env=os.environ | {"COLUMNS": "5"})
    assert done.returncode == 0
    assert "usage" in done.stdout
