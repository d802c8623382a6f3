"""What a run says of itself, gathered once for its card: results, data, samples, pictures."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from groundup.data.catalogue import SOURCES
from groundup.data.pairs import Pair
from groundup.decode.choose import Sample
from groundup.flow.evaluate import same_pairs
from groundup.flow.score_pairs import answer_pairs, readable
from groundup.measure.translation import sentence_scores
from groundup.publish.inputs import HARD, inputs_for
from groundup.run.pairs import PairRun
from groundup.run.results import Result, read_results
from groundup.run.save import NO_CORPUS
from groundup.run.text import TextRun

JUDGED = 200
"""Test pairs among which the best and the worst answers are looked for."""
SHOWN = 4
PICTURES = "pictures"


@dataclass(frozen=True)
class Sampled:
    """One text and what the run made of it."""

    kind: str
    given: str
    written: str
    wanted: str | None = None
    chrf: float | None = None


@dataclass(frozen=True)
class Facts:
    """What there is to say; empty where a run has nothing to say about it."""

    results: list[Result]
    training: dict[str, Any]
    licence: str
    languages: list[str]
    about: str
    samples: list[Sampled]
    loss: str | None
    """The picture's path within the folder."""
    attention: str | None
    attended: str


def gather(run: PairRun | TextRun, folder: Path) -> Facts:
    """Read the run's files, answer some of its test, and put the pictures into the folder."""
    file = run.folder.results_file
    record = read_results(file) if file.is_file() else {"training": {}, "results": []}
    source = SOURCES.get(run.recipe.data.corpus)
    languages = [] if source is None else [word for word in source.languages.split("-") if len(word) == 2]
    if isinstance(run, PairRun) and run.recipe.data.reverse:
        languages.reverse()
    samples = _pair_samples(run) if isinstance(run, PairRun) else _text_samples(run)
    attention, attended = _attention(run, folder)
    return Facts(
        results=[Result(**result) for result in record["results"]],
        training=record["training"],
        licence="not stated" if source is None else source.licence,
        languages=languages,
        about="" if source is None else source.about,
        samples=samples,
        loss=_loss(run, folder),
        attention=attention,
        attended=attended,
    )


def check_finished(run: PairRun | TextRun) -> None:
    """ValueError for a training that has not come to its end: it was not judged."""
    if run.recipe.data.corpus != NO_CORPUS and not run.folder.results_file.is_file():
        raise ValueError(
            f"{run.folder.name} is not finished, it has no results yet; go on with it: "
            f"groundup resume {run.folder.quoted}"
        )


def _pair_samples(run: PairRun) -> list[Sampled]:
    """The best and the worst answers among the first of the test, by chrF; none where the corpus is not at hand."""
    try:
        pairs: list[Pair] = readable(run, same_pairs({run.folder.name: run}).pairs[:JUDGED])
    except (ValueError, OSError):
        return [Sampled("", text, run.translate([text])[0]) for text in inputs_for(run, SHOWN).texts]
    texts = answer_pairs(run, pairs, num_beams=1).texts
    ranked = sentence_scores(texts, [pair.target for pair in pairs])  # worst first
    long = [score for score in ranked if len(pairs[score.row].source.split()) > 3] or ranked
    chosen = [("good", score) for score in long[::-1][:SHOWN]] + [("bad", score) for score in long[:SHOWN]]
    return [
        Sampled(kind, pairs[score.row].source, score.hypothesis, pairs[score.row].target, score.chrf)
        for kind, score in chosen
    ]


def _text_samples(run: TextRun) -> list[Sampled]:
    """Drawn texts, which are what the model is for, and the likeliest ones, which repeat themselves."""
    prompts = inputs_for(run, SHOWN).texts or [""]
    how: dict[str, Any] = dict(max_new_tokens=min(60, run.model.config.context // 2))
    drawn = run.generate_batch(prompts, Sample(temperature=0.8, top_p=0.95, seed=0), **how)
    likeliest = run.generate_batch(prompts[:2], **how)
    return [Sampled("drawn", given, best[0].text) for given, best in zip(prompts, drawn, strict=True)] + [
        Sampled("likeliest", given, best[0].text) for given, best in zip(prompts, likeliest, strict=False)
    ]


def _loss(run: PairRun | TextRun, folder: Path) -> str | None:
    found = sorted(run.folder.plots.glob("loss*.png"))
    if not found:
        return None
    (folder / PICTURES).mkdir(exist_ok=True)
    shutil.copyfile(found[0], folder / PICTURES / "loss.png")
    return f"{PICTURES}/loss.png"


def _attention(run: PairRun | TextRun, folder: Path) -> tuple[str | None, str]:
    """The picture of what it looks at while it answers one text."""
    texts = inputs_for(run, 20).texts or HARD[:1]
    text = min(texts, key=lambda one: abs(len(one.split()) - 7))
    try:
        look = run.attention(text) if isinstance(run, PairRun) else run.attention(text, max_new_tokens=8)
    except ValueError:
        return None, ""
    (folder / PICTURES).mkdir(exist_ok=True)
    name = "cross" if isinstance(run, PairRun) else "decoder"
    look.draw(name, path=folder / PICTURES / "attention.png")
    return f"{PICTURES}/attention.png", text
