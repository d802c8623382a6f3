"""What a long training shows of itself at every validation: a line it writes, and questions it answers."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groundup.run.text import TextRun


def watch_text(
    run: "TextRun", step: int, prompt: str, *, say: Callable[[str], None], questions: int, max_new_tokens: int = 64
) -> dict[str, float]:
    """Write on after the prompt into samples/, and answer HellaSwag questions where the file is at hand.

    Returns what is worth keeping in metrics.jsonl: shares of right answers, 0 .. 1. The draws have seeds of their own,
    so a training that is watched takes the same steps as one that is not.
    """
    from groundup.decode.choose import Sample
    from groundup.run.questions import answer, hellaswag

    text = prompt + "".join(run.generate(prompt, choose=Sample(top_k=50, seed=step), max_new_tokens=max_new_tokens))
    run.folder.samples.mkdir(exist_ok=True)
    (run.folder.samples / f"step-{step:08d}.txt").write_text(text + "\n", encoding="utf-8")
    say(f"step {step}  writes: {' '.join(text.split())}")
    if (path := hellaswag()) is None:
        return {}
    found = answer(run, path, limit=questions).accuracies
    figures = "  ".join(f"{one.name} {one.value:.1%} ± {one.margin:.1%}" for one in found)
    say(f"step {step}  HellaSwag, {found[0].questions:,} questions: {figures}")
    return {f"hellaswag_{one.name}": one.value for one in found}
