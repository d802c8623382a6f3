"""translate, generate, chat, evaluate, attention, tokenizer, data: what a trained run does, and that Python agrees."""

import json
import re
import shutil
from html.parser import HTMLParser

import pytest

import groundup as gu


def figures(text: str) -> list[dict]:
    return json.loads(text)


@pytest.mark.parametrize("name", ["translator", "talker", "writer", "speller"])
def test_evaluate_finds_again_what_the_training_wrote(home, cli, name):
    written = json.loads((home / "runs" / name / "results.json").read_text())["results"]
    said = cli("evaluate", name, "--json")
    assert said.code == 0
    found = figures(said.out)
    for one, other in zip(written, found, strict=True):
        assert one["value"] == pytest.approx(other["value"], rel=1e-6)
        assert {k: v for k, v in one.items() if k not in ("value", "seconds")} == {
            k: v for k, v in other.items() if k not in ("value", "seconds")
        }
    plain = cli("evaluate", name).out
    for result in written:
        digits = 4 if result["metric"] in ("loss", "bits-per-byte") else 2
        assert f"{result['metric']:13} {result['value']:.{digits}f}" in plain


def test_evaluate_on_a_file_is_sacrebleu_of_the_translations(home, cli):
    found = figures(cli("evaluate", "translator", "--data", "pairs.tsv", "--num-beams", "2", "--json").out)
    aligned = figures(cli("evaluate", "translator", "--data", "pairs.en", "--other", "pairs.it", "--json").out)
    assert {result["size"] for result in found + aligned} == {80}
    lines = (home / "pairs.tsv").read_text().splitlines()
    sources, references = zip(*(line.split("\t") for line in lines), strict=True)
    for beams in (1, 2):
        said = cli("translate", "translator", *sources, "--num-beams", str(beams))
        scores = gu.score_translations(said.out.splitlines(), references)
        assert scores.chrf > 5  # it has learnt something, so the figures can differ
        mine = {result["metric"]: result["value"] for result in found if result["num_beams"] == beams}
        assert (mine["bleu"], mine["chrf"]) == pytest.approx((scores.bleu, scores.chrf))


def test_evaluate_judges_repeated_rows_and_the_other_split(home, cli, tmp_path):
    (tmp_path / "twice.tsv").write_text("I see the dog.\tio vede il cane.\n" * 3)
    assert figures(cli("evaluate", "translator", "--data", str(tmp_path / "twice.tsv"), "--json").out)[0]["size"] == 3
    said = cli("evaluate", "translator", "--split", "validation", "--worst", "2", "--num-beams", "1")
    assert said.out.count("chrF ") == 2
    assert "on validation, 8 pairs" in said.out


def test_evaluate_two_language_models(desk, trained, cli):
    for name in ("writer", "speller"):
        shutil.copytree(trained / "runs" / name, desk / "runs" / name)
    said = cli("evaluate", "writer", "speller", "--json")
    found = json.loads(said.out)
    (bits,) = found["differences"]  # their tokens differ
    assert bits["first"] == pytest.approx(found["first"][2]["value"])
    plain = cli("evaluate", "writer", "speller").out
    assert "speller minus writer" in plain
    assert re.search(r"^bits-per-byte [+-]\d\.\d{4} .*p = \d\.\d{3}$", plain, re.MULTILINE)
    assert "paired bootstrap over" in plain
    for name in ("writer", "speller"):
        kept = json.loads((desk / "runs" / name / "results.json").read_text())["evaluations"]
        assert kept[-1]["results"][-1]["metric"] == "bits-per-byte"
        assert "p_value" in kept[-1]["results"][-1]
    assert len(cli("evaluate", "writer").out) > 20, "what was kept is read again"


def test_evaluate_language_models_on_a_file_compares_by_bytes(home, cli, tmp_path):
    (tmp_path / "like.txt").write_text("1. I see the dog. io vede il cane.\n" * 5)
    (tmp_path / "unlike.txt").write_text("Zgjqx! vvkwz? Jjqpx? qqzx. " * 6)
    bits = {}
    for name in ("like", "unlike"):
        found = figures(cli("evaluate", "writer", "--data", str(tmp_path / f"{name}.txt"), "--json").out)
        bits[name] = {result["metric"]: result["value"] for result in found}["bits-per-byte"]
    assert bits["like"] < bits["unlike"]


