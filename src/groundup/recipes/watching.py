"""What a long training shows of itself at every validation: a line it writes, and questions it answers."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groundup.run.text import TextRun


def watch_text(
    run: "TextRun", step: int, prompt: str, *, say: Callable[[str], None], questions: int, max_new_tokens: int = 64
) -> dict[str, float]:
    """Write on after the prompt into samples/, and answer HellaSwag questions; or say, once, that they are not there.

    Returns what is worth keeping in metrics.jsonl: shares of right answers, 0 .. 1. The draws have seeds of their own,
    so a training that is watched takes the same steps as one that is not. No more is lost than what could not be shown:
    a line says why, and the training goes on.
    """
    from groundup.decode.choose import Sample

    try:
        text = prompt + "".join(run.generate(prompt, choose=Sample(top_k=50, seed=step), max_new_tokens=max_new_tokens))
        say(f"step {step}  writes: {' '.join(text.split())}")
        run.folder.samples.mkdir(exist_ok=True)
        (run.folder.samples / f"step-{step:08d}.txt").write_text(text + "\n", encoding="utf-8")
    except Exception as error:  # whatever it is: hours of training must not end for something to look at
        say(f"step {step}  no sample: {_line(error)}")
    try:
        return _ask(run, step, say=say, questions=questions)
    except Exception as error:
        say(f"step {step}  HellaSwag is not asked: {_line(error)}")
        return {}


def _ask(run: "TextRun", step: int, *, say: Callable[[str], None], questions: int) -> dict[str, float]:
    from groundup.run.questions import FILE, answer, hellaswag

    if (path := hellaswag()) is None:
        if step == 0:
            say(f"step {step}  HellaSwag is not asked: there is no {FILE.as_posix()} in the folder GROUNDUP_DATA names")
        return {}
    answered = answer(run, path, limit=questions)
    found = answered.accuracies
    figures = "  ".join(f"{one.name} {one.value:.1%} ± {one.margin:.1%}" for one in found)
    left_out = f"; {len(answered.faults):,} left out" if answered.faults else ""
    say(f"step {step}  HellaSwag, {found[0].questions:,} questions: {figures}{left_out}")
    return {f"hellaswag_{one.name}": one.value for one in found}


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
