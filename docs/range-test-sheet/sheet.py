"""Does the range test choose a good rate? python docs/range-test-sheet/sheet.py FOLDER [STEPS [SEED [WORD ...]]]

For each setting: the range test, then a training with each of seven rates and one with the rate that the test chose,
all from the same first weights, with a warm-up and a cosine to the end. Each setting becomes a line of JSON in
FOLDER/sheet.jsonl. Those that are there already are left out, and with WORDs all whose names have none of them. Corpora
are looked for in GROUNDUP_DATA.
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
"""Of each training, if the command line does not say."""
RATES = [0.001 * 2**n for n in range(7)]
"""0.001 to 0.064."""


def small(recipe: Recipe, width: int, batch: int, corpus: str | Path) -> Recipe:
    """The recipe with two layers, this width, batch and data."""
    recipe = with_layers(with_width(recipe, width), 2)
    name = "batch_tokens" if recipe.task != "language" else "batch"
    data = dataclasses.replace(recipe.data, corpus=str(corpus), **{name: batch})
    return dataclasses.replace(recipe, data=data)


def settings(folder: Path) -> dict[str, Recipe]:
    """Six that the rule of the range test was not chosen by, and seven that it was ("seen")."""
    novel = load_texts("novels-small")[0][:600_000]
    (folder / "novel.txt").write_text(novel, encoding="utf-8")
    (folder / "wiki.txt").write_text(load_texts("wikitext-2", part="valid")[0][:400_000], encoding="utf-8")
    (folder / "code.txt").write_text("\n".join(load_texts("stdlib"))[:600_000], encoding="utf-8")
    (folder / "films.txt").write_text(load_texts("opensubtitles-en")[0][:400_000], encoding="utf-8")
    for name in ("tatoeba-en-it", "multi30k-de-en"):
        lines = [f"{source}\t{target}\n" for source, target in load_pairs(name)[:8000]]
        (folder / f"{name}.tsv").write_text("".join(lines), encoding="utf-8")
    corpus, demo = RECIPES["corpus"], RECIPES["demo"]
    llama = dataclasses.replace(
        corpus,
        tokenizer=dataclasses.replace(corpus.tokenizer, vocab_size=1000),
        model=dataclasses.replace(corpus.model, context=64, dropout=0.0),
    )
    gpt = dataclasses.replace(llama, model=dataclasses.replace(RECIPES["gpt2-tiny"].model, context=64, dropout=0.0))
    characters = dataclasses.replace(gpt, tokenizer=RECIPES["shakespeare-char"].tokenizer)
    phrases = dataclasses.replace(demo, data=dataclasses.replace(demo.data, phrasebook=8000))
    pairs = dataclasses.replace(
        RECIPES["en-it"],
        data=dataclasses.replace(RECIPES["en-it"].data, valid=None, test=None),
        tokenizer=dataclasses.replace(RECIPES["en-it"].tokenizer, vocab_size=1500),
        train=dataclasses.replace(RECIPES["en-it"].train, average=None),
    )
    muon = dataclasses.replace(llama, train=RECIPES["shakespeare-char"].train)
    gpt_muon = dataclasses.replace(gpt, train=muon.train)
    letters = dataclasses.replace(muon, tokenizer=RECIPES["shakespeare-char"].tokenizer)
    return {
        "wikitext, LLaMA, Muon, 64": small(muon, 64, 8, folder / "wiki.txt"),
        "source code, GPT-2, Muon, 96": small(gpt_muon, 96, 8, folder / "code.txt"),
        "novel, characters, LLaMA, Muon, 96": small(letters, 96, 8, folder / "novel.txt"),
        "phrasebook, 64": small(phrases, 64, 768, "phrasebook-fr"),
        "source code, LLaMA, 96": small(llama, 96, 8, folder / "code.txt"),
        "subtitles, characters, GPT-2, 64": small(characters, 64, 8, folder / "films.txt"),
        "seen: en-it, 64": small(pairs, 64, 768, folder / "tatoeba-en-it.tsv"),
        "seen: German captions, 96": small(pairs, 96, 768, folder / "multi30k-de-en.tsv"),
        "seen: shakespeare-char, 128": small(RECIPES["shakespeare-char"], 128, 4, "tinyshakespeare"),
        "seen: shakespeare-char, 64": small(RECIPES["shakespeare-char"], 64, 4, "tinyshakespeare"),
        "seen: novel, LLaMA, 64": small(llama, 64, 8, folder / "novel.txt"),
        "seen: novel, LLaMA, 160": small(llama, 160, 8, folder / "novel.txt"),
        "seen: wikitext, GPT-2, 64": small(gpt, 64, 8, folder / "wiki.txt"),
    }


def loss_at(rate: float, ready: Ready, count: int) -> float:
    """The validation loss after `count` steps with this peak rate; infinite where it diverges."""
    recipe = with_rate(ready.recipe, rate)
    train_settings = dataclasses.replace(recipe.train, steps=count, warmup=count // 10)
    torch.manual_seed(train_settings.seed)
    model = STOCK.build(recipe)
    steps = train(
        model,
        ready.batches.train.batches(0),
        steps=count,
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


def measure(name: str, recipe: Recipe, folder: Path, count: int) -> dict:
    began = time.process_time()
    place = RunFolder(folder / "".join(c if c.isalnum() else "-" for c in name))
    ready = prepare(recipe, place, say=lambda line: None)
    curve = range_test(ready, STOCK)
    sweep = {rate: loss_at(rate, ready, count) for rate in RATES}
    chosen, best = loss_at(curve.chosen, ready, count), min(sweep.values())
    return {
        "setting": name,
        "optimizer": recipe.train.optimizer,
        "seed": recipe.train.seed,
        "steps": count,
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
    folder, *rest = sys.argv[1:]
    count, seed = (int(rest[0]) if rest else STEPS), (int(rest[1]) if len(rest) > 1 else 0)
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    sheet = place / "sheet.jsonl"
    rows = [json.loads(line) for line in sheet.read_text().splitlines()] if sheet.is_file() else []
    done = {(row["setting"], row["steps"], row["seed"]) for row in rows}
    for name, recipe in settings(place).items():
        if (name, count, seed) in done or not any(word in name for word in rest[2:] or [""]):
            continue
        recipe = dataclasses.replace(recipe, train=dataclasses.replace(recipe.train, seed=seed))
        row = measure(name, recipe, place, count)
        with sheet.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        print({key: value for key, value in row.items() if key not in ("rates", "losses")}, flush=True)


if __name__ == "__main__":
    main()
