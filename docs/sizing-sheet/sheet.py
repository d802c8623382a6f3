"""Train many small models for the same seconds of one core, and write down how good each became.

    OMP_NUM_THREADS=1 python sheet.py JOBS.jsonl RUNS.jsonl

A job is a line such as {"corpus": "novels-small", "bytes": 300000, "seconds": 60, "width": 128}; `JOB` has all its
words and what they are when they are left out. Jobs that stand in RUNS.jsonl already are passed over, so the sheet can
be stopped and started again.

A budget in seconds would be worth less whenever another program uses the machine. So a job takes as many steps as one
quiet core takes in its seconds, by PACE: the FLOP/s that the first runs reached there, at two widths.
"""

import gettext
import json
import math
import sys
import tempfile
import time
from dataclasses import replace
from itertools import islice
from pathlib import Path

import torch

from groundup.build import build, count_parameters
from groundup.data.load import load_splits, load_texts
from groundup.data.split import PairSplits
from groundup.flow import pairs, text
from groundup.flow.complete import completed
from groundup.flow.parts import Batches
from groundup.plan.pace import Pace
from groundup.presets import preset
from groundup.recipes.recipe import PairData, PairRecipe, TextData, TextRecipe, TokenizerSettings
from groundup.training import optim, schedule
from groundup.training.flops import flops_per_token
from groundup.training.loop import train
from groundup.training.settings import TrainSettings
from groundup.training.validate import validate

PACE = {
    "text": Pace(((64, 90e9), (256, 195e9)), "1 thread"),
    "pairs": Pace(((64, 45e9), (256, 100e9)), "1 thread"),
}
HELD_OUT = 60_000  # bytes of running text
JOB = {
    "corpus": "novels-small",
    "bytes": 300_000,  # of running text to learn from
    "pairs": None,  # to learn from, instead
    "seconds": 15.0,
    "preset": "llama-tiny",
    "kind": "bpe",
    "vocab": 1000,
    "width": 128,
    "layers": 4,
    "head": 32,
    "context": 128,
    "batch": 16,
    "batch_tokens": 2048,  # of pairs
    "dropout": 0.0,
    "optimizer": "muon",
    "lr": 4e-3,
    "matrix_lr": 0.02,
    "decay": 0.1,
    "smoothing": 0.0,
    "seed": 0,
}
VALIDATIONS = 4  # in a run; the best one counts, as in a training


def main(jobs: Path, runs: Path) -> None:
    torch.set_num_threads(1)
    done = {json.dumps(json.loads(line)["job"]) for line in runs.open()} if runs.exists() else set()
    for line in jobs.open():
        job = JOB | json.loads(line)
        if json.dumps(job) not in done:
            done.add(json.dumps(job))
            found = {"job": job} | measure(job)
            with runs.open("a") as file:
                file.write(json.dumps(found) + "\n")


