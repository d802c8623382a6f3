"""groundup evaluate RUN [RIVAL]: judge a run on its held-out text, on a file it never saw, or against another run."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

import tyro

from groundup.cli.parse import Run, parse
from groundup.terminal import shown

NAMED = 10  # bad lines that are named one by one


@dataclass(frozen=True)
class Evaluate:
    """Judge a run: BLEU, chrF and TER of pairs with 95% intervals, perplexity and bits per byte of text.

    Two runs are judged on the same pairs or text, each difference with its p-value (paired bootstrap).
    """

    run: Run
    """A run folder, or its name under runs/."""
    rival: Annotated[str | None, tyro.conf.Positional, tyro.conf.arg(metavar="[RUN_B]")] = None
    """A second run, to be compared with the first."""
    data: str | None = None
    """A file of pairs or of text, or a named corpus; None takes the run's own held-out part."""
    other: str | None = None
    """The second of two line-aligned files."""
    split: Literal["test", "validation"] | None = None
    """Which of the run's own held-out parts: choose by validation, report test (the default) once. A language model
    has no test part; it is judged on validation."""
    num_beams: int | None = None
    """Of translations, None being 4; greedy (1) is reported beside it."""
    all_references: bool = False
    """Score once more with all translations of a source as its references, each source once."""
    lowercase: bool = False
    """Score without regard to case, as many tutorials do; the signature says so (case:lc)."""
    tokenize: str | None = None
    """sacreBLEU's way to count words: 13a, zh, ja-mecab, ko-mecab, char, intl, none; None takes the one for the script
    of the references. The signature says which (tok:13a)."""
    teacher_forced: bool = False
    """Also read along: loss and token accuracy with the reference given up to each token."""
    worst: int = 0
    """Also print this many of the worst sentences; with --json there are then "results" and "worst"."""
    choices: str | None = None
    """Put multiple-choice questions to a language model instead: hellaswag, or a .jsonl of {ctx, endings, label}."""
    limit: int | None = None
    """So many of the questions, spread over the file."""
    harness: bool = False
    """Put the questions as lm-evaluation-harness does: behind their activity label, without the marks of WikiHow, in
    float32. Its figures (lm_eval, task hellaswag) can be compared with these."""
    json: bool = False
    """Print the results as JSON, for programs."""
    checkpoint: str = "best"
    """best, latest or the number of a step."""
    device: str = "auto"
    trust_code: bool = False
    """Execute the Python file of its own that the run was trained with, a copy of which lies in its folder."""


def main(arguments: list[str]) -> None:
    options = parse(Evaluate, arguments, prog="groundup evaluate")
    from groundup.run.load import load, which
    from groundup.run.pairs import PairRun

    _check(options)
    checkpoint = which(options.checkpoint)
    run = load(options.run, checkpoint=checkpoint, device=options.device, trust_code=options.trust_code)
    if options.choices is not None:
        from groundup.cli.evaluate_choices import judge_choices

        _report([(options.run, run, judge_choices(run, options))], [], options)
        return
    runs = {options.run: run}
    if options.rival is not None:
        second = load(options.rival, checkpoint=checkpoint, device=options.device, trust_code=options.trust_code)
        if isinstance(second, PairRun) != isinstance(run, PairRun):
            text, pairs = (options.rival, options.run) if isinstance(run, PairRun) else (options.run, options.rival)
            raise ValueError(f"{text} is a language model and {pairs} is not; they share no measure")
        runs[options.rival] = second
    if not isinstance(run, PairRun):
        _judge_text(runs, options)
        return
    _judge_pairs(runs, options)


def _check(options: Evaluate) -> None:
    if options.other is not None and options.data is None:
        raise ValueError("--other is the second of two line-aligned files; give the first with --data")
    if options.split is not None and options.data is not None:
        raise ValueError("--split names a part of the run's own data; leave it out with --data")
    if options.choices is not None:
        useless = (
            "data",
            "rival",
            "split",
            "num_beams",
            "all_references",
            "lowercase",
            "tokenize",
            "teacher_forced",
            "worst",
        )
        _leave_out(options, useless, "--choices asks one run questions of their own")
    if options.limit is not None and options.choices is None:
        raise ValueError("--limit is how many of the --choices are asked; give both")
    if options.harness and options.choices is None:
        raise ValueError("--harness is a way to put the --choices; give both")
    if options.worst < 0:
        raise ValueError(f"worst ({options.worst}) must not be negative; try --worst 10")
    if options.rival is not None and options.worst:
        raise ValueError("--worst shows the sentences of one run; leave the second one out")
    if options.rival is not None:
        from groundup.run.folder import find_run

        if find_run(options.rival).path.resolve() == find_run(options.run).path.resolve():
            raise ValueError(f"{options.run} is compared with itself ({options.rival}); name another run")


