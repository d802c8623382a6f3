"""Is the best rate the same for every width? python docs/range-test-sheet/widths.py FOLDER

The coordinate check of Yang et al. (2022): models of widths 64 to 512 take a few steps with one rate, and what layers
give is compared with that before the first step. Where the change grows with the width, a rate that is good for a
narrow model is too high for a wide one. Then short sweeps of rates show how much. FOLDER is the one of sheet.py; each
width becomes a line of JSON in FOLDER/widths.jsonl.
"""

import dataclasses
import json
import sys
from itertools import islice
from pathlib import Path

import sheet
import torch
from torch import Tensor, nn

from groundup.flow.train import Ready, prepare
from groundup.recipes.table import RECIPES
from groundup.run.folder import RunFolder
from groundup.run.own_code import STOCK
from groundup.training.loop import train
from groundup.tune.space import with_width

WIDTHS = 512, 64, 128, 256
CHECKED, RATE = 10, 0.002
"""Steps and rate of the coordinate check."""
RATES = [0.001 * 2**n for n in range(5)]
SWEPT, SWEPT_WIDTH = 100, 256
"""Steps of a training of the sweep, and the widest model of it."""


def sizes(model: nn.Module, ids: Tensor) -> dict[str, Tensor]:
    """What the last block and the head give for these ids, without dropout."""
    found: dict[str, Tensor] = {}
    block = model.stack.blocks[-1]  # type: ignore[union-attr]
    hook = block.register_forward_hook(lambda module, inputs, out: found.update(hidden=out.detach()))
    with torch.no_grad():
        found["logits"] = model.eval()(ids)
    hook.remove()
    return found


def coordinates(ready: Ready) -> dict[str, float]:
    """How much the results of a layer have changed after a few steps: the mean of |after - before|."""
    torch.manual_seed(ready.recipe.train.seed)
    model = STOCK.build(ready.recipe)
    batches = list(islice(ready.batches.train.batches(0), CHECKED))
    before = sizes(model, batches[0].inputs[0])
    for _ in train(model, batches, steps=CHECKED, lr=RATE, precision="float32"):
        pass
    after = sizes(model, batches[0].inputs[0])
    return {name: (after[name] - before[name]).abs().mean().item() for name in before}


def main() -> None:
    folder = Path(sys.argv[1])
    recipe = sheet.settings(folder)["seen: novel, LLaMA, 64"]
    recipe = dataclasses.replace(recipe, tokenizer=RECIPES["shakespeare-char"].tokenizer)
    rows = folder / "widths.jsonl"
    done = {json.loads(line)["width"] for line in rows.read_text().splitlines()} if rows.is_file() else set()
    for width in WIDTHS:
        if width in done:
            continue
        place = RunFolder(folder / f"width-{width}")
        ready = prepare(with_width(recipe, width), place, say=lambda line: None)
        rates = RATES if width <= SWEPT_WIDTH else []
        sweep = {f"{rate:g}": sheet.loss_at(rate, ready, SWEPT) for rate in rates}
        row = {"width": width, "changed": coordinates(ready), "sweep": sweep}
        with rows.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        print(row, flush=True)


if __name__ == "__main__":
    main()