def measure(job: dict) -> dict:
    """Train one model; its bits per byte on held-out text, and what it took."""
    recipe = pair_recipe(job) if job["pairs"] else text_recipe(job)
    task, parts, size = read_pairs(recipe, job) if job["pairs"] else read_text(recipe, job)
    recipe = completed(recipe, *parts.tokenizers)
    torch.manual_seed(job["seed"])
    model = build(recipe.model)
    batches = task.make_batches(recipe, parts)
    pace = PACE["pairs" if job["pairs"] else "text"].rate(job["width"])
    steps = max(10, round(job["seconds"] * pace / flops_per_token(model) / tokens_of_a_step(batches)))
    settings = replace(recipe.train, warmup=max(1, min(100, steps // 10)))
    began, losses, tokens = time.process_time(), [], 0
    for step in train(
        model,
        batches.train.batches(0),
        steps=steps,
        lr=schedule.from_settings(settings),
        optimizer=optim.from_settings(model, settings),
        seed=job["seed"],
        smoothing=job["smoothing"],
    ):
        tokens += step.tokens
        if step.n * VALIDATIONS // steps > (step.n - 1) * VALIDATIONS // steps:
            losses.append(validate(model, batches.valid))
    predicted = sum(int((batch.targets >= 0).sum()) for batch in batches.valid)
    bits = [loss * predicted / math.log(2) / size for loss in losses]
    return {
        "bits": round(min(bits), 4),
        "course": [round(value, 3) for value in bits],
        "vocab": recipe.model.vocab_size,
        "parameters": count_parameters(model),
        "steps": steps,
        "tokens": tokens,
        "epochs": round(steps / len(batches.epoch), 2),
        "flops": flops_per_token(model) * tokens,
        "used": round(time.process_time() - began, 1),
        "bytes_a_token": round(size / predicted, 3),
    }


def tokens_of_a_step(batches: Batches) -> float:
    """Targets in a batch, the mean of the first few."""
    first = list(islice(batches.train.batches(0), 8))
    return sum(int((batch.targets >= 0).sum()) for batch in first) / len(first)


def common(job: dict) -> dict:
    shape = dict(width=job["width"], layers=job["layers"], heads=max(1, job["width"] // job["head"]))
    swiglu = dict(mlp_width=round(job["width"] * 8 / 3 / 16) * 16) if job["preset"].startswith("llama") else {}
    encoder = dict(encoder_layers=job["layers"], mlp_width=4 * job["width"]) if job["pairs"] else {}
    return dict(
        name="sheet",
        tokenizer=TokenizerSettings(kind=job["kind"], vocab_size=job["vocab"]),
        model=preset(job["preset"], context=job["context"], dropout=job["dropout"], **shape | swiglu | encoder),
        train=TrainSettings(
            lr=job["lr"],
            optimizer=job["optimizer"],
            matrix_lr=job["matrix_lr"],
            floor=0.05,
            weight_decay=job["decay"],
            seed=job["seed"],
        ),
    )


def text_recipe(job: dict) -> TextRecipe:
    return TextRecipe(data=TextData(batch=job["batch"]), **common(job))


def pair_recipe(job: dict) -> PairRecipe:
    return PairRecipe(data=PairData(batch_tokens=job["batch_tokens"]), **common(job))


def read_text(recipe: TextRecipe, job: dict):
    """The first bytes of the corpus to learn from, and its last ones held out."""
    language = job["corpus"].removeprefix("messages-")
    texts = load_texts(job["corpus"]) if language == job["corpus"] else messages(language)
    whole = "\n".join(texts).encode()
    held_out = min(HELD_OUT, len(whole) // 10)
    first = whole[: min(job["bytes"], len(whole) - held_out)].decode(errors="ignore")
    last = whole[-held_out:].decode(errors="ignore")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "text.txt"
        path.write_text(first + last, encoding="utf-8")
        share = len(last) / len(first + last)
        recipe = replace(recipe, data=replace(recipe.data, corpus=str(path), valid=share))
        parts = text.read(recipe, None, say=lambda line: None)
        size = sum(len(one.encode()) for one in text.read_texts(recipe.data)[1])
    return text, parts, size


def messages(language: str) -> list[str]:
    """What the programs of this machine say in a language, such as ru or zh_CN; each message once."""
    found: dict[str, None] = {}
    for path in sorted(Path("/usr/share/locale", language, "LC_MESSAGES").glob("*.mo")):
        with path.open("rb") as file:
            catalogue = gettext.GNUTranslations(file)._catalog  # it has no other way in
        found |= dict.fromkeys(said for key, said in catalogue.items() if key and said != key)
    return list(found)


def read_pairs(recipe: PairRecipe, job: dict):
    """So many pairs to learn from, and a thousand held out."""
    splits = load_splits(job["corpus"], valid=1000, test=10, seed=0)
    order = torch.randperm(len(splits.train), generator=torch.Generator().manual_seed(0)).tolist()
    learn = [splits.train[i] for i in order[: job["pairs"]]]
    tokenizers = pairs.train_tokenizers(recipe, learn)
    parts = pairs.PairParts(tokenizers, PairSplits(learn, splits.valid, splits.test), memorise=False)
    return pairs, parts, sum(len(pair.target.encode()) for pair in splits.valid)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
