"""groundup chat: a conversation over a pipe, its commands, its bad lines; and the recipe that makes one who can."""

import json
import math
import os
import re
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

import pytest

import groundup as gu
from groundup.cli.main import main
from groundup.data.dialogue import MARK
from groundup.data.load import load_splits
from groundup.run.chat import Conversation

GREETINGS = ["Hello", "Good day", "Hi there", "Welcome"]
THINGS = ["bread", "rice", "milk", "salt", "tea", "fish", "jam", "soup", "corn", "beans"]
SETTINGS = (
    "--data.valid 12 --data.test 12 --data.max-length 64 --data.batch-tokens 512 --tokenizer.vocab-size 300 "
    "--model.context 64 --model.width 64 --model.heads 2 --model.layers 1 --model.encoder-layers 1 "
    "--model.mlp-width 128 --model.dropout 0 --train.lr 5e-3 --train.warmup 5 --train.steps 120 --train.threads 1 "
    "--train.validate-every 60 --train.save-every 120 --train.log-every 120 --max-minutes None --num-beams 2"
).split()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with conversations and a run, `seller`, that the recipe has made of them."""
    folder = tmp_path_factory.mktemp("shop")
    talks = [
        {"context": [f"{hello} {n}, {thing} .", f"Some {thing} {n} ?"], "responses": [f"Yes, {thing} {n}.", f"No {n}."]}
        for n, thing in enumerate(THINGS)
        for hello in GREETINGS
    ]
    (folder / "talks.jsonl").write_text("".join(json.dumps(talk) + "\n" for talk in talks))
    before = Path.cwd()
    os.chdir(folder)
    try:
        with Path("said.txt").open("w") as said, redirect_stdout(said):
            main(["train", "replies", "talks.jsonl", "--name", "seller", *SETTINGS])
    finally:
        os.chdir(before)
    return folder


@pytest.fixture
def counter(shop: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(shop)
    return shop


def test_the_recipe_judges_replies_as_replies(counter):
    record = json.loads((counter / "runs" / "seller" / "results.json").read_text())
    (kept,) = record["evaluations"]
    figures = {result["metric"]: result for result in kept["results"]}
    assert {"loss", "token-accuracy", "bleu"} <= figures.keys()
    assert 0 < figures["loss"]["value"] < 5.7  # ln 300 is to know nothing
    assert figures["bleu"]["split"] == "test, all references"
    said = (counter / "said.txt").read_text()
    assert f"perplexity {math.exp(figures['loss']['value']):.1f}" in said
    assert "BLEU is low by nature" in said


def test_the_recipe_shows_held_out_conversations_and_the_runs_replies(counter):
    splits = load_splits("talks.jsonl", valid=12, test=12, seed=0)
    shown = (counter / "said.txt").read_text().split("held-out conversations", 1)[1].split("\n\n")[1:-1]
    contexts = [MARK.join(re.findall(r"^  - (.*)$", one, re.MULTILINE)) for one in shown]
    assert contexts
    assert len(contexts) == min(10, len({pair.source for pair in splits.test}))
    replies = [re.findall(r"^  ([=>]) (.*)$", one, re.MULTILINE) for one in shown]
    assert [reply["="] for reply in map(dict, replies)] == [
        next(pair.target for pair in splits.test if pair.source == context) for context in contexts
    ]
    assert [reply[">"] for reply in map(dict, replies)] == gu.load("seller").translate(contexts)


def test_a_conversation_over_a_pipe_is_the_conversation_in_python(counter, cli):
    lines = ["Hello 3, salt.", "Some salt 3?", "Some tea 4?"]
    said = cli("chat", "seller", stdin="\n".join(lines) + "\n")
    conversation = Conversation(gu.load("seller"))  # type: ignore[arg-type]
    replies = ["".join(conversation.reply(line)) for line in lines]
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines() == replies
    assert conversation.remembers
    assert conversation.turns[4].text == "Some tea 4?"


def test_reset_forgets_and_history_shows(counter, cli):
    once = cli("chat", "seller", stdin="Some tea 4?\n").out
    said = cli("chat", "seller", stdin="Hello 3, salt.\n/reset\nSome tea 4?\n/history\n/reset\n/history\n").out
    lines = said.splitlines()
    assert lines[1] == once.rstrip("\n")
    assert lines[2:] == ["you: Some tea 4?", f"seller: {lines[1]}", "nothing said yet"]


def test_the_oldest_turns_go_and_it_is_said_once(counter, cli):
    said = cli("chat", "seller", stdin="Some salt 3?\n" * 12)
    assert said.code == 0
    assert len(said.out.splitlines()) == 12
    assert said.err == "groundup: the context of 64 tokens is full: the oldest turns are forgotten\n"


def test_what_is_wrong_with_a_line_costs_that_line(counter, cli):
    lines = [
        "Some salt 3?",
        "",
        "  \t ",
        "word " * 10_000,
        "/rest",
        "日本語 🙂 العربية",
        "\x07\x1b[31m\x00",
        "<pad><eos>",
    ]
    said = cli("chat", "seller", stdin="\n".join([*lines, "Some salt 3?"]))
    assert said.code == 2
    replies = said.out.removesuffix("\n").split("\n")
    assert [n for n, reply in enumerate(replies, start=1) if not reply] == [2, 3, 4, 5]
    assert len(replies) == len(lines) + 1, "line n answers line n"
    errors = [line for line in said.err.splitlines() if "context of 64 tokens is full" not in line]
    patterns = [
        "2: there is nothing",
        "3: there is nothing",
        r"4: \d{5} tokens",
        "5: unknown command '/rest'; there are",
    ]
    assert len(errors) == len(patterns), said.err
    for error, pattern in zip(errors, patterns, strict=True):
        assert re.match(f"groundup: line {pattern}", error)


def test_bytes_that_are_no_text_do_not_end_it(counter):
    command = [sys.executable, "-c", "from groundup.cli.main import main; main()", "chat", "seller"]
    piped = subprocess.run(command, input=b"Some \xff\xfe\nSome salt 3?\r\n", capture_output=True, check=False)
    assert (piped.returncode, piped.stderr) == (0, b"")
    assert piped.stdout.count(b"\n") == 2


def test_drawn_words_repeat_with_the_seed(counter, cli):
    def drawn(*flags: str) -> str:
        return cli("chat", "seller", *flags, stdin="Some salt 3?\n" * 4).out

    assert drawn("--temperature", "3") == drawn("--temperature", "3", "--seed", "0")
    assert drawn("--temperature", "3") != drawn("--temperature", "3", "--seed", "1")
    assert drawn("--top-k", "1") == drawn()
    assert len(drawn("--num-beams", "3", "--no-repeat-ngram-size", "2").splitlines()) == 4
    assert drawn("--max-new-tokens", "1") != drawn()


def test_a_run_of_single_replies_keeps_nothing(home, cli):
    said = cli("chat", "talker", stdin="Hello!\n/history\nGood night.\n")
    first, note, last = said.out.splitlines()
    assert (first, last) == ("Good morning to you.", "Sleep well, my friend.")
    assert "keeps nothing" in note
    assert cli("chat", "talker", "--num-beams", "4", stdin="Hello!\n").out == "Good morning to you.\n"


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("--seed 1", "--temperature 0.8"),
        ("--temperature 0", "temperature (0.0)"),
        ("--top-p 2", "top_p (2.0)"),
        ("--num-beams 0", "num_beams (0) must be at least 1"),
        ("--num-beams 3 --top-k 5", "leave out --top-k"),
        ("--max-new-tokens 0", "max_new_tokens (0)"),
        ("--no-repeat-ngram-size 0", "no_repeat_ngram_size (0)"),
        ("--temprature 1", "did you mean --temperature"),
    ],
)
def test_flags_that_cannot_be_meant(home, complaint, flags, expected):
    assert expected in complaint("chat", "talker", *flags.split(), stdin="Hello!\n")
