"""The recipe of GPT-2 124M is the published one, its modern sister changes what it says, the tiny one has its form."""

import dataclasses

import pytest

from groundup.build import count_parameters, on_meta
from groundup.decode.choose import Sample
from groundup.flow.watch import look
from groundup.models.causal_lm import CausalLM
from groundup.recipes import gpt2_124m, gpt2_124m_modern, gpt2_tiny
from groundup.recipes.recipe import load_recipe, save_recipe
from groundup.run.folder import RunFolder
from groundup.run.text import TextRun
from groundup.text.tokenizer import Tokenizer
from groundup.training import schedule
from groundup.training.flops import matrix_parameters
from groundup.training.optim import layer_matrices, parameter_groups

RECIPES = {module.RECIPE.name: module.RECIPE for module in (gpt2_124m, gpt2_124m_modern, gpt2_tiny)}
PUBLISHED = gpt2_124m.RECIPE


def test_the_published_model():
    """124,439,808 parameters with 50,257 tokens, and 47 rows of 768 more."""
    model = on_meta(PUBLISHED.model)
    assert count_parameters(model) == 124_439_808 + 47 * 768
    assert -(-PUBLISHED.tokenizer.vocab_size // PUBLISHED.tokenizer.pad) * PUBLISHED.tokenizer.pad == 50_304
    assert PUBLISHED.model.context == 1024
    assert PUBLISHED.model.dropout == 0


def test_the_published_schedule():
    train = PUBLISHED.train
    assert (train.steps, train.batch_tokens) == (19_073, 524_288)
    assert 9.99e9 < train.steps * train.batch_tokens < 10.01e9
    assert train.batch_tokens % (PUBLISHED.data.batch * PUBLISHED.model.context) == 0
    rate = schedule.from_settings(train)
    assert rate(715, 715 / 19_073) == pytest.approx(6e-4, rel=1e-3)
    assert rate(1, 1 / 19_073) == pytest.approx(8.39161e-07, rel=1e-3)  # as the first step of such a run printed
    assert rate(19_073, 1.0) == pytest.approx(6e-5, rel=1e-3)
    assert (train.beta2, train.clip, train.optimizer) == (0.95, 1.0, "adamw")
    assert (train.validate_every, train.save_every) == (250, 5000)


def test_matrices_decay_and_vectors_do_not():
    decaying, others = parameter_groups(on_meta(PUBLISHED.model), PUBLISHED.train.weight_decay)
    assert (decaying["weight_decay"], others["weight_decay"]) == (0.1, 0.0)
    counts = [sum(p.numel() for p in group["params"]) for group in (decaying, others)]
    assert counts == [124_354_560, 121_344]  # as build-nanogpt prints them


def test_the_modern_one_does_the_same_work():
    modern = RECIPES["gpt2-124m-modern"]
    assert (modern.data, modern.tokenizer) == (PUBLISHED.data, PUBLISHED.tokenizer)
    assert (modern.train.steps, modern.train.batch_tokens) == (PUBLISHED.train.steps, PUBLISHED.train.batch_tokens)
    assert matrix_parameters(on_meta(modern.model)) == matrix_parameters(on_meta(PUBLISHED.model))
    assert len(layer_matrices(on_meta(modern.model))) == 12 * 6
    assert modern.model.qk_norm


@pytest.mark.parametrize("name", RECIPES)
def test_they_are_kept_whole(name, tmp_path):
    save_recipe(RECIPES[name], tmp_path / "recipe.json")
    assert load_recipe(tmp_path / "recipe.json") == RECIPES[name]


def test_watching_writes_and_asks(trained_writer, monkeypatch, tmp_path):
    """A sample of each validation in the run's folder; questions only where HellaSwag is at hand."""
    said: list[str] = []
    monkeypatch.delenv("GROUNDUP_DATA", raising=False)
    assert look(trained_writer, 20, say=said.append) == {}
    assert (trained_writer.folder.samples / "step-00000020.txt").is_file()
    assert [line[:16] for line in said] == ["step 20  writes:"]
    look(trained_writer, 0, say=said.append)
    assert "HellaSwag is not asked: there is no hellaswag/hellaswag_val.jsonl" in said[2], "once, at the beginning"
    (tmp_path / "hellaswag").mkdir()
    lines = ['{"ctx": "I see", "endings": ["the dog.", "the sea."], "label": 1}\n'] * 8
    (tmp_path / "hellaswag" / "hellaswag_val.jsonl").write_text("".join(lines))
    monkeypatch.setenv("GROUNDUP_DATA", str(tmp_path))
    figures = look(trained_writer, 40, say=said.append)
    assert set(figures) == {"hellaswag_acc", "hellaswag_acc_norm", "hellaswag_acc_norm_token"}
    assert all(share in (0.0, 1.0) for share in figures.values())
    assert "HellaSwag, 8 questions: acc " in said[-1]


def test_rows_without_a_token_are_never_written(trained_writer):
    """The model has 128 rows for two dozen characters, and an untrained one would say any of them."""
    tokens = trained_writer.tokenizer.vocab_size
    assert tokens < trained_writer.model.config.vocab_size == 128
    writing = trained_writer.generate("I", choose=Sample(temperature=50.0, seed=0), max_new_tokens=200)
    assert len("".join(writing)) == 200
    assert max(writing.written.ids) < tokens


@pytest.fixture
def trained_writer(tmp_path):
    """A run of an untrained tiny model with 128 rows over a handful of characters."""
    tokenizer = Tokenizer.characters("I see the dog. the sea.\n")
    model = dataclasses.replace(gpt2_tiny.RECIPE.model, vocab_size=128, width=32, layers=1)
    (tmp_path / "run").mkdir()
    recipe = dataclasses.replace(gpt2_tiny.RECIPE, model=model)
    return TextRun(RunFolder(tmp_path / "run"), recipe, CausalLM(model).eval(), tokenizer)
