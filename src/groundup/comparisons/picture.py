"""The loss curves of all variants in one picture: the median over seeds, and from the least to the greatest."""

import statistics
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from groundup.comparisons.comparison import Comparison
from groundup.comparisons.judge import Row
from groundup.comparisons.trials import Trial
from groundup.training.log import read_metrics

Curve = list[tuple[int, list[float]]]
"""Steps, and the loss of every seed there."""


def draw_curves(comparison: Comparison, made: Sequence[Row], root: Path) -> Path:
    """Draw training and validation loss beside each other, as curves.png."""
    from matplotlib import colormaps
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 5), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    colours = colormaps["tab10" if len(made) <= 10 else "tab20"].colors  # type: ignore[attr-defined]
    for axes, (name, title) in zip(
        figure.subplots(1, 2, sharey=True), (("loss", "training"), ("valid_loss", "validation")), strict=True
    ):
        for row, colour in zip(made, colours * 5, strict=False):
            folders = [Trial(row.variant, row.lr, seed).folder(root) for seed in comparison.seeds]
            if drawn := curve(folders, name):
                steps = [step for step, _ in drawn]
                middle = [statistics.median(losses) for _, losses in drawn]
                label = f"{row.variant}, lr {row.lr:g}"
                axes.plot(steps, middle, color=colour, linewidth=1.6, label=label)
                low, high = ([f(losses) for _, losses in drawn] for f in (min, max))
                axes.fill_between(steps, low, high, color=colour, alpha=0.2, linewidth=0)
        axes.set_xlabel("optimizer step")
        axes.set_title(f"{title} loss, nats per token (median and range of {len(comparison.seeds)} seeds)", fontsize=10)
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    png = root / "curves.png"
    figure.savefig(png)
    return png


def curve(folders: Sequence[Path], name: str) -> Curve:
    """The losses of several runs, step by step, without the untrained model, whose loss would squeeze all others."""
    losses: defaultdict[int, list[float]] = defaultdict(list)
    for folder in folders:
        for record in read_metrics(folder / "metrics.jsonl"):
            if name in record and record["step"] > 0:
                losses[record["step"]].append(record[name])
    return sorted(losses.items())
