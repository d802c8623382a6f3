"""A disk that is full costs one line that names the file or its folder, and exit code 2: files have 300 bytes here."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from groundup.files import writing_to

pytestmark = pytest.mark.posix
STEPS = "--max-minutes None --train.steps 2 --train.warmup 1 --train.threads 1 --model.width 32 --model.heads 2".split()
TEXT = [
    "train",
    "corpus",
    "text.txt",
    "--name",
    "full",
    *STEPS,
    "--tokenizer.vocab-size",
    "300",
    "--model.context",
    "16",
]
CASES = {
    "runs/full": TEXT,
    "out-export": ["export", "writer", "--out", "out-export"],
    "out-attention": ["attention", "translator", "I see the dog.", "--out", "out-attention"],
    "out-tokenizer": ["tokenizer", "train", "text.txt", "300", "--out", "out-tokenizer"],
    "out-shards": ["data", "prepare", "text.txt", "--tokenizer", "runs/writer", "--out", "out-shards"],
    "figures.json": "bench attention --lengths 64 --window 32 --rounds 1 --json figures.json".split(),
}
SCRIPT = """
import json, os, resource, sys
from groundup.cli.main import main
import torch  # before the disk is full
for place, arguments in json.loads(sys.argv[1]).items():
    if (child := os.fork()) == 0:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))
        try:
            main(arguments)
        except SystemExit as stop:
            print(place, stop.code, file=sys.stderr, flush=True)
        os._exit(0)
    os.waitpid(child, 0)
"""


def test_a_full_disk_is_told_with_the_place(home, tmp_path):
    folder = tmp_path / "full"
    folder.mkdir()
    (folder / "runs").mkdir()
    for name in ("text.txt", "runs/writer", "runs/translator"):
        (folder / name).symlink_to(home / name)
    command = [sys.executable, "-c", SCRIPT, json.dumps(CASES)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert "Traceback" not in done.stderr
    lines = done.stderr.splitlines()
    for place in CASES:
        at = lines.index(f"{place} 2")
        message = next(line for line in reversed(lines[:at]) if line.startswith("groundup: "))
        assert place in message
        assert "File too large" in message
    assert not (folder / "runs" / "full").exists()
    assert not (folder / "figures.json").exists()


def test_an_error_that_names_no_file_is_given_the_place(tmp_path: Path):
    with pytest.raises(OSError, match="No space left") as error, writing_to(tmp_path):
        raise OSError(28, "No space left on device")
    assert error.value.filename == str(tmp_path)
    with pytest.raises(OSError, match="No space left") as error, writing_to(tmp_path):
        raise OSError(28, "No space left on device", "a.txt")
    assert error.value.filename == "a.txt"
