"""groundup export RUN --out DIR: the run's model and tokenizer as a folder that other programs run."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from groundup.cli.parse import Run, parse

if TYPE_CHECKING:
    from groundup.run.pairs import PairRun
    from groundup.run.text import TextRun

LOAD = """from transformers import {auto}, AutoTokenizer
model = {auto}.from_pretrained({folder!r})
tokenizer = AutoTokenizer.from_pretrained({folder!r})"""
TARGET = "target = AutoTokenizer.from_pretrained({folder!r}, subfolder={name!r})  # answers are decoded with this one"

TRANSLATE = """from ctranslate2 import Translator
from transformers import AutoTokenizer
translator = Translator({model!r})
tokenizer = AutoTokenizer.from_pretrained({tokenizer!r})
{target}
found = translator.translate_batch([tokenizer("A sentence.").tokens()], beam_size=4)[0].hypotheses[0]
print(target.decode(target.convert_tokens_to_ids(found)))"""
SAME, OTHER = "target = tokenizer", "target = AutoTokenizer.from_pretrained({tokenizer!r}, subfolder={name!r})"


@dataclass(frozen=True)
class Export:
    """Write a run as a folder that runs without this package: in transformers (GPT-2, GPT-Neo, LLaMA or Marian), or
    a translator in CTranslate2, which is faster on CPUs."""

    run: Run
    """A run folder, or its name under runs/."""
    out: str
    """The folder to write; it must be empty or not be there."""
    checkpoint: str = "best"
    """best, latest or the number of a step."""
    trust_code: bool = False
    """Execute the Python file of its own that the run was trained with, a copy of which lies in its folder."""
    format: Literal["transformers", "ctranslate2"] = "transformers"
    """ctranslate2 is for translators; it needs pip install ctranslate2 transformers."""
    quantization: Literal["float32", "int8", "int8_float32", "int16", "float16", "bfloat16"] = "float32"
    """How ctranslate2 keeps the weights; int8 is a quarter as large."""


def main(arguments: list[str]) -> None:
    options = parse(Export, arguments, prog="groundup export")
    folder = Path(options.out)
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file; give --out the name of a folder")
    if folder.is_dir() and any(folder.iterdir()):
        raise ValueError(f"{folder} is not empty; give --out the name of a new folder")
    if options.format == "transformers" and options.quantization != "float32":
        raise ValueError(f"--quantization ({options.quantization}) is for --format ctranslate2; leave it out")
    from groundup.run.load import load, which

    run = load(options.run, checkpoint=which(options.checkpoint), device="cpu", trust_code=options.trust_code)
    if options.format == "ctranslate2":
        _for_ctranslate2(run, folder, options.quantization)
    else:
        _for_transformers(run, folder)


def _for_transformers(run: "PairRun | TextRun", folder: Path) -> None:
    from groundup.hub.folder import family_for
    from groundup.hub.tokenizer import TARGET as SUBFOLDER

    auto = _write(run, folder)
    _list(folder)
    print(f"\n{family_for(run.model.config).architecture}; from a Python with transformers:\n")
    print(LOAD.format(auto=auto, folder=str(folder)))
    if (folder / SUBFOLDER).is_dir():
        print(TARGET.format(folder=str(folder), name=SUBFOLDER))


def _for_ctranslate2(run: "PairRun | TextRun", folder: Path, quantization: str) -> None:
    """Their model, with the tokenizers as transformers reads them in a folder within."""
    from groundup.hub.ctranslate2 import TOKENIZER, to_ctranslate2
    from groundup.hub.tokenizer import TARGET as SUBFOLDER
    from groundup.run.pairs import PairRun

    if not isinstance(run, PairRun):
        raise ValueError(f"--format ctranslate2 is for translators, and {run.folder.name} is a language model")
    with tempfile.TemporaryDirectory() as aside:
        _write(run, Path(aside, "folder"))
        to_ctranslate2(Path(aside, "folder"), folder, quantization=None if quantization == "float32" else quantization)
    _list(folder)
    tokenizer = str(folder / TOKENIZER)
    target = OTHER.format(tokenizer=tokenizer, name=SUBFOLDER) if (folder / TOKENIZER / SUBFOLDER).is_dir() else SAME
    print("\nFrom a Python with ctranslate2 and transformers:\n")
    print(TRANSLATE.format(model=str(folder), tokenizer=tokenizer, target=target))


def _write(run: "PairRun | TextRun", folder: Path) -> str:
    """The folder for transformers, and the class that loads its model."""
    from groundup.hub.folder import to_hub
    from groundup.run.pairs import PairRun

    if isinstance(run, PairRun):
        source = run.source if run.source is not run.target else None
        to_hub(run.model, folder, tokenizer=run.target, source_tokenizer=source)
        return "AutoModelForSeq2SeqLM"
    to_hub(run.model, folder, tokenizer=run.tokenizer)
    return "AutoModelForCausalLM"


def _list(folder: Path) -> None:
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        print(f"{file.stat().st_size:>13,} bytes  {file}")
