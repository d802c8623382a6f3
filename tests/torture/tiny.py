"""A training of a second, whose every step, batch and file can be compared bit for bit; and children to run it in."""

import io
import mmap
import os
import signal
import struct
import sys
import time
import traceback
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch

from groundup.cli import main as main_module
from groundup.config import ModelConfig
from groundup.data.stream import TokenStream
from groundup.models.causal_lm import CausalLM
from groundup.training import fit as fit_module
from groundup.training import store as store_module
from groundup.training.checkpoint import load_checkpoint, saved_steps
from groundup.training.log import read_metrics
from groundup.training.settings import TrainSettings

V, T = 32, 8
PLAIN = TrainSettings(
    steps=40, lr=1e-2, warmup=5, validate_every=6, save_every=4, log_every=3, device="cpu", precision="float32"
)
VARIANTS = {
    "adamw": PLAIN,
    "muon": replace(PLAIN, optimizer="muon", validate_every=4),
    "average": replace(PLAIN, average=10, save_every=5, validate_every=10),
    "accumulate": replace(PLAIN, accumulate=2, save_every=3, validate_every=5, keep=1),
}
"""Saving and validating fall on the same steps in some and on different ones in others, the last step included."""
PHASES = ("resume", "step", "validation", "save")


@dataclass(frozen=True)
class Row:
    """One line of the report: of `tried`, `failed` must be none; a `context` row only sets ours beside others."""

    part: str
    what: str
    tried: int
    failed: int
    note: str = ""
    context: bool = False
    details: dict[str, Any] = field(default_factory=dict)


def tiny_model(seed: int = 0) -> CausalLM:
    torch.manual_seed(seed)
    return CausalLM(ModelConfig(vocab_size=V, context=T, width=16, layers=1, heads=2, dropout=0.1))


def tiny_stream(*, seed: int = 0, batch: int = 2) -> TokenStream:
    rng = np.random.default_rng(seed)
    tokens = (np.cumsum(rng.integers(1, 3, 2000)) % V).astype(np.int32)
    return TokenStream(tokens, length=T, batch=batch, seed=seed)


class Board:
    """Memory that a child shares with its parent: what it is doing, and at which step."""

    def __init__(self) -> None:
        self.memory = mmap.mmap(-1, 16)

    def write(self, phase: str, step: int | None = None) -> None:
        self.memory[:8] = struct.pack("<q", PHASES.index(phase))
        if step is not None:
            self.memory[8:] = struct.pack("<q", step)

    def read(self) -> tuple[str, int]:
        phase, step = struct.unpack("<qq", self.memory[:])
        return PHASES[phase], step

    def follow(self) -> None:
        """Say on the board what `fit` does in this process; never undone, so for a child only."""

        def during(phase: str, function: Callable[..., Any]) -> Callable[..., Any]:
            def call(*args: Any, **kwargs: Any) -> Any:
                self.write(phase)
                try:
                    return function(*args, **kwargs)
                finally:
                    self.write("step")

            return call

        for phase, module, name in (
            ("resume", store_module, "read_checkpoint"),
            ("validation", fit_module, "validate"),
            ("save", store_module, "save_checkpoint"),
            ("resume", store_module, "find_whole"),
            ("resume", store_module, "load_sharded"),
            ("save", store_module, "save_sharded"),
        ):
            setattr(module, name, during(phase, getattr(module, name)))


class Watched:
    """The stream, with every batch that is handed out on record: its number and a checksum of it."""

    def __init__(self, stream: TokenStream, record: Path, board: Board | None = None, before: Any = None) -> None:
        self.stream, self.board = stream, board
        self.before = before or (lambda n: None)
        self.handle = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def batches(self, start: int = 0, every: int = 1) -> Iterator[Any]:
        for n, batch in zip(count(start, every), self.stream.batches(start, every), strict=False):
            self.before(n)
            if self.board is not None:
                self.board.write("step", n)
            content = b"".join(tensor.numpy().tobytes() for tensor in (*batch.inputs, batch.targets))
            os.write(self.handle, b"%d %d\n" % (n, zlib.crc32(content)))
            yield batch


