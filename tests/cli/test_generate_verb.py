"""groundup generate: many prompts, many texts, beams, log-probabilities, sliding; and Python agrees."""

import io
import math
import sys

import pytest

import groundup as gu
from groundup.cli.generate import Generate
from groundup.cli.main import main
from groundup.run.text import TextRun

NOTICE = "groundup: the context of 32 tokens is full, so the text ends here; --slide writes on\n"


def written_by(name: str) -> TextRun:
    run = gu.load(name)
    assert isinstance(run, TextRun)
    return run


def test_several_prompts_are_printed_one_after_the_other(home, cli, tmp_path):
    prompts = ["1. I", "2. they see", "x"]
    found = written_by("writer").generate_batch(
        prompts, choose=gu.Sample(temperature=0.8, top_p=0.95, seed=3), max_new_tokens=9
    )

    def expected(*numbers: int) -> str:
        return "".join(
            f"--- {n}  ln p {one.logprob:.3f}, a token {one.mean:.3f}\n{prompt}{one.text}\n"
            for n, prompt, (one,) in zip(numbers, prompts, found, strict=True)
        )

    options = ["--seed", "3", "--max-new-tokens", "9"]
    said = cli("generate", "writer", *prompts, *options)
    assert (said.code, said.out, said.err) == (0, expected(1, 2, 3), "")
    (tmp_path / "prompts.txt").write_text("1. I\n\n2. they see\nx\n")
    assert cli("generate", "writer", "--file", str(tmp_path / "prompts.txt"), *options).out == expected(1, 3, 4)
    assert cli("generate", "writer", "--file", "-", *options, stdin="\n".join(prompts)).out == expected(1, 2, 3)


def test_a_bad_line_costs_that_line_only(home, cli):
    options = ["--greedy", "--max-new-tokens", "9"]
    said = cli("generate", "writer", "--file", "-", *options, stdin="1. I\n" + "they " * 99 + "\n2. they see\n")
    assert said.code == 2
    assert said.err.startswith("groundup: line 2: the prompt has ")
    assert said.out == cli("generate", "writer", "--file", "-", *options, stdin="1. I\n\n2. they see\n").out


def test_several_texts_of_one_prompt(home, cli):
    said = cli("generate", "writer", "1. I", "--num-return-sequences", "3", "--max-new-tokens", "9", "--seed", "1")
    assert [line.split()[1] for line in said.out.splitlines() if line.startswith("--- ")] == ["1.1", "1.2", "1.3"]
    alone = cli("generate", "writer", "1. I", "--max-new-tokens", "9", "--seed", "1").out
    assert said.out.partition("\n")[2].startswith(alone), "the first is the one that a single text would be"


def test_beams(home, cli):
    options = ["--num-beams", "3", "--num-return-sequences", "2", "--max-new-tokens", "8", "--length-penalty", "0"]
    said = cli("generate", "writer", "1. I", "2.", *options)
    found = written_by("writer").search(
        ["1. I", "2."], num_beams=3, num_return_sequences=2, max_new_tokens=8, length_penalty=0.0
    )
    assert said.code == 0
    for prompt, several in zip(["1. I", "2."], found, strict=True):
        assert several[0].logprob >= several[1].logprob
        for one in several:
            assert f"{one.mean:.3f}\n{prompt}{one.text}\n" in said.out
    best = cli("generate", "writer", "1. I", "--num-beams", "3", "--max-new-tokens", "8", "--length-penalty", "0").out
    assert best == f"1. I{found[0][0].text}\n"


