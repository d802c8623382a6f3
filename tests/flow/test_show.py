"""What a training says at its end: what is shown has a heading, nothing claims to be held out that is not, and the last
line says how to use the run."""

import io
import re
import shlex
import sys

import pytest

from groundup.cli.main import main

SMALL = (
    "--model.width 32 --model.heads 2 --model.layers 1 --model.mlp-width 64 --tokenizer.vocab-size 300 "
    "--train.warmup 1 --train.threads 1 --max-minutes None --train.steps 2 --train.validate-every 2"
).split()
PAIRS = [*SMALL, *"--model.encoder-layers 1 --data.batch-tokens 512".split()]
TEXT = [*SMALL, *"--model.context 32 --data.batch 4".split()]


@pytest.fixture
def said(tmp_path, monkeypatch, capsys):
    """Train, and give what is printed."""
    monkeypatch.chdir(tmp_path)
    numbers = ["one", "two", "three", "four", "five", "six"]
    rows = [f"{a} {b} {c}.\t{c} {b} {a}." for a in numbers for b in numbers for c in numbers if a < b < c or a > b > c]
    (tmp_path / "pairs.tsv").write_text("\n".join(rows) + "\n")
    (tmp_path / "text.txt").write_text("\n".join(rows * 3) + "\n")

    def call(*arguments: str) -> str:
        main(["train", *arguments])
        return capsys.readouterr().out

    return call


def command(said: str) -> list[str]:
    """What the last line proposes."""
    last = said.rstrip().splitlines()[-1]
    assert last.startswith("use it       groundup ")
    return shlex.split(last.removeprefix("use it       groundup ").split("   (or")[0])


@pytest.mark.parametrize("show", ["None", "translations", "listing"])
def test_a_translation_ends_with_how_to_translate(said, show, capsys):
    proposed = command(
        said("translation", "pairs.tsv", "--data.valid", "4", "--data.test", "4", "--show", show, *PAIRS)
    )
    assert proposed[:2] == ["translate", "translation"]
    main(proposed)
    assert capsys.readouterr().out


@pytest.mark.parametrize("sample", ["None", "", "one two"])
def test_a_language_model_ends_with_how_to_write_on(said, sample, capsys):
    printed = said("corpus", "text.txt", "--sample", sample, *TEXT)
    main([*command(printed), "--max-new-tokens", "2"])
    assert capsys.readouterr().out
    heading = r"^what it writes( after 'one two')?, drawn at temperature 0\.8 and top-p 0\.95:$"
    found = re.search(heading, printed, re.MULTILINE)
    assert (found is None) == (sample == "None")
    assert sample != "one two" or found[1]
    assert re.search(r"^held out     loss .* on validation, [\d,]+ characters$", printed, re.MULTILINE)


@pytest.mark.parametrize("show", ["listing", "translations", "conversations"])
def test_what_was_learnt_by_heart_is_not_said_to_be_held_out(said, show):
    printed = said("dialogue", "pairs.tsv", "--show", show, *PAIRS)
    assert not re.search(r"held.out|never seen", printed)
    assert "memorised    BLEU" in printed
    assert re.search(r"^  head +32 -> \d+ +tied$", printed, re.MULTILINE), "no weights of its own, and not 0"
    assert command(printed) == ["chat", "dialogue"]


def test_a_sample_moves_no_cursor(said, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    from groundup import load
    from groundup.flow.show import show, write_sample

    said("corpus", "text.txt", *TEXT)
    said("dialogue", "pairs.tsv", *PAIRS)
    writer, talker = load("runs/corpus"), load("runs/dialogue")
    monkeypatch.setattr(type(writer), "generate", lambda *_, **__: iter(["\x1b]52;c;\x07", "\x1b[2J"]))
    monkeypatch.setattr(type(talker), "translate", lambda self, lines, **_: ["\x1b[2J"] * len(lines))
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    write_sample(writer, "one")
    show(talker)
    assert "\x1b" not in screen.getvalue()
    assert screen.getvalue().count("\\x1b[2J") > 1
    assert "\x1b" in (writer.folder.samples / "after-training.txt").read_text(), "a file has the text as it is"
