"""The files of a run, and how a run is found by its name."""

import shlex
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from groundup.nearest import nearest
from groundup.recipes.recipe import Recipe, load_recipe
from groundup.text.tokenizer import Tokenizer

RUNS = Path("runs")
NO_CORPUS = "(saved from Python)"
"""The name of the corpus in the recipe of a run that `run.save` made, because its data is not known."""


@dataclass(frozen=True)
class RunFolder:
    """The layout of a run on disk."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def quoted(self) -> str:
        """The name of the run, as on the command line."""
        return shlex.quote(self.name)

    @property
    def real(self) -> Path:
        """The real folder, if `path` is a link; the resolved path also has a name for "."."""
        return self.path.resolve()

    def beside(self, suffix: str) -> Path:
        """Return a hidden file beside the folder, such as .demo.lock."""
        return self.real.with_name(f".{self.real.name}.{suffix}")

    @property
    def replaced(self) -> Path:
        """The folder of an earlier run of this name until this one can replace it (`run.claim`)."""
        return self.beside("replaced")

    @property
    def recipe_file(self) -> Path:
        return self.path / "recipe.json"

    @property
    def results_file(self) -> Path:
        return self.path / "results.json"

    @property
    def batches_file(self) -> Path:
        """The file with the order of the data (`flow.batch_order`)."""
        return self.path / "batches.json"

    @property
    def held_out_file(self) -> Path:
        """The file with the hashes of held-out data (`flow.held_out`)."""
        return self.path / "held-out.json"

    @property
    def launch_file(self) -> Path:
        """The file with the `launch.stamp` of the launch that began the run, if that was torchrun."""
        return self.path / "launch.txt"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def plots(self) -> Path:
        return self.path / "plots"

    @property
    def samples(self) -> Path:
        return self.path / "samples"

    def recipe(self) -> Recipe:
        return load_recipe(self.recipe_file)

    def begun_under(self, stamp: str) -> bool:
        """Whether this launch began the run."""
        return self.launch_file.is_file() and self.launch_file.read_text(encoding="utf-8") == stamp

    def save_tokenizers(self, source: Tokenizer, target: Tokenizer) -> None:
        """Write one file if both sides share a vocabulary, else one for each."""
        if source is target:
            target.save(self.path / "tokenizer.json")
        else:
            source.save(self.path / "source.json")
            target.save(self.path / "target.json")

    def tokenizers(self) -> tuple[Tokenizer, Tokenizer]:
        """Return the (source, target) tokenizers of this run; the same object twice if they are shared."""
        if (self.path / "tokenizer.json").is_file():
            shared = Tokenizer.load(self.path / "tokenizer.json")
            return shared, shared
        recipe = self.recipe()
        separate = recipe.task != "language" and not recipe.tokenizer.shared
        for name in ("source.json", "target.json") if separate else ("tokenizer.json",):
            if not (self.path / name).is_file():
                raise ValueError(
                    f"{self.path / name} is missing, and without it the model's numbers are no words; bring it back "
                    "from a copy of the run, or train it again (--overwrite)"
                )
        return Tokenizer.load(self.path / "source.json"), Tokenizer.load(self.path / "target.json")


def check_known(folder: RunFolder, recipe: Recipe) -> None:
    """Raise ValueError for a run that was saved from Python, because its data is not known."""
    if recipe.data.corpus == NO_CORPUS:
        raise ValueError(
            f"{folder.path} was saved from Python, and which data it was trained on is not known; to judge it name a "
            f"file: groundup evaluate {folder.quoted} --data FILE (to train on: gu.fit, in Python)"
        )


def free_name(name: str) -> str:
    """Return the name if no run has it, else name-2, name-3, ..."""
    if not (RUNS / name).exists():
        return name
    return next(f"{name}-{n}" for n in count(2) if not (RUNS / f"{name}-{n}").exists())


def find_run(name: str | Path) -> RunFolder:
    """Return the run in this folder, or of this name under runs/. Raises ValueError with the nearest name."""
    for path in (Path(name), RUNS / name):
        if (path / "recipe.json").is_file():
            return RunFolder(path)
    if (RunFolder(RUNS / Path(name).name).replaced / "recipe.json").is_file():
        raise ValueError(f"{name} was put aside by a training that ended early; bring it back: groundup resume {name}")
    if Path(name).is_dir() and name:
        raise ValueError(f"{name} is not a run: it has no recipe.json")
    names = sorted(path.parent.name for path in RUNS.glob("[!.]*/recipe.json"))
    there = "there are: {known}" if names else "there are: none yet"
    raise ValueError(f"no run called {str(name)!r}; {nearest(str(name), names, otherwise=there)}")