def test_bad_words_are_not_written_and_no_text_ends_too_early(home, cli):
    free = cli("generate", "speller", "1. I", "--greedy", "--max-new-tokens", "20").out
    word = max(free.removeprefix("1. I").split(), key=len)
    for flags in (["--greedy"], [], ["--num-beams", "3"]):
        said = cli("generate", "speller", "1. I", *flags, "--max-new-tokens", "20", "--bad-words", word)
        assert (said.code, word in said.out.removeprefix("1. I")) == (0, False)
    lines = ["I see the dog.", "we eat it all."]
    short = cli("translate", "translator", *lines, "--scores").out
    assert cli("translate", "translator", *lines, "--scores", "--min-new-tokens", "25").out != short
    run = gu.load("translator")
    for flags, named in (([], dict(num_beams=4)), (["--greedy"], {}), (["--top-k", "9"], dict(top_k=9, seed=0))):
        expected = run.translate(lines, min_new_tokens=25, **named)
        said = cli("translate", "translator", *lines, "--min-new-tokens", "25", *flags).out
        assert said.splitlines() == [" ".join(text.splitlines()) for text in expected]
    for answers in run.answers(lines, num_beams=4, num_return_sequences=4, min_new_tokens=25):
        assert all(len(one.ids) >= 25 for one in answers)


@pytest.mark.parametrize("extra", [[], ["--num-beams", "2"], ["--greedy"]])
def test_logprobs_give_a_line_a_token(home, cli, extra):
    said = cli("generate", "speller", "1. I", "--logprobs", "--max-new-tokens", "6", *extra)
    text, *lines = said.out.splitlines()
    assert len(lines) == 6
    pieces, logprobs, probabilities = zip(*(line.split("\t") for line in lines), strict=True)
    assert "".join(pieces).replace("␣", " ") == text.removeprefix("1. I")
    for logprob, probability in zip(map(float, logprobs), map(float, probabilities), strict=True):
        assert logprob <= 0
        assert probability == pytest.approx(math.exp(logprob), abs=2e-4)


@pytest.mark.parametrize("prompts", [["1. I"], ["1. I", "2. they see"]])
def test_int8_is_said_with_its_own_probabilities(home, cli, prompts):
    options = ["--greedy", "--logprobs", "--max-new-tokens", "6"]
    full, light = (cli("generate", "writer", *prompts, *options, "--precision", p) for p in ("float32", "int8"))
    assert (light.code, light.err) == (0, "")
    assert light.out != full.out == cli("generate", "writer", *prompts, *options).out
    found = written_by("writer").generate_batch(prompts[:1], max_new_tokens=6, precision="int8")
    if len(prompts) == 1:
        lines = [line.split("\t") for line in light.out.splitlines() if "\t" in line]
        assert [line[1] for line in lines] == [f"{logprob:.4f}" for logprob in found[0][0].logprobs]


def test_a_full_context_is_said_and_can_be_slid_past(home, cli):
    full = cli("generate", "speller", "1. I", "--greedy", "--max-new-tokens", "100")
    assert len(full.out.removesuffix("\n")) == 33
    assert full.err == NOTICE
    slid = cli("generate", "speller", "1. I", "--greedy", "--max-new-tokens", "100", "--slide")
    assert (len(slid.out), slid.err) == (4 + 100 + 1, "")
    assert slid.out.startswith(full.out.removesuffix("\n"))
    long = "the sea " * 10
    said = cli("generate", "speller", long, "--greedy", "--max-new-tokens", "5", "--slide")
    assert (said.code, len(said.out)) == (0, 80 + 5 + 1)
    short = cli("generate", "speller", "1. I", "2.", "--greedy", "--max-new-tokens", "30")
    assert short.err == NOTICE.replace("the text ends here", "1 of 2 texts end there")
    beams = cli("generate", "speller", "1. I", "--num-beams", "2")
    assert beams.err == NOTICE.replace("--slide writes on", "beams do not slide")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("--temperature 0", ["temperature (0.0)", "--greedy"]),
        ("--top-k -3", ["top_k (-3)"]),
        ("--top-p 0", ["top_p (0.0)"]),
        ("--top-p 1.5", ["top_p (1.5)"]),
        ("--max-new-tokens 0", ["max_new_tokens (0)"]),
        ("--num-beams 0", ["num_beams (0)"]),
        ("--precision int4", ["int4", "float32", "int8"]),
        ("--num-beams 3 --num-return-sequences 4", ["(4)", "num_beams (3)"]),
        ("--num-return-sequences 0", ["num_return_sequences (0)"]),
        ("--num-return-sequences 2 --greedy", ["num_return_sequences (2)"]),
        ("--num-beams 3 --temperature 0.5", ["--num-beams 3", "--temperature"]),
        ("--num-beams 3 --top_p=0.5", ["--num-beams 3", "--top-p"]),
        ("--num-beams 3 --slide", ["--num-beams 3", "--slide"]),
        ("--num-beams 3 --stop x", ["--num-beams 3", "--stop"]),
        ("--num-beams 3 --greedy", ["--num-beams", "--greedy"]),
        ("--length-penalty 2", ["--length-penalty", "--num-beams"]),
        ("--num-beams 3 --length-penalty nan", ["length_penalty (nan)"]),
        ("--greedy --top-k 3", ["--greedy", "--top-k"]),
        ("--file gone.txt", ["gone.txt"]),
        ("a prompt --file pairs.en", ["pairs.en", "not from both"]),
        ("--file -", ["standard input", "one a line"]),
    ],
)
def test_mistakes_cost_one_line(home, complaint, arguments, expected):
    message = complaint("generate", "writer", *arguments.split())
    for word in expected:
        assert word in message


