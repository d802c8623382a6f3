"""groundup export RUN --out DIR: the run's model and tokenizer as a folder that other programs run."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from groundup.cli.parse import Run, parse

if TYPE_CHECKING:
    from groundup.run.pairs import PairRun
    from groundup.run.text import TextRun

TRANSLATE = """from ctranslate2 import Translator
from transformers import AutoTokenizer
translator = Translator({model!r})
tokenizer = AutoTokenizer.from_pretrained({tokenizer!r})
{target}
found = translator.translate_batch([tokenizer("A sentence.").tokens()], beam_size=4)[0].hypotheses[0]
print(target.decode(target.convert_tokens_to_ids(found)))"""
WRITE = """from llama_cpp import Llama
model = Llama({file!r}, n_ctx=0)
print(model({prompt!r}, max_tokens=40)["choices"][0]["text"])"""
SAME, OTHER = "target = tokenizer", "target = AutoTokenizer.from_pretrained({tokenizer!r}, subfolder={name!r})"


@dataclass(frozen=True)
class Export:
    """Write a run as a folder that runs without this package: weights, tokenizer, licence and a card.

    transformers loads it: as one of its own classes (GPT-2, GPT-Neo, LLaMA or Marian) where that computes the same, or
    with the model's code beside it. A translator can be for CTranslate2 instead, which is faster on CPUs, and a GPT-2
    or LLaMA for llama.cpp.
    """

    run: Run
    """A run folder, or its name under runs/."""
    out: str
    """The folder to write; it must be empty or not be there."""
    checkpoint: str = "best"
    """best, latest or the number of a step."""
    trust_code: bool = False
    """Execute the Python file of its own that the run was trained with, a copy of which lies in its folder."""
    format: Literal["auto", "native", "custom", "both", "ctranslate2", "gguf"] = "auto"
    """auto is native where that is possible, else custom, which is loaded with trust_remote_code=True; both writes two
    folders into one; ctranslate2 is for translators and needs pip install ctranslate2 transformers; gguf is one file
    for llama.cpp, of a GPT-2 or a LLaMA, and needs pip install 'groundup[gguf]'."""
    quantization: Literal["float32", "int8", "int8_float32", "int16", "float16", "bfloat16"] = "float32"
    """How ctranslate2 keeps the weights; int8 is a quarter as large."""
    inputs: int = 32
    """Held-out inputs on which the folder is compared with the run, where nobody has groundup; 0 compares nothing."""
    license: str = "apache-2.0"
    """What the card says is the licence of the weights, by the Hub's word for it; the code is Apache-2.0."""


def main(arguments: list[str]) -> None:
    options = parse(Export, arguments, prog="groundup export")
    folder = Path(options.out)
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file; give --out the name of a folder")
    if folder.is_dir() and any(folder.iterdir()):
        raise ValueError(f"{folder} is not empty; give --out the name of a new folder")
    if options.format != "ctranslate2" and options.quantization != "float32":
        raise ValueError(f"--quantization ({options.quantization}) is for --format ctranslate2; leave it out")
    if options.inputs < 0:
        raise ValueError(f"--inputs ({options.inputs}) must be at least 0; try 32")
    from groundup.run.load import load, which

    run = load(options.run, checkpoint=which(options.checkpoint), device="cpu", trust_code=options.trust_code)
    if options.format == "ctranslate2":
        _for_ctranslate2(run, folder, options.quantization)
    elif options.format == "gguf":
        _for_llama_cpp(run, folder, options.license)
    else:
        _for_transformers(run, folder, options)


def _for_transformers(run: "PairRun | TextRun", folder: Path, options: Export) -> None:
    from groundup.publish.make import make
    from groundup.publish.write import load_lines

    assert options.format not in ("ctranslate2", "gguf"), "they are other functions'"
    exports = make(run, folder, options.format, name=None, licence=options.license, inputs=options.inputs, say=print)
    _list(folder)
    for export in exports:
        print(f"\n{export.architecture}; from a Python with transformers:\n")
        print(load_lines(export, str(export.folder)))


def _for_ctranslate2(run: "PairRun | TextRun", folder: Path, quantization: str) -> None:
    """Their model, with the tokenizers as transformers reads them in a folder within."""
    from groundup.hub.ctranslate2 import TOKENIZER, to_ctranslate2
    from groundup.hub.tokenizer import TARGET as SUBFOLDER
    from groundup.publish.write import write_one
    from groundup.run.pairs import PairRun

    if not isinstance(run, PairRun):
        raise ValueError(f"--format ctranslate2 is for translators, and {run.folder.name} is a language model")
    with tempfile.TemporaryDirectory() as aside:
        write_one(run, Path(aside, "folder"), custom=False)
        to_ctranslate2(Path(aside, "folder"), folder, quantization=None if quantization == "float32" else quantization)
    _list(folder)
    tokenizer = str(folder / TOKENIZER)
    target = OTHER.format(tokenizer=tokenizer, name=SUBFOLDER) if (folder / TOKENIZER / SUBFOLDER).is_dir() else SAME
    print("\nFrom a Python with ctranslate2 and transformers:\n")
    print(TRANSLATE.format(model=str(folder), tokenizer=tokenizer, target=target))


def _for_llama_cpp(run: "PairRun | TextRun", folder: Path, licence: str) -> None:
    """One file of the run's name."""
    from groundup.hub.gguf import to_gguf
    from groundup.run.text import TextRun

    if not isinstance(run, TextRun):
        raise ValueError(f"--format gguf is for language models, and {run.folder.name} is none; take --format auto")
    name = run.folder.name
    file = to_gguf(run.model, folder / f"{name}.gguf", tokenizer=run.tokenizer, name=name, licence=licence)
    _list(folder)
    print("\nFrom a Python with llama-cpp-python:\n")
    print(WRITE.format(file=str(file), prompt=run.opening("The ")))


def _list(folder: Path) -> None:
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        print(f"{file.stat().st_size:>13,} bytes  {file}")
