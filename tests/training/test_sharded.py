"""Checkpoints in slices: a damaged one is named and left alone, and its place is taken by one that is whole."""

import shutil

import pytest
import ranks
import torch
from ranks import on_ranks

from groundup.cli.main import main
from groundup.training import sharded, slices
from groundup.training.checkpoint import load_checkpoint, read_checkpoint, saved_steps
from groundup.training.interrupt import Interrupted
from groundup.training.optim import adamw
from groundup.training.sharded import find_whole, load_sharded, make_whole, save_sharded
from groundup.training.store import Store
from groundup.training.team import Solo
from groundup.training.tensors import model_tensors

pytestmark = pytest.mark.filterwarnings("ignore:torch.distributed is")


@pytest.fixture
def saved(toy_model, tmp_path):
    """runs/mine with slices of steps 1 (the best) and 2, written by one process; and the model of step 2."""
    folder, model = tmp_path / "runs" / "mine" / "checkpoints", toy_model()
    folder.mkdir(parents=True)
    (folder.parent / "recipe.json").write_text("{}")
    optimizer = adamw(model, lr=1e-2)
    for step in (1, 2):
        for parameter in model.parameters():
            parameter.grad = torch.full_like(parameter, step)
        optimizer.step()
        what = {"model": model_tensors(model), "optimizer": optimizer.state_dict(), "state": {"step": step}}
        save_sharded(folder, step, Solo(), **what, best=step == 1)
    return folder, model


def flip(file):
    content = bytearray(file.read_bytes())
    content[-3] ^= 4
    file.write_bytes(content)


def everything(folder):
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def slices_of(folder, step):
    return next((folder / f"step-{step:08d}").glob("shard-*.safetensors"))


def test_converting_names_a_damaged_slice_and_turns_the_others(saved, monkeypatch, capsys):
    folder, _ = saved
    flip(file := slices_of(folder, 2))
    before = everything(folder / "step-00000002")
    monkeypatch.chdir(folder.parents[2])
    with pytest.raises(SystemExit) as end:
        main(["resume", "mine", "--convert"])
    said = capsys.readouterr()
    assert end.value.code == 2
    assert said.out == "steps turned into ordinary checkpoints: 1\n"
    assert said.err.count("\n") == 1
    assert f"{file.relative_to(folder.parents[2])}: damaged, its sha256 is " in said.err
    assert said.err.endswith("; left in slices; use a whole one: --checkpoint 1\n")
    assert everything(folder / "step-00000002") == before
    assert {path.name for path in folder.iterdir()} == {"best", "latest", "step-00000001", "step-00000002"}
    assert load_checkpoint(folder, "best").step == 1
    step, _, warning = find_whole(folder)
    assert step == 1
    assert file.name in warning
    assert warning.endswith("; going on from step 1")


@pytest.mark.parametrize("lost", ["optimizer.json", "state.json", "MANIFEST.json", "shard"])
def test_a_file_that_is_gone_is_named_too(saved, lost):
    folder, _ = saved
    gone = slices_of(folder, 2) if lost == "shard" else folder / "step-00000002" / lost
    gone.unlink()
    turned, (sentence,) = make_whole(folder)
    assert turned == [1]
    assert sentence.startswith(f"{gone}: missing, ")


def test_where_nothing_is_whole_nothing_is_touched(saved):
    folder, _ = saved
    for step in (1, 2):
        flip(folder / f"step-{step:08d}" / "optimizer.json")
    before = everything(folder)
    turned, damaged = make_whole(folder)
    assert turned == []
    assert ["optimizer.json: damaged" in sentence for sentence in damaged] == [True, True]
    with pytest.raises(ValueError, match=r"step-00000002/optimizer.json: damaged"):
        find_whole(folder)
    assert everything(folder) == before


