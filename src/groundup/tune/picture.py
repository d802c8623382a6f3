"""plots/tune.png: the range test's curve, and how the trials of each rung did."""

from pathlib import Path

from groundup.tune.search import Progress


def draw(progress: Progress, png: Path, measure: str) -> Path:
    """Two pictures beside each other; the trials that went on are joined by lines, the best one is thick."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    curve, plan = progress.tune.curve(), progress.plan
    figure = Figure(figsize=(12, 5), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    left.plot(curve.rates, curve.losses, color="0.8", linewidth=1, label="training loss")
    left.plot(curve.rates, curve.smooth, linewidth=1.6, label="smoothed")
    left.axvline(curve.chosen, color="tab:green", label=f"chosen: {curve.chosen:g}")
    left.axvline(progress.tune.recipe.train.lr, color="0.5", linestyle="--", label="the recipe's own")
    left.set(xscale="log", xlabel="learning rate", title="range test")
    left.set_ylim(0.95 * min(curve.losses), 1.05 * max(curve.losses[: len(curve.losses) // 2]))
    ranked = progress.ranked()
    for number in reversed(ranked):
        losses = [progress.losses(rung)[number] for rung in range(progress.reached(number) + 1)]
        best = number == ranked[0]
        style = dict(color="tab:green", linewidth=2.4) if best else dict(color="tab:blue", linewidth=0.9, alpha=0.6)
        label = f"trial {number}, the best" if best else None
        right.plot(range(1, len(losses) + 1), losses, marker="o", label=label, **style)
    right.set(xlabel="rung", title=measure, xticks=range(1, len(plan.rungs) + 1))
    for axes in (left, right):
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8)
    png.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(png)
    return png
