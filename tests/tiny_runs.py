"""Models with random weights and their tokenizers, as the runs of which pages are made."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from families import CAUSAL, SEQ2SEQ, build_random

from groundup.config import ModelConfig
from groundup.run.translator import Translator
from groundup.run.writer import Writer
from groundup.text.tokenizer import Tokenizer

WORDS = "the cat sees a dog and house, it's far! who? we are here; été ␞ "
MARKS = ("<pad>", "<bos>", "<eos>")


def tokenizer_of(size: int, specials: tuple[str, ...] = MARKS) -> Tokenizer:
    return Tokenizer.train_from_texts([WORDS * 3], vocab_size=size, specials=specials)


def as_run(used: Any, task: str, name: str = "tiny") -> Any:
    """A model with its tokenizers, as a run in a folder: what `build` asks for."""
    used.folder = SimpleNamespace(name=name, samples=Path("nothing-was-kept"))
    used.recipe = SimpleNamespace(task=task, data=SimpleNamespace(max_length=24), sample=None)
    return used


def translator(family: str, task: str = "translation", name: str = "tiny") -> Translator:
    config = SEQ2SEQ[family]
    target = tokenizer_of(290)
    source = target if config.source_vocab_size is None else tokenizer_of(280)
    sizes = dict(vocab_size=290 if config.tied == "all" else 300, context=40)
    if config.source_vocab_size is not None:
        sizes["source_vocab_size"] = source.vocab_size
    model = build_random(ModelConfig(**{**vars(config), **sizes}))
    return as_run(Translator(model, source, target), task, name)  # type: ignore[arg-type]


def writer(family: str, **more: Any) -> Writer:
    config = ModelConfig(**{**vars(CAUSAL[family]), "vocab_size": 300, **more})
    return as_run(Writer(build_random(config), tokenizer_of(290, ("<|endoftext|>",))), "language")  # type: ignore[arg-type]