@pytest.mark.parametrize("found", ["nothing", "an ordinary one"])
def test_a_crash_between_the_two_renames_of_a_save_hides_no_slices(saved, found):
    folder, model = saved
    final = folder / "step-00000002"
    shutil.rmtree(folder / "step-00000001")
    (folder / "best").unlink()
    replaced = final.rename(folder / f".replaced-{final.name}")  # which `latest` still names
    if found == "an ordinary one":  # of a conversion
        shutil.copytree(replaced, final, ignore=lambda *_: ["optimizer.json"])
        (final / "MANIFEST.json").write_text("{}")
    assert make_whole(folder) == ([2], [])
    step, path, warning = find_whole(folder)
    assert (step, warning) == (2, None)
    loaded = read_checkpoint(step, path)
    assert all(torch.equal(loaded.model[name], tensor) for name, tensor in model_tensors(model).items())
    assert {path.name for path in folder.iterdir()} == {"latest", "step-00000002"}


def test_a_strangers_slice_is_refused_in_the_latest_and_in_what_stands_in_for_it(saved):
    folder, _ = saved
    shutil.copy(slices_of(folder, 1), folder / "step-00000002" / "shard-00009-model-00001-of-00001.safetensors")
    step, _, warning = find_whole(folder)
    assert step == 1
    assert "shard-00009" in warning
    assert "no part of this checkpoint; remove it" in warning
    shutil.copy(slices_of(folder, 2), folder / "step-00000001" / "shard-00009-model-00001-of-00001.safetensors")
    with pytest.raises(ValueError, match=r"step-00000002/shard-00009.*remove it"):
        find_whole(folder)


def test_a_full_disk_leaves_the_slices(saved, monkeypatch):
    folder, _ = saved
    before = everything(folder)

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("groundup.training.checkpoint.save_file", full)
        with pytest.raises(OSError, match="No space left on device"):
            make_whole(folder)
    assert everything(folder) == before
    assert make_whole(folder) == ([1, 2], [])


def test_the_best_slices_are_turned_first(saved, monkeypatch):
    folder, model = saved
    what = {"model": model_tensors(model), "optimizer": adamw(model, lr=1e-2).state_dict(), "state": {}}
    save_sharded(folder, 3, Solo(), **what, best=True)
    turned = []
    monkeypatch.setattr(sharded, "_turn", lambda folder, step, read: turned.append(step))
    assert make_whole(folder)[0] == sorted(turned)
    assert len(turned) > 1
    assert turned[0] == 3


def test_each_rank_hashes_the_slices_it_wrote_and_all_but_the_first_leave_before_they_are_turned(tmp_path):
    (read, met), other = on_ranks(2, ranks.hashed, folder=str(tmp_path))
    assert other == 0
    assert set(read) == {"shard-00001"}
    assert met == [False]
    assert load_checkpoint(tmp_path / "checkpoints", "best").step == 8


def test_a_slice_that_cannot_be_read_again_stops_all_ranks_and_leaves_nothing(tmp_path):
    ends = on_ranks(2, ranks.unreadable, folder=str(tmp_path))
    assert str(ends[0]) == str(ends[1])
    assert isinstance(ends[0], OSError)
    assert "rank 1 cannot read what it wrote (Input/output error); earlier checkpoints stand" in str(ends[0])
    assert list((tmp_path / "checkpoints").iterdir()) == []


def test_a_slice_that_arrives_shorter_than_it_was_written_is_no_checkpoint(saved, monkeypatch):
    folder, model = saved
    longer = lambda path: {"bytes": path.stat().st_size + 1, "sha256": ""}  # noqa: E731
    monkeypatch.setattr(sharded, "measure", longer)
    what = {"model": model_tensors(model), "optimizer": adamw(model, lr=1e-2).state_dict(), "state": {}}
    with pytest.raises(OSError, match=r"shard-00001.* bytes here, and .*what was saved before still stands$"):
        save_sharded(folder, 3, Solo(), **what)
    assert saved_steps(folder) == [1, 2]


