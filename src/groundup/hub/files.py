"""The files of a Hugging Face folder: JSON, safetensors in one file or in shards, and downloads.

Reading and writing need neither transformers nor huggingface_hub; only the name of a model on the Hub needs the latter.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import safetensors
from safetensors.torch import save_file
from torch import Tensor

from groundup.files import write_whole
from groundup.records import read_json

CONFIG, GENERATION = "config.json", "generation_config.json"
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
WANTED = ["*.json", "*.safetensors", "merges.txt", "vocab.bpe"]


def local_folder(name: str | Path) -> Path:
    """Return the folder of this name, or download the model of this name from the Hub (or from HF_ENDPOINT)."""
    folder = Path(name)
    if str(name) and folder.is_dir():
        if (folder / CONFIG).is_file():
            return folder
        run = (folder / "recipe.json").is_file()
        raise ValueError(f"{folder} has no {CONFIG}" + (f"; it is a run: groundup.load({str(name)!r})" if run else ""))
    if isinstance(name, Path) or not 1 <= len(folder.parts) <= 2 or str(name)[0] in "./~" or "\\" in str(name):
        raise ValueError(f"there is no folder {name}")
    return _download(name)


def _download(name: str) -> Path:
    try:
        from huggingface_hub import errors, snapshot_download
    except ImportError:
        raise ValueError(
            f"there is no folder {name}, and the Hub needs huggingface_hub: pip install 'groundup[hub]'"
        ) from None
    try:
        return Path(snapshot_download(name, allow_patterns=WANTED))
    except (errors.HfHubHTTPError, errors.LocalEntryNotFoundError, errors.HFValidationError, OSError) as error:
        reason = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise ValueError(f"there is no folder {name}, and the Hub did not give it: {reason}") from error


def read_object(file: Path) -> dict[str, Any]:
    """Read an object from a JSON file. Raises ValueError with the file's name."""
    values = read_json(file)
    if not isinstance(values, dict):
        raise ValueError(f"{file} is not a JSON object")
    return values


def write_json(file: Path, values: Mapping[str, Any]) -> None:
    write_whole(file, json.dumps(values, indent=2, ensure_ascii=False) + "\n")


def read_tensors(folder: Path) -> dict[str, tuple[Path, Tensor]]:
    """Return every tensor of the folder by name, with its file. Raises ValueError with the name of a damaged file."""
    tensors: dict[str, tuple[Path, Tensor]] = {}
    for file in _weight_files(folder):
        with _opened(file) as opened:
            found = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118, it is not a dict
        for name, tensor in found.items():
            if name in tensors:
                raise ValueError(f"{file}: {name!r} is in {tensors[name][0].name} too")
            tensors[name] = (file, tensor)
    return tensors


def check_weights(folder: Path) -> int:
    """Count the tensors. Reads the headers only. Raises ValueError for a file that is cut short or has no tensors."""
    total = 0
    for file in _weight_files(folder):
        with _opened(file) as opened:
            found = len(opened.keys())
        if not found:
            raise ValueError(f"{file} holds no tensors; get it again")
        total += found
    return total


@contextmanager
def _opened(file: Path) -> Iterator[Any]:
    """Open a safetensors file. All errors of its reader become a ValueError that names the file."""
    try:
        with safetensors.safe_open(file, framework="pt") as opened:
            yield opened
    except (safetensors.SafetensorError, OSError, ValueError, TypeError, RuntimeError, MemoryError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f"{file}: damaged, cut short or not there: {reason}; get it again") from None


_PICKLES = ("pytorch_model.bin", "pytorch_model.bin.index.json", "consolidated.00.pth", "model.pt")


def _weight_files(folder: Path) -> list[Path]:
    if (folder / WEIGHTS).is_file():
        return [folder / WEIGHTS]
    if not (folder / INDEX).is_file():
        raise ValueError(f"{folder} has no {WEIGHTS}{_other_weights(folder)}")
    shards = read_object(folder / INDEX).get("weight_map")
    if not isinstance(shards, dict) or not all(isinstance(name, str) for name in shards.values()):
        raise ValueError(f"{folder / INDEX} has no weight_map from tensors to files")
    names = sorted(set(shards.values()))
    if outside := [name for name in names if Path(name).name != name or "\\" in name]:
        raise ValueError(f"{folder / INDEX} names {outside[0]!r}, which is not a file beside it")
    return [folder / name for name in names]


def _other_weights(folder: Path) -> str:
    """Return a cure if the folder has weights in another format, else ""."""
    found = next((name for name in _PICKLES if (folder / name).is_file()), None)
    if found is None:
        other = next((path.name for pattern in ("*.gguf", "*.h5", "*.onnx") for path in folder.glob(pattern)), None)
        return "" if other is None else f"; its {other} is another format, get the model as safetensors"
    return (
        f"; its {found} is a pickle, which can run code, and is not read here. If you trust it, convert it: python -c "
        f"\"from transformers import AutoModelForCausalLM as M; M.from_pretrained('{folder}').save_pretrained('NEW')\" "
        "and take NEW (AutoModelForSeq2SeqLM for a translator)"
    )


LARGEST = 5 * 10**9
"""Bytes of a file of weights; a larger model stands in several, with an index."""


def write_tensors(folder: Path, tensors: Mapping[str, Tensor], *, largest: int = LARGEST) -> None:
    """Write the weights completely or not at all. Raises OSError with the folder's name if they do not fit the disk."""
    parts = _parts(tensors, largest)
    if len(parts) == 1:
        return _write_part(folder / WEIGHTS, tensors)
    weight_map: dict[str, str] = {}
    for n, names in enumerate(parts, 1):
        file = folder / f"model-{n:05}-of-{len(parts):05}.safetensors"
        _write_part(file, {name: tensors[name] for name in names})
        weight_map |= dict.fromkeys(names, file.name)
    total = sum(tensor.nbytes for tensor in tensors.values())
    write_json(folder / INDEX, {"metadata": {"total_size": total}, "weight_map": weight_map})
    return None


def _parts(tensors: Mapping[str, Tensor], largest: int) -> list[list[str]]:
    """The names in groups, each of at most so many bytes, or of one tensor that is larger."""
    parts: list[list[str]] = [[]]
    size = 0
    for name, tensor in tensors.items():
        if parts[-1] and size + tensor.nbytes > largest:
            parts.append([])
            size = 0
        parts[-1].append(name)
        size += tensor.nbytes
    return parts


def _write_part(file: Path, tensors: Mapping[str, Tensor]) -> None:
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        unfinished.touch()
        mode = unfinished.stat().st_mode  # permissions by the umask; safetensors gives them to the owner only
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, unfinished, {"format": "pt"})
        unfinished.chmod(mode)
        os.replace(unfinished, file)
    except (safetensors.SafetensorError, OSError) as error:
        size = sum(tensor.nbytes for tensor in tensors.values())
        raise OSError(f"{file.parent}: the weights ({size:,} bytes) cannot be written: {error}") from None
    finally:
        unfinished.unlink(missing_ok=True)
