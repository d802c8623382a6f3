"""What safety costs: a save, with hashing and syncing, against the steps between two of them."""

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from tiny import Row

from groundup.config import ModelConfig
from groundup.data.stream import TokenStream
from groundup.models.causal_lm import CausalLM
from groundup.training.checkpoint import load_checkpoint, save_checkpoint
from groundup.training.loop import train
from groundup.training.manifest import digest, sync
from groundup.training.optim import adamw
from groundup.training.precision import choose_precision
from groundup.training.settings import TrainSettings
from groundup.training.tensors import model_tensors

BAR = 2.0
"""Percent of a step."""


def overhead(rounds: int, folder: Path, *, width: int = 320, layers: int = 6, vocab: int = 8192) -> list[Row]:
    """`rounds` of a step, a save and a bare torch.save in turns, of a model of 10 million weights unless told."""
    torch.manual_seed(0)
    model = CausalLM(ModelConfig(vocab_size=vocab, context=128, width=width, layers=layers, heads=5, tied="head"))
    optimizer, every = adamw(model, lr=1e-3), TrainSettings(steps=1, warmup=0).save_every
    stream = TokenStream(torch.randint(vocab, (20_000,)), length=128, batch=8, seed=0)
    steps = train(
        model,
        stream.batches(),
        steps=10_000,
        optimizer=optimizer,
        precision=choose_precision(torch.device("cpu"), "float32"),
    )
    times: dict[str, list[float]] = {name: [] for name in ("step", "save", "hash", "sync", "torch.save", "load")}
    for n in range(rounds + 1):  # the first warms up
        times["step"].append(next(steps).seconds)
        state = {"model": model_tensors(model), "optimizer": optimizer.state_dict()}
        clock(times["save"], lambda n=n, state=state: save_checkpoint(folder, n, **state, state={"step": n}))
        files = list((folder / f"step-{n:08d}").iterdir())
        clock(times["hash"], lambda files=files: [digest(file) for file in files])
        clock(times["torch.save"], lambda state=state: torch.save(state, folder / "bare.pt"))
        clock(times["sync"], lambda: sync(folder / "bare.pt"))
        clock(times["load"], lambda: load_checkpoint(folder))
    middle = {name: statistics.median(taken[1:]) for name, taken in times.items()}
    percent = 100 * middle["save"] / (every * middle["step"])
    size = sum(file.stat().st_size for file in files) / 1e6
    weights = sum(p.numel() for p in model.parameters()) / 1e6
    needed = 100_000 * middle["save"] / every / BAR
    note = (
        f"{percent:.2f}% of training ({weights:.1f}M weights, one core, 1,024 tokens, {1000 * middle['step']:.0f} ms "
        f"a step, a save every {every}): {middle['save']:.2f} s for {size:.0f} MB, {middle['hash']:.2f} s hashing; "
        f"met by steps of {needed:.0f} ms and more; a load {middle['load']:.2f} s"
    )
    bare = f"{middle['torch.save']:.2f} s, and {middle['sync']:.2f} s to sync it"
    return [
        Row("h", f"a save costs more than {BAR:g}% of training", rounds, int(percent >= BAR), note, details=middle),
        Row("h", "the same by a bare torch.save", rounds, 0, bare, context=True),
    ]


def clock(times: list[float], function: Callable[[], object]) -> None:
    began = time.perf_counter()
    function()
    times.append(time.perf_counter() - began)
