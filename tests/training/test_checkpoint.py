"""A checkpoint is whole or refused: flips, cuts, losses, full disks, crashes; and it brings everything back."""

import json
import math
import random
import shutil

import pytest
import torch
from safetensors import SafetensorError

from groundup.training import checkpoint as checkpoint_module
from groundup.training.checkpoint import load_checkpoint, save_checkpoint, saved_steps
from groundup.training.optim import adamw
from groundup.training.sharded import find_whole, save_sharded
from groundup.training.team import Solo
from groundup.training.tensors import load_model_tensors, model_tensors


def save(folder, step, model, **options):
    """A checkpoint of a model that has taken one real optimizer step."""
    optimizer = adamw(model, lr=1e-2)
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    state = {"step": step, "loss": 0.1 + step}
    save_checkpoint(folder, step, model=model_tensors(model), optimizer=optimizer.state_dict(), state=state, **options)
    return optimizer


def test_everything_comes_back(toy_model, tmp_path):
    model = toy_model()
    optimizer = save(tmp_path, 500, model)
    loaded = load_checkpoint(tmp_path)
    assert (loaded.step, loaded.state) == (500, {"step": 500, "loss": 500.1})
    other = toy_model(seed=1)
    load_model_tensors(other, loaded.model, file=tmp_path)
    for mine, theirs in zip(model.parameters(), other.parameters(), strict=True):
        assert torch.equal(mine, theirs)
    fresh = adamw(other, lr=1.0)
    assert loaded.optimizer is not None
    fresh.load_state_dict(loaded.optimizer)
    wanted, got = optimizer.state_dict(), fresh.state_dict()
    assert wanted["state"].keys() == got["state"].keys()
    for index, entries in wanted["state"].items():
        assert all(torch.equal(entries[key], got["state"][index][key]) for key in entries)
    assert [dict(group, betas=list(group["betas"])) for group in wanted["param_groups"]] == got["param_groups"]


def test_there_is_no_pickle(toy_model, tmp_path):
    save(tmp_path, 1, toy_model(), best=True)
    names = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert names == {"model.safetensors", "optimizer.safetensors", "state.json", "MANIFEST.json", "latest", "best"}


