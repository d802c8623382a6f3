"""From a run, or a Hugging Face folder, to a model with an engine."""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from groundup.models.causal_lm import CausalLM
from groundup.run.pairs import PairRun
from groundup.run.text import TextRun
from groundup.run.translator import Translator
from groundup.run.writer import Writer
from groundup.serve.job import Engine
from groundup.serve.limits import Limits
from groundup.serve.translating import PairEngine
from groundup.serve.writing import TextEngine
from groundup.text.tokenizer import Tokenizer

Task = Literal["text", "translation", "dialogue"]


@dataclass(frozen=True)
class Served:
    """A model that the server offers."""

    name: str
    task: Task
    engine: Engine
    languages: tuple[str, str] | None
    """Codes of source and target language, if they are known."""
    created: int
    """When it was loaded, in seconds since 1970."""
    page: str | None = None
    """The run as an HTML page that runs the model in the browser (`groundup.page`); None if it is too large."""


def open_model(
    path: str,
    limits: Limits,
    *,
    checkpoint: Literal["best", "latest"] | int = "best",
    device: str = "auto",
    trust_code: bool = False,
) -> Served:
    """Load a run by its name or folder, or a Hugging Face folder. Raises ValueError if it is neither."""
    folder = Path(path)
    if (folder / "config.json").is_file() and not (folder / "recipe.json").is_file():
        return _from_hub(folder, limits)
    from groundup.run.load import load

    run = load(path, checkpoint=checkpoint, device=device, trust_code=trust_code)
    name = run.folder.name
    if isinstance(run, TextRun):
        return replace(offer(name, "text", run, limits, languages=None), page=_page(run))
    task: Task = "dialogue" if run.recipe.task == "dialogue" else "translation"
    languages = _languages(run) if task == "translation" else None
    return replace(offer(name, task, run, limits, languages=languages), page=_page(run))


def _page(run: PairRun | TextRun) -> str | None:
    from groundup.page.build import build

    try:
        return build(run)
    except ValueError:  # too large, or with parts of somebody's own
        return None


def _from_hub(folder: Path, limits: Limits) -> Served:
    from groundup.hub.folder import from_hub, tokenizer_from_hub

    model, tokenizer, name = from_hub(folder), tokenizer_from_hub(folder), folder.resolve().name
    if isinstance(model, CausalLM):
        return offer(name, "text", Writer(model, tokenizer), limits, languages=None)
    inner = folder / "target"  # of two vocabularies the target's lies there
    target = Tokenizer.load(inner) if inner.is_dir() else tokenizer
    return offer(name, "translation", Translator(model, tokenizer, target), limits, languages=None)


def offer(
    name: str, task: Task, model: Writer | Translator, limits: Limits, *, languages: tuple[str, str] | None
) -> Served:
    """The model with an engine of its kind."""
    sizes = dict(waiting=limits.waiting, rows=limits.rows, max_new_tokens=limits.max_new_tokens)
    engine = TextEngine(model, **sizes) if isinstance(model, Writer) else PairEngine(model, **sizes)
    return Served(name, task, engine, languages, int(time.time()))


def _languages(run: PairRun) -> tuple[str, str] | None:
    """Two-letter codes such as ("en", "fr") of the named corpus that the run learnt; None for other files."""
    from groundup.data.catalogue import SOURCES

    source = SOURCES.get(run.recipe.data.corpus)
    codes = () if source is None else source.languages.split("-")
    if len(codes) != 2:
        return None
    first, second = codes
    return (second, first) if run.recipe.data.reverse else (first, second)