def test_translate_from_arguments_and_from_a_pipe_agree_with_python(home, cli):
    sentences = ["I see the dog.", "they buy it all.", "You  eat\tthe bread ."]
    run = gu.load("translator")
    expected = run.translate(sentences, num_beams=4)
    assert cli("translate", "translator", *sentences).out.splitlines() == expected
    assert cli("translate", "translator", stdin="\n".join(sentences)).out.splitlines() == expected
    greedy = cli("translate", "runs/translator", *sentences, "--num-beams", "1")
    assert greedy.out.splitlines() == run.translate(sentences)


def test_translate_gives_several_answers_with_scores(home, cli):
    said = cli("translate", "translator", "I see the dog.", "--num-beams", "3", "--num-return-sequences", "3")
    answers = gu.load("translator").answers(["I see the dog."], num_beams=3, num_return_sequences=3)[0]
    assert said.out == "".join(f"{answer.score:8.4f}  {answer.text}\n" for answer in answers)
    assert cli("translate", "translator", "I see the dog.", "--scores").out.split()[0] == f"{answers[0].score:.4f}"


def test_checkpoints_other_than_the_best(home, cli):
    early = [cli("generate", "writer", "1. ", "--greedy", "--checkpoint", which).out for which in ("20", "latest")]
    assert early[0] != early[1]
    assert cli("generate", "writer", "1. ", "--greedy", "--checkpoint", "40").out == early[1]


def test_chat_answers_line_by_line(home, cli):
    said = cli("chat", "talker", stdin="Hello!\nGood night.\nWho are you?\n")
    assert (said.code, said.out) == (0, "Good morning to you.\nSleep well, my friend.\nA very small model.\n")
    assert cli("chat", "talker", stdin="Who are you?\n/quit\nHello!\n").out == "A very small model.\n"
    assert cli("chat", "talker").out == ""


@pytest.mark.parametrize("name", ["writer", "speller"])
def test_generate_with_a_seed_says_the_same_again(home, cli, name):
    one, again = (cli("generate", name, "1. I", "--seed", "3").out for _ in range(2))
    assert one == again
    assert one.startswith("1. I")
    assert cli("generate", name, "1. I", "--seed", "4").out != one
    run = gu.load(name)
    sample = gu.Sample(temperature=0.8, top_p=0.95, seed=3)
    assert one == "1. I" + "".join(run.generate("1. I", choose=sample)) + "\n"
    greedy = cli("generate", name, "1. I", "--greedy").out
    assert greedy == "1. I" + "".join(run.generate("1. I")) + "\n"
    assert cli("generate", name, "1. I", "--top-k", "1", "--seed", "9").out == greedy


def test_generate_stops_before_a_string_and_at_the_context(home, cli):
    whole = cli("generate", "speller", "1. I", "--greedy").out.removesuffix("\n")
    assert len(whole) == 32 + 1  # a token is a character: the context, and what it predicts last
    stop = whole[10:12]
    assert cli("generate", "speller", "1. I", "--greedy", "--stop", stop).out == whole[: whole.index(stop, 4)] + "\n"
    assert cli("generate", "speller", "1. I", "--greedy", "--max-new-tokens", "3").out == whole[:7] + "\n"


def test_generate_from_nothing(home, cli):
    for name in ("writer", "speller"):
        said = cli("generate", name, "--max-new-tokens", "9")
        assert (said.code, said.err) == (0, "")
        assert len(said.out) > 1


class Links(HTMLParser):
    found: tuple[str, ...] = ()

    def handle_starttag(self, tag, attrs):
        self.found += tuple(value or "" for name, value in attrs if name in ("src", "href"))


@pytest.mark.parametrize(
    ("name", "text", "panels"),
    [
        ("translator", "I see the dog.", ["cross", "encoder", "decoder"]),
        ("talker", "Hello!", ["cross", "encoder", "decoder"]),
        ("writer", "1. I see", ["decoder"]),
        ("speller", "1. I see", ["decoder"]),
    ],
)
def test_attention_writes_pictures_and_a_page_that_needs_nothing_else(home, cli, tmp_path, name, text, panels):
    said = cli("attention", name, text, "--out", str(tmp_path / "look"))
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines() == [str(tmp_path / "look" / f) for f in ["page.html", *(f"{p}.png" for p in panels)]]
    for panel in panels:
        assert (tmp_path / "look" / f"{panel}.png").read_bytes().startswith(b"\x89PNG")
    page = (tmp_path / "look" / "page.html").read_text(encoding="utf-8")
    links = Links()
    links.feed(page)
    assert not [link for link in links.found if not link.startswith(("#", "data:"))]
    assert name in page


