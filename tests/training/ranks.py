"""Several processes that train one tiny model: started from a server that has torch loaded, so each costs little.

Also a program for torchrun: `torchrun ... ranks.py FOLDER '{"steps": 8, ...}'`.
"""

import dataclasses
import io
import json
import multiprocessing
import os
import pickle
import queue
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from multiprocessing import forkserver
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import torch
import torch._dynamo  # torch loads these when first asked for slices; here the server has done so
import torch.distributed.checkpoint.hf_storage
import torch.distributed.fsdp
from torch import Tensor, nn

from groundup.models.causal_lm import CausalLM
from groundup.presets import preset
from groundup.training import distributed, launch, manifest, optim, sharded, store
from groundup.training import fit as fit_module
from groundup.training.distributed import assembled
from groundup.training.fit import fit
from groundup.training.settings import TrainSettings
from groundup.training.skeleton import initial_device
from groundup.training.store import Store
from groundup.training.tensors import load_model_tensors

V, T = 61, 12
SHAPE = {"vocab_size": V, "context": T, "width": 32, "heads": 2, "layers": 2, "mlp_width": 64}
SETTINGS: dict[str, Any] = {
    "steps": 8, "lr": 1e-2, "warmup": 2, "validate_every": 4, "save_every": 4, "log_every": 1, "keep": 9,
    "batch_tokens": 4 * 3 * T, "device": "cpu", "precision": "float32", "threads": 1, "timeout": 12.0,
}  # fmt: skip


class Batch(NamedTuple):
    inputs: tuple[Tensor | None, ...]
    targets: Tensor


class TinyData:
    """Batch m is a pure function of m; `on` says what happens when a rank makes batch m."""

    def __init__(self, on: dict[int, str] | None = None, seed: int = 0):
        self.on, self.seed = on or {}, seed

    def batch(self, m: int) -> Batch:
        generator = torch.Generator().manual_seed(self.seed * 1009 + m)
        ids = torch.randint(V - 1, (3, T), generator=generator)
        targets = (ids * 7 + 3) % V
        targets[torch.rand(ids.shape, generator=generator) < 0.3] = -100  # as many targets in no two batches
        return Batch((ids,), targets)

    def batches(self, start: int = 0, every: int = 1):
        m = start
        while True:
            batch, event = self.batch(m), self.on.get(m)
            if event == "nan":
                batch.inputs[0].fill_(V - 1)  # type: ignore[union-attr]
            elif event == "hang":
                time.sleep(60)
            elif event == "die" and not launch.restarted():
                os.kill(os.getpid(), signal.SIGKILL)
            elif event == "die saving" and not launch.restarted():
                die_in_the_next_save()
            elif event == "term":
                os.kill(os.getpid(), signal.SIGTERM)
            yield batch
            m += every


def die_in_the_next_save() -> None:
    """This rank's slices are written, and before they are safe on the disk it is gone."""
    write = sharded.write_shards

    def write_and_die(*what: Any) -> None:
        os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)
        write(*what)

    sharded.write_shards = write_and_die


class Tiny(CausalLM):
    """A language model that answers a batch of nothing but the last token with NaN."""

    def forward(self, ids: Tensor, mask: Tensor | None = None) -> Tensor:
        logits = super().forward(ids, mask)
        return logits * float("nan") if bool((ids == V - 1).all()) else logits


def tiny(**changes: Any) -> Tiny:
    torch.manual_seed(5)
    return Tiny(dataclasses.replace(preset("gpt2-tiny", dropout=0.1), **{**SHAPE, **changes}))


def train(
    folder: str | Path,
    *,
    on: dict[int, str] | None = None,
    resume: bool = False,
    judge: bool = False,
    watch: bool = False,
    **changes: Any,
) -> dict[str, Any]:
    """Fit the tiny model; what was said, how it ended, and the weights that it ended with."""
    settings = TrainSettings(**{**SETTINGS, **changes})
    with initial_device(settings.parallel):
        said, model = io.StringIO(), tiny()
    held_out = [TinyData(seed=9).batch(m) for m in range(3)]
    mean = lambda: float(sum(p.detach().abs().mean() for p in model.parameters()))  # noqa: E731
    result = fit(
        model,
        TinyData({int(m): event for m, event in (on or {}).items()}),
        folder=folder,
        settings=settings,
        valid=mean if judge else held_out,
        resume=resume,
        report=said,
        watch=(lambda step, note: {"size": mean()}) if watch else None,
    )
    weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    return {"said": said.getvalue(), "result": result, "weights": weights, "training": model.training}


def reload(folder: str) -> int:
    """Read the latest slices onto these ranks, and save them as the step after."""
    settings = TrainSettings(**{**SETTINGS, "parallel": "fsdp"})
    with assembled(settings) as team:
        model = team.wrap(trained := team.local_model(tiny()))
        optimizer = optim.from_settings(trained, settings)
        store = Store(Path(folder), trained, optimizer, team, keep=9)
        checkpoint, warning = store.load()
        assert warning is None
        assert checkpoint.optimizer is not None
        load_model_tensors(model, checkpoint.model, file=folder)
        optimizer.load_state_dict(checkpoint.optimizer)
        store.save(checkpoint.step + 1, state=checkpoint.state, unaveraged=checkpoint.unaveraged)
    return checkpoint.step