def test_a_file_without_prompts(desk, trained, complaint):
    (desk / "runs").symlink_to(trained / "runs")
    for name, content in [("empty.txt", ""), ("blank.txt", "\n  \n\n")]:
        (desk / name).write_text(content)
        message = complaint("generate", "writer", "--file", name)
        assert name in message
        assert "empty" in message


def test_a_byte_that_is_not_utf8_costs_its_own_line(home, cli, capsys, monkeypatch):
    options = ["--greedy", "--max-new-tokens", "9"]
    expected = cli("generate", "writer", "--file", "-", *options, stdin="1. I\n\n2. they see\n").out
    lines = io.TextIOWrapper(io.BytesIO(b"1. I\ncaf\xe9\n2. they see\n"), encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", lines)
    with pytest.raises(SystemExit) as stop:
        main(["generate", "writer", "--file", "-", *options])
    assert (stop.value.code, *capsys.readouterr()) == (2, expected, "groundup: line 2: the prompt is not UTF-8 text\n")


@pytest.mark.parametrize("verb", ["generate writer", "attention writer", "attention translator"])
def test_a_text_that_is_not_utf8_is_refused(home, complaint, verb):
    assert complaint(*verb.split(), "caf\udce9") in ("the prompt is not UTF-8 text", "the text is not UTF-8")


@pytest.mark.parametrize(
    ("said", "meant"), [(r"\n", "\n"), (r"a\tb", "a\tb"), (r"\\n", r"\n"), ("the", "the"), (r"\x", r"\x")]
)
def test_a_stop_may_be_a_line_break(said, meant):
    assert Generate(run="writer", stop=(said,)).ends == (meant,)


def test_a_text_ends_before_a_line_break(home, cli):
    options = ["1. I", "--temperature", "2", "--max-new-tokens", "25", "--seed"]
    texts = {str(seed): cli("generate", "speller", *options, str(seed)).out for seed in range(9)}
    seed, whole = next((seed, text) for seed, text in texts.items() if "\n" in text[:-1])
    assert cli("generate", "speller", *options, seed, "--stop", r"\n").out == whole.partition("\n")[0] + "\n"


def test_only_ten_bad_lines_are_named(home, cli):
    said = cli(
        "generate", "writer", "--file", "-", "--max-new-tokens", "1", stdin="1. I\n" + ("they " * 99 + "\n") * 13
    )
    lines = said.err.splitlines()
    assert (said.code, len(lines)) == (2, 11)
    assert lines[9].startswith("groundup: line 11: ")
    assert lines[10] == "groundup: and 3 more lines that cannot be read"
