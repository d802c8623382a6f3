"""groundup translate: words that are drawn, scores by either formula, and an answer that grows on a terminal."""

import io
import os
import subprocess
import sys
import threading

import pytest

import groundup as gu
from groundup.cli.input import piped_blocks
from groundup.cli.main import main
from groundup.decode.choose import Beams, Greedy, Sample
from groundup.text.reading import piped_lines

LINES = ["I see the dog.", "", "we eat it all.", "they buy the sea."]


def test_words_are_drawn_as_in_python(home, cli):
    run = gu.load("translator")
    for flags, choose in (
        ("--temperature 2 --seed 3", Sample(temperature=2.0, seed=3)),
        ("--top-k 20 --temperature 3", Sample(top_k=20, temperature=3.0, seed=0)),
        ("--top-p 0.99", Sample(top_p=0.99, seed=0)),
        ("--min-p 0.001 --repetition-penalty 1.3", Sample(min_p=0.001, repetition_penalty=1.3, seed=0)),
        ("--repetition-penalty 3 --num-beams 1", Greedy(repetition_penalty=3.0)),
        ("--repetition-penalty 3", Beams(4, repetition_penalty=3.0)),
        ("--greedy", Greedy()),
    ):
        expected = [" ".join(text.splitlines()) for text in run.translate(LINES, choose=choose)]
        assert cli("translate", "translator", *LINES, *flags.split()).out.splitlines() == expected
        assert cli("translate", "translator", *flags.split(), stdin="\n".join(LINES)).out.splitlines() == expected


def test_seeds_tell_draws_apart_and_several_can_be_had(home, cli):
    def drawn(*flags: str) -> list[str]:
        return cli("translate", "translator", LINES[0], "--temperature", "3", *flags).out.splitlines()

    assert drawn() == drawn("--seed", "0")
    assert drawn() != drawn("--seed", "1")
    several = drawn("--num-return-sequences", "3")
    assert len(several) == len(set(several)) == 3
    answers = gu.load("translator").answers([LINES[0]], choose=Sample(temperature=3.0, seed=0), num_return_sequences=3)[
        0
    ]
    assert [float(line.split()[0]) for line in several] == pytest.approx([one.score for one in answers], abs=1e-4)


def test_the_next_block_of_lines_is_drawn_anew(home, cli, monkeypatch):
    monkeypatch.setattr("groundup.cli.translate.TOGETHER", 1)
    answers = cli("translate", "translator", "--temperature", "3", stdin=f"{LINES[0]}\n" * 4).out.splitlines()
    assert len(set(answers)) == 4
    assert answers == cli("translate", "translator", "--temperature", "3", stdin=f"{LINES[0]}\n" * 4).out.splitlines()


def test_scores_by_the_formula_that_is_asked_for(home, cli):
    run = gu.load("translator")
    said = cli("translate", "translator", LINES[0], *"--scores --length-norm gnmt --length-penalty 0.6".split())
    (answer,) = run.answers([LINES[0]], Beams(4, divisor="gnmt", length_penalty=0.6))[0]
    assert said.out.split()[0] == f"{answer.score:.4f}"
    assert answer.score == pytest.approx(answer.logprob / ((5 + len(answer.ids)) / 6) ** 0.6)
    average = cli("translate", "translator", LINES[0], "--scores", "--length-norm", "average").out.split()[0]
    (answer,) = run.answers([LINES[0]], num_beams=4)[0]
    assert average == f"{answer.logprob / len(answer.ids):.4f}"


def test_the_rule_to_stop_by_reaches_the_search(home, cli, monkeypatch):
    heard = []

    def answer_lines(run, lines, choose, **options):
        heard.append(choose.early_stopping)
        return [[] for _ in lines]

    monkeypatch.setattr("groundup.run.lines.answer_lines", answer_lines)
    for rule in ("false", "true", "never"):
        cli("translate", "translator", LINES[0], "--early-stopping", rule)
    assert heard == [False, True, "never"]


def test_one_beam_may_wait_for_a_better_answer(home, cli):
    """With "never" even one beam ranks answers, so what they are ranked by counts."""
    odd = ["the house the bread the sea", "zq xj", "it all it all.", "the"]  # whose answers have no clear end
    greedy = cli("translate", "translator", *odd, "--num-beams", "1").out
    flags = "--num-beams 1 --early-stopping never --length-norm gnmt --length-penalty 5".split()
    waited = cli("translate", "translator", *odd, *flags).out
    choose = Beams(1, early_stopping="never", divisor="gnmt", length_penalty=5.0)
    texts = gu.load("translator").translate(odd, choose)
    assert waited.splitlines() == [" ".join(text.splitlines()) for text in texts]
    assert waited != greedy