def test_no_flipped_bit_is_loaded(toy_model, tmp_path):
    """40 random bits of each file, the pointer included: every one is refused, with the file and a cure."""
    save(tmp_path, 100, toy_model())
    save(tmp_path, 500, toy_model(seed=1), best=True)
    chance = random.Random(0)
    for file in [*(tmp_path / "step-00000500").iterdir(), tmp_path / "latest"]:
        whole = file.read_bytes()
        for _ in range(40):
            damaged = bytearray(whole)
            damaged[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
            file.write_bytes(damaged)
            with pytest.raises(ValueError, match=r"--checkpoint (100|500)$") as error:
                load_checkpoint(tmp_path)
            assert str(tmp_path) in str(error.value)
            step, _, warning = find_whole(tmp_path)
            assert step == (500 if file.name == "latest" else 100)
            assert warning is not None
            assert "going on from step" in warning
        file.write_bytes(whole)
    assert load_checkpoint(tmp_path).step == 500


@pytest.mark.parametrize("name", ["model.safetensors", "optimizer.safetensors", "state.json", "MANIFEST.json"])
def test_cut_and_missing_files_are_named(toy_model, tmp_path, name):
    save(tmp_path, 100, toy_model())
    save(tmp_path, 500, toy_model())
    file = tmp_path / "step-00000500" / name
    whole = file.read_bytes()
    for length in (0, 1, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=rf"{name}: .*--checkpoint 100"):
            load_checkpoint(tmp_path, 500)
    file.unlink()
    with pytest.raises(ValueError, match=rf"{name}: missing.*--checkpoint 100"):
        load_checkpoint(tmp_path, 500)


def test_a_file_of_another_step_is_refused(toy_model, tmp_path):
    save(tmp_path, 100, toy_model())
    save(tmp_path, 500, toy_model(seed=1))
    shutil.copy(tmp_path / "step-00000100" / "model.safetensors", tmp_path / "step-00000500" / "model.safetensors")
    with pytest.raises(ValueError, match=r"model.safetensors: damaged, its sha256"):
        load_checkpoint(tmp_path)
    shutil.rmtree(tmp_path / "step-00000500")
    shutil.copytree(tmp_path / "step-00000100", tmp_path / "step-00000500")
    with pytest.raises(ValueError, match=r"MANIFEST.json"):
        load_checkpoint(tmp_path, 500)


def test_a_newer_format_says_update(toy_model, tmp_path):
    save(tmp_path, 1, toy_model())
    manifest = tmp_path / "step-00000001" / "MANIFEST.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "format": 2}))
    with pytest.raises(ValueError, match=r"format 2 is newer.*update"):
        load_checkpoint(tmp_path, 1)


def test_what_is_not_there_is_named(toy_model, tmp_path):
    with pytest.raises(FileNotFoundError, match="latest"):
        find_whole(tmp_path)
    save(tmp_path, 100, toy_model())
    with pytest.raises(FileNotFoundError, match=r"step-00000300: there is no .* 100, try --checkpoint 100"):
        load_checkpoint(tmp_path, 300)
    with pytest.raises(FileNotFoundError, match="best"):
        load_checkpoint(tmp_path, "best")


def test_the_latest_and_the_best_are_kept(toy_model, tmp_path):
    for step in range(100, 700, 100):
        save(tmp_path, step, toy_model(), best=step == 200, keep=2)
    assert saved_steps(tmp_path) == [200, 500, 600]
    assert load_checkpoint(tmp_path, "best").step == 200
    save(tmp_path, 350, toy_model(), keep=2)  # gone back to an older step: the abandoned future goes
    assert saved_steps(tmp_path) == [200, 350]
    save(tmp_path, 350, toy_model(seed=3), best=True)  # the same step again replaces it
    assert load_checkpoint(tmp_path, "best").step == 350
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best", "latest", "step-00000200", "step-00000350"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), SafetensorError("I/O error: full")])
@pytest.mark.parametrize("step", [100, 200])
def test_a_full_disk_leaves_the_old_checkpoint(toy_model, tmp_path, monkeypatch, error, step):
    model = toy_model()
    save(tmp_path, 100, model)
    before = load_checkpoint(tmp_path).model

    def write_half(tensors, path, metadata=None):
        path.write_bytes(b"half of it")
        raise error

    monkeypatch.setattr(checkpoint_module, "save_file", write_half)
    with pytest.raises(OSError, match=r"No space|full"):
        save(tmp_path, step, toy_model(seed=1))
    after = load_checkpoint(tmp_path)
    assert after.step == 100
    assert all(torch.equal(before[name], after.model[name]) for name in before)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest", "step-00000100"]


def test_a_failed_replacement_puts_the_old_checkpoint_back(toy_model, tmp_path, monkeypatch):
    save(tmp_path, 100, toy_model())
    rename = checkpoint_module.Path.rename

    def refuse(self, target):
        if self.name == ".unfinished-step-00000100":
            raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(checkpoint_module.Path, "rename", refuse)
    with pytest.raises(OSError, match="Input/output"):
        save(tmp_path, 100, toy_model(seed=1))
    assert load_checkpoint(tmp_path).step == 100
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest", "step-00000100"]


def test_a_crash_just_before_the_name_counts_leaves_what_was_there(toy_model, tmp_path, monkeypatch):
    """The same step again, cut short between its two renames: what `latest` names is found where it was put."""

    class PowerCut(BaseException):
        pass

    def cut(self, target):
        if self.name == ".unfinished-step-00000100":
            raise PowerCut
        return rename(self, target)

    model, rename = toy_model(), checkpoint_module.Path.rename
    save(tmp_path, 100, model, best=True)
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint_module.Path, "rename", cut)
        patch.setattr(checkpoint_module, "settle", lambda folder: None)  # nothing is cleaned up in a crash
        with pytest.raises(PowerCut):
            save(tmp_path, 100, toy_model(seed=1), best=True)
    assert sorted(p.name for p in tmp_path.glob("*step*")) == [".replaced-step-00000100", ".unfinished-step-00000100"]
    assert saved_steps(tmp_path) == [100]
    for which in ("latest", "best", 100):
        found = load_checkpoint(tmp_path, which)
        assert all(torch.equal(found.model[name], tensor) for name, tensor in model_tensors(model).items())
    save(tmp_path, 200, toy_model())
    assert sorted(p.name for p in tmp_path.iterdir()) == ["best", "latest", "step-00000100", "step-00000200"]
    assert load_checkpoint(tmp_path, "best").step == 100


def test_the_best_is_known_even_if_its_pointer_was_not_written(toy_model, tmp_path, monkeypatch):
    """`latest` makes a save count; one that was the best is the best from then on."""
    save(tmp_path, 100, toy_model(), best=True)
    before = (tmp_path / "best").read_bytes()
    save(tmp_path, 200, toy_model(), best=True)
    (tmp_path / "best").write_bytes(before)  # as if the power had gone between the two
    assert load_checkpoint(tmp_path, "best").step == 200
    save(tmp_path, 300, toy_model(), keep=1)
    assert saved_steps(tmp_path) == [200, 300]
    assert load_checkpoint(tmp_path, "best").step == 200
    for path in (tmp_path / "latest", tmp_path / "best"):
        path.unlink()
    assert find_whole(tmp_path)[0] == 300
    with pytest.raises(FileNotFoundError, match="best"):
        load_checkpoint(tmp_path, "best")