def test_attention_with_beams_shows_the_tree_that_led_to_the_translation(home, cli, tmp_path):
    cli("attention", "translator", "I see the dog.", "--num-beams", "4", "--out", str(tmp_path))
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    data = json.loads(text.split('<script type="application/json" id="data">')[1].split("</script>")[0])
    run = gu.load("translator")
    answers = run.answers(["I see the dog."], num_beams=4, num_return_sequences=4)[0]
    assert data["output"] == answers[0].text
    leaves = {node["answer"]: node for node in data["beams"] if node["answer"] is not None}
    assert sorted(leaves) == list(range(len(answers)))
    for place, answer in enumerate(answers):
        assert leaves[place]["step"] == len(answer.ids)
        assert leaves[place]["total"] == pytest.approx(answer.logprob, abs=1e-3)
        assert leaves[place]["score"] == pytest.approx(answer.score, abs=1e-3)
    cli("attention", "translator", "I see the dog.", "--out", str(tmp_path))
    assert '"beams":null' in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_attention_goes_into_the_run_by_itself(desk, cli, trained):
    (desk / "runs").symlink_to(trained / "runs")
    said = cli("attention", "translator", "Où est la gare ? </script>")
    folder = desk / "runs" / "translator" / "attention" / "où-est-la-gare-script"
    assert (folder / "page.html").is_file()
    assert said.out.splitlines()[0].endswith("page.html")
    assert "gare ? </script>" not in (folder / "page.html").read_text(encoding="utf-8")


def test_tokenizers_from_training_to_the_way_back(desk, cli):
    said = cli("tokenizer", "train", "text.txt", "300", "--out", "tok")
    assert said.code == 0
    text = "they buy the bread. Ünïcödé 🙂\n"
    ids = cli("tokenizer", "encode", "tok", "-", stdin=text).out.split()
    assert [int(id) for id in ids] == gu.Tokenizer.load("tok").encode(text)
    assert cli("tokenizer", "decode", "tok", *ids).out == text + "\n"
    pieces = cli("tokenizer", "encode", "tok", "the bread", "--pieces").out
    assert pieces.replace(" ", "").replace("␣", " ") == "the bread\n"
    assert "300 tokens" in cli("tokenizer", "show", "tok").out


def test_data_shows_what_is_in_a_file(desk, cli):
    assert "phrasebook-fr\t" in cli("data", "list").out
    said = cli("data", "show", "pairs.en", "--other", "pairs.it", "--count", "80")
    assert "pairs          80" in said.out
    assert "  I see the dog.\tio vede il cane.\n" in said.out


@pytest.mark.parametrize(
    "arguments", [[], ["--help"], ["help"], ["--version"], ["train"], ["train", "--help"], ["data"]]
)
def test_help_where_it_is_asked_for(cli, arguments):
    said = cli(*arguments)
    assert (said.code, said.err) == (0, "")
    assert "groundup" in said.out


@pytest.mark.parametrize("verb", "translate generate chat evaluate attention resume demo".split())
def test_every_verb_has_help(cli, verb):
    said = cli(verb, "--help")
    assert (said.code, said.err) == (0, "")
    assert re.search(rf"usage: groundup (train )?{verb}", said.out)


def test_a_second_demo_gets_another_name_and_the_first_stays(cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = []
    monkeypatch.setattr("groundup.cli.train.main", asked.append)
    assert cli("demo").code == 0
    for taken in ("demo", "demo-2"):
        (tmp_path / "runs" / taken).mkdir(parents=True)
        (tmp_path / "runs" / taken / "notes.txt").write_text("mine", encoding="utf-8")
    said = cli("demo", "--max-minutes", "2")
    assert "runs/demo is there already and stays; this one is runs/demo-3" in said.out.replace("\\", "/")
    assert cli("demo", "--name", "other").code == 0
    assert cli("demo", "--overwrite").code == 0
    assert asked == [
        ["demo"],
        ["demo", "--max-minutes", "2", "--name", "demo-3"],
        ["demo", "--name", "other"],
        ["demo", "--overwrite"],
    ]
