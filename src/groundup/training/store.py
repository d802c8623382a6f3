"""Save and load a training: rank 0 does it if each rank has the whole model, all ranks do it if they have slices."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from groundup.files import digest
from groundup.records import read_json
from groundup.training.average import NoAverage, WeightAverage
from groundup.training.checkpoint import STATE, Checkpoint, load_checkpoint, read_checkpoint, save_checkpoint
from groundup.training.manifest import MANIFEST
from groundup.training.optim import Together
from groundup.training.places import find, step_name
from groundup.training.sharded import check, find_whole, is_sharded, load_sharded, make_whole, save_sharded
from groundup.training.tally import Tally
from groundup.training.team import Solo
from groundup.training.tensors import check_model_tensors, load_model_tensors, load_optimizer, model_tensors


class Store:
    """The checkpoints/ folder of a run, for one model and its optimizer. All ranks call its methods together."""

    def __init__(
        self, folder: Path, model: nn.Module, optimizer: torch.optim.Optimizer | Together, team: Solo, *, keep: int
    ):
        self.folder, self.model, self.optimizer, self.team, self.keep = folder, model, optimizer, team, keep

    def save(
        self, step: int, *, state: dict[str, Any], unaveraged: dict[str, Tensor] | None = None, best: bool = False
    ) -> None:
        """Save the current model and optimizer. Raises OSError on all ranks if that fails."""
        save = save_sharded if self.team.sharded else self._save_from_main
        save(
            self.folder,
            step,
            self.team,
            model=model_tensors(self.model),
            optimizer=self.optimizer.state_dict(),
            state=state,
            unaveraged=unaveraged,
            best=best,
            keep=self.keep,
        )

    def load(self) -> tuple[Checkpoint, str | None]:
        """Read the latest undamaged checkpoint, sliced as the model is, and a warning if a later one is damaged.

        Rank 0 chooses it. Raises ValueError on all ranks if one of them does not see the same files.
        """

        def choose() -> tuple[int, str, str | None]:
            if not self.team.sharded:
                make_whole(self.folder)
            step, path, warning = find_whole(self.folder)
            return step, path.name, warning

        step, name, warning = self.team.from_main(choose)
        path = self.folder / name
        self._refuse_another(path, step)
        if not self.team.sharded:
            return read_checkpoint(step, path), warning
        like, parameters = model_tensors(self.model), [p for g in self.optimizer.param_groups for p in g["params"]]
        if is_sharded(path):
            return load_sharded(path, step, like=like, parameters=parameters), warning
        return self._sliced(read_checkpoint(step, path), like, parameters), warning

    def restore(self, checkpoint: Checkpoint, average: WeightAverage | NoAverage) -> Tally:
        """Load a checkpoint into the model, the average and the optimizer, and return its tally.

        Raises ValueError, and changes nothing, unless all of it fits.
        """
        file = self.folder / step_name(checkpoint.step)
        tally = Tally.read(checkpoint.state, step=checkpoint.step, file=file / STATE)
        if checkpoint.optimizer is None:
            raise ValueError(f"{file}: holds no optimizer, so a training cannot go on from it")
        weights = checkpoint.model if checkpoint.unaveraged is None else checkpoint.unaveraged
        for tensors in (checkpoint.model, weights):
            check_model_tensors(self.model, tensors, file=file)
        load_optimizer(self.optimizer, checkpoint.optimizer, file=file)
        load_model_tensors(self.model, checkpoint.model, file=file)
        average.restart()
        load_model_tensors(self.model, weights, file=file)
        return tally

    def best_tally(self) -> Tally:
        """Return the best checkpoint's tally. ValueError if it is damaged, FileNotFoundError if there is none."""

        def read() -> Tally:
            step, path = find(self.folder, "best")
            check(path, step)
            return Tally.read(read_json(path / STATE), step=step, file=path / STATE)

        return self.team.from_main(read)

    def load_best(self, model: nn.Module) -> None:
        """Load the best weights into a whole model. Checkpoints in slices become ordinary ones first.

        Only rank 0 calls it, after the other ranks have exited.
        """
        make_whole(self.folder)
        best = load_checkpoint(self.folder, "best", optimizer=False)
        load_model_tensors(model, best.model, file=self.folder / step_name(best.step))

    def _refuse_another(self, path: Path, step: int) -> None:
        manifest = path / MANIFEST
        seen = self.team.on_all(lambda: digest(manifest) if manifest.is_file() else None)
        for rank, mine in enumerate(seen):
            if mine != seen[0]:
                finds = "does not find" if mine is None else "finds another one in place of"
                raise ValueError(
                    f"rank {rank} {finds} the checkpoint of step {step} that rank 0 goes on from; "
                    "all ranks need one runs/ folder that they share"
                )

    def _save_from_main(self, folder: Path, step: int, team: Solo, **what: Any) -> None:
        team.from_main(lambda: save_checkpoint(folder, step, **what))

    def _sliced(self, whole: Checkpoint, like: dict[str, Tensor], parameters: list[Tensor]) -> Checkpoint:
        def cut(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
            return {n: self.team.like(t, like[n]) if n in like else t for n, t in tensors.items()}

        optimizer = whole.optimizer
        if optimizer is not None:
            state = {
                i: {
                    key: self.team.like(value, parameters[i]) if isinstance(value, Tensor) else value
                    for key, value in entries.items()
                }
                for i, entries in optimizer["state"].items()
            }
            optimizer = {**optimizer, "state": state}
        unaveraged = cut(whole.unaveraged) if whole.unaveraged is not None else None
        return Checkpoint(whole.step, cut(whole.model), optimizer, whole.state, unaveraged)
