"""Translate lines of text: long lines sentence by sentence; a bad line fails alone."""

from collections.abc import Callable, Sequence

from groundup.data.normalise import normalise_sentence
from groundup.decode.choose import Strategy, score
from groundup.decode.named import strategy
from groundup.fast.int8 import Precision
from groundup.run.growing import Growing
from groundup.run.pairs import PairRun
from groundup.run.sentences import joined, sentences
from groundup.run.translator import Answer
from groundup.run.writing import check_list


def answer_lines(
    run: PairRun,
    lines: Sequence[str],
    choose: Strategy | None = None,
    *,
    split: bool = True,
    show: Callable[[str], None] | None = None,
    max_new_tokens: int | None = None,
    min_new_tokens: int = 0,
    num_return_sequences: int = 1,
    precision: Precision = "float32",
    **named,
) -> list[list[Answer] | str]:
    """Return the answers to each line, best first, or why it has none. `choose` and options as `PairRun.answers`.

    If `split`, a line with more tokens than the longest training text is translated sentence by sentence and has one
    answer: the best answers of its sentences joined, with the score of all their tokens by the same formula. `show`
    gets the text of the best hypotheses after every step, which is useful for a single line.
    """
    check_list(lines, "lines", "answer_lines")
    by = strategy(choose, **named)

    def scored(logprob: float, n: int) -> float:
        return score(by, logprob, n)

    parts = [_parts(run, line) if split else [line] for line in lines]
    asked = [part for line in parts for part in line]
    refused = run.refused(asked) | {row: "not UTF-8 text" for row, part in enumerate(asked) if not _well_formed(part)}
    found = run.answers(
        ["" if row in refused else part for row, part in enumerate(asked)],
        by,
        max_new_tokens=max_new_tokens,
        min_new_tokens=min_new_tokens,
        num_return_sequences=num_return_sequences,
        precision=precision,
        watch=None if show is None else Growing(run.target, scored, show),
    )
    answers: list[list[Answer] | str] = []
    end = 0
    for line in parts:
        rows = range(end, end := end + len(line))
        reasons = [refused[row] for row in rows if row in refused]
        if reasons:
            answers.append(reasons[0])
        elif len(line) == 1:
            answers.append(found[rows[0]])
        else:
            answers.append([_joined([found[row][0] for row in rows if found[row]], scored)])
    return answers


def _parts(run: PairRun, line: str) -> list[str]:
    try:
        ids = run.source.encode(normalise_sentence(line))
    except ValueError:  # `refused` has a better message
        return [line]
    long = len(ids) >= run.recipe.data.max_length
    return sentences(line) if long and run.recipe.task == "translation" else [line]


def _well_formed(text: str) -> bool:
    """Whether the text has no lone surrogate, to which a byte that is not UTF-8 is decoded."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _joined(answers: list[Answer], score: Callable[[float, int], float]) -> Answer:
    logprob = sum(answer.logprob for answer in answers)
    ids = [id for answer in answers for id in answer.ids]
    return Answer(joined([answer.text for answer in answers]), score(logprob, len(ids)), logprob, ids)
