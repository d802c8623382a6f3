"""Ask a language model multiple-choice questions: HellaSwag if it is available, or your own file."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groundup.measure.multiple_choice import Accuracy
    from groundup.run.text import TextRun

FILE = Path("hellaswag") / "hellaswag_val.jsonl"


@dataclass(frozen=True)
class Answered:
    """The accuracy of a run, and how many questions were left out."""

    accuracies: "list[Accuracy]"
    faults: list[str]
    """Lines of the file that were left out, with the reason: not a question, or too long for the model."""
    cut: int
    """The number of questions whose context was longer than the model's and lost its beginning."""
    left_out: int
    """The number of questions that the run cannot read: too long, or characters that its vocabulary lacks."""
    precision: str


def answer(
    run: "TextRun",
    path: Path,
    *,
    limit: int | None = None,
    harness: bool = False,
    begin: Callable[[int], object] = lambda questions: None,
    progress: Callable[[int], object] = lambda done: None,
) -> Answered:
    """Ask the run the file's questions, or `limit` of them. Calls `begin` with their number, `progress` for each batch.

    harness: put them as lm-evaluation-harness does, in float32 as it computes. A question that does not fit the model's
    context is left out. Raises ValueError if none is left.
    """
    from groundup.measure import harness as theirs
    from groundup.measure.multiple_choice import accuracies, encode, read_questions, score, whole
    from groundup.training.precision import choose_precision

    questions, faults = read_questions(path, limit=limit)
    context, precision = run.model.config.context, choose_precision(run.device, "float32" if harness else None)
    fitting, items, left_out = [], [], 0
    for question in map(theirs.asked, questions) if harness else questions:
        try:
            if harness:
                items.append(theirs.encode(question, run.tokenizer.encode, context=context))
            else:
                items.append([encode(question, run.tokenizer.encode, context=context)])
            fitting.append(question)
        except ValueError as error:  # too long, or characters that the vocabulary lacks
            faults.append(f"{path}: {error}; left out")
            left_out += 1
    if not items:
        raise ValueError(f"none of {len(questions):,} questions can be asked: {faults[-1].removesuffix('; left out')}")
    each = [item for one in items for item in one]
    begin(len(each))
    tokens = 1024 if run.device.type == "cpu" else 32_768
    with precision.autocast():
        found = iter(score(run.model, each, context=context, device=run.device, tokens=tokens, progress=progress))
    scores = [[value for _ in one for value in next(found)] for one in items]
    cut = sum(any(item.cut for item in one) for one in items)
    dtype = str(precision.dtype).removeprefix("torch.")
    return Answered(accuracies(fitting, list(map(whole, items)), scores), faults, cut, left_out, dtype)


def hellaswag() -> Path | None:
    """Return HellaSwag's validation questions in the folder that GROUNDUP_DATA names, or None if they are absent."""
    folder = os.environ.get("GROUNDUP_DATA")
    return path if folder and (path := Path(folder) / FILE).is_file() else None
