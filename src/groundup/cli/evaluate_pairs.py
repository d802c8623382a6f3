"""What `groundup evaluate` does with pairs: the test, the answers, their scores, and how far two runs are apart."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from groundup.cli.evaluate import Evaluate
    from groundup.data.pairs import Pair
    from groundup.recipes.judge import Answers
    from groundup.run.pairs import PairRun
    from groundup.run.results import Difference, Result


@dataclass(frozen=True)
class Test:
    """The pairs to judge by, and where each stands, in words."""

    pairs: "list[Pair]"
    places: list[str]
    split: str
    left_out: list[str] = field(default_factory=list)
    """Lines without text on a side: named, and judged by nobody."""

    def faults(self, answers: "Answers") -> list[str]:
        """One line for each row that costs itself its answer, or its place."""
        why = answers.refused
        return self.left_out + [f"{self.places[row]}: {reason}; it counts as wrong" for row, reason in why.items()]


def same_pairs(runs: "dict[str, PairRun]", options: "Evaluate") -> Test:
    """The test of all these runs; ValueError where they have different ones."""
    tests = [_test(run, options) for run in runs.values()]
    first, last = tests[0].pairs, tests[-1].pairs
    if first != last:
        one, other = runs
        cure = "the runs translate in different directions" if options.data else "judge both with the same --data FILE"
        raise ValueError(
            f"{one} and {other} have different test pairs ({len(first):,} and {len(last):,}, "
            f"{len({*first} & {*last}):,} in common); {cure}"
        )
    return tests[0]


def _test(run: "PairRun", options: "Evaluate") -> Test:
    from groundup.data.load import load_rows
    from groundup.recipes.held_out import check_held_out
    from groundup.recipes.train_pairs import read_splits, turned

    if options.data is None:
        splits, part = read_splits(run.recipe.data), options.split or "test"
        pairs = splits.test if part == "test" else splits.valid
        if not run.recipe.data.memorise:
            check_held_out(run.folder, {part: pairs})
        split = "train (memorised)" if run.recipe.data.memorise else part
        return Test(pairs, [f"{part} pair {number}" for number in range(1, len(pairs) + 1)], split)
    # A published test set is judged as it is, repeated rows included.
    rows = load_rows(options.data, options.other)
    whole = [row for row in rows if row.pair.source and row.pair.target]
    bare = [row for row in rows if not (row.pair.source and row.pair.target)]
    return Test(
        turned([row.pair for row in whole], run.recipe.data.reverse),
        [f"{options.data}, line {row.line}" for row in whole],
        options.data,
        [f"{options.data}, line {row.line}: no text on {_bare_side(row.pair)}; left out" for row in bare],
    )


def _bare_side(pair: "Pair") -> str:
    return "either side" if not (pair.source or pair.target) else "the left" if pair.target else "the right"


def judged(run: "PairRun", test: Test, options: "Evaluate") -> "tuple[list[Result], list[Answers]]":
    """All figures of a run, and its answers, greedy first."""
    from groundup.recipes.judge import answer_pairs, score_answers, score_reading, with_all_references

    references = [pair.target for pair in test.pairs]
    scoring: dict[str, Any] = dict(lowercase=options.lowercase, tokenize=options.tokenize)
    results, found = [], []
    for beams in sorted({1, 4 if options.num_beams is None else options.num_beams}):
        answers = answer_pairs(run, test.pairs, num_beams=beams)
        results += score_answers(run, answers, references, test.split, **scoring)
        if options.all_references:
            once, several = with_all_references(test.pairs, answers)
            split = f"{test.split}, all references"
            results += score_answers(run, once, several, split, **scoring)
        found.append(answers)
    if options.teacher_forced:
        results += score_reading(run, test.pairs, test.split)
    return results, found


def differences(first: "list[Answers]", second: "list[Answers]", test: Test, options: "Evaluate") -> "list[Difference]":
    """The second run minus the first, one reference a row, for each way of searching."""
    from groundup.measure.paired import paired_scores
    from groundup.run.results import Difference

    references = [pair.target for pair in test.pairs]
    scoring: dict[str, Any] = dict(lowercase=options.lowercase, tokenize=options.tokenize)
    return [
        Difference(**score._asdict(), num_beams=one.num_beams)
        for one, other in zip(first, second, strict=True)
        for score in paired_scores(one.texts, other.texts, references, **scoring)
    ]


def worst(run: "PairRun", test: Test, answers: "Answers", options: "Evaluate") -> list[dict]:
    """The worst sentences by chrF, each with its place, what was asked, what was wanted and what was said."""
    from groundup.measure.translation import sentence_scores
    from groundup.recipes.judge import read_along

    rows = []
    references = [pair.target for pair in test.pairs]
    scores = sentence_scores(answers.texts, references, lowercase=options.lowercase, tokenize=options.tokenize)
    for score in scores[: options.worst]:
        pair = test.pairs[score.row]
        row = {"chrf": score.chrf, "bleu": score.bleu, "place": test.places[score.row]}
        row |= {"source": pair.source, "reference": pair.target, "ours": score.hypothesis}
        rows.append(row | ({"read along": read_along(run, pair)} if options.teacher_forced else {}))
    return rows


def print_worst(rows: Sequence[dict]) -> None:
    """`worst` for a person to read."""
    for row in rows:
        print(f"\nchrF {row['chrf']:5.1f}  BLEU {row['bleu']:5.1f}  {row['place']}")
        for name in [name for name in ("source", "reference", "ours", "read along") if name in row]:
            print(f"  {name:10} {row[name]}")