def _leave_out(options: Evaluate, names: Sequence[str], why: str) -> None:
    """ValueError for the first of these options that is given."""
    for name in names:
        if getattr(options, name) != getattr(Evaluate, name):
            flag = f"the second run ({options.rival})" if name == "rival" else f"--{name.replace('_', '-')}"
            raise ValueError(f"{why}: leave {flag} out")


def _judge_pairs(runs: dict, options: Evaluate) -> None:
    """Judge one pair run, or two and the difference between them; print it, and keep it in their results.json."""
    from groundup.flow.evaluate import differences, judge_run, same_pairs, worst

    test = same_pairs(runs, data=options.data, other=options.other, split=options.split)
    scoring: dict[str, Any] = dict(lowercase=options.lowercase, tokenize=options.tokenize)
    beams = 4 if options.num_beams is None else options.num_beams
    more: dict[str, Any] = dict(all_references=options.all_references, teacher_forced=options.teacher_forced)
    found = [(name, run, *judge_run(run, test, num_beams=beams, **scoring, **more)) for name, run in runs.items()]
    say = dict.fromkeys(line for *_, answers in found for line in test.faults(answers[0]))
    for line in [*say][:NAMED]:
        print(f"groundup: {line}", file=sys.stderr)
    if len(say) > NAMED:
        print(f"groundup: and {len(say) - NAMED:,} more such lines", file=sys.stderr)
    apart = differences(found[0][3], found[1][3], test, **scoring) if len(found) > 1 else []
    rows: list[dict] = []
    if options.worst:
        along = options.teacher_forced
        rows = worst(found[0][1], test, found[0][3][-1], count=options.worst, along=along, **scoring)
    _report([(name, run, results) for name, run, results, _ in found], apart, options, rows)
    if not options.json:
        _print_worst(rows)


def _print_worst(rows: Sequence[dict]) -> None:
    """`worst` for a person to read."""
    for row in rows:
        print(f"\nchrF {row['chrf']:5.1f}  BLEU {row['bleu']:5.1f}  {row['place']}")
        for name in [name for name in ("source", "reference", "ours", "read along") if name in row]:
            print(shown(f"  {name:10} {row[name]}"))


def _report(found: list[tuple], apart: list, options: Evaluate, rows: Sequence[dict] = ()) -> None:
    from groundup.run.results import keep_evaluation

    if options.json:
        records = [[asdict(result) for result in results] for _, _, results in found]
        said = records[0] if not options.worst else {"results": records[0], "worst": rows}
        if len(found) > 1:
            said = {"first": records[0], "second": records[-1], "differences": [asdict(one) for one in apart]}
        print(json.dumps(said, indent=2, ensure_ascii=False))
    else:
        everything = [result for _, _, results in found for result in results] + apart
        for name, _, results in found:
            if len(found) > 1:
                print(name)
            print(*results, sep="\n")
        if apart:
            print(f"{options.rival} minus {options.run}", *apart, sep="\n")
        for signature in dict.fromkeys(result.signature for result in everything if result.signature):
            print(f"  {signature}")
    left_out = ("run", "json", "device", "worst", "trust_code")
    how = {key: value for key, value in asdict(options).items() if key not in left_out}
    for name, run, results in found:
        rival = next((other for other, _, _ in found if other != name), None)
        try:
            keep_evaluation(run.folder.results_file, [*results, *apart], how={**how, "rival": rival})
        except OSError as error:
            print(f"groundup: this is not kept in {run.folder.results_file}: {error}", file=sys.stderr)


def _judge_text(runs: dict, options: Evaluate) -> None:
    """Judge one language model, or two and the difference between them; print it, and keep it in their results.json."""
    from groundup.data.load import load_texts
    from groundup.flow.naming import naming
    from groundup.flow.rivals import judge_two
    from groundup.flow.score_text import score_held_out, score_text

    if options.other is not None:
        raise ValueError(f"{options.run} is a language model: it is judged on text, not on two aligned files")
    if options.split == "test":
        raise ValueError(f"{options.run} is a language model, which holds out validation only; take --data FILE")
    useless = ("num_beams", "all_references", "lowercase", "tokenize", "teacher_forced", "worst")
    _leave_out(options, useless, f"{options.run} is a language model")
    apart: list = []
    if options.rival is not None:
        found, apart = judge_two(runs, data=options.data)
    elif options.data is not None:
        with naming(options.data):
            found = [score_text(runs[options.run], load_texts(options.data), split=options.data)]
    else:
        found = [score_held_out(runs[options.run])]
    _report([(name, run, results) for (name, run), results in zip(runs.items(), found, strict=True)], apart, options)
