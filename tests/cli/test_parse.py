"""What the command line says about mistakes and in its help: our words, never those of the library below."""

import os
import re
import subprocess
import sys

import pytest

from groundup.cli.complaints import one_line
from groundup.cli.dashes import MARK, marked, unmarked

FOREIGN = re.compile(
    r"Argument helptext|[Uu]nrecognized|Perhaps|Missing|Expected|invalid|Got errors|\bSTR\b|\bINT\b|\[.*\]"
)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("translate", "RUN is missing: A run folder, or its name under runs/"),
        ("attention", "RUN and TEXT are missing"),
        ("attention x", "TEXT is missing: The sentence"),
        ("tokenizer train a.txt 300", "--out is missing: The folder for tokenizer.json"),
        ("translate x --num-beams", "--num-beams needs a value"),
        ("translate x --num-beams two", "--num-beams takes a whole number, not 'two'"),
        ("translate x --length-penalty far", "--length-penalty takes a number, not 'far'"),
        ("translate x --max-new-tokens abc", "--max-new-tokens takes a whole number, not 'abc'"),
        ("generate x --precision int4", "--precision takes float32 or int8, not 'int4'"),
        ("train corpus --model.windows a b", "--model.windows does not take 'a', 'b'"),
        ("train dialogue --data.memorise=yes", "wrong place: yes"),
        ("translate x --nope 3", "unknown option --nope"),
        ("translate x --num-beam 3", "did you mean --num-beams?"),
        ("data get a b c", "one argument too many, or in the wrong place: b, c"),
    ],
)
def test_a_mistake_is_told_in_our_own_words(complaint, tmp_path, monkeypatch, arguments, expected):
    monkeypatch.chdir(tmp_path)
    message = complaint(*arguments.split())
    assert expected in message
    assert not FOREIGN.search(message)
    assert "--help" in message or "did you mean" in message


def test_a_box_with_lines_drawn_on_a_terminal_is_read_alike():
    box = """\
╭─ Value error ────────────────────────────────────────────╮
│ Error parsing --num-beams: invalid literal for int() with │
│ base 10: 'two'                                            │
│ ───────────────────────────────────────────────────────── │
│ Argument helptext:                                        │
│     --num-beams INT                                       │
│         Above 1: beam search.                             │
│ ───────────────────────────────────────────────────────── │
│ For full helptext, see groundup translate --help          │
╰──────────────────────────────────────────────────────────╯"""
    assert one_line(box, "groundup translate") == (
        "--num-beams takes a whole number, not 'two'; see groundup translate --help"
    )


@pytest.mark.parametrize(
    ("verb", "names"),
    [
        ("translate", "RUN [SENTENCE ...]"),
        ("generate", "RUN [PROMPT ...]"),
        ("attention", "RUN TEXT"),
        ("evaluate", "RUN [RUN_B]"),
        ("export", "RUN"),
        ("resume", "RUN"),
        ("chat", "RUN"),
        ("plan", "RECIPE|PRESET"),
    ],
)
def test_usage_lines_name_what_is_to_be_given(cli, verb, names):
    usage = cli(verb, "--help").out.splitlines()[0]
    assert usage.endswith(names)
    assert "STR" not in usage


@pytest.mark.parametrize("recipe", ["dialogue", "corpus"])
def test_the_help_of_a_recipe_names_what_is_no_setting(cli, recipe):
    said = cli("train", recipe, "--help").out
    assert f"groundup train {recipe} [DATA [OTHER]]" in said
    for name in ("--preset", "--dry-run", "--overwrite", "--init-from", "--parallel", "--train.steps"):
        assert name in said


def test_only_texts_are_marked():
    options = ["-h", "--", "--num-beams", "4", "--stop=-x y", "-1", "-1.5e3", "-.5", "-inf", "-"]
    assert marked(options) == options
    for text in ("-Where?", "--Where are you?", "- yes", "-1 degree", "---", "-x"):
        assert marked([text]) == [f"{MARK}{text}"]
        assert unmarked(tuple(marked([text, "a"]))) == (text, "a")


def test_a_sentence_that_begins_with_a_dash_is_translated(home, cli):
    sentences = ["-I see the dog.", "--you eat the bread, -- they said", "- we"]
    piped = cli("translate", "translator", stdin="\n".join(sentences) + "\n")
    assert cli("translate", "translator", *sentences) == piped
    assert cli("translate", sentences[0], "--num-beams", "4", "translator").code == 2
    assert cli("generate", "writer", "-I", "--greedy", "--max-new-tokens", "2").out.startswith("-I")
    assert cli("translate", "translator", "--", "--Where").code == 0


def test_what_looks_like_an_option_is_told_the_way_in(home, complaint):
    message = complaint("translate", "translator", "--Where")
    assert message.endswith("A text that begins with dashes goes behind --: groundup translate RUN -- --Where")


@pytest.mark.parametrize("narrow", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C"}])
def test_a_narrow_output_spells_characters_out(home, narrow):
    said = subprocess.run(
        [sys.executable, "-m", "groundup", "generate", "writer", "é中", "--greedy", "--max-new-tokens", "1"],
        capture_output=True,
        env=os.environ | narrow,
        timeout=120,
        check=False,
    )
    assert said.returncode == 0
    assert b"\\xe9\\u4e2d" in said.stdout or "é中".encode() in said.stdout
    assert said.stderr == b""


def test_a_tokenizer_encodes_a_text_that_begins_with_a_dash(home, cli):
    said = cli("tokenizer", "encode", "runs/writer", "-Where? \\x00")
    assert (said.code, said.err) == (0, "")
    assert cli("tokenizer", "decode", "runs/writer", *said.out.split()).out == "-Where? \\x00\n"
    assert "-nowhere.txt" in cli("data", "show", "-nowhere.txt").err
    assert "\0" not in cli("tokenizer", "decode", "runs/writer", "-x").err
