"""What each variant writes or translates when its training is over, all from the same beginning and seed."""

from collections.abc import Sequence
from pathlib import Path

from groundup.comparisons.comparison import Comparison
from groundup.comparisons.judge import Row
from groundup.comparisons.trials import Trial
from groundup.decode.choose import Sample
from groundup.flow.pairs import read_splits
from groundup.run.load import load
from groundup.run.text import TextRun

SENTENCES = 5


def write_samples(comparison: Comparison, made: Sequence[Row], root: Path) -> dict[str, str]:
    """Let the first seed of each variant write a passage, kept as samples/VARIANT.txt too."""
    (root / "samples").mkdir(exist_ok=True)
    samples = {}
    for row in made:
        folder = Trial(row.variant, row.lr, comparison.seeds[0]).folder(root)
        if row.parameters:  # else it diverged
            samples[row.variant] = sample(folder, comparison.prompt, trusted=comparison.code.sha256 or False)
            (root / "samples" / f"{row.variant}.txt").write_text(samples[row.variant] + "\n", encoding="utf-8")
    return samples


def sample(folder: Path, prompt: str, *, trusted: str | bool = False) -> str:
    """Write at most 300 tokens after the prompt, or translate the first sentences of the test.

    trusted: the SHA-256 of the Python file that the comparison is made by.
    """
    run = load(folder, trust_code=trusted)
    if isinstance(run, TextRun):
        choose = Sample(temperature=0.8, top_p=0.95, seed=0)
        prompt = run.opening(prompt)
        return prompt + "".join(run.generate(prompt, choose=choose, max_new_tokens=300))
    pairs = read_splits(run.recipe.data).test[:SENTENCES]
    answers = run.translate([pair.source for pair in pairs], num_beams=run.recipe.num_beams)
    return "\n".join(f"{pair.source} -> {answer}" for pair, answer in zip(pairs, answers, strict=True))
