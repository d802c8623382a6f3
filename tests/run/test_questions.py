"""Questions that do not fit a model cost themselves only, and to watch a training never ends it."""

import dataclasses
import json

import pytest

from groundup.flow.watch import look
from groundup.run.questions import FILE, answer
from groundup.run.text import TextRun

GOOD = {"ctx": "one cats and dogs.", "endings": ["uno gatti e cani.", "six rooms"], "label": 0}
LONG = {"ctx": "one cats and dogs.", "endings": ["uno gatti e cani.", "cats " * 90], "label": 0}


def write(path, questions) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"{json.dumps(question)}\n" for question in questions))


def test_a_question_too_long_costs_itself_only(writer: TextRun, tmp_path):
    write(tmp_path / "good.jsonl", [GOOD] * 5)
    write(tmp_path / "some.jsonl", [GOOD, LONG, GOOD, GOOD, LONG, GOOD, GOOD])
    expected = answer(writer, tmp_path / "good.jsonl")
    told: list[int] = []
    found = answer(writer, tmp_path / "some.jsonl", begin=told.append)
    assert found.accuracies == expected.accuracies
    assert found.accuracies[0].questions == 5
    assert told == [5]
    assert expected.faults == []
    for line, fault in zip((2, 5), found.faults, strict=True):
        assert f"line {line}: an ending has " in fault
        assert "the model's context is 48" in fault
        assert fault.endswith("; left out")


def test_where_none_is_left_it_is_refused(writer: TextRun, tmp_path):
    write(tmp_path / "long.jsonl", [LONG] * 3)
    with pytest.raises(ValueError, match=r"none of 3 questions can be asked: .*line 3: .*context is 48; shorten it$"):
        answer(writer, tmp_path / "long.jsonl")


@pytest.fixture
def said(writer: TextRun, tmp_path, monkeypatch):
    """Watch, with these questions at hand, and give the lines and the figures."""
    monkeypatch.setenv("GROUNDUP_DATA", str(tmp_path))

    monkeypatch.setattr(writer, "recipe", dataclasses.replace(writer.recipe, sample="one", questions=100))

    def call(questions) -> tuple[list[str], dict[str, float]]:
        write(tmp_path / FILE, questions)
        lines: list[str] = []
        figures = look(writer, 7, say=lines.append, max_new_tokens=4)
        return lines, figures

    return call


def test_a_watch_counts_what_it_left_out(said):
    lines, figures = said([GOOD, LONG, GOOD])
    assert lines[0].startswith("step 7  writes: one")
    assert "HellaSwag, 2 questions: acc " in lines[1]
    assert lines[1].endswith("; 1 left out")
    assert len(figures) == 3


@pytest.mark.parametrize("questions", [[LONG], [], [{"no": "question"}], ["text"]])
def test_a_watch_without_a_question_says_so_and_goes_on(said, questions):
    lines, figures = said(questions)
    assert len(lines) == 2
    assert lines[1].startswith("step 7  HellaSwag is not asked: ")
    assert "\n" not in lines[1]
    assert figures == {}


@pytest.mark.parametrize("error", [RuntimeError("CUDA out of\nmemory"), OSError("disk full"), ValueError("not finite")])
def test_a_watch_that_fails_says_so_and_goes_on(said, writer: TextRun, monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(writer, "generate", fail)
    lines, figures = said([GOOD])
    assert lines[0] == f"step 7  no sample: {' '.join(str(error).split())}"
    assert len(figures) == 3
    monkeypatch.setattr("groundup.measure.multiple_choice.score", fail)
    assert said([GOOD])[1] == {}


def test_an_interrupt_still_ends_it(said, writer: TextRun, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(writer, "generate", stop)
    with pytest.raises(KeyboardInterrupt):
        said([GOOD])