def tiny_fit(
    folder: Path,
    settings: TrainSettings,
    *,
    board: Board | None = None,
    before: Any = None,
    model: Any = None,
    data: Any = None,
    report: Any = None,
) -> Any:
    """Begin or go on with the tiny training in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    resume = bool(saved_steps(folder / "checkpoints"))
    with patch.object(fit_module, "draw_losses"):  # a second for a picture that nobody looks at
        return fit_module.fit(
            model or tiny_model(seed=1 if resume else 0),  # what a resumed training starts from must not matter
            data or Watched(tiny_stream(), folder.with_suffix(".batches"), board, before),
            folder=folder,
            settings=settings,
            valid=list(tiny_stream(seed=5, batch=32).fixed()),
            resume=resume,
            report=report or io.StringIO(),
        )


def warm_up(folder: Path) -> None:
    """Import in this process whatever a training imports on its way, so that no child has to."""
    torch.set_num_threads(1)
    for name, settings in VARIANTS.items():
        tiny_fit(folder / f"warm-{name}", replace(settings, steps=5))


def differences(one: Path, other: Path) -> list[str]:
    """What differs between two runs that should be one: weights, optimizer, state, order of data, metrics."""
    found = []
    for which in ("latest", "best"):
        a, b = (load_checkpoint(folder / "checkpoints", which) for folder in (one, other))
        for name in ("step", "model", "optimizer", "unaveraged"):
            if not same(getattr(a, name), getattr(b, name)):
                found.append(f"{which} {name}")
        if timeless(a.state) != timeless(b.state):
            found.append(f"{which} state: {timeless(a.state)} {timeless(b.state)}")
    if [timeless(r) for r in read_metrics(one / "metrics.jsonl")] != [
        timeless(r) for r in read_metrics(other / "metrics.jsonl")
    ]:
        found.append("metrics.jsonl")
    seen = [set(folder.with_suffix(".batches").read_bytes().split(b"\n")) for folder in (one, other)]
    if seen[0] != seen[1]:
        found.append("order of data")
    return found


def same(a: Any, b: Any) -> bool:
    """Equal to the last bit, tensors included."""
    if isinstance(a, torch.Tensor) or isinstance(b, torch.Tensor):
        a, b = torch.as_tensor(a), torch.as_tensor(b)
        return a.dtype == b.dtype and a.shape == b.shape and a.numpy().tobytes() == b.numpy().tobytes()
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


def timeless(record: dict[str, Any]) -> dict[str, Any]:
    """A record without what a clock has written; `since` ends with seconds."""
    kept = {key: value for key, value in record.items() if "second" not in key}
    return {**kept, "since": kept["since"][:2]} if "since" in kept else kept


def fork(function: Callable[[], object], complaints: Path) -> int:
    """Run the function in a child and return its process id.

    Its exit code is the number that the function returns, 0 for anything else, 1 where it raises: why is in the file.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        torch.set_num_threads(1)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler)
        result = function()
        code = result if type(result) is int else 0
    except BaseException:
        complaints.write_text(traceback.format_exc())
    finally:
        os._exit(code)


def wait(child: int) -> int:
    """The exit code of a child, or minus the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def as_command(function: Callable[[], object], said: Path) -> int:
    """In a child: the exit code that the command line makes of what the function raises; what it prints, in a file."""
    with said.open("w") as stream, patch.object(sys, "stderr", stream), patch.object(main_module, "_run") as run:
        run.side_effect = lambda arguments: function()
        try:
            main_module.main([])
        except SystemExit as end:
            return end.code if isinstance(end.code, int) else 1
    return 0


def until(reached: Callable[[], bool], *, seconds: float = 30.0) -> None:
    """Wait for something that a child does."""
    end = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > end:
            raise TimeoutError("a child did not come so far")
        time.sleep(0.0005)


def newest(run: Path) -> int:
    """The step that `latest` names, 0 where there is none yet."""
    pointer = run / "checkpoints" / "latest"
    return int(pointer.read_text()[5:13]) if pointer.is_file() else 0
