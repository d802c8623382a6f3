"""Draw the loss curves of a run."""

import statistics
from pathlib import Path

from groundup.training.log import read_metrics


def draw_losses(metrics: str | Path, png: str | Path) -> Path:
    """Draw training loss (each point and smoothed) and validation loss against steps, and mark the best one.

    `metrics` is a metrics.jsonl. Raises ValueError if it has no losses yet.
    """
    records = read_metrics(metrics)
    trained = [(r["step"], r["loss"]) for r in records if "loss" in r]
    valid = [(r["step"], r["valid_loss"]) for r in records if "valid_loss" in r]
    if not trained and not valid:
        raise ValueError(f"{metrics}: holds no losses; a training writes the first after log_every steps")
    # Use Figure without pyplot: no global state, no window system, the same picture on every system.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    if trained:
        steps, losses = zip(*trained, strict=True)
        axes.plot(steps, losses, color="#9ecae1", linewidth=1, label="training, each log")
        axes.plot(steps, _smooth(losses), color="#2171b5", linewidth=1.8, label="training, smoothed")
    if valid:
        steps, losses = zip(*valid, strict=True)
        axes.plot(steps, losses, color="#d94801", marker="o", markersize=3.5, linewidth=1.5, label="validation")
        best_step, best = min(valid, key=lambda point: point[1])
        label = f"best: {best:.3f} at step {best_step}"
        axes.plot([best_step], [best], "*", color="#7f2704", markersize=14, label=label, linestyle="none")
    axes.set_xlabel("optimizer step")
    axes.set_ylabel("loss (nats per token)")
    axes.set_title("Loss in training and on held-out text")
    axes.grid(alpha=0.3)
    axes.legend()
    png = Path(png)
    png.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(png)
    return png


def _smooth(values: tuple[float, ...]) -> list[float]:
    """Average over equally many points before and after (a hundredth of the curve each), so the curve has no delay."""
    reach = len(values) // 100
    last, means = len(values) - 1, []
    for i in range(len(values)):
        near = min(reach, i, last - i)
        means.append(statistics.fmean(values[i - near : i + near + 1]))
    return means
