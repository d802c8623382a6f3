"""Every part of `make torture`, small: what it promises holds, and it would notice if it did not."""

import os
import random
import shutil
from functools import partial

import pytest
import tiny
import torch
from disks import disks
from faults import Faults
from flips import damage, flips, write_checkpoints
from kills import kills
from notfinite import notfinite
from outputs import outputs
from overhead import overhead
from preparers import preparers
from safetensors.torch import load_file
from saves import SCENES, Save, judge, saves, system_calls
from sealed import sealed
from served import served
from slices import SLICED_SCENES, converted, in_slices, sliced_flips, sliced_kills, sliced_saves
from starts import starts
from stops import stops
from sweep import sweep

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="the torture forks its children"),
    pytest.mark.filterwarnings("ignore:torch.distributed is"),
]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """No waiting for a real disk, and one thread, as in the children."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    torch.set_num_threads(1)


def whole(rows):
    """No trial failed; the failures are shown."""
    for row in rows:
        assert row.context or not row.failed, row.details["failures"]
        assert row.tried or "skipped" in row.note


def test_kill_9_and_resume(tmp_path):
    whole([kills(6, tmp_path, variants=("muon",))])


def test_a_failure_at_the_calls_of_a_save(tmp_path):
    whole(saves(tmp_path, every=29))


def test_sealed_but_wrong_checkpoints(tmp_path):
    whole([sealed(24, tmp_path)])


def test_dead_outputs(tmp_path):
    whole([outputs(4, tmp_path)])


def test_two_preparers_at_once(tmp_path):
    whole([preparers(8, tmp_path)])


def test_calls_of_any_kind_and_changed_files(tmp_path):
    whole(sweep(60, 24, tmp_path.resolve()))


@pytest.mark.slow
def test_interrupts_as_a_program_begins(tmp_path):
    whole([starts(6, tmp_path)])


def test_flips_and_cuts(tmp_path):
    rows = flips(300, tmp_path)
    whole(rows)
    assert {row.what.split()[1].rstrip(":,") for row in rows if row.context} >= {"torch.save", "safetensors"}


def test_flips_and_cuts_in_slices(tmp_path):
    whole(sliced_flips(40, tmp_path, sizes=(2,)))


def test_a_failure_at_the_calls_of_a_save_in_slices(tmp_path):
    whole(sliced_saves(tmp_path, every=31, scenes=SLICED_SCENES[2:]))


def test_kill_9_of_ranks_and_resume(tmp_path):
    whole([sliced_kills(2, tmp_path, variants=("adamw",))])


@pytest.mark.slow
def test_slices_of_every_kind(tmp_path):
    whole([*sliced_flips(100, tmp_path), *sliced_saves(tmp_path, every=7), sliced_kills(8, tmp_path, seed=1)])


@pytest.mark.slow
@pytest.mark.parametrize("name", list(tiny.VARIANTS))
def test_kill_9_and_resume_every_kind(tmp_path, name):
    whole([kills(20, tmp_path, variants=(name,), seed=1)])


@pytest.mark.slow
def test_disks(tmp_path):
    whole(disks(3, tmp_path))


@pytest.mark.slow
def test_signals(tmp_path):
    whole(stops(4, tmp_path))


@pytest.mark.slow
def test_not_finite(tmp_path):
    whole(notfinite(2, tmp_path))


@pytest.mark.slow
def test_every_call_and_system_call_of_a_save(tmp_path):
    whole(saves(tmp_path, every=5) + system_calls(tmp_path, every=6))


@pytest.mark.slow
def test_overhead_is_measured(tmp_path):
    ours, bare = overhead(2, tmp_path, width=40, layers=1, vocab=100)
    assert ours.details["save"] > ours.details["hash"] > 0
    assert bare.context


def test_the_flips_notice_what_is_loaded_silently(tmp_path):
    """With the verified reading taken away, most flips come through, and are counted."""
    write_checkpoints(tmp_path)
    for path in list(tmp_path.rglob("*")):
        if path.is_file() and path.name != "model.safetensors":
            path.unlink()
    shutil.rmtree(tmp_path / "step-00000001")
    row = damage(
        "bare", tmp_path, lambda _: load_file(tmp_path / "step-00000002/model.safetensors"), 30, random.Random(0)
    )
    assert row.details["outcomes"]["silent"] > 10


def test_the_flips_in_slices_notice_what_is_loaded_silently(tmp_path, monkeypatch):
    """With the verifying taken away, other numbers are loaded; most of so small a file is names, which are missed."""
    monkeypatch.setattr("groundup.training.sharded.verify", lambda path, *_: {p.name for p in path.iterdir()})
    for save in (Save(100, best=True), Save(200)):
        in_slices(save, tmp_path / "run")
    files = [p for p in (tmp_path / "run").rglob("*") if p.suffix == ".safetensors"]
    row = damage("bare", tmp_path / "run", partial(converted, tmp_path / "copy"), 100, random.Random(0), files)
    assert row.details["outcomes"]["silent"] > 4


def test_the_comparison_notices_one_bit(tmp_path):
    tensor = torch.arange(3.0)
    other = tensor.clone()
    other.view(torch.int32)[1] ^= 1
    assert tiny.same({"a": [tensor]}, {"a": [tensor.clone()]})
    assert not tiny.same({"a": [tensor]}, {"a": [other]})
    assert not tiny.same(torch.tensor(0.0), torch.tensor(-0.0))


def test_the_judge_of_saves_notices_what_is_lost(tmp_path):
    before, save = SCENES["the best step again"]
    for earlier in before:
        earlier(tmp_path / "run")
    assert judge(tmp_path / "run", before, save, finished=False) == []
    shutil.rmtree(tmp_path / "run")
    for earlier in before:
        earlier(tmp_path / "run")
    (tmp_path / "run" / "step-00000100" / "state.json").unlink()
    assert any("not loaded" in problem for problem in judge(tmp_path / "run", before, save, finished=False))
    assert any("to resume" in problem for problem in judge(tmp_path / "gone", before, save, finished=False))


def test_what_a_save_does_is_synced_before_it_is_named(tmp_path):
    """The order of calls: a folder's files, then it, are on the disk before it gets its name, and so are pointers."""
    faults, told = Faults(), tmp_path / "calls.txt"

    def child():
        faults.install()
        Save(100, best=True)(tmp_path / "run")
        told.write_text("\n".join(faults.calls))

    assert tiny.wait(tiny.fork(child, tmp_path / "complaint.txt")) == 0, (tmp_path / "complaint.txt").read_text()
    calls = told.read_text().split("\n")
    named = calls.index("rename .unfinished-step-00000100")
    assert calls[named - 6 : named] == ["fsync"] * 6  # five files and their folder
    assert calls[named + 1] == "fsync"
    for pointer in ("latest", "best"):
        at = calls.index(f"replace .unfinished-{pointer}")
        assert calls[at - 1] == calls[at + 1] == "fsync"
        assert at > named + 1


def test_a_server_under_clients(tmp_path):
    pytest.importorskip("uvicorn", reason="needs pip install 'groundup[serve]'")
    row = served(3, tmp_path, clients=16)
    assert (row.failed, row.details["failures"]) == (0, [])
    assert row.details["answers"] > 0
