"""Judge trained encoder-decoders: the test pairs, the answers, their scores, and how far two runs are apart."""

from dataclasses import dataclass, field
from typing import Any

from groundup.data.load import load_rows
from groundup.data.pairs import Pair
from groundup.flow.held_out import check_held_out
from groundup.flow.pairs import read_splits, turned
from groundup.flow.score_pairs import (
    Answers,
    answer_pairs,
    read_along,
    score_answers,
    score_reading,
    with_all_references,
)
from groundup.measure.paired import paired_scores
from groundup.measure.translation import sentence_scores
from groundup.run.folder import check_known
from groundup.run.pairs import PairRun
from groundup.run.results import Difference, Result


@dataclass(frozen=True)
class Test:
    """The pairs to judge by, and where each comes from, in words."""

    pairs: list[Pair]
    places: list[str]
    split: str
    left_out: list[str] = field(default_factory=list)
    """Lines without text on a side: named, and not judged."""

    def faults(self, answers: Answers) -> list[str]:
        """One line for each row without an answer, or that was left out."""
        why = answers.refused
        return self.left_out + [f"{self.places[row]}: {reason}; it counts as wrong" for row, reason in why.items()]


def same_pairs(
    runs: dict[str, PairRun], *, data: str | None = None, other: str | None = None, split: str | None = None
) -> Test:
    """The test of all these runs: `data` (with `other`, line by line), or the part `split` of their own; None: test.

    ValueError where they have different ones.
    """
    tests = [_own_test(run, split or "test") if data is None else _file_test(run, data, other) for run in runs.values()]
    first, last = tests[0].pairs, tests[-1].pairs
    if first != last:
        one, two = runs
        cure = "the runs translate in different directions" if data else "judge both with the same --data FILE"
        raise ValueError(
            f"{one} and {two} have different test pairs ({len(first):,} and {len(last):,}, "
            f"{len({*first} & {*last}):,} in common); {cure}"
        )
    return tests[0]


def _own_test(run: PairRun, part: str) -> Test:
    check_known(run.folder, run.recipe)
    splits = read_splits(run.recipe.data)
    pairs = splits.test if part == "test" else splits.valid
    if not run.recipe.data.memorise:
        check_held_out(run.folder, {part: pairs})
    split = "train (memorised)" if run.recipe.data.memorise else part
    return Test(pairs, [f"{part} pair {number}" for number in range(1, len(pairs) + 1)], split)


def _file_test(run: PairRun, data: str, other: str | None) -> Test:
    """A published test set is judged as it is, repeated rows included."""
    rows = load_rows(data, other)
    whole = [row for row in rows if row.pair.source and row.pair.target]
    bare = [row for row in rows if not (row.pair.source and row.pair.target)]
    if not whole:
        raise ValueError(f"{data}: none of {len(rows):,} lines has text on both sides, so there is nothing to judge by")
    return Test(
        turned([row.pair for row in whole], run.recipe.data.reverse),
        [f"{data}, line {row.line}" for row in whole],
        data,
        [f"{data}, line {row.line}: no text on {_bare_side(row.pair)}; left out" for row in bare],
    )


def _bare_side(pair: Pair) -> str:
    return "either side" if not (pair.source or pair.target) else "the left" if pair.target else "the right"


def judge_run(
    run: PairRun,
    test: Test,
    *,
    num_beams: int = 4,
    lowercase: bool = False,
    tokenize: str | None = None,
    all_references: bool = False,
    teacher_forced: bool = False,
) -> tuple[list[Result], list[Answers]]:
    """Judge a run on the test: all its figures, and its answers, greedy first."""

    references = [pair.target for pair in test.pairs]
    scoring: dict[str, Any] = dict(lowercase=lowercase, tokenize=tokenize)
    results, found = [], []
    for beams in sorted({1, num_beams}):
        answers = answer_pairs(run, test.pairs, num_beams=beams)
        results += score_answers(run, answers, references, test.split, **scoring)
        if all_references:
            once, several = with_all_references(test.pairs, answers)
            split = f"{test.split}, all references"
            results += score_answers(run, once, several, split, **scoring)
        found.append(answers)
    if teacher_forced:
        results += score_reading(run, test.pairs, test.split)
    return results, found


def differences(
    first: list[Answers],
    second: list[Answers],
    test: Test,
    *,
    lowercase: bool = False,
    tokenize: str | None = None,
) -> list[Difference]:
    """The scores of the second run minus those of the first, with one reference a row, for each way of searching."""

    references = [pair.target for pair in test.pairs]
    return [
        Difference(**score._asdict(), num_beams=one.num_beams)
        for one, other in zip(first, second, strict=True)
        for score in paired_scores(one.texts, other.texts, references, lowercase=lowercase, tokenize=tokenize)
    ]


def worst(
    run: PairRun,
    test: Test,
    answers: Answers,
    *,
    count: int,
    lowercase: bool = False,
    tokenize: str | None = None,
    along: bool = False,
) -> list[dict]:
    """The worst sentences by chrF, each with its place, what was asked, wanted and said.

    along: also what the run reads along, given the reference.
    """

    rows = []
    references = [pair.target for pair in test.pairs]
    scores = sentence_scores(answers.texts, references, lowercase=lowercase, tokenize=tokenize)
    for score in scores[:count]:
        pair = test.pairs[score.row]
        row = {"chrf": score.chrf, "bleu": score.bleu, "place": test.places[score.row]}
        row |= {"source": pair.source, "reference": pair.target, "ours": score.hypothesis}
        rows.append(row | ({"read along": read_along(run, pair)} if along else {}))
    return rows
