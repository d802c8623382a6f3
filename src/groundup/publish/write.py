"""A run as a folder for transformers: in a native format where one holds it, else with its own code beside it."""

import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from groundup.files import write_whole
from groundup.hub.custom import to_custom
from groundup.hub.folder import family_for, to_hub
from groundup.hub.tokenizer import TARGET
from groundup.publish.chat import template_for
from groundup.run.pairs import PairRun
from groundup.run.text import TextRun

Format = Literal["auto", "native", "custom", "both"]
LICENCE = "LICENSE"


@dataclass(frozen=True)
class Export:
    """A folder that transformers loads, and how."""

    folder: Path
    auto: str
    """The class that loads it."""
    architecture: str
    """What that class makes of it."""
    custom: bool
    """Whether it carries its own code."""
    separate: bool
    """Whether answers have a tokenizer of their own."""
    dialogue: bool


def write_run(run: PairRun | TextRun, folder: Path, format: Format = "auto") -> list[Export]:
    """Write the run into the folder; of "both" formats each into a folder of its name within.

    ValueError for a native format where none holds the model.
    """
    if format == "both":
        family_for(run.model.config)  # before anything is written
        return [write_one(run, folder / kind, custom=kind == "custom") for kind in ("native", "custom")]
    return [write_one(run, folder, custom=format == "custom" or (format == "auto" and not has_native(run)))]


def has_native(run: PairRun | TextRun) -> bool:
    """Whether a native format of transformers computes the same."""
    try:
        family_for(run.model.config)
    except ValueError:
        return False
    return True


def write_one(run: PairRun | TextRun, folder: Path, *, custom: bool) -> Export:
    """The folder with weights, configuration, tokenizers and licence; it is there when all of that is written."""
    write = to_custom if custom else to_hub
    separate = isinstance(run, PairRun) and run.source is not run.target
    place = folder.resolve().parent
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place, prefix=f".{folder.name}-") as aside:
        if isinstance(run, PairRun):
            source = run.source if separate else None
            write(run.model, aside, tokenizer=run.target, source_tokenizer=source, template=template_for(run))
            auto, kind = "AutoModelForSeq2SeqLM", "GroundupForSeq2SeqLM"
        else:
            write(run.model, aside, tokenizer=run.tokenizer)
            auto, kind = "AutoModelForCausalLM", "GroundupForCausalLM"
        write_whole(Path(aside, LICENCE), licence())
        folder.mkdir(exist_ok=True)
        for written in Path(aside).iterdir():
            written.rename(folder / written.name)
    kind = kind if custom else family_for(run.model.config).architecture
    return Export(folder, auto, kind, custom, separate, run.recipe.task == "dialogue")


def licence() -> str:
    """The text of the licence of this package, under which the code in a folder is."""
    try:
        text = metadata.distribution("groundup").read_text("licenses/LICENSE")
    except metadata.PackageNotFoundError:
        text = None
    beside = Path(__file__).parents[3] / LICENCE  # of a clone
    if text is None and beside.is_file():
        text = beside.read_text(encoding="utf-8")
    return text or "Apache License, Version 2.0: https://www.apache.org/licenses/LICENSE-2.0\n"


def load_lines(export: Export, name: str, *, revision: str | None = None) -> str:
    """Python that loads the folder, or the repository, of this name, ready to be pasted."""
    how = ", trust_remote_code=True" if export.custom else ""
    how += f", revision={revision!r}" if revision else ""
    lines = [
        f"from transformers import {export.auto}, AutoTokenizer",
        f"model = {export.auto}.from_pretrained({name!r}{how})",
        f"tokenizer = AutoTokenizer.from_pretrained({name!r}{how})",  # which reads the model's settings, too
    ]
    if export.separate:
        lines.append(
            f"target = AutoTokenizer.from_pretrained({name!r}, subfolder={TARGET!r}{how})  "
            "# answers are decoded with this one"
        )
    return "\n".join(lines)
