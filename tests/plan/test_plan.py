"""Plans are arithmetic that can be checked: by hand, against autograd and against one another."""

import re
import subprocess
import sys
from dataclasses import replace
from itertools import accumulate

import pytest
import torch

from groundup.models.causal_lm import CausalLM
from groundup.models.state import State
from groundup.plan.here import needs, of_each
from groundup.plan.memory import held_by_head, kept, memory
from groundup.plan.plan import How, Plan, plan, room
from groundup.plan.speed import Assumptions, Cluster, step_time
from groundup.plan.words import describe
from groundup.plan.work import Work, recipe_work, work
from groundup.presets import preset
from groundup.recipes import demo, gpt2_124m, shakespeare_char
from groundup.training.devices import Device, find_device
from groundup.training.head import head_loss

H100, A100 = find_device("h100"), find_device("a100")
PLAIN = How()
ROUND = Device("round", frozenset(), peak=1e12, memory=1e12, bandwidth=1e12, link=1e9, network=1e8)


def planned(name: str, devices: int = 1, *, device: Device = H100, how: How = PLAIN, **asked) -> Plan:
    return plan(work(name, **asked), Cluster(device, devices, 8), how)


def saved(model: CausalLM, ids: torch.Tensor, *, half: bool) -> int:
    """Bytes that autograd holds between forward and backward, weights left out; each tensor's memory once."""
    sizes: dict[int, int] = {}
    weights = {p.untyped_storage().data_ptr() for p in model.parameters()}
    held = []

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        held.append(tensor)
        sizes[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with (
        torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor),
        torch.autocast("cpu", dtype=torch.bfloat16, enabled=half),
    ):
        out = model.read(ids, State())
    del out
    return sum(size for at, size in sizes.items() if at not in weights)


@pytest.mark.parametrize("half", [True, False])
@pytest.mark.parametrize("name", ["gpt2-tiny", "llama-tiny", "llama3-tiny", "modern-tiny"])
def test_activations_are_what_autograd_keeps(name, half):
    """The difference of three blocks and one; past 1,024 tokens, where attention is the fused kernel's."""
    T, shape = 1100, dict(vocab_size=16, context=1100, width=256, heads=4)
    shape |= {"kv_heads": 2} if name == "llama3-tiny" else {}
    shape |= {"mlp_width": 688} if name.startswith("llama") else {}
    counts = []
    for layers in (1, 3):
        model = CausalLM(preset(name, **shape, layers=layers)).train()
        counts.append(saved(model, torch.randint(16, (1, T)), half=half))
        copies = 2 * sum(p.numel() for p in model.stack.blocks[0].parameters() if p.ndim == 2) if half else 0
    seen = (counts[1] - counts[0]) / 2 - copies
    assert kept(model.config, half=half) * T == pytest.approx(seen, rel=0.1)


def test_a_step_by_hand():
    """One device, products only: tokens x FLOPs over the rate, and MFU is the share assumed."""
    job = work("gpt2", windows=8)
    assume = Assumptions(products=0.25, touches=0.0)
    found = plan(job, Cluster(replace(ROUND, bandwidth=1e30), 1, 8), How(assume=assume))
    assert found.batch_tokens == 2**19
    assert found.step.total == pytest.approx(2**19 * job.flops / 0.25e12, rel=1e-6)
    assert found.mfu == pytest.approx(0.25, rel=1e-6)
    assert found.seconds == pytest.approx(job.tokens / found.tokens_per_second)


def test_rings_by_hand():
    """8 devices of 1 GB/s, two nodes at 0.1 GB/s each: 7/8 of 4 GB near, half of an eighth of them far."""
    assume = Assumptions(network=1.0, latency=0.0, agreement=0.0, message=0.0)
    assert Cluster(ROUND, 8, 8).gather(4e9, assume) == pytest.approx(7 / 8 * 4)
    assert Cluster(ROUND, 16, 8).gather(4e9, assume) == pytest.approx(7 / 8 * 4 + 0.5 * 0.5e9 / 1e8)
    job = work("gpt2", windows=8)
    found = plan(job, Cluster(ROUND, 8, 8), How(parallel="ddp", assume=assume))
    assert found.step.network == pytest.approx(2 * 7 / 8 * 4 * job.parameters / 1e9)
    assert found.step.exposed == pytest.approx(0.2 * found.step.network)
    assert plan(job, Cluster(ROUND, 1, 8), How(assume=assume)).step.network == 0


