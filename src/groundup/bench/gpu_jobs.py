"""The jobs of `groundup bench gpu`; `worker` runs each in its own process."""

import dataclasses
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

STEPS = 5  # training steps of one contestant in a round
WARM = 3  # steps before the measurement: two compile, forward and backward, and one allocates memory
TESTS = Path(__file__).parents[3] / "tests" / "gpu"


def tests(*, device: str) -> Iterator[dict[str, Any]]:
    """Run the tests in tests/gpu on the device: how many passed, and which failed."""
    if not TESTS.is_dir():
        raise FileNotFoundError(f"no {TESTS}: the tests come with the repository, not with the package")
    command = [sys.executable, "-m", "pytest", "-rfE", "-p", "no:cacheprovider", str(TESTS)]
    ran = subprocess.run(
        command,
        cwd=TESTS.parents[1],
        env=os.environ | {"GROUNDUP_GPU_TESTS": device},
        capture_output=True,
        text=True,
        check=False,
    )
    last = ran.stdout.strip().splitlines()[-1:] or [ran.stderr.strip()[-200:]]
    counts = {what: int(n) for n, what in re.findall(r"(\d+) (passed|failed|skipped|error)", ran.stdout)}
    failed = re.findall(r"^(?:FAILED|ERROR) (\S+?)(?: - .*)?$", ran.stdout, re.MULTILINE)
    yield dict(device=device, **counts, failures=", ".join(failed), summary=last[0].strip("= "))
    while True:
        yield {}


def train_ours(
    *, shape: dict[str, Any], batch: int | None, compiled: bool, window: int | None = None
) -> Iterator[dict[str, Any]]:
    """Run STEPS of our training loop in each round, on random ids."""
    import numpy as np
    import torch

    from groundup.bench.shapes import Shape
    from groundup.data.stream import TokenStream
    from groundup.models.causal_lm import CausalLM
    from groundup.training import prepare
    from groundup.training.loop import train
    from groundup.training.precision import choose_device, choose_precision

    torch.manual_seed(0)
    device, size = choose_device(), Shape(**shape)
    rows = batch or _rows(device)
    config = size.config()
    if window is not None:
        config = dataclasses.replace(config, windows=(None, window))
    model = CausalLM(config).to(device)
    facts = _facts(model, rows * size.context)
    if compiled:
        prepare.compile_forward(model, by_block=False)
    ids = np.random.default_rng(0).integers(size.vocab_size, size=8 * rows * size.context + 1)
    stream = TokenStream(ids, length=size.context, batch=rows, seed=0)
    steps = train(model, stream.batches(), steps=10**9, lr=1e-4, precision=choose_precision(device, "bfloat16"))
    yield from _timed(facts, lambda: next(steps))


def train_theirs(*, shape: dict[str, Any], batch: int | None, compiled: bool) -> Iterator[dict[str, Any]]:
    """Run STEPS of the usual training loop in each round, with a transformers model of the same shape."""
    import torch

    from groundup.bench.shapes import Shape, theirs
    from groundup.training.precision import choose_device, choose_precision

    torch.manual_seed(0)
    device, size = choose_device(), Shape(**shape)
    rows, ours = batch or _rows(device), size.ours()
    facts, model = _facts(ours.to(device), rows * size.context), theirs(ours.cpu()).to(device).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
    autocast = choose_precision(device, "bfloat16").autocast
    called = torch.compile(model) if compiled else model

    def step() -> None:
        ids = torch.randint(size.vocab_size, (rows, size.context), device=device)
        optimizer.zero_grad(set_to_none=True)
        with autocast():
            loss = called(ids, labels=ids).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        loss.item()

    yield from _timed(facts, step)


def resume(*, shape: dict[str, Any], steps: int) -> Iterator[dict[str, Any]]:
    """Train 2n steps, and n + resume + n: return the largest difference of a weight, and both last losses."""
    import numpy as np

    from groundup.bench.shapes import Shape
    from groundup.data.stream import TokenStream
    from groundup.training.fit import fit
    from groundup.training.precision import choose_device
    from groundup.training.settings import TrainSettings

    size, device = Shape(**shape), choose_device()
    ids = np.random.default_rng(0).integers(size.vocab_size, size=64 * size.context)
    stream = TokenStream(ids, length=size.context, batch=4, seed=0)

    def run(folder: Path, n: int, *, again: bool = False) -> tuple[Any, float]:
        import torch

        torch.manual_seed(0)
        model = size.ours()
        every: dict[str, Any] = dict(validate_every=steps, save_every=steps, log_every=steps)
        settings = TrainSettings(
            steps=n, lr=1e-3, warmup=1, schedule="constant", device=str(device), compile="off", **every
        )
        with Path(os.devnull).open("w") as nowhere:
            found = fit(
                model, stream, folder=folder, settings=settings, valid=stream.fixed(), resume=again, report=nowhere
            )
        return model, found.last_loss

    with tempfile.TemporaryDirectory() as scratch:
        whole, loss = run(Path(scratch) / "whole", 2 * steps)
        run(Path(scratch) / "halves", steps)
        halves, again = run(Path(scratch) / "halves", 2 * steps, again=True)
    pairs = zip(whole.parameters(), halves.parameters(), strict=True)
    difference = max((a - b).abs().max().item() for a, b in pairs)
    yield dict(device=device.type, steps=2 * steps, difference=difference, loss=loss, resumed_loss=again)
    while True:
        yield {}


def _rows(device: Any) -> int:
    """Return how many texts of 1,024 tokens a GPU of this size can take in a batch."""
    import torch

    memory = torch.cuda.get_device_properties(device).total_memory / 2**30 if device.type == "cuda" else 0
    return 64 if memory > 100 else 32 if memory > 60 else 16 if memory > 38 else 8 if memory > 20 else 4


def _facts(model: Any, tokens: int) -> dict[str, Any]:
    """Return the parameters, the FLOPs of a token and the device's peak rate, to compare the speed with."""
    from groundup.training.flops import yardstick
    from groundup.training.precision import choose_precision

    device = next(model.parameters()).device
    measure = yardstick(model, choose_precision(device, "bfloat16"), device=device)
    assert measure is not None, "it has a config"
    parameters = sum(parameter.numel() for parameter in model.parameters())
    return dict(tokens=tokens, parameters=parameters, flops=measure.per_token, peak=measure.peak, unit=measure.unit)


def _timed(facts: dict[str, Any], step: Callable[[], object]) -> Iterator[dict[str, Any]]:
    import torch

    from groundup.bench.worker import seconds_of

    for _ in range(WARM):
        step()
    cuda = torch.cuda.is_available()
    if cuda:
        torch.cuda.reset_peak_memory_stats()
    yield facts
    while True:
        seconds = seconds_of(step, times=STEPS)
        yield {"seconds": seconds, "device_mib": torch.cuda.max_memory_allocated() / 2**20 if cuda else None}