def test_slices_that_leave_a_gap_are_refused_when_saved_and_when_read(saved, monkeypatch):
    """As a folder that ranks do not really share would have them: every byte vouched for, and yet not all there."""
    folder, model = saved
    what = {"optimizer": adamw(model, lr=1e-2).state_dict(), "state": {}}

    def half(tensors, aside):
        return distributed_write({name: tensor for name, tensor in tensors.items() if "head" not in name}, aside)

    distributed_write = sharded.write_shards
    monkeypatch.setattr(sharded, "write_shards", half)
    with pytest.raises(OSError, match=r"'model.head.weight' did not arrive.*what was saved before still stands"):
        save_sharded(folder, 3, Solo(), model=model_tensors(model), **what)
    assert saved_steps(folder) == [1, 2]

    class Gap:
        def __init__(self, folder):
            pass

        def read_metadata(self):
            found = reader(str(folder / "step-00000002")).read_metadata()
            entry = found.state_dict_metadata["model.embedding.weight"]
            entry.size = torch.Size((entry.size[0] + 1, entry.size[1]))
            return found

    from torch.distributed.checkpoint import hf_storage

    reader = hf_storage.HuggingFaceStorageReader
    monkeypatch.setattr(hf_storage, "HuggingFaceStorageReader", Gap)
    with pytest.raises(ValueError, match=r"hold 88 of the 96 numbers of 'model.embedding.weight'"):
        slices.found_shards(folder / "step-00000002")


def test_another_models_slices_are_refused(saved, toy_model):
    folder, model = saved
    like = model_tensors(toy_model(seed=2))
    assert load_sharded(folder / "step-00000002", 2, like=like, parameters=list(model.parameters())).step == 2
    like["head.bias"] = torch.zeros(3)
    with pytest.raises(ValueError, match=r"'head.bias' otherwise than this model"):
        load_sharded(folder / "step-00000002", 2, like=like, parameters=list(model.parameters()))


def test_one_process_goes_on_from_an_older_one_and_says_so(saved, toy_model):
    folder, _ = saved
    flip(slices_of(folder, 2))
    model = toy_model(seed=1)
    checkpoint, warning = Store(folder, model, adamw(model, lr=1e-2), Solo(), keep=2).load()
    assert checkpoint.step == 1
    assert slices_of(folder, 2).name in warning


@pytest.mark.parametrize("size", [2, pytest.param(4, marks=pytest.mark.slow)])
def test_ranks_go_on_from_an_older_one_and_say_so(size, tmp_path):
    """Those of another number than have written it."""
    folder = tmp_path / "run"
    ends = on_ranks(3, folder=folder, parallel="fsdp", on={8: "term"}, save_every=1, batch_tokens=9 * ranks.T)
    assert isinstance(ends[0], Interrupted), ends
    flip(file := slices_of(folder / "checkpoints", saved_steps(folder / "checkpoints")[-1]))
    ends = on_ranks(size, ranks.fallen_back, folder=str(folder / "checkpoints"))
    (step, warning), *others = ends
    assert step == saved_steps(folder / "checkpoints")[-2]
    assert f"{file.name}: damaged" in warning
    assert all(end == (step, warning) for end in others)


@pytest.mark.parametrize("victim", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_a_rank_that_dies_in_a_save_ends_the_other_and_costs_no_checkpoint(tmp_path, victim):
    ends = on_ranks(2, folder=tmp_path, parallel="fsdp", save_every=3, expect=1, on={12 + victim: "die saving"})
    (end,) = [end for end in ends if end is not None]
    assert isinstance(end, ConnectionError), end
    assert "\n" not in str(end)
    assert "another rank is gone" in str(end)
    assert find_whole(tmp_path / "checkpoints")[0::2] == (3, None)
    assert (tmp_path / "checkpoints" / ".unfinished-step-00000004").is_dir()
