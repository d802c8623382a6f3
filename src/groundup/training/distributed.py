"""Training on several processes: each one's rank, how they exchange values, and how they share a model.

torchrun starts the processes and gives each its rank. The training loop sees one object: `team.Solo` for a single
process; `Ranks`, where each process has the whole model and its own micro-batches (DistributedDataParallel, Li et al.
2020); or `Shards`, where each has a slice of every weight (fully_shard, after Rajbhandari et al. 2020, ZeRO). Only this
file and `slices` import torch.distributed. Small values are exchanged on the CPU (gloo), gradients by NCCL on GPUs.
"""

# pyright: reportPrivateImportUsage=false
# These names are documented in torch.distributed, but its modules do not export them.

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import DTensor, distribute_tensor

from groundup.training import launch
from groundup.training.lost import lost
from groundup.training.precision import choose_device
from groundup.training.prepare import blocks
from groundup.training.settings import TrainSettings
from groundup.training.skeleton import skeleton
from groundup.training.team import Solo
from groundup.training.tensors import model_tensors

T = TypeVar("T")

# gloo's threads release tensors shortly after an exchange, and need Python's lock to do so. If a model in
# DistributedDataParallel held the last reference to the group, freeing the group would wait for those threads while
# holding that lock: a deadlock. So this list keeps a reference to every group that has ended.
ENDED: list[Any] = []

# To run the whole model on a GPU, its own size is needed there, and a quarter more for activations.
ROOM = 1.25


class Ranks(Solo):
    """One of several processes that each hold the whole model.

    ours: whether `assembled` started the process group, so that we end it.
    """

    def __init__(self, device: torch.device, *, ours: bool):
        super().__init__(device)
        self.ours = ours
        self.rank, self.size = dist.get_rank(), dist.get_world_size()

    def described(self) -> str:
        how = "each with a slice of the model" if self.sharded else "each with a copy of the model"
        return f"{self.size} rank{'s' * (self.size > 1)} ({self.device.type}, {how})"

    def wrap(self, model: nn.Module) -> nn.Module:
        from torch.nn.parallel import DistributedDataParallel

        devices = [self.device] if self.device.type == "cuda" else None
        wrapped = DistributedDataParallel(model, devices, gradient_as_bucket_view=True)
        wrapped.broadcast_buffers = False  # our buffers never change; the constructor's argument is deprecated
        return wrapped

    def last(self, model: nn.Module, is_last: bool) -> AbstractContextManager[Any]:
        return nullcontext() if is_last else model.no_sync()  # type: ignore[operator]

    def sum(self, *numbers: float) -> list[float]:
        # Rank 0 sums and broadcasts down a tree. For a few bytes, gloo's all_reduce would go twice around a ring.
        total = torch.tensor(numbers, dtype=torch.float64)
        every = [torch.empty_like(total) for _ in range(self.size)] if self.main else None
        dist.gather(total, every)
        if every is not None:
            total = torch.stack(every).sum(dim=0)
        dist.broadcast(total, src=0)
        return total.tolist()

    def gather(self, value: T) -> list[T]:
        values: list[Any] = [None] * self.size
        dist.all_gather_object(values, value)
        return values

    def from_main(self, make: Callable[[], T]) -> T:
        said: list[Any] = [_tried(make) if self.main else None]
        dist.broadcast_object_list(said, src=0)
        value, error = said[0]
        if error is not None:
            raise error
        return value

    def on_all(self, make: Callable[[], T]) -> list[T]:
        said = self.gather(_tried(make))
        for _, error in said:
            if error is not None:
                raise error
        return [value for value, _ in said]  # type: ignore[misc]

    def leave(self) -> None:
        if self.ours:
            _end_group()  # on all ranks at once: NCCL may wait for the others here, and rank 0 still has long work
        if not self.main:
            sys.exit(0)


