"""Does the range test choose a good rate? python docs/range-test-sheet/sheet.py FOLDER

For each setting: the range test, then a training with each of seven rates and one with the rate that the test chose,
all from the same first weights, with a warm-up and a cosine to the end. Each setting becomes a line of JSON in
FOLDER/sheet.jsonl; those that are there already are left out. Corpora are looked for in GROUNDUP_DATA.
"""

import dataclasses
import json
import sys
import time
from itertools import islice
from pathlib import Path

import torch

from groundup.data.load import load_pairs, load_texts
from groundup.flow.train import Ready, prepare
from groundup.recipes.recipe import Recipe
from groundup.recipes.table import RECIPES
from groundup.run.folder import RunFolder
from groundup.run.own_code import STOCK
from groundup.training import optim, schedule
from groundup.training.loop import train
from groundup.training.precision import choose_precision
from groundup.training.validate import validate
from groundup.tune.one import held_out
from groundup.tune.range_test import range_test
from groundup.tune.space import with_layers, with_rate, with_width

STEPS = 120
RATES = [0.001 * 2**n for n in range(7)]
"""0.001 to 0.064."""


def small(recipe: Recipe, *, width: int, layers: int, batch: int, corpus: str, **more) -> Recipe:
    recipe = with_layers(with_width(recipe, width), layers)
    name = "batch_tokens" if recipe.task != "language" else "batch"
    data = dataclasses.replace(recipe.data, corpus=corpus, **{name: batch})
    return dataclasses.replace(recipe, data=data, **more)


def settings(folder: Path) -> dict[str, Recipe]:
    """The six settings, and the files that they need."""
    novel = load_texts("novels-small")[0][:600_000]
    (folder / "novel.txt").write_text(novel, encoding="utf-8")
    (folder / "wiki.txt").write_text(load_texts("wikitext-2", part="valid")[0][:400_000], encoding="utf-8")
    pairs = load_pairs("tatoeba-en-it")[:8000]
    (folder / "en-it.tsv").write_text("".join(f"{a}\t{b}\n" for a, b in pairs), encoding="utf-8")
    corpus, en_it, demo = RECIPES["corpus"], RECIPES["en-it"], RECIPES["demo"]
    vocabulary = dataclasses.replace(corpus.tokenizer, vocab_size=1000)
    novel_recipe = dataclasses.replace(
        corpus, tokenizer=vocabulary, model=dataclasses.replace(corpus.model, context=64, dropout=0.0)
    )
    gpt = dataclasses.replace(RECIPES["gpt2-tiny"].model, context=64, dropout=0.0)
    wiki = dataclasses.replace(novel_recipe, model=gpt)
    translator = dataclasses.replace(
        en_it,
        data=dataclasses.replace(en_it.data, valid=None, test=None),
        tokenizer=dataclasses.replace(en_it.tokenizer, vocab_size=1500),
        train=dataclasses.replace(en_it.train, average=None),
    )
    phrases = dataclasses.replace(demo, data=dataclasses.replace(demo.data, phrasebook=8000))
    text = str(folder / "novel.txt")
    return {
        "shakespeare-char, width 64": small(
            RECIPES["shakespeare-char"], width=64, layers=2, batch=4, corpus="tinyshakespeare"
        ),
        "novel, byte pairs, width 64": small(novel_recipe, width=64, layers=2, batch=8, corpus=text),
        "novel, byte pairs, width 160": small(novel_recipe, width=160, layers=2, batch=8, corpus=text),
        "wikitext, GPT-2, width 64": small(wiki, width=64, layers=2, batch=8, corpus=str(folder / "wiki.txt")),
        "en-it, width 64": small(translator, width=64, layers=2, batch=768, corpus=str(folder / "en-it.tsv")),
        "phrasebook, width 64": small(phrases, width=64, layers=2, batch=768, corpus="phrasebook-fr"),
    }


def loss_at(rate: float, ready: Ready) -> float:
    """The validation loss after STEPS steps with this peak rate; infinite where it diverges."""
    recipe = with_rate(ready.recipe, rate)
    train_settings = dataclasses.replace(recipe.train, steps=STEPS, warmup=STEPS // 10)
    torch.manual_seed(train_settings.seed)
    model = STOCK.build(recipe)
    steps = train(
        model,
        ready.batches.train.batches(0),
        steps=STEPS,
        lr=schedule.from_settings(train_settings),
        clip=train_settings.clip,
        smoothing=train_settings.smoothing,
        precision=choose_precision("cpu", train_settings.precision),
        seed=train_settings.seed,
        optimizer=optim.from_settings(model, train_settings),
    )
    try:
        for _ in steps:
            pass
    except FloatingPointError:
        return float("inf")
    return validate(model, list(islice(held_out(ready, 1.0), 16)))


def measure(name: str, recipe: Recipe, folder: Path) -> dict:
    began = time.process_time()
    place = RunFolder(folder / name.replace(" ", "-").replace(",", ""))
    ready = prepare(recipe, place, say=lambda line: None)
    curve = range_test(ready, STOCK)
    sweep = {rate: loss_at(rate, ready) for rate in RATES}
    chosen, best = loss_at(curve.chosen, ready), min(sweep.values())
    return {
        "setting": name,
        "optimizer": recipe.train.optimizer,
        "seed": recipe.train.seed,
        "lowest": curve.lowest,
        "chosen": curve.chosen,
        "loss": chosen,
        "best_rate": min(sweep, key=sweep.__getitem__),
        "best": best,
        "behind": chosen / best - 1,
        "sweep": {f"{rate:g}": loss for rate, loss in sweep.items()},
        "rates": curve.rates,
        "losses": curve.losses,
        "seconds": round(time.process_time() - began),
    }


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    sheet = folder / "sheet.jsonl"
    done = {json.loads(line)["setting"] for line in sheet.read_text().splitlines()} if sheet.is_file() else set()
    for name, recipe in settings(folder).items():
        if name not in done:
            row = measure(name, recipe, folder)
            with sheet.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            print({key: value for key, value in row.items() if key not in ("rates", "losses")}, flush=True)


if __name__ == "__main__":
    main()