def full(*_, **__):
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("refused", ["os.fsync", "pathlib.Path.write_text"])
def test_an_error_names_folder_and_size_and_what_stands(toy_model, tmp_path, monkeypatch, refused):
    save(tmp_path, 100, toy_model())
    monkeypatch.setattr(refused, full)
    with pytest.raises(OSError) as error:
        save(tmp_path, 200, toy_model())
    assert str(error.value) == (
        f"{tmp_path}: the checkpoint of step 200 (0.0 MB) could not be written: No space left on device; "
        "what was saved before still stands"
    )


@pytest.mark.filterwarnings("ignore:torch.distributed is")
@pytest.mark.parametrize("refused", ["pathlib.Path.write_text", "os.fsync", "groundup.training.manifest.sync"])
def test_so_does_one_in_slices(toy_model, tmp_path, monkeypatch, refused):
    """Refused is in turn the beginning of it, the slices themselves, and the manifest."""
    model = toy_model()
    what = {"model": model_tensors(model), "optimizer": adamw(model, lr=1e-2).state_dict(), "state": {}}
    save_sharded(tmp_path, 100, Solo(), **what)
    monkeypatch.setattr(refused, full)
    with pytest.raises(OSError, match=r"could not be written.*(No space left on device|stand)") as error:
        save_sharded(tmp_path, 200, Solo(), **what)
    assert str(error.value).startswith(str(tmp_path))
    if refused != "os.fsync":
        assert "the checkpoint of step 200 (0.0 MB) could not be written: No space left on device" in str(error.value)
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["latest", "step-00000100"]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("where", ["weight", "moment", "unaveraged"])
def test_what_is_not_finite_is_not_saved(toy_model, tmp_path, value, where):
    model = toy_model()
    save(tmp_path, 100, model)
    optimizer = adamw(model, lr=1e-2)
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    mean = {name: tensor.clone() for name, tensor in model_tensors(model).items()}
    spoilt = {
        "weight": model.head.bias.detach(),
        "moment": optimizer.state[model.head.bias]["exp_avg_sq"],
        "unaveraged": mean["head.bias"],
    }[where]
    spoilt[3] = value
    with pytest.raises(FloatingPointError, match=r"step 200: '(head.bias|\d.exp_avg_sq)' of .*not finite"):
        save_checkpoint(
            tmp_path,
            200,
            model=model_tensors(model),
            optimizer=optimizer.state_dict(),
            state={},
            unaveraged=mean,
        )
    assert saved_steps(tmp_path) == [100]


def test_what_is_loaded_does_not_hang_on_the_file(toy_model, tmp_path):
    """Verified once, it stays what it was, whatever happens to the file; and a file nobody vouched for is not read."""
    model = toy_model()
    save(tmp_path, 100, model)
    loaded = load_checkpoint(tmp_path)
    for file in (tmp_path / "step-00000100").glob("*.safetensors"):
        size = file.stat().st_size
        file.write_bytes(bytes(size))
    assert loaded.optimizer is not None
    assert all(torch.equal(loaded.model[name], tensor) for name, tensor in model_tensors(model).items())
    assert all(entry["exp_avg"].any() for entry in loaded.optimizer["state"].values())
    save(tmp_path, 200, model)
    shutil.copy(tmp_path / "step-00000200/model.safetensors", tmp_path / "step-00000200/unaveraged.safetensors")
    assert load_checkpoint(tmp_path).unaveraged is None
    assert load_checkpoint(tmp_path, optimizer=False).optimizer is None


def test_others_may_read_what_this_user_lets_them(toy_model, tmp_path):
    save(tmp_path, 100, toy_model())
    modes = {path.name: path.stat().st_mode for path in (tmp_path / "step-00000100").iterdir()}
    assert len(set(modes.values())) == 1, modes


def test_tied_weights_are_stored_once_and_tied_again(toy_model, tmp_path):
    model = toy_model(tied=True)
    save(tmp_path, 1, model)
    tensors = load_checkpoint(tmp_path).model
    assert sorted(tensors) == ["embedding.weight", "head.bias"]
    other = toy_model(seed=1, tied=True)
    load_model_tensors(other, tensors, file=tmp_path)
    assert other.head.weight is other.embedding.weight
    assert torch.equal(other.head.weight, model.head.weight)
    with pytest.raises(ValueError, match=r"'head.weight' of shape \(11, 8\) is missing"):
        load_model_tensors(toy_model(), tensors, file=tmp_path)


def test_what_does_not_fit_is_named_and_nothing_is_copied(toy_model):
    model = toy_model()
    before = model.embedding.weight.clone()
    tensors = model_tensors(toy_model(seed=1))
    with pytest.raises(ValueError, match=r"run/x: 'head.bias' is \(5,\), the model's is \(11,\)"):
        load_model_tensors(model, {**tensors, "head.bias": torch.zeros(5)}, file="run/x")
    with pytest.raises(ValueError, match="holds 'tail'"):
        load_model_tensors(model, {**tensors, "tail": torch.zeros(5)}, file="run/x")
    assert torch.equal(before, model.embedding.weight)
