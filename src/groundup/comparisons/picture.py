"""Loss curves in one picture and as a table: the median over runs that differ by their seed, least and greatest."""

import csv
import io
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from groundup.comparisons.comparison import Comparison
from groundup.comparisons.judge import Row
from groundup.comparisons.trials import Trial
from groundup.files import write_whole
from groundup.training.log import read_metrics

Curve = list[tuple[int, list[float]]]
"""Steps, and the loss of every run there."""
LOSSES = {"loss": "training", "valid_loss": "validation"}


def draw_curves(comparison: Comparison, made: Sequence[Row], root: Path) -> Path:
    """Draw training and validation loss of all variants as curves.png, and write them as curves.csv beside it."""
    lines = {
        f"{row.variant}, lr {row.lr:g}": [Trial(row.variant, row.lr, seed).folder(root) for seed in comparison.seeds]
        for row in made
    }
    write_curves(lines, root / "curves.csv")
    return draw(lines, root / "curves.png")


def draw(lines: Mapping[str, Sequence[Path]], png: Path) -> Path:
    """Draw training and validation loss beside each other; each line is the run folders that stand for one thing."""
    from matplotlib import colormaps
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 5), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    colours = colormaps["tab10" if len(lines) <= 10 else "tab20"].colors  # type: ignore[attr-defined]
    several = max(map(len, lines.values()))
    what = f" (median and range of {several} seeds)" if several > 1 else ""
    for axes, (name, title) in zip(figure.subplots(1, 2, sharey=True), LOSSES.items(), strict=True):
        for (label, folders), colour in zip(lines.items(), colours * 5, strict=False):
            if drawn := curve(folders, name):
                steps = [step for step, _ in drawn]
                middle = [statistics.median(losses) for _, losses in drawn]
                axes.plot(steps, middle, color=colour, linewidth=1.6, label=label)
                low, high = ([f(losses) for _, losses in drawn] for f in (min, max))
                axes.fill_between(steps, low, high, color=colour, alpha=0.2, linewidth=0)
        axes.set_xlabel("optimizer step")
        axes.set_title(f"{title} loss, nats per token{what}", fontsize=10)
        axes.grid(alpha=0.3)
        if axes.get_legend_handles_labels()[0]:  # a short run may have no line of its training loss
            axes.legend(fontsize=8)
    figure.savefig(png)
    return png


def write_curves(lines: Mapping[str, Sequence[Path]], path: Path) -> None:
    """Write every point of every run as CSV: name, run, step, loss, valid_loss; a cell is empty where nothing is."""
    found = io.StringIO()
    table = csv.writer(found, lineterminator="\n")
    table.writerow(["name", "run", "step", *LOSSES])
    for name, folders in lines.items():
        for folder in folders:
            points: defaultdict[int, dict[str, float]] = defaultdict(dict)
            for record in read_metrics(folder / "metrics.jsonl"):
                points[record["step"]] |= {key: record[key] for key in LOSSES if key in record}
            for step, point in sorted(points.items()):
                if point:
                    table.writerow([name, folder.as_posix(), step, *(point.get(key, "") for key in LOSSES)])
    write_whole(path, found.getvalue())


def curve(folders: Sequence[Path], name: str) -> Curve:
    """The losses of several runs, step by step, without the untrained model, whose loss would squeeze all others."""
    losses: defaultdict[int, list[float]] = defaultdict(list)
    for folder in folders:
        for record in read_metrics(folder / "metrics.jsonl"):
            if name in record and record["step"] > 0:
                losses[record["step"]].append(record[name])
    return sorted(losses.items())
