"""Save a model that was made or trained in Python as a run, for all verbs and `gu.load`."""

from pathlib import Path

import torch

from groundup.models.causal_lm import CausalLM
from groundup.models.seq2seq import Seq2Seq
from groundup.recipes.recipe import PairData, PairRecipe, TextData, TextRecipe, TokenizerSettings, save_recipe
from groundup.run.folder import NO_CORPUS, RunFolder
from groundup.run.load import load
from groundup.run.pairs import PairRun
from groundup.run.text import TextRun
from groundup.stock import check_stock
from groundup.text.tokenizer import Tokenizer
from groundup.text.vocabulary import BytePair, Characters
from groundup.training.checkpoint import load_checkpoint, save_checkpoint
from groundup.training.tensors import model_tensors


def save_run(
    model: CausalLM | Seq2Seq,
    folder: str | Path,
    *,
    tokenizer: Tokenizer,
    source_tokenizer: Tokenizer | None = None,
    task: str | None = None,
) -> PairRun | TextRun:
    """Make the folder a run of this model, and return it as `gu.load` does.

    The folder is new or empty, or the one into which `gu.fit` trained this very model: its checkpoints then stay as
    they are. tokenizer: the model's; of the target where there is a source_tokenizer. task: "dialogue" for an
    encoder-decoder that replies; otherwise it translates. Raises ValueError for a model with parts of your own, and if
    there is a run already.
    """
    check_stock(model, "to load it again from a run folder")
    place = RunFolder(Path(folder))
    if place.recipe_file.exists():
        raise ValueError(f"{folder} is a run already; choose another folder")
    check_size(tokenizer, model.config.vocab_size)
    trained = place.checkpoints.is_dir()
    if place.path.is_dir() and any(place.path.iterdir()) and not trained:
        raise ValueError(f"{folder} is not empty, and nothing in it is replaced; choose another folder")
    recipe = _recipe(model, place.name, tokenizer, source_tokenizer, task)
    tensors = model_tensors(model)
    if trained:
        kept = load_checkpoint(place.checkpoints, "best", optimizer=False).model
        if kept.keys() != tensors.keys() or not all(torch.equal(kept[name], tensors[name].cpu()) for name in kept):
            raise ValueError(f"{place.checkpoints} holds other weights than this model's; choose another folder")
    else:
        save_checkpoint(place.checkpoints, 0, model=tensors, optimizer=None, state={"step": 0}, best=True)
    place.save_tokenizers(source_tokenizer or tokenizer, tokenizer)
    save_recipe(recipe, place.recipe_file)  # write this last: it makes the folder a run
    return load(place.path)


def check_size(tokenizer: Tokenizer, rows: int) -> None:
    """Raise ValueError for a tokenizer with more tokens than the model has rows."""
    if tokenizer.vocab_size > rows:
        raise ValueError(
            f"the tokenizer has {tokenizer.vocab_size} tokens, the model {rows} rows; they do not belong together"
        )


def _recipe(
    model: CausalLM | Seq2Seq, name: str, tokenizer: Tokenizer, source: Tokenizer | None, task: str | None
) -> PairRecipe | TextRecipe:
    kinds = {BytePair: "bpe", Characters: "characters"}
    settings = TokenizerSettings(
        kind=kinds.get(type(tokenizer.vocabulary), "words"),  # type: ignore[arg-type]
        vocab_size=tokenizer.vocab_size,
        shared=source is None or source is tokenizer,
    )
    context = model.config.context
    if isinstance(model, CausalLM):
        if task not in (None, "language"):
            raise ValueError(f"a CausalLM has the task language, not {task!r}; leave task out")
        return TextRecipe(name=name, data=TextData(corpus=NO_CORPUS), tokenizer=settings, model=model.config)
    data = PairData(corpus=NO_CORPUS, max_length=context, batch_tokens=max(6144, 2 * context))
    task = task or "translation"
    if task not in ("translation", "dialogue"):
        raise ValueError(f"task ({task!r}) must be translation or dialogue")
    return PairRecipe(name=name, task=task, data=data, tokenizer=settings, model=model.config)  # type: ignore[arg-type]
