"""The doctor for what is groundup's own: a recipe, a run, and a short look at each model before it is trained."""

import copy
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from groundup.batch import Batch
from groundup.build import count_parameters
from groundup.data.marks import Marks
from groundup.decode.choose import Greedy
from groundup.decode.generate import generate
from groundup.doctor.examine import CHECKS, LIGHT, examine
from groundup.doctor.patient import Patient
from groundup.doctor.report import Report
from groundup.recipes.recipe import Recipe, TextRecipe
from groundup.run.load import load
from groundup.run.own_code import OwnCode
from groundup.run.pairs import PairRun

LAYERS, SECONDS = 2, 50.0
LARGEST = 20_000_000
"""Parameters: larger models are not looked at before a training, for it would take seconds and as much memory."""
TRAINED = tuple(name for name in CHECKS if name not in ("the first loss", "the training loop's text", "the optimizer"))


def examine_recipe(recipe: Recipe, code: OwnCode) -> Report:
    """A fresh model of the recipe, of at most two layers where it is groundup's own, on random texts."""
    if code.model is None:
        encoder = recipe.model.encoder_layers
        small = replace(
            recipe.model,
            layers=min(LAYERS, recipe.model.layers),
            encoder_layers=None if encoder is None else min(LAYERS, encoder),
        )
        recipe = replace(recipe, model=small)
    patient = _patient(recipe, lambda: code.build(recipe))
    ends = time.monotonic() + SECONDS
    return examine(replace(patient, given={**patient.given, **_lesson(recipe, code)}, deadline=ends))


def examine_run(name: str, *, trust_code: bool = False) -> Report:
    """A trained model, with its tokenizer and its cache."""
    run = load(name, device="cpu", trust_code=trust_code)
    marks = {}
    if isinstance(run, PairRun):
        known = Marks.of(run.source, run.target)
        marks = {"PAD": known.pad, "BOS": known.bos, "EOS": known.eos}
    patient = _patient(run.recipe, lambda: copy.deepcopy(run.model), **marks)
    return examine(replace(patient, name=str(name), deadline=time.monotonic() + SECONDS), only=TRAINED)


def first_look(model: nn.Module, recipe: Recipe, *, say: Callable[[str], None]) -> None:
    """Say what is wrong with a model that is about to be trained, a line each; nothing where all is well."""
    if count_parameters(model) > LARGEST or any(p.device.type != "cpu" for p in model.parameters()):
        return
    try:
        report = examine(_patient(recipe, lambda: copy.deepcopy(model)), only=LIGHT)
    except Exception:  # a model of the user's own that is called in another way; advice must never cost a training
        return
    for finding in report.findings:
        if finding.severity == "wrong" and finding.name != "crash":  # training tells of that itself
            say(f"doctor       {finding.title}: {finding.seen}; {finding.cure}")


def _patient(recipe: Recipe, make: Any, **marks: int) -> Patient:
    config = recipe.model
    pairs = not isinstance(recipe, TextRecipe)
    given: dict[str, Any] = {"VOCAB": config.vocab_size, "CONTEXT": config.context, "generate": _greedy}
    if pairs:
        known = {"PAD": 0, "BOS": 1, "EOS": 2, **marks}
        given.update(known, SRC_VOCAB=config.source_vocab_size or config.vocab_size)
        given.update(logits=_translation(known["PAD"]), generate=_greedy_pairs(known["PAD"], known["BOS"]))
    return Patient(make, {name: one for name, one in given.items() if one is not None}, name=recipe.name)


def _translation(pad: int) -> Any:
    def logits(model: nn.Module, source: Tensor, target: Tensor) -> Tensor:
        return model(source, target, source != pad)

    return logits


def _greedy(model: Any, ids: Tensor, n: int) -> Tensor:
    model.eval()
    with torch.no_grad():
        new = [token.ids for token in generate(model, model.begin(len(ids)), ids, choose=Greedy(), max_new_tokens=n)]
    return torch.cat([ids, torch.stack(new, 1)], 1)


def _greedy_pairs(pad: int, bos: int) -> Any:
    def decode(model: Any, source: Tensor, n: int) -> Tensor:
        model.eval()
        start = torch.full((len(source), 1), bos)
        with torch.no_grad():
            state = model.begin(source, source != pad)
            new = [token.ids for token in generate(model, state, start, choose=Greedy(), max_new_tokens=n)]
        return torch.cat([start, torch.stack(new, 1)], 1)

    return decode


def _lesson(recipe: Recipe, code: OwnCode) -> dict[str, Any]:
    """A loss and a batch of random texts for it."""
    config = recipe.model
    length = min(config.context, 24)

    def batch(seed: int) -> Batch:
        g = torch.Generator().manual_seed(seed)
        ids = torch.randint(3, config.vocab_size, (8, length), generator=g)
        if isinstance(recipe, TextRecipe):
            return Batch((ids[:, :-1],), ids[:, 1:])
        source = torch.randint(3, config.source_vocab_size or config.vocab_size, ids.shape, generator=g)
        ids[:, 0] = 1
        return Batch((source, ids[:, :-1], torch.ones_like(source, dtype=torch.bool)), ids[:, 1:])

    def loss(model: nn.Module, batch: Batch) -> Tensor:
        return F.cross_entropy(model(*batch.inputs).flatten(0, 1), batch.targets.flatten())

    return {"batch": batch, "loss": code.loss or loss}
