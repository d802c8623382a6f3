"""Print the jobs that compare `--size auto` with a random search around it: its own choice first, then the trials.

    python trials.py CORPUS BYTES SECONDS TRIALS > jobs.jsonl     (or -PAIRS in place of BYTES)

Give them to sheet.py. The choice is that for one quiet core of the sheet's machine.
"""

import json
import random
import sys
from dataclasses import replace

from sheet import JOB, PACE, pair_recipe, read_pairs, read_text, text_recipe

from groundup.flow.sized import counted
from groundup.plan.size import SHARE, Size, choose
from groundup.recipes import corpus, translation

NAMES = {"tokenizer.kind": "kind", "tokenizer.vocab_size": "vocab", "model.width": "width", "model.layers": "layers"}
NAMES |= {"model.context": "context", "data.batch": "batch", "data.batch_tokens": "batch_tokens"}
NAMES |= {"model.dropout": "dropout", "train.lr": "lr", "train.matrix_lr": "matrix_lr"}


def main(name: str, size: int, seconds: float, trials: int) -> None:
    place = dict(corpus=name, seconds=seconds, **({"bytes": size} if size > 0 else {"pairs": -size}))
    found = auto(JOB | place, seconds)
    chosen = {mine: found.settings[theirs] for theirs, mine in NAMES.items() if theirs in found.settings}
    if size < 0:
        place |= dict(preset="seq2seq-tiny", smoothing=translation.RECIPE.train.smoothing)
    chance = random.Random(0)
    for trial in range(trials + 1):
        print(json.dumps(place | (chosen if trial == 0 else around(chosen, chance))))


def auto(job: dict, seconds: float) -> Size:
    """What `--size auto` chooses for what the job learns from."""
    if job["pairs"]:
        learnt = read_pairs(pair_recipe(job), job)[1].splits.train
        material = counted([side for pair in learnt for side in pair], len(learnt))
        return choose(translation.RECIPE, material, PACE["pairs"], seconds / SHARE / 60, set())
    recipe = replace(text_recipe(job), tokenizer=replace(text_recipe(job).tokenizer, kind="characters"))
    parts = read_text(recipe, job)[1]
    material = counted([parts.tokenizer.decode(parts.train[0].tolist())], None)
    return choose(corpus.RECIPE, material, PACE["text"], seconds / SHARE / 60, set())


def around(chosen: dict, chance: random.Random) -> dict:
    """Another choice: every number of it is kept or moved."""
    found = dict(chosen)
    found["width"] = max(32, round(chosen["width"] * chance.choice((0.5, 0.75, 1, 1.5, 2)) / 32) * 32)
    found["layers"] = chance.choice((1, 2, 2, 3, 4))
    found["vocab"] = max(300, round(chosen["vocab"] * chance.choice((0.25, 0.5, 1, 1, 2))))
    found["context"] = chance.choice((64, 128, 128, 256))
    if "batch" in chosen:
        tokens = chosen["batch"] * chosen["context"] * chance.choice((0.5, 1, 1, 2))
        found["batch"] = max(1, round(tokens / found["context"]))
    else:
        found["context"] = chosen["context"]
        found["batch_tokens"] = round(chosen["batch_tokens"] * chance.choice((0.5, 1, 1, 2)))
    found["dropout"] = chance.choice((0.0, 0.1, 0.2, 0.3))
    for rate in ("lr", "matrix_lr"):
        found[rate] = round(chosen[rate] * 2 ** chance.uniform(-1, 1), 5)
    return found


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
