"""The linter of transformers finds nothing in the code that an export carries but the customs of its own repository."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from groundup.hub.bundle import bundle

pytest.importorskip("mlinter", reason="transformers-mlinter is not installed")
THEIRS = {
    "TRF010": "@strict, which older versions of transformers 5 have not: our config checks itself",
    "TRF027": "no assert",
    "TRF028": "the licence in their words",
    "TRF029": "no argument beside the config",
    "TRF031": "dataclasses are outputs",
    "TRF038": "a test file in their tree",
    "TRF041": "a note at every branch on the config, naming checkpoints",
    "TRF045": "their decorators in place of arguments of forward",
    "TRF051": "their table of attention kernels",
    "TRF057": "their decorator that writes docstrings",
    "TRF058": "nn.Buffer in place of register_buffer",
}
"""Rules about how code inside transformers is written, by what they ask for; the others are about what it does."""


def test_nothing_is_found(tmp_path: Path):
    for name, text in bundle().items():
        (tmp_path / name).write_text(text)
    report = tmp_path / "report.json"
    lint = [sys.executable, "-m", "mlinter", "--no-cache", "--no-progress", "--output-json", str(report), str(tmp_path)]
    subprocess.run(lint, capture_output=True, check=False, cwd=tmp_path)
    found = json.loads(report.read_text())
    rows = found["findings"]
    assert rows, "it reads the files"
    assert [row for row in rows if row["rule"] not in THEIRS] == []
