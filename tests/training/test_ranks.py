"""Several ranks are one training: the same numbers as one process, whoever fails, stops or is started again."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import ranks
import torch
from pretend import PretendGPU
from ranks import on_ranks

from groundup.models.causal_lm import CausalLM
from groundup.presets import preset
from groundup.training import distributed, launch, micro
from groundup.training.checkpoint import load_checkpoint, saved_steps
from groundup.training.interrupt import Interrupted
from groundup.training.log import read_metrics
from groundup.training.manifest import digest
from groundup.training.settings import TrainSettings

# Sums of float32 in another order: what differs is the last bits, and Adam's first steps magnify those a little.
LOSS, WEIGHT = 5e-6, 1e-4


def trace(folder):
    return {r["step"]: r["loss"] for r in read_metrics(folder / "metrics.jsonl") if "loss" in r}


def norms(folder):
    return [r["grad_norm"] for r in read_metrics(folder / "metrics.jsonl") if "loss" in r]


def validations(folder):
    return {r["step"]: r["valid_loss"] for r in read_metrics(folder / "metrics.jsonl") if "valid_loss" in r}


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The training on one process that all others are held against: a step is micro-batches of 4."""
    folder = tmp_path_factory.mktemp("alone")
    return folder, ranks.train(folder)


def assert_same_training(folder, weights, alone):
    expected, outcome = alone
    assert trace(folder) == pytest.approx(trace(expected), abs=LOSS)
    assert norms(folder) == pytest.approx(norms(expected), rel=2e-4)
    assert validations(folder) == pytest.approx(validations(expected), abs=LOSS)
    assert weights
    for name, tensor in weights.items():
        torch.testing.assert_close(tensor, outcome["weights"][name], atol=WEIGHT, rtol=0)


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    ("parallel", "size"),
    [("ddp", 2), ("fsdp", 4), pytest.param("fsdp", 2, marks=SLOW), pytest.param("ddp", 4, marks=SLOW)],
)
def test_ranks_train_as_one_process_does(tmp_path, alone, parallel, size):
    first, *others = on_ranks(size, folder=tmp_path, parallel=parallel, recompute=size == 4)
    assert others == [0] * (size - 1)
    assert_same_training(tmp_path, first["weights"], alone)
    assert f"training on {size} ranks (cpu" in first["said"]
    assert first["result"].tokens == alone[1]["result"].tokens
    assert not first["training"]
    best = load_checkpoint(tmp_path / "checkpoints", "best")  # an ordinary one, whoever wrote it
    for name, tensor in best.model.items():
        assert torch.equal(tensor, first["weights"][name])
    names = {path.name for path in (tmp_path / "checkpoints" / "step-00000008").iterdir()}
    assert names == {"MANIFEST.json", "model.safetensors", "optimizer.safetensors", "state.json"}


@pytest.mark.parametrize(
    "plan",
    [
        [("fsdp", 4), ("ddp", 2), ("none", 1)],
        pytest.param([("none", 1), ("ddp", 2), ("fsdp", 4)], marks=SLOW),
        pytest.param([("fsdp", 4), ("fsdp", 2), ("none", 1)], marks=SLOW),
    ],
)
def test_a_training_goes_on_with_other_ranks_in_the_same_order(tmp_path, alone, plan):
    for stop, (parallel, size) in zip((2, 5, 8), plan, strict=True):
        options = {"folder": tmp_path, "parallel": parallel, "resume": stop > 2, "on": {4 * stop - 1: "term"}}
        if stop == 8:
            options["on"] = {}
        outcome = on_ranks(size, **options) if size > 1 else [alone_here(options)]
        if stop < 8:
            assert isinstance(outcome[0], Interrupted), outcome
            assert outcome[1:] == [0] * (size - 1)
            assert f"stopped at step {stop}, saved" in str(outcome[0])
    assert_same_training(tmp_path, outcome[0]["weights"], alone)


def alone_here(options):
    try:
        return ranks.train(**options)
    except Interrupted as stopped:
        return stopped


