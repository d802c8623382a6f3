"""The card: what the Hub reads of it is right, its lines run as they stand, and it says what the run says."""

import contextlib
import io
import json
import re
from pathlib import Path

import pytest

import groundup as gu
from groundup.cli.main import main
from groundup.publish.card import README
from groundup.publish.command import command
from groundup.publish.front import front_matter
from groundup.recipes.recipe import PairRecipe
from groundup.recipes.table import RECIPES
from groundup.run.folder import find_run

SMALL = (
    "--model.width 32 --model.heads 2 --model.layers 1 --model.mlp-width 64 --model.encoder-layers 1 "
    "--tokenizer.vocab-size 300 --data.phrasebook 300 --data.valid 20 --data.test 20 --data.batch-tokens 512 "
    "--train.steps 20 --train.validate-every 10 --train.save-every 10 --train.log-every 5 --train.warmup 5 "
    "--train.threads 1 --max-minutes None"
).split()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory):
    """A folder with a trained translator, and its export."""
    place = tmp_path_factory.mktemp("home")
    with contextlib.chdir(place), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        main(["train", "translation", "phrasebook-it", "--name", "tiny-it", *SMALL])
        main(["export", "tiny-it", "--out", "out", "--inputs", "12"])
    return place


@pytest.fixture
def card(home: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(home)
    return (home / "out" / README).read_text(encoding="utf-8")


def test_the_hub_reads_its_figures(card: str, home: Path):
    """By the Hub's own reader: every figure of results.json, with its signature."""
    from huggingface_hub import ModelCard

    data = ModelCard(card).data
    assert data.license == "apache-2.0"
    assert data.language == ["en", "it"]
    assert data.to_dict()["pipeline_tag"] == "translation"
    results = json.loads((home / "runs/tiny-it/results.json").read_text())["results"]
    bleu = [one for one in results if one["metric"] == "bleu"]
    read = [one for one in data.eval_results or [] if one.metric_type == "bleu"]
    assert [one.metric_value for one in read] == [round(one["value"], 2) for one in bleu]
    assert all("nrefs" in one.metric_args["signature"] for one in read)
    assert {one.dataset_split for one in read} == {"test"}


def test_its_lines_run_and_answer_as_the_run(card: str):
    """The Python of the card, as it is pasted."""
    code = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    assert len(code) == 1
    with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.redirect_stderr(io.StringIO()):
        exec(code[0], {})
    run = gu.load("tiny-it", device="cpu")
    assert said.getvalue().strip() == run.translate(["Where is the station?"], num_beams=4, max_new_tokens=128)[0]


@pytest.mark.parametrize("beams", [1, 4])
def test_others_measure_the_same_bleu(home: Path, beams: int):
    """The whole test, translated by transformers and scored by sacreBLEU: exactly what results.json says."""
    import sacrebleu
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    from groundup.flow.evaluate import same_pairs

    with contextlib.chdir(home):
        run = gu.load("tiny-it", device="cpu")
        pairs = same_pairs({"tiny-it": run}).pairs  # type: ignore[dict-item]
    model = AutoModelForSeq2SeqLM.from_pretrained(home / "out", trust_remote_code=True)
    tokenizer = AutoTokenizer.from_pretrained(home / "out", trust_remote_code=True)
    texts = []
    for pair in pairs:
        batch = tokenizer(pair.source, return_tensors="pt")
        limit = run.limit(batch.input_ids.shape[1], None)
        ids = model.generate(**batch, max_new_tokens=limit, num_beams=beams, do_sample=False)[0]
        texts.append(tokenizer.decode(ids, skip_special_tokens=True))
    results = json.loads((home / "runs/tiny-it/results.json").read_text())["results"]
    figures = {(one["metric"], one["num_beams"]): one["value"] for one in results}
    references = [[pair.target for pair in pairs]]
    assert sacrebleu.corpus_bleu(texts, references).score == figures["bleu", beams]
    assert sacrebleu.corpus_chrf(texts, references).score == figures["chrf", beams]


def test_it_says_what_happened(card: str, home: Path):
    for words in (
        "phrasebook-it",
        "Licence of the data: Apache-2.0",
        "20 pairs for validation and 20 for the test",
        "20 steps in",
        "Seed 0",
        "| bleu |",
        "Among the worst",
        "at most 64 tokens",
        "trust_remote_code=True",
        "12 held-out inputs",
    ):
        assert words in card, words
    for picture in re.findall(r"!\[.*?\]\((.*?)\)", card):
        assert (home / "out" / picture).read_bytes().startswith(b"\x89PNG"), picture
    assert str(home) not in card, "where the files lie is nobody's business"


def test_its_command_trains_the_same(card: str, home: Path):
    """The printed command, with --dry-run: the recipe of the run."""
    recipe = find_run(home / "runs" / "tiny-it").recipe()
    line = command(recipe)
    assert line is not None
    assert line in card
    with contextlib.redirect_stdout(io.StringIO()) as said:
        main([*line.split()[1:], "--dry-run"])
    planned = json.loads(said.getvalue()[: said.getvalue().index("\n}\n") + 2])
    for part in ("data", "train", "tokenizer"):
        assert planned[part] == json.loads(json.dumps(gu_dict(recipe)[part])), part


def gu_dict(recipe: PairRecipe) -> dict:
    import dataclasses

    return dataclasses.asdict(recipe)


def test_a_path_is_named_without_its_folder():
    import dataclasses

    recipe = RECIPES["corpus"]
    data = dataclasses.replace(recipe.data, corpus="/home/ann/secret/book.txt")
    line = command(dataclasses.replace(recipe, data=data, name="mine"))
    assert line == "groundup train corpus book.txt --name mine"


def test_quotes_in_figures_stay_yaml():
    import yaml

    from groundup.publish.facts import Facts
    from groundup.run.results import Result

    result = Result(metric="bleu", value=1.5, split='te"st: {x}', size=3, seed=0, seconds=1.0, signature="a: 'b'|#c")
    facts = Facts([result], {}, "?", ["en"], "", [], None, None, "")
    text = front_matter(RECIPES["demo"], facts, "näme: x", licence="mit")
    values = yaml.safe_load(text.strip("-\n"))
    assert values["model-index"][0]["name"] == "näme: x"
    assert values["model-index"][0]["results"][0]["metrics"][0]["args"]["signature"] == "a: 'b'|#c"


def test_an_unfinished_run_is_not_pushed(home: Path, monkeypatch, capsys):
    monkeypatch.chdir(home)
    results = home / "runs/tiny-it/results.json"
    aside = results.rename(results.with_suffix(".aside"))
    try:
        with pytest.raises(SystemExit):
            main(["push", "tiny-it", "ann/tiny", "--dry-run"])
    finally:
        aside.rename(results)
    said = capsys.readouterr().err
    assert "not finished" in said
    assert "groundup resume tiny-it" in said
