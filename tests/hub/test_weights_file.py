"""What an export leaves on the disk can be read by whom the umask says; what is begun from is looked at first."""

import json
import os
import shutil
from pathlib import Path

import pytest
import safetensors
import torch

from groundup.cli.main import main
from groundup.hub.files import WEIGHTS, write_tensors


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o027, 0o640), (0o077, 0o600)])
def test_weights_are_as_readable_as_other_files(tmp_path: Path, umask, mode):
    before = os.umask(umask)
    try:
        for _ in range(2):  # a new file, and one that is there
            write_tensors(tmp_path, {"a": torch.zeros(3)})
            assert (tmp_path / WEIGHTS).stat().st_mode & 0o777 == mode
    finally:
        os.umask(before)


def cut(folder: Path) -> None:
    file = folder / WEIGHTS
    file.write_bytes(file.read_bytes()[:-1])


def deeper(folder: Path) -> None:
    settings = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(settings | {"n_layer": 999}))


def scattered(folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    index = {"weight_map": {"transformer.wte.weight": "model-00001-of-00001.safetensors"}}
    (folder / f"{WEIGHTS}.index.json").write_text(json.dumps(index))


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda folder: (folder / WEIGHTS).unlink(), f"has no {WEIGHTS}"),
        (cut, f"{WEIGHTS}: damaged, cut short"),
        (lambda folder: (folder / WEIGHTS).write_bytes(b""), f"{WEIGHTS}: damaged, cut short"),
        (lambda folder: write_tensors(folder, {}), f"{WEIGHTS} holds no tensors"),
        (deeper, "it says 999 layers, but there are 28 tensors beside it"),
        (scattered, "model-00001-of-00001.safetensors: damaged, cut short or not there"),
    ],
)
def test_a_dry_run_looks_at_the_weights(tmp_path: Path, folders, capsys, harm, words):
    folder = shutil.copytree(folders["gpt2"], tmp_path / "gpt2")
    main(["train", "corpus", "--init-from", str(folder), "--dry-run"])
    capsys.readouterr()
    harm(folder)
    with pytest.raises(SystemExit) as stop:
        main(["train", "corpus", "--init-from", str(folder), "--dry-run"])
    said = capsys.readouterr()
    assert (stop.value.code, said.out) == (2, "")
    assert words in said.err
    assert said.err.count("\n") == 1


def test_weights_that_do_not_fit_leave_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A full disk: the earlier weights stay, and the error names the folder and what is needed."""
    write_tensors(tmp_path, {"a": torch.zeros(3)})
    before = (tmp_path / WEIGHTS).read_bytes()

    def full(tensors: dict, file: Path, metadata: dict) -> None:
        file.write_bytes(b"half")
        raise safetensors.SafetensorError("I/O error: No space left on device (os error 28)")

    monkeypatch.setattr("groundup.hub.files.save_file", full)
    with pytest.raises(OSError, match=r"the weights \(4,000 bytes\) cannot be written: .*No space left") as caught:
        write_tensors(tmp_path, {"a": torch.zeros(1000)})
    assert str(tmp_path) in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == [WEIGHTS]
    assert (tmp_path / WEIGHTS).read_bytes() == before