def test_slices_come_back_on_another_number_of_ranks_bit_for_bit(tmp_path):
    """Saved by 4, read by 2 who take no step, turned into a whole: each time the very numbers."""
    ends = on_ranks(4, folder=tmp_path, parallel="fsdp", on={11: "term"}, average=3)
    assert isinstance(ends[0], Interrupted)
    step = tmp_path / "checkpoints" / "step-00000003"
    assert len(list(step.glob("shard-*.safetensors"))) == 4
    assert not (step / "model.safetensors").exists()
    assert on_ranks(2, ranks.reload, folder=str(tmp_path / "checkpoints")) == [3, 3]
    assert saved_steps(tmp_path / "checkpoints") == [3, 4]
    with pytest.raises(ValueError, match=rf"step-00000004: in slices, .* resume {tmp_path.name} --convert$"):
        load_checkpoint(tmp_path / "checkpoints")
    from groundup.training.sharded import make_whole

    assert make_whole(tmp_path / "checkpoints") == ([3, 4], [])
    assert make_whole(tmp_path / "checkpoints") == ([], [])
    three, four = (load_checkpoint(tmp_path / "checkpoints", step) for step in (3, 4))
    assert load_checkpoint(tmp_path / "checkpoints").step == 4
    for name in three.model:
        assert torch.equal(three.model[name], four.model[name])
        assert torch.equal(three.unaveraged[name], four.unaveraged[name])
    assert three.optimizer["param_groups"] == four.optimizer["param_groups"]
    for i, entries in three.optimizer["state"].items():
        for key, value in entries.items():
            assert torch.equal(value, four.optimizer["state"][i][key])


@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
def test_nan_on_one_rank_stops_all_on_the_same_step_and_is_not_saved(tmp_path, parallel):
    ends = on_ranks(2, folder=tmp_path, parallel=parallel, on={21: "nan"}, save_every=1)
    assert all(isinstance(end, FloatingPointError) for end in ends)
    assert str(ends[0]) == str(ends[1])
    assert "step 6: the loss is nan" in str(ends[0])
    assert "(rank 1, batch 21; not finite first in stack.embed.weight, " in str(ends[0])
    assert saved_steps(tmp_path / "checkpoints") == [1, 2, 3, 4, 5]
    assert list(trace(tmp_path)) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(("parallel", "size"), [("none", 1), pytest.param("fsdp", 2, marks=SLOW)])
def test_a_budget_skips_what_is_no_number_and_leaves_the_weights_alone(tmp_path, parallel, size):
    options = {"parallel": parallel, "on": {13: "nan"}, "skip_nonfinite": 1, "save_every": 1}

    def go(folder, **more):
        options_here = {**options, **more, "folder": tmp_path / folder}
        return on_ranks(size, **options_here)[0] if size > 1 else ranks.train(**options_here)

    outcome = go("whole")
    assert "step 4: the loss is nan" in outcome["said"]
    assert "skipped, the weights are as they were" in outcome["said"]
    skips = [r for r in read_metrics(tmp_path / "whole" / "metrics.jsonl") if "skipped" in r]
    assert [(r["step"], "batch 13" in r["skipped"]) for r in skips] == [(4, True)]
    losses = trace(tmp_path / "whole")
    assert list(losses) == [1, 2, 3, 5, 6, 7, 8]
    assert all(loss == loss for loss in losses.values())
    assert outcome["result"].steps == 8
    assert load_checkpoint(tmp_path / "whole" / "checkpoints").state["skipped"] == 1
    if size == 1:
        three, four = (load_checkpoint(tmp_path / "whole" / "checkpoints", n) for n in (3, 4))
        assert all(torch.equal(three.model[name], four.model[name]) for name in three.model)
        with pytest.raises(FloatingPointError, match=r"step 6: .*\(batch 20; .*lower learning rate"):
            go("twice", on={13: "nan", 20: "nan"})


