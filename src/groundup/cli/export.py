"""groundup export RUN --out DIR: the run's model and tokenizer as a Hugging Face folder."""

from dataclasses import dataclass
from pathlib import Path

import tyro

from groundup.cli.parse import parse

LOAD = """from transformers import {auto}, AutoTokenizer
model = {auto}.from_pretrained({folder!r})
tokenizer = AutoTokenizer.from_pretrained({folder!r})"""
TARGET = "target = AutoTokenizer.from_pretrained({folder!r}, subfolder={name!r})  # answers are decoded with this one"


@dataclass(frozen=True)
class Export:
    """Write a run as a folder that transformers loads without this package: GPT-2, GPT-Neo, LLaMA or Marian."""

    run: tyro.conf.Positional[str]
    """A run folder, or its name under runs/."""
    out: str
    """The folder to write; it must be empty or not be there."""
    checkpoint: str = "best"
    """best, latest or the number of a step."""


def main(arguments: list[str]) -> None:
    options = parse(Export, arguments, prog="groundup export")
    folder = Path(options.out)
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file; give --out the name of a folder")
    if folder.is_dir() and any(folder.iterdir()):
        raise ValueError(f"{folder} is not empty; give --out the name of a new folder")
    from groundup.hub.folder import family_for, to_hub
    from groundup.hub.tokenizer import TARGET as SUBFOLDER
    from groundup.run.load import load, which
    from groundup.run.pairs import PairRun

    run = load(options.run, checkpoint=which(options.checkpoint), device="cpu")
    if isinstance(run, PairRun):
        source = run.source if run.source is not run.target else None
        to_hub(run.model, folder, tokenizer=run.target, source_tokenizer=source)
        auto = "AutoModelForSeq2SeqLM"
    else:
        to_hub(run.model, folder, tokenizer=run.tokenizer)
        auto = "AutoModelForCausalLM"
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        print(f"{file.stat().st_size:>13,} bytes  {file}")
    print(f"\n{family_for(run.model.config).architecture}; from a Python with transformers:\n")
    print(LOAD.format(auto=auto, folder=str(folder)))
    if (folder / SUBFOLDER).is_dir():
        print(TARGET.format(folder=str(folder), name=SUBFOLDER))