def fallen_back(folder: str) -> tuple[int, str | None]:
    """The step that these ranks would go on from, and what they say of it."""
    settings = TrainSettings(**{**SETTINGS, "parallel": "fsdp"})
    with assembled(settings) as team:
        team.wrap(trained := team.local_model(tiny()))
        checkpoint, warning = Store(Path(folder), trained, optim.from_settings(trained, settings), team, keep=9).load()
        load_model_tensors(trained, checkpoint.model, file=folder)
    return checkpoint.step, warning


def gone_on(folders: list[str], parallel: str) -> int:
    """The step that these ranks go on from, each with a folder of its own."""
    with assembled(TrainSettings(**{**SETTINGS, "parallel": parallel})) as team:
        team.wrap(trained := team.local_model(tiny()))
        optimizer = optim.from_settings(trained, TrainSettings(**SETTINGS))
        return Store(Path(folders[team.rank]), trained, optimizer, team, keep=9).load()[0].step


def crowded(folder: str) -> dict[str, Any]:
    """Train with somebody who looks at the model, where no device has room for the whole of it."""
    distributed._has_room = lambda device, model: False
    return train(folder, parallel="fsdp", watch=True)


def hashed(folder: str) -> tuple[list[str], list[bool]]:
    """Train in slices: the slices that rank 0 hashed for saves, and at each conversion whether the ranks still met."""
    read, met, digest, make_whole = [], [], manifest.digest, store.make_whole

    def noted(path: Path) -> str:
        if path.parent.name.startswith(".unfinished-step"):
            read.append(path.name.split("-model")[0])
        return digest(path)

    def turned(folder: Path) -> Any:
        met.append(torch.distributed.is_initialized())
        return make_whole(folder)

    manifest.digest, store.make_whole = noted, turned
    train(folder, parallel="fsdp")
    return [name for name in read if name.startswith("shard")], met


def unreadable(folder: str) -> None:
    """Train in slices, and rank 1 cannot read again what it has written."""

    def measure(path: Path) -> Any:
        raise OSError(5, "Input/output error")

    if launch.rank() == 1:
        sharded.measure = measure
    train(folder, parallel="fsdp")


def handed_out(position: str, born: str) -> dict[str, Any]:
    """What this rank holds of a model that it built as another one: numbers before, between and after it is cut."""
    settings = TrainSettings(**{**SETTINGS, "parallel": "fsdp"})
    with assembled(settings) as team:
        torch.manual_seed(team.rank)
        with initial_device("fsdp") if born == "meta" else nullcontext():
            model = CausalLM(dataclasses.replace(preset("gpt2-tiny", position=position, tied="head"), **SHAPE))
        trained = team.local_model(model)
        between = numbers(trained)
        team.wrap(trained)
        whole = {name: team.whole(tensor) for name, tensor in trained.state_dict().items()}
        tied = trained.head.weight is trained.stack.embed.weight  # type: ignore[union-attr]
        buffers = {name: tensor.clone() for name, tensor in trained.named_buffers()}
        held = {
            "born": numbers(model),
            "between": between,
            "cut": sum(team.piece(p).numel() for p in trained.parameters()),
        }
        return {"whole": whole, "buffers": buffers, "tied": tied, **held}


def numbers(model: nn.Module) -> int:
    """How many parameters have storage."""
    return sum(p.numel() for p in model.parameters() if not p.is_meta)


def _rank(work: Callable[..., Any], rank: int, size: int, port: int, answers: Any, options: dict[str, Any]) -> None:
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(size)}
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    torch.set_num_threads(1)
    fit_module.draw_losses = lambda *files: None  # a second's work each time
    try:
        answers.put((rank, pickle.dumps(work(**options))))  # or torch would share memory with a process that ends
    except SystemExit as error:
        answers.put((rank, pickle.dumps(error.code)))
    except BaseException as error:
        answers.put((rank, pickle.dumps(error)))


def on_ranks(size: int, work: Callable[..., Any] = train, *, expect: int | None = None, **options: Any) -> list[Any]:
    """Call `work` on so many ranks; what each returned or raised, by rank, once `expect` of them have said so."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["ranks"])
    with mock.patch.dict(os.environ, {"PYTHONPATH": str(Path(__file__).parent)}):  # where it looks
        forkserver.ensure_running()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    answers = context.Queue()
    processes = [
        context.Process(target=_rank, args=(work, rank, size, port, answers, options), daemon=True)
        for rank in range(size)
    ]
    for process in processes:
        process.start()
    found: list[Any] = [None] * size
    try:
        for _ in range(size if expect is None else expect):
            rank, answer = answers.get(timeout=60)
            found[rank] = pickle.loads(answer)
    except queue.Empty:
        raise AssertionError(f"the ranks did not end: {found}") from None
    finally:
        for process in processes:
            process.join(2 if expect is None else 0)
            process.kill()
    return found


if __name__ == "__main__":
    outcome = train(sys.argv[1], resume=launch.restarted(), **json.loads(sys.argv[2]))
    print(outcome["said"], outcome["result"])