class Shards(Ranks):
    """One of several processes that each hold a slice of every weight, gradient and optimizer state."""

    sharded = True

    def local_model(self, model: nn.Module) -> nn.Module:
        """Return the model's modules without storage; `wrap` fills them. Only rank 0's model has weights.

        So a rank needs memory for its slices only. The other ranks may build their model on `skeleton.initial_device`.
        """
        self.given = model
        return skeleton(model)

    def wrap(self, model: nn.Module) -> nn.Module:
        from torch.distributed.fsdp import fully_shard

        self.mesh = init_device_mesh(self.device.type, (self.size,))
        for block in blocks(model):
            # An encoder-decoder calls its cross-attention outside the block's forward, so the root gathers it instead.
            if getattr(block, "cross", None) is None:
                fully_shard(block, mesh=self.mesh)
        # The root reshards after its forward pass too, so that a save or an average always sees slices.
        fully_shard(model, mesh=self.mesh, reshard_after_forward=True)
        self._hand_out(model.to_empty(device=self.device))
        return model

    @torch.no_grad()
    def _hand_out(self, model: nn.Module) -> None:
        """Fill the model with slices of rank 0's weights, one tensor at a time."""

        def sent(whole: Tensor) -> Tensor:
            return whole.to(self.device) if self.main else torch.empty_like(whole, device=self.device)

        for mine, whole in zip(model.parameters(), self.given.parameters(), strict=True):
            assert isinstance(mine, DTensor)
            mine.copy_(distribute_tensor(sent(whole), mine.device_mesh, mine.placements, src_data_rank=0))
        for mine, whole in zip(model.buffers(), self.given.buffers(), strict=True):
            dist.broadcast(mine.copy_(sent(whole)), src=0)

    def last(self, model: nn.Module, is_last: bool) -> AbstractContextManager[Any]:
        model.set_requires_gradient_sync(is_last)  # type: ignore[operator]
        return nullcontext()

    def whole(self, tensor: Tensor) -> Tensor:
        return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor

    def piece(self, tensor: Tensor) -> Tensor:
        return tensor.to_local() if isinstance(tensor, DTensor) else tensor

    def like(self, whole: Tensor, model: Tensor) -> Tensor:
        if not isinstance(model, DTensor) or whole.shape != model.shape:
            return whole
        return distribute_tensor(whole.to(self.device), model.device_mesh, model.placements, src_data_rank=None)

    @contextmanager
    def whole_model(self, trained: nn.Module, model: nn.Module) -> Iterator[bool]:
        fits = self.from_main(lambda: _has_room(self.device, model))
        if self.main and fits:
            model.to(self.device)
        home = model.state_dict()
        for name, tensor in model_tensors(trained).items():
            whole = self.whole(tensor)  # one tensor at a time; only rank 0 keeps it
            if self.main:
                home[name].copy_(whole)
        try:
            yield fits
        finally:
            if self.main:
                model.to("cpu")


def _tried(make: Callable[[], T]) -> tuple[T | None, Exception | None]:
    try:
        return make(), None
    except Exception as error:
        return None, error


def _has_room(device: torch.device, model: nn.Module) -> bool:
    """Whether the whole model fits into the device's free memory."""
    if device.type != "cuda":
        return True
    torch.cuda.empty_cache()
    free, _ = torch.cuda.mem_get_info(device)
    return free > ROOM * sum(tensor.nbytes for tensor in model_tensors(model).values())


@contextmanager
def assembled(settings: TrainSettings) -> Iterator[Solo]:
    """Start the process group of a training and yield this rank's team.

    Inside the `with`, a lost rank raises ConnectionError and one that does not answer raises TimeoutError. Raises
    ValueError if the settings do not fit how this process was started.
    """
    parallel, device = launch.chosen(settings.parallel), choose_device(settings.device)
    if parallel == "none":
        yield Solo(device)
        return
    if device.type == "mps":
        raise ValueError("several processes need the device cpu or cuda; try --train.device cpu")
    if device.type == "cuda":
        here = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
        if device.index is not None and here > 1:
            raise ValueError(
                f"device {device} puts all {here} ranks of this machine on one GPU; try --train.device cuda"
            )
        if device.index is None:
            device = choose_device(f"cuda:{launch.local_rank()}")
        torch.cuda.set_device(device)
    ours = not dist.is_initialized()
    try:
        if ours:
            _start_group("gloo" if device.type == "cpu" else "cpu:gloo,cuda:nccl", timedelta(seconds=settings.timeout))
        yield Shards(device, ours=ours) if parallel == "fsdp" else Ranks(device, ours=ours)
    except RuntimeError as error:
        said = lost(error, settings.timeout)
        if said is None:
            raise
        raise said from error
    finally:
        if ours:
            _end_group()


def _start_group(backend: str, timeout: timedelta) -> None:
    if not launch.shares_a_store():
        dist.init_process_group(backend, timeout=timeout)
        return
    address, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    shared = dist.TCPStore(address, port, launch.size(), is_master=False, timeout=timeout)
    store = dist.PrefixStore(f"attempt-{launch.attempt()}", shared)
    dist.init_process_group(backend, store=store, rank=launch.rank(), world_size=launch.size(), timeout=timeout)


def _end_group() -> None:
    if dist.is_initialized():
        ENDED.append(dist.group.WORLD)
        dist.destroy_process_group()