@pytest.mark.parametrize("flags", ["--temperature 1 --scores", "--temperature 1 --num-return-sequences 2"])
def test_scores_that_are_shown_may_be_of_either_formula(home, cli, flags):
    average, gnmts = (
        [line.split()[0] for line in cli("translate", "translator", LINES[0], *flags.split(), *more).out.splitlines()]
        for more in ([], ["--length-norm", "gnmt"])
    )
    assert len(average) == len(gnmts)
    assert average != gnmts


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("flags", [["--num-beams", "1"], [], ["--top-k", "2"], ["--scores"]])
def test_an_answer_grows_on_a_terminal_and_is_then_what_a_pipe_gets(home, cli, monkeypatch, flags):
    from rich.live import Live

    shown: list[str] = []
    update = Live.update
    monkeypatch.setattr(Live, "update", lambda self, text, **_: (shown.append(text.plain), update(self, text)))
    piped, together = (cli("translate", "translator", *lines, *flags).out for lines in (LINES[:1], LINES))
    assert not shown
    monkeypatch.setenv("TERM", "xterm")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", Terminal())
        main(["translate", "translator", LINES[0], *flags])
        written = sys.stdout.getvalue()
    assert written.endswith(piped)
    assert piped.strip().endswith(shown[-1])
    assert len(shown[0]) < len(shown[len(shown) // 2]) <= len(shown[-1])
    several = len(shown)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", Terminal())
        main(["translate", "translator", *LINES, *flags])
        assert sys.stdout.getvalue() == together, "more than one at once"
    assert len(shown) == several


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("--seed 1", "say --temperature 0.8 as well"),
        ("--num-beams 4 --seed 1", "leave out --seed"),
        ("--num-beams 3 --top-k 5", "--num-beams 3 searches for the likeliest answer: leave out --top-k"),
        ("--greedy --num-beams 3", "--num-beams would change nothing"),
        ("--greedy --top-k 3", "--top-k would change nothing"),
        (
            "--min-new-tokens 9 --max-new-tokens 4",
            "min_new_tokens (9) must be at least 0 and at most max_new_tokens (4)",
        ),
        ("--temperature 0", "temperature (0.0)"),
        ("--top-p 2", "top_p (2.0)"),
        ("--temperature 1 --early-stopping true", "--early-stopping true is for beams"),
        ("--num-beams 1 --repetition-penalty 2 --early-stopping never", "--early-stopping never is for beams"),
        ("--num-beams 1 --early-stopping true", "--early-stopping true is for beams"),
        ("--temperature 1 --length-penalty 5", "--length-penalty is for ranking beams"),
        ("--temperature 1 --length-norm gnmt", "--length-norm is for ranking beams"),
        ("--num-beams 1 --repetition-penalty 2 --length-norm=gnmt", "leave it out, or add --scores"),
        ("--num-beams 1 --length_penalty 5", "--length-penalty is for ranking beams"),
        ("--num-beams 1 --length-norm gnmt --early-stopping false", "--length-norm is for ranking beams"),
        ("--num-beams 1 --repetition-penalty 1.2 --num-return-sequences 2", "nothing is drawn"),
        ("--temperature 1 --num-return-sequences 0", "num_return_sequences (0)"),
        ("--length-norm word", "average"),
        ("--num-beams 100000", "num_beams (100000) must be at most the vocabulary's"),
        ("--temprature 1", "did you mean --temperature"),
    ],
)
def test_flags_that_cannot_be_meant(home, complaint, flags, expected):
    message = complaint("translate", "translator", "Hi.", *flags.split())
    assert expected in message


def test_the_sign_of_a_text_too_long_to_look_at_promises_no_sliding(home, complaint):
    message = complaint("attention", "speller", "the sea " * 10)
    assert "80 tokens" in message
    assert "context is 32; shorten it" in message
    assert "slid" not in message


def test_a_script_without_a_font_costs_no_warning(home, cli, tmp_path):
    said = cli("attention", "translator", "漢字\x01", "--out", str(tmp_path))
    assert (said.code, said.err) == (0, "")
    assert (tmp_path / "cross.png").stat().st_size


def test_sentences_come_from_a_file(home, cli, complaint, tmp_path):
    (tmp_path / "lines.txt").write_text("\n".join(LINES) + "\n")
    file = str(tmp_path / "lines.txt")
    piped = cli("translate", "translator", stdin="\n".join(LINES))
    assert cli("translate", "translator", "--file", file) == piped
    assert cli("translate", "translator", "--file", "-", stdin="\n".join(LINES)) == piped
    assert "not from both" in complaint("translate", "translator", "Hi.", "--file", file)
    assert "gone.txt" in complaint("translate", "translator", "--file", "gone.txt")


@pytest.mark.parametrize(("verb", "run"), [("translate", "translator"), ("generate", "writer")])
def test_a_word_that_is_a_file_is_noticed(home, cli, verb, run):
    said = cli(verb, run, "pairs.en")
    assert said.code == 0
    assert said.err.startswith("groundup: pairs.en is taken as text, and is a file; did you mean --file pairs.en?\n")
    assert "did you mean" not in cli(verb, run, "pairs").err


def test_nothing_piped_is_nothing_translated(home, cli):
    assert cli("translate", "translator", stdin="") == (0, "", "")


@pytest.mark.posix
def test_a_line_from_a_pipe_is_answered_before_the_next_one_comes(home, cli):
    command = [sys.executable, "-m", "groundup", "translate", "translator", "--num-beams", "1"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        watch = threading.Timer(120, process.kill)  # who waits for more lines would wait for ever
        watch.start()
        for line in (LINES[0], LINES[2], ""):
            process.stdin.write(f"{line}\n")
            process.stdin.flush()
            assert process.stdout.readline() == (
                cli("translate", "translator", line, "--num-beams", "1").out if line else "\n"
            )
        process.stdin.close()
        assert process.wait() == 0
        watch.cancel()


@pytest.mark.parametrize(
    "data", [b"", b"a\nb\n", b"a\r\nb", b"\xef\xbb\xbfa\rb\r", b"a\rb\n", b"caf\xe9\n\xc3\xa9", b"\n\n"]
)
@pytest.mark.parametrize("size", [1, 3, 100])
def test_a_pipe_has_the_lines_that_a_stream_has(monkeypatch, data, size):
    monkeypatch.setattr("groundup.cli.input.CHUNK", size)
    read, write = os.pipe()
    os.write(write, data)
    os.close(write)
    with os.fdopen(read, encoding="utf-8") as stream:
        found = [line for block in piped_blocks(stream, most=2) for line in block]
    assert found == list(piped_lines(io.TextIOWrapper(io.BytesIO(data))))
