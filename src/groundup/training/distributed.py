"""One training on several processes: who this one is, what they agree on, and how they share a model.

torchrun starts the processes and tells each its rank. Everything reaches the loop through one object: `team.Solo`, the
only process; `Ranks`, each with the whole model and its own micro-batches (DistributedDataParallel, Li et al. 2020);
`Shards`, each with a slice of every weight (fully_shard, after Rajbhandari et al. 2020, ZeRO). This is the only file
that imports torch.distributed. Small agreements go through the CPU (gloo), gradients through NCCL where there are GPUs.
"""

# pyright: reportPrivateImportUsage=false
# Documented as torch.distributed's, but not on its list of exports.

import copy
import os
import sys
import warnings
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
from groundup.training.precision import choose_device
from groundup.training.prepare import blocks
from groundup.training.settings import TrainSettings
from groundup.training.team import Solo
from groundup.training.tensors import load_model_tensors, model_tensors

T = TypeVar("T")

# gloo's threads let go of tensors a moment after an exchange, for which they need Python's lock. Should a model in
# DistributedDataParallel be the last to hold the group, freeing it would wait for them with that lock held: for ever.
ENDED: list[Any] = []

# What gloo and NCCL say when the other end of a connection is no more.
GONE = ("connection closed", "connection reset", "connection refused", "broken pipe", "remote process exited")


class Ranks(Solo):
    """One of several processes that each hold the whole model."""

    def __init__(self, device: torch.device):
        super().__init__(device)
        self.rank, self.size = dist.get_rank(), dist.get_world_size()

    def described(self) -> str:
        how = "each with a slice of the model" if self.sharded else "each with a copy of the model"
        return f"{self.size} ranks ({self.device.type}, {how})"

    def wrap(self, model: nn.Module) -> nn.Module:
        from torch.nn.parallel import DistributedDataParallel

        devices = [self.device] if self.device.type == "cuda" else None
        wrapped = DistributedDataParallel(model, devices, gradient_as_bucket_view=True)
        wrapped.broadcast_buffers = False  # tables that never change; the argument of this name is on its way out
        return wrapped

    def last(self, model: nn.Module, is_last: bool) -> AbstractContextManager[Any]:
        return nullcontext() if is_last else model.no_sync()  # type: ignore[operator]

    def sum(self, *numbers: float) -> list[float]:
        total = torch.tensor(numbers, dtype=torch.float64)
        dist.all_reduce(total)
        return total.tolist()

    def gather(self, value: T) -> list[T]:
        values: list[Any] = [None] * self.size
        dist.all_gather_object(values, value)
        return values

    def from_main(self, make: Callable[[], T]) -> T:
        said: list[Any] = [None, None]
        if self.main:
            try:
                said = [make(), None]
            except Exception as error:
                said = [None, error]
        dist.broadcast_object_list(said, src=0)
        if said[1] is not None:
            raise said[1]
        return said[0]

    def leave(self) -> None:
        if not self.main:
            sys.exit(0)


class Shards(Ranks):
    """One of several processes that each hold a slice of every weight, gradient and optimizer state."""

    sharded = True

    def own(self, model: nn.Module) -> nn.Module:
        """A copy: the caller's model is to be whole again at the end, on rank 0; the others give theirs up."""
        for tensor in model.state_dict().values():
            dist.broadcast(tensor, src=0)
        mine = copy.deepcopy(model).to(self.device)
        if not self.main:
            model.to("meta")
        return mine

    def wrap(self, model: nn.Module) -> nn.Module:
        from torch.distributed.fsdp import fully_shard

        self.mesh = init_device_mesh(self.device.type, (self.size,))
        for block in blocks(model):
            # An encoder-decoder reads its cross-attention outside the block's own forward; the root gathers that.
            if getattr(block, "cross", None) is None:
                fully_shard(block, mesh=self.mesh)
        # The root too lets go after its forward pass, so that weights always are what a save or an average sees.
        fully_shard(model, mesh=self.mesh, reshard_after_forward=True)
        return model

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

    def bring_home(self, trained: nn.Module, model: nn.Module) -> None:
        whole = {name: self.whole(tensor).cpu() for name, tensor in model_tensors(trained).items()}
        if self.main:
            load_model_tensors(model, whole, file="weights")


