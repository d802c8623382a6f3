"""Learning vocabularies and encoding: our fast and our readable code, rustbpe, tokenizers, tiktoken, sentencepiece."""

import os
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from groundup.bench.race import Contestant, Outcome, race
from groundup.bench.report import Report, Table, machine, ratio
from groundup.bench.tokenizer_jobs import PATTERN
from groundup.machine import cores

PACKAGES = ("numpy", "numba", "regex", "rustbpe", "tokenizers", "tiktoken", "sentencepiece")
LEARNERS = ("ours", "ours, readable", "rustbpe", "tokenizers", "sentencepiece")
ENCODERS = ("ours", "ours, readable", "tiktoken", "tokenizers", "rustbpe", "sentencepiece")
OURS = ("ours", "ours, readable")
LARGE = 10_000_000
"""Bytes above which a text is too long for the readable code to learn from; the others then learn once."""
UDHR = ("cmn_hans", "jpn", "arb", "hin", "rus")
RULES = (
    f"learning: the {PATTERN} split pattern and no special tokens for all but sentencepiece, which has its own rules; "
    "reading the text is not counted (sentencepiece reads the file itself); a fresh process each round, MiB its peak "
    "with the text in memory",
    "encoding: all but sentencepiece use the same merges, learnt from the encoded text, on documents of about 256 kB, "
    "each encoded once; our array with several threads is one call on the whole text",
    "threads: the number of cores of a process; start-up and compilation have their own table, and ours "
    "is warm in the others, though by default it compiles nothing for a text below 8 MB",
)


@dataclass(frozen=True)
class Settings:
    """Learn and encode with ours, rustbpe, tokenizers, tiktoken and sentencepiece, on one thread and on all."""

    corpora: tuple[str, ...] = ("tinyshakespeare", "udhr", "english-novels")
    """Named corpora; udhr is Chinese, Japanese, Arabic, Hindi and Russian, in the folder that GROUNDUP_DATA names."""
    text: Path | None = None
    """Your own text file, or a folder, instead of the corpora."""
    vocab_size: int | None = None
    """Tokens to learn; None is 8,000 (for udhr 2,000, for a text above 10 MB 32,768)."""
    megabytes: float = 10.0
    """How much of a text to encode."""
    rounds: int = 3
    """Rounds, in which the contestants take turns; medians are shown. From a text above 10 MB each learns once."""
    json: Path | None = None
    """File to write the figures to."""


def compare(settings: Settings, say: Callable[[str], None]) -> Report:
    """Make a table of learning and one of encoding for each text, and one of first uses."""
    report = Report("tokenizer", asdict(settings), machine(PACKAGES), notes=list(RULES))
    names = settings.corpora if settings.text is None else (str(settings.text),)
    megabytes, rounds = settings.megabytes, settings.rounds
    with tempfile.TemporaryDirectory() as folder:
        here = None
        for name in names:
            try:
                text = read_corpus(name)
            except FileNotFoundError as error:
                report.notes.append(f"{name} is left out: {error}")
                continue
            here = Path(folder) / f"{len(report.tables)}"
            here.mkdir()
            size = len(text.encode())
            vocabulary = settings.vocab_size or (32_768 if size > LARGE else 2_000 if name == "udhr" else 8_000)
            report.tables.append(_learning(name, text, vocabulary, here, rounds=rounds, say=say))
            report.tables.append(_encoding(name, text, vocabulary, here, megabytes, rounds=rounds, say=say))
        if here is None:
            raise ValueError(f"{report.notes[-1]}; give a text of yours with --text FILE")
        report.tables.append(_first_use(here, megabytes, say=say))
    return report


def read_corpus(name: str) -> str:
    """Read a named corpus or a file as one text; `udhr` is the declaration of human rights in five scripts."""
    from groundup.data.load import load_texts

    if name != "udhr":
        return "\n".join(load_texts(name))
    data = os.environ.get("GROUNDUP_DATA")
    if not data or not (Path(data) / "udhr").is_dir():
        raise FileNotFoundError("it is read from the folder udhr in the one that GROUNDUP_DATA names; there is none")
    return "\n".join((Path(data) / "udhr" / f"{language}.txt").read_text(encoding="utf-8") for language in UDHR)


def _learning(name: str, text: str, vocab_size: int, folder: Path, *, rounds: int, say: Callable[[str], None]) -> Table:
    path = folder / "text.txt"
    path.write_text(text, encoding="utf-8")
    size = path.stat().st_size
    readable = size <= LARGE
    rounds = rounds if readable else 1
    contestants = []
    for threads in _threads():
        for who in LEARNERS:
            if who != "ours, readable" or (threads == 1 and readable):
                arguments = dict(contestant=who, path=str(path), vocab_size=vocab_size, threads=threads)
                contestants.append(_contestant(who, "learn", arguments, threads))
    outcomes = race(contestants, rounds=rounds, fresh=True, say=lambda line: say(f"{name}, learning: {line}"))
    rows = []
    for threads in _threads():
        theirs = outcomes[_label("rustbpe", threads)].median("seconds")
        for who in LEARNERS:
            if (outcome := outcomes.get(_label(who, threads))) is not None:
                seconds = outcome.median("seconds")
                row = {"threads": threads, "contestant": who, "s": seconds, "ratio": ratio(theirs, seconds)}
                rows.append(row | {"MiB": outcome.median("peak_mib"), "note": outcome.missing})
    if not readable:
        rows.append({"contestant": "ours, readable", "note": "left out: it would take too long"})
    formats = {"s": ".3f", "ratio": ".2f", "MiB": ",.0f"}
    checked = _agreement({who: outcome for who, outcome in outcomes.items() if who.startswith("ours")}, "merges")
    title = (
        f"learning {vocab_size:,} tokens from {name} ({size / 1e6:.1f} MB), rounds {rounds}; ratio to rustbpe; "
        f"our merges: {checked}"
    )
    return Table(title, rows, formats)


