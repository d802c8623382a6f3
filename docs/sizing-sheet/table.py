"""Print the runs of sheet.py as a table of tab-separated values, one line a run, with budgets on one scale.

python table.py RUNS.jsonl > runs.tsv
"""

import json
import sys
from pathlib import Path

from sheet import PACE

COLUMNS = (
    "corpus learnt core_s kind vocab width layers context batch dropout optimizer lr matrix_lr readings bits".split()
)


def row(run: dict) -> list:
    job = run["job"]
    task = "pairs" if job["pairs"] else "text"
    learnt = f"{job['pairs']} pairs" if job["pairs"] else job["bytes"]
    core = run["flops"] / PACE[task].rate(job["width"])
    batch = job["batch_tokens"] if job["pairs"] else job["batch"] * job["context"]
    kind = f"{job['preset']} {job['kind']}"
    named = [job[name] for name in ("dropout", "optimizer", "lr", "matrix_lr")]
    shape = [run["vocab"], job["width"], job["layers"], job["context"], batch]
    corpus = "/".join(Path(job["corpus"]).parts[-2:])
    return [corpus, learnt, round(core, 1), kind, *shape, *named, run["epochs"], run["bits"]]


if __name__ == "__main__":
    print(*COLUMNS, sep="\t")
    for line in Path(sys.argv[1]).read_text().splitlines():
        print(*row(json.loads(line)), sep="\t")