def test_a_judgement_of_ones_own_sees_the_weights_that_slices_make(tmp_path):
    outcome = on_ranks(2, folder=tmp_path, parallel="fsdp", judge=True)[0]
    one = ranks.train(tmp_path / "one", judge=True)
    assert validations(tmp_path) == pytest.approx(validations(tmp_path / "one"), rel=1e-5)
    assert len(set(validations(tmp_path).values())) == 3
    assert outcome["result"].best_step == one["result"].best_step


def sizes(folder):
    return {r["step"]: r["size"] for r in read_metrics(folder / "metrics.jsonl") if "size" in r}


def test_who_looks_at_the_model_sees_the_weights_that_slices_make(tmp_path):
    on_ranks(2, folder=tmp_path / "two", parallel="fsdp", watch=True)
    ranks.train(tmp_path / "one", watch=True)
    assert sizes(tmp_path / "two") == pytest.approx(sizes(tmp_path / "one"), rel=1e-5)
    assert list(sizes(tmp_path / "two")) == [0, 4, 8]


def test_where_no_device_has_room_for_the_model_nobody_looks_and_one_line_says_so(tmp_path, alone):
    first = on_ranks(2, ranks.crowded, folder=tmp_path)[0]
    assert first["said"].count("cpu has no room for the whole model") == 1
    assert sizes(tmp_path) == {}
    assert_same_training(tmp_path, first["weights"], alone)


def test_a_model_in_slices_is_shown_on_the_gpu_if_that_has_room(monkeypatch):
    class OnlyOne(distributed.Shards):
        def __init__(self):
            self.device = torch.device("cuda", 0)

        def from_main(self, make):
            return make()

    model, trained, size = ranks.tiny(), ranks.tiny(), sum(p.nbytes for p in ranks.tiny().parameters())
    with torch.no_grad():
        trained.stack.embed.weight.add_(1)
    with PretendGPU():
        for free, place in ((2 * size, "cuda"), (size, "cpu")):
            monkeypatch.setattr("torch.cuda.mem_get_info", lambda device, free=free: (free, 10 * size))
            with OnlyOne().whole_model(trained, model) as fits:
                assert fits == (place == "cuda")
                assert {p.device.type for p in model.parameters()} == {place}
            assert {p.device.type for p in model.parameters()} == {"cpu"}
    for name, tensor in trained.state_dict().items():
        assert torch.equal(model.state_dict()[name], tensor)


@pytest.mark.parametrize("born", ["meta", "cpu"])
@pytest.mark.parametrize("position", ["learned", "sinusoidal"])
def test_the_first_rank_hands_out_its_numbers_and_the_others_never_hold_a_whole_model(position, born):
    torch.manual_seed(0)  # of rank 0
    expected = CausalLM(dataclasses.replace(preset("gpt2-tiny", position=position, tied="head"), **ranks.SHAPE))
    size = ranks.numbers(expected)
    found = on_ranks(3, ranks.handed_out, position=position, born=born)
    for rank, held in enumerate(found):
        assert held["tied"]
        assert held["between"] == 0
        assert held["born"] == (size if rank == 0 or born == "cpu" else 0)
        for name, tensor in expected.state_dict().items():
            assert torch.equal(held["whole"][name], tensor), name
        assert held["buffers"].keys() == dict(expected.named_buffers()).keys()
        for name, tensor in expected.named_buffers():
            assert torch.equal(held["buffers"][name], tensor), name
    assert sum(held["cut"] for held in found) == size
    assert max(held["cut"] for held in found) < 0.4 * size


@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
def test_all_ranks_go_on_from_the_checkpoint_that_the_first_one_sees(tmp_path, alone, parallel):
    """Also where another's `latest` is older, as a network's disk may show it; to see no such step is an error."""
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        shutil.copytree(alone[0] / "checkpoints", folder)
    four = there / "step-00000004" / "MANIFEST.json"
    (there / "latest").write_text(f"step-00000004 {digest(four)}\n")

    def gone_on():
        return on_ranks(2, ranks.gone_on, folders=[str(here), str(there)], parallel=parallel)

    assert gone_on() == [8, 8]
    cure = "the checkpoint of step 8 that rank 0 goes on from; all ranks need one runs/ folder that they share"
    eight = there / "step-00000008"
    (eight / "MANIFEST.json").write_bytes(four.read_bytes())
    assert [str(end) for end in gone_on()] == [f"rank 1 finds another one in place of {cure}"] * 2
    shutil.rmtree(eight)
    ends = gone_on()
    assert [str(end) for end in ends] == [f"rank 1 does not find {cure}"] * 2
    assert all(isinstance(end, ValueError) for end in ends)