def _encoding(
    name: str, text: str, vocab_size: int, folder: Path, megabytes: float, *, rounds: int, say: Callable[[str], None]
) -> Table:
    path, limit = folder / "excerpt.txt", int(megabytes * 1e6)
    size = len(text.encode())
    times = max(1, limit // 2 // size) if name == "udhr" else 1
    path.write_text((text + "\n") * times if times > 1 else text[: int(limit * len(text) / size)], encoding="utf-8")
    shared = dict(path=str(path), folder=str(folder), vocab_size=vocab_size)
    ready = race([Contestant("", f"{__package__}.tokenizer_jobs:prepare", shared)], rounds=0, say=lambda _: None)[""]
    assert ready.missing is None, ready.missing
    only = {"array": ("ours", "tiktoken"), "list": ENCODERS}
    contestants = []
    for threads in _threads():
        for form in ("list", "array"):
            for who in only[form]:
                if threads > 1 and (who == "ours, readable" or (form == "array" and who != "ours")):
                    continue
                arguments = shared | dict(contestant=who, form=form, threads=threads)
                contestants.append(_contestant(who, "encode", arguments, threads, form))
    outcomes = race(contestants, rounds=rounds, fresh=True, say=lambda line: say(f"{name}, encoding: {line}"))
    rows = []
    for threads in _threads():
        peer = _pace(outcomes[_label("tiktoken", threads, "list")])
        for who in ENCODERS:
            row: dict[str, Any] = {"threads": threads, "contestant": who, "note": None}
            forms = {form: outcomes.get(_label(who, threads, form)) for form in ("list", "array")}
            for form, outcome in forms.items():
                pace = _pace(outcome or Outcome())
                row |= {f"{form} MB/s": pace, f"{form} ratio": ratio(pace, peer)}
                row["note"] = row["note"] or (outcome.missing if outcome else None)
            if any(forms.values()):
                rows.append(row)
    formats = {f"{form} {what}": how for form in ("list", "array") for what, how in (("MB/s", ".1f"), ("ratio", ".2f"))}
    same = {who: outcome for who, outcome in outcomes.items() if not who.startswith("sentencepiece")}
    all_ids = _agreement({who: outcome for who, outcome in same.items() if "readable" not in who}, "ids")
    repeated = f", repeated {times} times" if times > 1 else ""
    title = (
        f"encoding {name} ({path.stat().st_size / 1e6:.1f} MB{repeated}); ratio to tiktoken's list; "
        f"all ids: {all_ids}; the first 10,000, readable code included: {_agreement(same, 'head')}"
    )
    return Table(title, rows, formats)


def _first_use(folder: Path, megabytes: float, *, say: Callable[[str], None]) -> Table:
    """Measure the seconds from start to the first result: with compiled code on disk, and with an empty cache."""
    rows = []
    with tempfile.TemporaryDirectory() as empty:
        for job in ("encode one line", "encode", "learn"):
            arguments = dict(path=str(folder / "text.txt"), folder=str(folder), job=job, megabytes=megabytes)
            cold = {"NUMBA_CACHE_DIR": str(Path(empty) / job.replace(" ", "-"))}
            contestants = [
                Contestant("warm", f"{__package__}.tokenizer_jobs:begin", arguments),
                Contestant("cold", f"{__package__}.tokenizer_jobs:begin", arguments, environment=cold),
            ]
            # Run twice: the first run fills the ordinary cache if it was empty, and the second finds it filled.
            first = race(contestants, rounds=1, fresh=True, say=lambda line, job=job: say(f"{job}: {line}"))
            warm = race(contestants[:1], rounds=1, fresh=True, say=lambda line, job=job: say(f"{job}: {line}"))["warm"]
            missing = warm.missing or first["cold"].missing
            seconds, compiled = warm.median("seconds"), first["cold"].median("seconds")
            what = job if job == "encode one line" else f"{job} {megabytes:g} MB"
            rows.append({"job": what, "s": seconds, "s, nothing compiled": compiled, "note": missing})
    return Table("ours in a fresh process, loading included", rows, {"s": ".2f", "s, nothing compiled": ".2f"})


def _contestant(who: str, job: str, arguments: dict[str, Any], threads: int, form: str = "") -> Contestant:
    needs = () if who in OURS else (who,)
    return Contestant(
        _label(who, threads, form), f"{__package__}.tokenizer_jobs:{job}", arguments, needs=needs, threads=threads
    )


def _label(who: str, threads: int, form: str = "") -> str:
    return ", ".join(filter(None, (who, form, _said(threads))))


def _threads() -> list[int]:
    return sorted({1, cores()})


def _said(threads: int) -> str:
    return "1 thread" if threads == 1 else f"{threads} threads"


def _pace(outcome: Outcome) -> float | None:
    """Return million bytes a second."""
    seconds = outcome.median("seconds")
    return outcome.rounds[0]["bytes"] / seconds / 1e6 if seconds else None


def _agreement(outcomes: dict[str, Outcome], key: str) -> str:
    """Say whether all contestants with a result have the same one."""
    found = {who: outcome.rounds[0][key] for who, outcome in outcomes.items() if outcome.rounds}
    if len(set(found.values())) > 1:
        return "DIFFERENT: " + "; ".join(f"{who} {digest[:6]}" for who, digest in found.items())
    return f"the same in all {len(found)}" if len(found) > 1 else "nothing to compare with"
