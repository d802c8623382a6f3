"""Write and print the result of a comparison: a table, comparison.json, comparison.md, samples and one picture."""

import json
import math
import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from groundup import __version__
from groundup.comparisons.comparison import Comparison
from groundup.comparisons.intervals import Interval
from groundup.comparisons.judge import Row, rows
from groundup.comparisons.picture import draw_curves
from groundup.comparisons.samples import write_samples
from groundup.comparisons.trials import Outcome, Trial
from groundup.machine import hardware
from groundup.recipes.recipe import PairRecipe

FIGURES = {  # of an outcome: title, digits
    "valid": ("validation, best", 3),
    "valid_last": ("validation, last", 3),
    "test": ("test", 3),
    "test_bits": ("test bits/byte", 3),
    "bleu": ("test BLEU", 2),
    "chrf": ("test chrF", 2),
}


def report(comparison: Comparison, root: Path, known: Mapping[Trial, Outcome]) -> list[Row]:
    """Write everything into the comparison's folder and print the table."""
    made = rows(comparison, known)
    facts = circumstances(comparison, known)
    cells = table(comparison, made)
    record = {
        "name": comparison.name,
        "circumstances": facts,
        "measure": comparison.measure,
        "rows": [asdict(row) for row in made],
        "variants": {name: asdict(recipe) for name, recipe in comparison.variants.items()},
    }
    text = json.dumps(_finite(record), indent=2, ensure_ascii=False, allow_nan=False)
    (root / "comparison.json").write_text(text + "\n", encoding="utf-8")
    draw_curves(comparison, made, root)
    samples = write_samples(comparison, made, root)
    (root / "comparison.md").write_text(markdown(comparison, facts, cells, samples), encoding="utf-8")
    print_table(comparison, cells)
    return made


def circumstances(comparison: Comparison, known: Mapping[Trial, Outcome]) -> dict[str, str]:
    """Everything one needs to quote the table."""
    recipe = comparison.first
    machines = {outcome.training["hardware"]: None for outcome in known.values() if outcome.training}
    torches = {outcome.training["torch"]: None for outcome in known.values() if outcome.training}
    return {
        "about": comparison.about,
        "corpus": recipe.data.corpus,
        "split": _split(recipe),
        "training": _training(comparison),
        "seeds": ", ".join(map(str, comparison.seeds)),
        "hardware": "; ".join(machines) or hardware(),
        "versions": f"groundup {__version__}, torch {', '.join(torches)}",
        "command": shlex.join(["groundup", *sys.argv[1:]]),
        "written": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def _training(comparison: Comparison) -> str:
    steps = sorted({recipe.train.steps or 0 for recipe in comparison.variants.values()})
    return f"{' or '.join(f'{n:,}' for n in steps)} steps, {comparison.budget}"


def _split(recipe) -> str:
    if isinstance(recipe, PairRecipe):
        return "validation chooses learning rate and checkpoint, test is looked at once"
    return (
        f"{recipe.data.valid:.0%} of the text, the last, are held out: their first half (validation) chooses learning "
        "rate and checkpoint, their second half (test) is looked at once"
    )


def table(comparison: Comparison, made: Sequence[Row]) -> list[list[str]]:
    """The heading and the rows, as text."""
    shown = [name for name in FIGURES if any(name in row.figures for row in made)]
    last = "gain over the row before" if comparison.ablation else "behind the best"
    titles = [FIGURES[name][0] + (" *" if name == comparison.measure else "") for name in shown]
    cells = [["variant", "parameters", "lr", *titles, last, "tokens/s", "minutes"]]
    digits = FIGURES[comparison.measure][1]
    for row in made:
        cells.append(
            [
                row.variant,
                f"{row.parameters:,}",
                f"{row.lr:g}" + (" (edge)" if row.at_edge else ""),
                *(row.figures[name].text(FIGURES[name][1]) if name in row.figures else "diverged" for name in shown),
                _difference(row.difference, digits),
                f"{row.tokens_per_second:,.0f}",
                f"{row.minutes:.1f}",
            ]
        )
    return cells


def _difference(difference: Interval | None, digits: int) -> str:
    if difference is None:
        return "-"
    if difference.half is None and math.isfinite(difference.mean):
        return f"{difference.text(digits)} (one seed)"
    return difference.text(digits) + (" (noise)" if difference.noise else "")


def notes(comparison: Comparison) -> list[str]:
    """Explain how to read the table."""
    kind = "each row judged against the one before" if comparison.ablation else "best first"
    seeds = len(comparison.seeds)
    figures = f"Mean ± half of the 95% interval over {seeds} seeds (Student's t)"
    differences = "Differences are taken seed by seed; (noise): their interval holds 0, so there may be none"
    if seeds == 1:
        figures, differences = "Figures of a single seed", "(one seed): a difference that another seed may turn"
    return [
        f"* ranked by this, {kind}. {figures}.",
        f"{differences}. Losses in nats a token, over the whole held-out text; best and last: checkpoints. Each "
        "variant has the learning rate that validates best with the first seed; (edge): the grid's first or last. "
        "Tokens/s and minutes are medians, with other runs beside.",
    ]


def print_table(comparison: Comparison, cells: list[list[str]]) -> None:
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    drawn = Table(title=comparison.about, title_justify="left")
    for title in cells[0]:
        drawn.add_column(title, justify="left" if title == "variant" else "right")
    for row in cells[1:]:
        drawn.add_row(*row)
    console.print(drawn)
    for note in notes(comparison):
        console.print(note)


def markdown(comparison: Comparison, facts: dict[str, str], cells: list[list[str]], samples: dict[str, str]) -> str:
    """Write the table with its circumstances, the picture, and a passage by each variant as Markdown."""
    lines = [f"# {comparison.name}", ""]
    lines += [f"- {name}: {f'`{fact}`' if name == 'command' else fact}" for name, fact in facts.items()]
    heading, *body = cells
    lines += ["", f"| {' | '.join(heading)} |", f"|---|{'---:|' * (len(heading) - 1)}"]
    lines += [f"| {' | '.join(row)} |" for row in body]
    lines += ["", *notes(comparison), "", "![losses](curves.png)"]
    for variant, sample in samples.items():
        lines += ["", f"## {variant}", "", *(f"    {line}".rstrip() for line in sample.split("\n"))]
    return "\n".join(lines) + "\n"


def _finite(value):
    """Replace infinities, which JSON does not have, by null."""
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    return [_finite(inner) for inner in value] if isinstance(value, list | tuple) else value