def test_agreements_are_waited_for():
    """Three in a step: 63 ranks say something to the first, which tells 64 in six rounds. Nothing hides them."""
    job = work("gpt2", windows=8)
    found, silent = (
        plan(job, Cluster(ROUND, 64, 8), How(parallel="ddp", assume=assume)).step
        for assume in (Assumptions(agreement=1e-4, message=1e-5), Assumptions(agreement=0.0, message=0.0))
    )
    assert found.total - silent.total == pytest.approx(3 * (7 * 1e-4 + 63 * 1e-5))
    assert found.network - silent.network == pytest.approx(3 * (7 * 1e-4 + 63 * 1e-5))


def test_more_devices_take_less_time_and_never_less_than_their_share():
    times = [planned("gpt2", devices, tokens=1e10).seconds for devices in (1, 2, 8, 64, 256)]
    assert times == sorted(times, reverse=True)
    for devices, seconds in zip((2, 8, 64, 256), times[1:], strict=True):
        assert seconds >= times[0] / devices * 0.999


def test_recomputation_trades_time_for_memory_and_fsdp_slices_states():
    plain, again = (planned("gpt2", how=How(recompute=flag), windows=16) for flag in (False, True))
    assert again.memory.activations < plain.memory.activations / 4
    assert 1.15 < again.step.products / plain.step.products < 4 / 3
    one, eight = planned("gpt2-xl", windows=4), planned("gpt2-xl", 8, how=How(parallel="fsdp"), windows=4)
    assert eight.memory.optimizer == pytest.approx(one.memory.optimizer / 8)
    assert one.memory.optimizer == 8 * one.work.parameters
    last = planned("gpt2-xl", 8, how=How(parallel="fsdp"), windows=64, batch_tokens=8 * 8 * 1024)
    assert last.micro_batches == 1
    assert last.memory.gradients == pytest.approx(4 * one.work.parameters / 8)


@pytest.mark.parametrize("rows", [16, 128])
def test_a_head_in_chunks_holds_what_was_seen_held(rows):
    """The most bytes there were at once between the last hidden states and their gradients, counted by PyTorch.

    In float32: to make ln p of bfloat16 logits a CPU copies them.
    """
    V, C, tokens = 4001, 64, 1024
    weight, targets = torch.randn(V, C, requires_grad=True), torch.arange(tokens)[None]
    x = torch.randn(1, tokens, C, requires_grad=True)
    job = replace(work("gpt2"), config=preset("gpt2-tiny", vocab_size=V, width=C, heads=4), chunk_head=rows)
    with torch.profiler.profile(profile_memory=True) as seen:
        head_loss(x, weight, targets, rows=rows).backward()
    changes = [e for e in seen.profiler.kineto_results.events() if e.name() == "[memory]"]
    peak = max(accumulate(e.nbytes() for e in sorted(changes, key=lambda e: e.start_ns())))
    assert held_by_head(job, tokens=tokens, half=False) == pytest.approx(peak, rel=0.05)
    assert held_by_head(replace(job, chunk_head=None), tokens=tokens, half=False) > 6 * peak


def test_muon_keeps_one_mean_of_the_blocks_matrices():
    job = work("gpt2")
    shared = dict(tokens=1024, accumulates=False, ranks=1, parallel="none", recompute=False, half=True)
    saves = memory(job, **shared).optimizer - memory(replace(job, optimizer="muon"), **shared).optimizer
    assert saves == 4 * 12 * 12 * 768**2


def test_what_does_not_fit_says_what_would_and_that_is_true():
    with pytest.raises(ValueError, match=r"llama2-7b needs .* GB on each rank .* it fits with --recompute$"):
        planned("llama2-7b", 8)
    assert planned("llama2-7b", 8, how=How(recompute=True)).memory.total <= room(Cluster(H100, 8, 8))
    with pytest.raises(ValueError, match=r"gpt2 needs .* it fits with --micro-batch 64$"):
        planned("gpt2", windows=128)
    assert planned("gpt2", windows=64)
    with pytest.raises(ValueError, match=r"gpt2-xl .* it fits with --parallel fsdp"):
        planned("gpt2-xl", 8, device=replace(A100, memory=26e9), how=How(parallel="ddp", recompute=True), windows=1)
    with pytest.raises(ValueError, match=r"it fits with --devices (\d+) --parallel fsdp --recompute --micro-batch 1"):
        planned("llama2-7b")
    with pytest.raises(ValueError, match="is 512 texts of 1,024, too few for 1,024 devices; try --batch-tokens"):
        planned("gpt2", 1024)
    with pytest.raises(ValueError, match="no recipe or preset 'gpt2-m'; did you mean"):
        work("gpt2-m")


