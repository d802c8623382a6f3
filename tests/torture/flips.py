"""Flipped bits and cut files: a damaged checkpoint or shard is refused by name, never loaded as something else."""

import copy
import random
import shutil
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed.checkpoint as distributed
from safetensors.torch import load_file, save_file
from tiny import Row, same, tiny_model, tiny_stream

from groundup.data.prepare import prepare
from groundup.data.shards import Shards, fingerprint
from groundup.text.tokenizer import Tokenizer
from groundup.training.checkpoint import load_checkpoint, save_checkpoint
from groundup.training.loop import train
from groundup.training.optim import adamw
from groundup.training.tensors import model_tensors


def flips(count: int, folder: Path, *, seed: int = 0) -> list[Row]:
    """`count` damages over checkpoints and shards, three of four to checkpoints; a tenth of them to other formats."""
    chance = random.Random(seed)
    checkpoints, shards = folder / "checkpoints", folder / "shards"
    write_checkpoints(checkpoints)
    write_shards(shards)
    rows = [
        damage("checkpoint files", checkpoints, read_checkpoints, count * 3 // 4, chance),
        damage("shard files", shards, read_shards, count - count * 3 // 4, chance),
    ]
    return rows + [others(name, folder / name, *pair, max(1, count // 10), chance) for name, pair in OTHERS.items()]


def damage(
    what: str,
    folder: Path,
    read: Callable[[Path], Any],
    count: int,
    chance: random.Random,
    files: list[Path] | None = None,
) -> Row:
    """Damage one file at a time; what is read must be what was written, or an error that names the file."""
    truth, outcomes, failures = copy.deepcopy(read(folder)), Counter[str](), []
    files = files or sorted(path for path in folder.rglob("*") if path.is_file())
    for _ in range(count):
        file = chance.choice(files)
        whole = file.read_bytes()
        changed, how = spoil(whole, chance)
        file.write_bytes(changed)
        try:
            outcome = "identical" if same(read(folder), truth) else "silent"
        except (ValueError, OSError) as error:
            outcome = (
                "refused by name" if file.name in str(error) and "\n" not in str(error) else "refused without name"
            )
            how = f"{how}: {error}"
        except Exception as error:
            outcome, how = "traceback", f"{how}: {error!r}"
        outcomes[outcome] += 1
        if outcome not in ("identical", "refused by name"):
            failures.append(f"{outcome}: {file.relative_to(folder)}, {how}")
        file.write_bytes(whole)
    assert same(read(folder), truth), "the damage is undone"
    note = ", ".join(f"{n:,} {outcome}" for outcome, n in outcomes.most_common())
    details = {"outcomes": dict(outcomes), "failures": failures}
    return Row("c", f"flips and cuts, {what}: silent", count, len(failures), note, details=details)


def spoil(whole: bytes, chance: random.Random, *, cuts: float = 0.2) -> tuple[bytes, str]:
    """One bit turned over, or in `cuts` of all cases the end cut off."""
    if chance.random() < cuts:
        length = chance.randrange(len(whole))
        return whole[:length], f"cut to {length} of {len(whole)} bytes"
    at, bit = chance.randrange(len(whole)), chance.randrange(8)
    changed = bytearray(whole)
    changed[at] ^= 1 << bit
    return bytes(changed), f"bit {bit} of byte {at}"


def write_checkpoints(folder: Path) -> None:
    """Two checkpoints, `best` and `latest`, of a training of two steps."""
    model = tiny_model()
    optimizer = adamw(model, lr=1e-2)
    for step in train(model, tiny_stream().batches(), steps=2, lr=1e-2, optimizer=optimizer):
        save_checkpoint(
            folder,
            step.n,
            model=model_tensors(model),
            optimizer=optimizer.state_dict(),
            state={"step": step.n, "loss": step.loss},
            best=step.n == 1,
        )


def read_checkpoints(folder: Path) -> Any:
    return [vars(load_checkpoint(folder, which)) for which in ("best", "latest")]


def write_shards(folder: Path) -> None:
    texts = [f"the {n} words of text number {n * n} are few" for n in range(60)]
    source = folder.with_suffix(".txt")
    source.write_text("\n".join(texts))
    tokenizer = Tokenizer.train_from_texts(texts, 280, specials=("<|endoftext|>",))
    prepare(source, tokenizer, folder, shard_tokens=300, valid_tokens=200, workers=1)


def read_shards(folder: Path) -> Any:
    """Everything that a training uses of them."""
    shards = Shards.open(folder)
    shards.check()
    rows = [(shard.path.name, shard.part, np.array(shard.ids).tolist()) for shard in shards.shards]
    return rows, shards.vocab_size, shards.fingerprint, fingerprint(shards.load_tokenizer()).hex()


def others(
    name: str, folder: Path, write: Callable[[Any, Path], Any], read: Callable[[Path], Any], count: int, chance: Any
) -> Row:
    """What another format does about a flipped bit in the very same tensors; never a failure of ours."""
    folder.mkdir()
    tensors = some_tensors()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        write(tensors, folder)
        file = max((path for path in folder.iterdir() if path.is_file()), key=lambda path: path.stat().st_size)
        whole, outcomes = file.read_bytes(), Counter[str]()
        for _ in range(count):
            file.write_bytes(spoil(whole, chance, cuts=0)[0])
            try:
                outcomes["identical" if same(read(folder), tensors) else "silent"] += 1
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt):
                    raise
                outcomes["refused"] += 1
    shutil.rmtree(folder)
    share = outcomes["silent"] / count
    note = ", ".join(f"{n:,} {outcome}" for outcome, n in outcomes.most_common()) + f": {share:.0%} silent"
    details = {"outcomes": dict(outcomes)}
    return Row("c", f"flips, {name}: silent", count, outcomes["silent"], note, context=True, details=details)


def some_tensors() -> dict[str, torch.Tensor]:
    """A hundred kilobytes, so that most of a file is numbers, as it is with real models."""
    torch.manual_seed(0)
    return {f"layer.{i}": torch.randn(80, 80) for i in range(4)}


def write_distributed(tensors: Any, folder: Path) -> None:
    distributed.save(tensors, checkpoint_id=folder)


def read_distributed(folder: Path) -> Any:
    tensors = {name: torch.zeros_like(tensor) for name, tensor in some_tensors().items()}
    distributed.load(tensors, checkpoint_id=folder)
    return tensors


OTHERS: dict[str, tuple[Callable[[Any, Path], Any], Callable[[Path], Any]]] = {
    "torch.save": (
        lambda tensors, folder: torch.save(tensors, folder / "model.pt"),
        lambda folder: torch.load(folder / "model.pt", weights_only=True),
    ),
    "safetensors": (
        lambda tensors, folder: save_file(tensors, folder / "model.safetensors"),
        lambda folder: load_file(folder / "model.safetensors"),
    ),
    "torch.distributed.checkpoint": (write_distributed, read_distributed),
}
