"""Slices of tensors on disk: PyTorch's distributed checkpoint, safetensors files with positions in the whole tensor."""

# pyright: reportPrivateImportUsage=false
# These names are documented in torch.distributed, but its modules do not export them.

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.distributed.tensor import DTensor


def write_shards(tensors: dict[str, Tensor], folder: str | os.PathLike[str]) -> None:
    """Write this rank's slices into the folder as safetensors. Raises OSError on all ranks if one of them fails.

    Rank r's file is shard-<r + 1, five digits>-....safetensors; a rank without slices writes none.
    """
    from torch.distributed.checkpoint.api import CheckpointException
    from torch.distributed.checkpoint.hf_storage import HuggingFaceStorageWriter
    from torch.distributed.checkpoint.state_dict_saver import save

    try:
        save(tensors, storage_writer=HuggingFaceStorageWriter(str(folder), save_distributed=True))
    except CheckpointException as error:
        raise OSError(f"{folder}: could not be written ({_first_line(error)}); earlier checkpoints stand") from None


def found_shards(folder: str | os.PathLike[str]) -> dict[str, Tensor]:
    """Return the whole tensors that the folder holds, on the meta device, however many ranks wrote them.

    Raises ValueError if the slices of a tensor leave a gap, which PyTorch would leave uninitialised.
    """
    from torch.distributed.checkpoint.hf_storage import HuggingFaceStorageReader

    with _refusing(folder):
        found: Any = HuggingFaceStorageReader(str(folder)).read_metadata().state_dict_metadata.items()
    for name, entry in found:
        here = sum(chunk.sizes.numel() for chunk in entry.chunks)
        if here != entry.size.numel():
            of = f"{here:,} of the {entry.size.numel():,} numbers of {name!r}"
            raise ValueError(f"{folder}: its slices hold {of}; a shard-... file is missing or there twice")
    return {name: torch.empty(entry.size, dtype=entry.properties.dtype, device="meta") for name, entry in found}


def read_shards(folder: str | os.PathLike[str], into: dict[str, Tensor]) -> None:
    """Fill these tensors, whole or sliced in any way. If some are sliced, all ranks have to call it."""
    from torch.distributed.checkpoint.hf_storage import HuggingFaceStorageReader
    from torch.distributed.checkpoint.state_dict_loader import load

    sliced = any(isinstance(tensor, DTensor) for tensor in into.values())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # "assuming the intent is to load in a single process": it is
        with _refusing(folder):
            load(into, storage_reader=HuggingFaceStorageReader(str(folder)), no_dist=not sliced)


@contextmanager
def _refusing(folder: str | os.PathLike[str]) -> Iterator[None]:
    """Turn PyTorch's errors about damaged slices into a ValueError that names the folder."""
    from torch.distributed.checkpoint.api import CheckpointException

    try:
        yield
    except OSError:
        raise
    except (CheckpointException, Exception) as error:  # CheckpointException is a BaseException; others: unchecked input
        raise ValueError(f"{folder}: its slices cannot be read ({_first_line(error)})") from None


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