@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
def test_a_disk_that_refuses_stops_all_ranks_with_its_reason(tmp_path, parallel):
    (tmp_path / "checkpoints").write_text("in the way")
    ends = on_ranks(2, folder=tmp_path, parallel=parallel)
    assert all(isinstance(end, OSError) and not isinstance(end, ConnectionError) for end in ends), ends
    assert all("checkpoints" in str(end) for end in ends)


@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
def test_a_rank_that_hangs_is_given_up_within_the_timeout(tmp_path, parallel):
    (end, _) = on_ranks(2, folder=tmp_path, parallel=parallel, on={13: "hang"}, timeout=2.0, expect=1)
    assert isinstance(end, TimeoutError)
    assert "rank 0: another rank did not answer within 2 s" in str(end)


def test_a_rank_that_dies_ends_the_others_with_one_line(tmp_path):
    (end, _) = on_ranks(2, folder=tmp_path, parallel="ddp", on={13: "die"}, expect=1)
    assert isinstance(end, ConnectionError)
    assert "\n" not in str(end)
    assert "another rank is gone" in str(end)


def test_what_does_not_fit_how_it_was_started_is_refused(tmp_path, monkeypatch):
    for parallel in ("ddp", "fsdp"):
        with pytest.raises(ValueError, match=rf"{parallel} needs the processes that torchrun starts"):
            ranks.train(tmp_path, parallel=parallel)
    ends = on_ranks(2, folder=tmp_path, parallel="none")
    assert all("torchrun started 2 processes" in str(end) for end in ends)
    for name in ("RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.setenv(name, "2")
    with PretendGPU(), pytest.raises(ValueError, match=r"^device cuda:0 puts all 2 ranks .* try --train.device cuda$"):
        ranks.train(tmp_path, device="cuda:0", parallel="fsdp")


# Muon's iterations are in bfloat16, which makes more of the last bits.
MUON, ABOUT = {"optimizer": "muon", "batch_tokens": 6 * 3 * ranks.T}, 5e-3


def test_muon_trains_on_two_ranks_as_on_one(tmp_path):
    first = on_ranks(2, folder=tmp_path / "two", **MUON)[0]
    one = ranks.train(tmp_path / "one", **MUON)
    assert trace(tmp_path / "two") == pytest.approx(trace(tmp_path / "one"), abs=ABOUT)
    assert first["result"].tokens == one["result"].tokens


def test_muon_trains_in_slices_and_goes_on_in_other_slices(tmp_path):
    """32 rows do not part evenly among three."""
    (end, *_) = on_ranks(3, folder=tmp_path / "cut", parallel="fsdp", on={6 * 4 - 1: "term"}, **MUON)
    assert "stopped at step 4, saved" in str(end)
    on_ranks(2, folder=tmp_path / "cut", parallel="fsdp", resume=True, **MUON)
    ranks.train(tmp_path / "one", **MUON)
    assert trace(tmp_path / "cut") == pytest.approx(trace(tmp_path / "one"), abs=ABOUT)


def test_batch_tokens_are_exact_or_refused_with_the_nearest():
    settings = TrainSettings(batch_tokens=12 * ranks.T)
    data = ranks.TinyData()
    assert [micro.per_step(data, settings, size) for size in (1, 2, 4)] == [4, 2, 1]
    with pytest.raises(ValueError, match=r"\(144\) must be a multiple of 108: .* 36 tokens on 3 ranks; .* 108 or 216"):
        micro.per_step(data, settings, 3)
    with pytest.raises(ValueError, match=r"try --train.batch-tokens 180$"):
        micro.per_step(data, settings, 5)

    class Uneven:
        def batches(self, start=0):
            for m in range(start, start + 9):
                batch = data.batch(m)
                yield batch._replace(targets=batch.targets[:, : 5 + m])

    with pytest.raises(ValueError, match=r"one size, and these have 15 to 24 tokens"):
        micro.per_step(Uneven(), settings, 1)


def test_every_rank_takes_its_own_and_together_all_in_order():
    class Plain:
        def batches(self, start=0):
            while True:
                yield start
                start += 1

    class Quick(Plain):
        def batches(self, start=0, every=1):
            while True:
                yield start
                start += every

    for data in (Plain(), Quick()):
        hands = [micro.every(data, 6 + rank, 3) for rank in range(3)]
        assert [next(hand) for _ in range(4) for hand in hands] == list(range(6, 18))


def test_restarts_meet_anew_or_are_refused_where_they_could_not(monkeypatch):
    assert not launch.shares_a_store()
    said = {"RANK": 1, "WORLD_SIZE": 4, "LOCAL_WORLD_SIZE": 4, "MASTER_ADDR": "here", "MASTER_PORT": 1}
    said |= {"TORCHELASTIC_USE_AGENT_STORE": "True", "TORCHELASTIC_MAX_RESTARTS": 2, "TORCHELASTIC_RESTART_COUNT": 1}
    for name, value in said.items():
        monkeypatch.setenv(name, str(value))
    assert launch.shares_a_store()
    assert (launch.rank(), launch.size(), launch.attempt()) == (1, 4, 1)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    with pytest.raises(ValueError, match="TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1 torchrun"):
        launch.shares_a_store()
    monkeypatch.setenv("TORCHELASTIC_MAX_RESTARTS", "0")
    assert not launch.shares_a_store()


def torchrun(*arguments, folder, restarts=0):
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    command += ["--rdzv-backend", "c10d", "--rdzv-endpoint", "127.0.0.1:0", "--max-restarts", str(restarts)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [*command, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.slow
@pytest.mark.parametrize(("parallel", "how"), [("ddp", "die"), ("fsdp", "die"), ("fsdp", "die saving")])
def test_torchrun_starts_a_killed_rank_again_and_the_training_goes_on(tmp_path, alone, parallel, how):
    program = str(Path(ranks.__file__))
    options = json.dumps({"parallel": parallel, "on": {23: how}, "timeout": 40})
    done = torchrun(program, str(tmp_path / "run"), options, folder=tmp_path, restarts=1)
    assert done.returncode == 0, done.stderr
    assert "resumed at step 4" in done.stdout
    weights = load_checkpoint(tmp_path / "run" / "checkpoints", "best").model
    assert_same_training(tmp_path / "run", weights, alone)


@pytest.mark.slow
def test_the_command_is_the_same_under_torchrun(tmp_path):
    (tmp_path / "text.txt").write_text("".join(f"{n} times {n} is {n * n}.\n" for n in range(900)))
    small = "--model.width 32 --model.heads 2 --model.layers 1 --model.mlp-width 64 --model.context 32 --data.batch 4"
    options = f"{small} --tokenizer.vocab-size 300 --max-minutes None --train.warmup 2 --train.steps 6".split()
    options += "--train.log-every 1 --train.batch-tokens 512 --train.precision float32 --train.device cpu".split()
    command = ["-m", "groundup", "train", "corpus", "text.txt"]
    for how in ("ddp", "fsdp"):
        done = torchrun(*command, "--name", how, "--parallel", how, *options, folder=tmp_path)
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("held out     perplexity") == 1
        assert done.stderr.count("validation loss") == 2
    solo = [sys.executable, *command, "--name", "solo", *options]
    subprocess.run(solo, cwd=tmp_path, check=True, capture_output=True)
    expected = trace(tmp_path / "runs" / "solo")
    for name in ("ddp", "fsdp"):
        assert trace(tmp_path / "runs" / name) == pytest.approx(expected, abs=LOSS)