def test_micro_batches_left_open_are_the_largest_that_fit():
    found = planned("gpt2-large", device=A100)
    smaller = found.windows
    assert smaller in (1, 2, 4, 8, 16, 32)
    with pytest.raises(ValueError, match="--micro-batch"):
        planned("gpt2-large", device=A100, windows=2 * smaller)


@pytest.mark.parametrize("devices", [1, 4, 8, 32, 512])
def test_a_rank_takes_at_a_time_what_it_does_in_training(devices):
    """Whole micro-batches that make up the batch exactly, so a plan is of the very step that is taken."""
    recipe = gpt2_124m.RECIPE
    found = plan(recipe_work(recipe), Cluster(H100, devices, 8), PLAIN)
    assert found.batch_tokens == recipe.train.batch_tokens
    assert found.windows == of_each(recipe, devices).batch
    assert planned("gpt2", context=1000).batch_tokens == 524_000, "a preset's half a million, in whole windows"
    small = replace(recipe, train=replace(recipe.train, batch_tokens=8 * 1024))
    assert needs(small) == needs(replace(small, data=replace(small.data, batch=8))) != needs(recipe)
    odd = planned("gpt2", devices=8, windows=48)
    assert (odd.windows, odd.micro_batches, odd.batch_tokens) == (32, 2, 2**19)


def test_recipes_are_read():
    text = recipe_work(shakespeare_char.RECIPE)
    assert (text.batch_tokens, text.windows, text.optimizer) == (16 * 128, 16, "muon")
    assert text.minutes == shakespeare_char.RECIPE.max_minutes
    pairs = recipe_work(demo.RECIPE, tokens=1e6)
    assert pairs.config.context == demo.RECIPE.data.max_length
    assert pairs.batch_tokens <= demo.RECIPE.data.batch_tokens / 2
    assert (pairs.tokens, pairs.minutes) == (1e6, None)
    assert isinstance(pairs, Work)


def test_public_runs_are_met_within_what_the_page_says():
    """tokens/s of GPT-2 124M: 1 A100 in PyTorch (142,000, published by S. Raschka), 8 A100 in llm.c (1.75M)."""
    assert planned("gpt2", device=A100, windows=16).tokens_per_second == pytest.approx(142_156, rel=0.25)
    assert planned("gpt2", 8, device=A100).tokens_per_second == pytest.approx(1.75e6, rel=0.35)
    assert planned("gpt2", 8).tokens_per_second == pytest.approx(3.7e6, rel=0.25)


PEAK = """
import resource, sys
from groundup.cli.main import main
main(sys.argv[1:])
print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other systems count resident memory otherwise")
def test_the_memory_that_a_dry_run_states_is_that_of_the_training(tmp_path):
    (tmp_path / "text.txt").write_text("".join(f"{n}. one, two and {n * n}\n" for n in range(20_000)))
    train = [
        *"train corpus text.txt --model.width 256 --model.heads 4 --model.layers 4 --model.context 128".split(),
        *"--data.batch 32 --train.warmup 1 --train.steps 2 --train.validate-every 2 --max-minutes None".split(),
        *"--tokenizer.vocab-size 2000 --data.valid-tokens 5000".split(),
    ]

    def said(*more: str) -> str:
        return subprocess.run(
            [sys.executable, "-c", PEAK, *train, *more], cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout

    plan = said("--dry-run")
    stated = [float(number.replace(",", "")) for number in re.findall(r"(?:take|about|itself) ([\d,]+) MB", plan)]
    assert len(stated) == 3
    peak = float(said().split("peak ")[1]) / 1e6
    assert 0.97 * peak < sum(stated) < 1.15 * peak


def test_no_step_is_shorter_than_launching_its_operations():
    tiny, large = planned("dialogue", 1), planned("gpt2-xl", 1)
    assert tiny.step.total == tiny.step.launches == pytest.approx(8e-6 * (50 * (2 * 1.5 + 2) + 50))
    assert tiny.tokens_per_second < 2e6
    assert large.step.total == large.step.products + large.step.traffic + large.step.optimizer
    assert "launching the operations" in describe(tiny)
    assert "launching the operations" not in describe(large)
    twice = step_time(
        work("dialogue"),
        tiny.cluster,
        tokens=64,
        micro_batches=2,
        parallel="none",
        recompute=False,
        half=True,
        assume=Assumptions(),
    )
    assert twice.total == 2 * tiny.step.total
