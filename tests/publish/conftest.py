"""Runs of every kind, with random weights that make long and different answers; nothing is trained."""

import dataclasses
from pathlib import Path

import pytest
from families import build_random
from kinds import MARKS, PAIRS, TEXT, TEXTS

from groundup.run.pairs import PairRun
from groundup.run.save import save_run
from groundup.run.text import TextRun
from groundup.text.tokenizer import Tokenizer


@pytest.fixture(scope="session")
def tokenizers() -> dict[str, Tokenizer]:
    return {
        "text": Tokenizer.train_from_texts(TEXT, 290, specials=("<|endoftext|>",)),
        "pairs": Tokenizer.train_from_texts(TEXT, 295, specials=MARKS),
        "source": Tokenizer.train_from_texts(TEXT, 275, specials=MARKS),
    }


@pytest.fixture(scope="session")
def runs(tokenizers: dict[str, Tokenizer], tmp_path_factory: pytest.TempPathFactory):
    """A run by its kind, made when it is first asked for; none may change it."""
    place = tmp_path_factory.mktemp("runs")
    made: dict[str, PairRun | TextRun] = {}

    def run(kind: str) -> PairRun | TextRun:
        if kind not in made:
            config = {**TEXTS, **PAIRS}[kind]
            model = build_random(dataclasses.replace(config, dropout=0.0))
            if kind in TEXTS:
                made[kind] = save_run(model, place / kind, tokenizer=tokenizers["text"])  # type: ignore[arg-type]
            else:
                source = tokenizers["source"] if kind == "separate" else None
                task = "dialogue" if kind == "dialogue" else None
                sides = dict(tokenizer=tokenizers["pairs"], source_tokenizer=source, task=task)
                made[kind] = save_run(model, place / kind, **sides)  # type: ignore[arg-type]
        return made[kind]

    return run


@pytest.fixture(scope="session")
def exported(runs, tmp_path_factory: pytest.TempPathFactory):
    """An export by its kind and format, made when it is first asked for."""
    from groundup.publish.write import Export, write_one

    place: Path = tmp_path_factory.mktemp("exports")
    made: dict[tuple[str, bool], Export] = {}

    def export(kind: str, *, custom: bool) -> Export:
        if (kind, custom) not in made:
            folder = place / f"{kind}-{'custom' if custom else 'native'}"
            made[kind, custom] = write_one(runs(kind), folder, custom=custom)
        return made[kind, custom]

    return export