@contextmanager
def assembled(settings: TrainSettings) -> Iterator[Solo]:
    """The processes of a training, met; within it a lost or silent one is a ConnectionError or a TimeoutError.

    ValueError where what was asked for does not fit how this process was started.
    """
    parallel, device = launch.chosen(settings.parallel), choose_device(settings.device)
    if parallel == "none":
        yield Solo(device)
        return
    if device.type == "mps":
        raise ValueError("several processes need the device cpu or cuda; try --train.device cpu")
    if device.type == "cuda":
        if device.index is None:
            device = choose_device(f"cuda:{launch.place()}")
        torch.cuda.set_device(device)
    mine = not dist.is_initialized()
    try:
        if mine:
            _meet("gloo" if device.type == "cpu" else "cpu:gloo,cuda:nccl", timedelta(seconds=settings.timeout))
        yield Shards(device) if parallel == "fsdp" else Ranks(device)
    except RuntimeError as error:
        lost = _lost(error, settings.timeout)
        if lost is None:
            raise
        raise lost from error
    finally:
        if mine and dist.is_initialized():
            ENDED.append(dist.group.WORLD)
            dist.destroy_process_group()


def _meet(backend: str, timeout: timedelta) -> None:
    if not launch.shares_a_store():
        dist.init_process_group(backend, timeout=timeout)
        return
    address, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    shared = dist.TCPStore(address, port, launch.size(), is_master=False, timeout=timeout)
    store = dist.PrefixStore(f"attempt-{launch.attempt()}", shared)
    dist.init_process_group(backend, store=store, rank=launch.rank(), world_size=launch.size(), timeout=timeout)


def _lost(error: RuntimeError, timeout: float) -> OSError | None:
    """What a failed exchange means, in a line; None for any other error."""
    text, rank = str(error).lower(), launch.rank()
    if "timed out" in text or "timeout" in text:
        return TimeoutError(
            f"rank {rank}: another rank did not answer within {timeout:g} s, so this one stops; "
            "see what the others said last, or allow more with --train.timeout"
        )
    if any(words in text for words in GONE):
        return ConnectionError(f"rank {rank}: another rank is gone, so this one stops; see what that one said last")
    return None


def write_shards(tensors: dict[str, Tensor], folder: str | os.PathLike[str]) -> None:
    """Each rank writes its slices into the folder as safetensors. OSError on all ranks where one of them cannot."""
    from torch.distributed.checkpoint.api import CheckpointException
    from torch.distributed.checkpoint.hf_storage import HuggingFaceStorageWriter
    from torch.distributed.checkpoint.state_dict_saver import save

    try:
        save(tensors, storage_writer=HuggingFaceStorageWriter(str(folder), save_distributed=True))
    except CheckpointException as error:
        raise OSError(f"{folder}: could not be written ({_first_line(error)}); earlier checkpoints stand") from None


def found_shards(folder: str | os.PathLike[str]) -> dict[str, Tensor]:
    """What lies there, whatever number of ranks wrote it: whole tensors on the meta device.

    ValueError where the slices of one leave a gap, which PyTorch would fill with whatever memory held.
    """
    from torch.distributed.checkpoint.hf_storage import HuggingFaceStorageReader

    found: Any = HuggingFaceStorageReader(str(folder)).read_metadata().state_dict_metadata.items()
    for name, entry in found:
        here = sum(chunk.sizes.numel() for chunk in entry.chunks)
        if here != entry.size.numel():
            of = f"{here:,} of the {entry.size.numel():,} numbers of {name!r}"
            raise ValueError(f"{folder}: its slices hold {of}; a shard-... file is missing or there twice")
    return {name: torch.empty(entry.size, dtype=entry.properties.dtype, device="meta") for name, entry in found}


def read_shards(folder: str | os.PathLike[str], into: dict[str, Tensor]) -> None:
    """Fill these tensors, whole or sliced in any way. Of several ranks all have to call it where some are sliced."""
    from torch.distributed.checkpoint.hf_storage import HuggingFaceStorageReader
    from torch.distributed.checkpoint.state_dict_loader import load

    sliced = any(isinstance(tensor, DTensor) for tensor in into.values())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # "assuming the intent is to load in a single process": so it is
        load(into, storage_reader=HuggingFaceStorageReader(str(folder)), no_dist=not sliced)


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
