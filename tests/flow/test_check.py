"""What would not count is refused in one line before anything is read, and what counts is not."""

import dataclasses
from typing import get_args

import pytest

from groundup.cli import data, tokenizer
from groundup.cli import train as verb
from groundup.data.shards import is_shard_folder
from groundup.flow.check import check
from groundup.flow.pairs import read_splits
from groundup.plan.work import work
from groundup.presets import PRESETS
from groundup.recipes.recipe import PairData, PairRecipe, TokenizerSettings
from groundup.recipes.table import RECIPES
from groundup.training.settings import ScheduleName, TrainSettings

PUBLISHED = "multi30k-de-en has published parts (1,014 and 1,000 pairs); leave it out, or name another corpus"


@pytest.fixture
def train(monkeypatch):
    """`groundup train ARGUMENTS` up to where the training would begin: the recipe that it would follow."""
    begun = []
    monkeypatch.setattr(verb, "begin", lambda recipe, **_: begun.append(recipe))

    def call(arguments):
        verb.main(arguments.split())
        return begun.pop()

    return call


@pytest.fixture
def refused(train):
    def call(arguments):
        with pytest.raises(ValueError) as error:
            train(arguments)
        message = str(error.value)
        assert "\n" not in message
        return message

    return call


@pytest.mark.parametrize(
    ("arguments", "message", "cured"),
    [
        (
            "corpus --train.decay 0.5",
            "--train.decay (0.5): only wsd comes down so, not cosine; leave it out, or add --train.schedule wsd",
            "--train.schedule wsd",
        ),
        (
            "corpus --train.schedule constant --train.floor 0.9",
            "--train.floor (0.9): only cosine and wsd end there, not constant; leave it out, or add --train.schedule "
            "cosine",
            "--train.schedule cosine",
        ),
        (
            "demo --train.matrix-lr 0.5",
            "--train.matrix-lr (0.5): only muon has it, not adamw; leave it out, or add --train.optimizer muon",
            "--train.optimizer muon",
        ),
        (
            "gpt2-tiny --model.rope-theta 5",
            "--model.rope-theta (5.0): only rotary positions turn, not learned; leave it out, or add --model.position "
            "rotary",
            "--model.position rotary",
        ),
        (
            "corpus --tokenizer.no-shared",
            "--tokenizer.no-shared: a running text has one side, and one vocabulary; leave it out, or learn from "
            "pairs: groundup train translation pairs.tsv",
            None,
        ),
        (
            "shakespeare-char --data.document-mask",
            "--data.document-mask: texts are separated by an end-of-text token, which vocabularies of characters do "
            "not have; leave it out, or add --tokenizer.kind bpe",
            "--tokenizer.kind bpe",
        ),
        (
            "shakespeare-char --tokenizer.vocab-size 300",
            "--tokenizer.vocab-size (300): characters are as many as the text has; leave it out, or add "
            "--tokenizer.kind bpe",
            "--tokenizer.kind bpe",
        ),
        (
            "demo --tokenizer.kind words --tokenizer.pattern gpt2",
            "--tokenizer.pattern (gpt2): it says where merges end, and words have none; leave it out, or add "
            "--tokenizer.kind bpe",
            "--tokenizer.kind bpe",
        ),
        (
            "fra-eng --model.tied head --model.source-vocab-size 99",
            "--model.source-vocab-size (99): the tokenizers decide it; leave it out, or set --tokenizer.vocab-size "
            "instead",
            None,
        ),
        (
            "demo --data.max-length 300",
            "--data.max-length (300): the model has a context of 128 (model.context); leave it out, or add "
            "--model.context 300",
            "--model.context 300",
        ),
        (
            "fra-eng --data.phrasebook 5",
            "--data.phrasebook (5): fra-eng is used whole; leave it out, or name phrasebook-fr or phrasebook-it",
            "--data.corpus phrasebook-it",
        ),
        (
            "translation --data.corpus pairs.tsv --data.phrasebook 5",
            "--data.phrasebook (5): pairs.tsv is used whole; leave it out, or name phrasebook-fr or phrasebook-it",
            "--data.corpus phrasebook-fr",
        ),
        ("multi30k --data.split-seed 9", f"--data.split-seed (9): {PUBLISHED}", "--data.corpus fra-eng"),
        (
            "dialogue --data.split-seed 9",
            "--data.split-seed (9): --data.memorise holds nothing out; leave it out, or add --data.no-memorise",
            "--data.no-memorise",
        ),
        (
            "demo --data.memorise --data.phrasebook 5",
            "--data.phrasebook (5): --data.memorise takes all there is; leave it out, or add --data.no-memorise",
            "--data.no-memorise",
        ),
        (
            "demo --train.batch-tokens 4096",
            "--train.batch-tokens (4,096): batches of pairs have up to 2,048 tokens (data.batch_tokens), never exactly "
            "that many; give --train.accumulate 2 instead",
            "--train.batch-tokens None --train.accumulate 2",
        ),
        (
            "corpus --train.parallel ddp",
            "parallel ddp needs the processes that torchrun starts; try torchrun --nproc-per-node 2 -m groundup train "
            "..., or --parallel none",
            "--train.parallel none",
        ),
        (
            "demo --parallel fsdp",
            "parallel fsdp needs the processes that torchrun starts; try torchrun --nproc-per-node 2 -m groundup train "
            "..., or --parallel none",
            "--parallel none",
        ),
        ("demo --train.device cuda:77", "device 'cuda:77' is not here (", "--train.device cpu"),
        ("corpus --train.device abacus", "unknown device 'abacus'; try auto, cpu, cuda or mps", "--train.device auto"),
    ],
)
def test_what_would_not_count_is_refused_with_a_cure_that_cures(train, refused, arguments, message, cured):
    said = refused(arguments)
    assert said.startswith(message) if message.endswith("(") else said == message
    if cured is not None:
        name = arguments.split()[0]
        without = arguments.replace("--parallel fsdp", "").replace("--train.parallel ddp", "")
        assert train(f"{without} {cured}").name == name


def test_shards_that_have_a_part_for_validation_are_not_cut_anew(train, refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = tmp_path / "text.txt"
    text.write_text("".join(f"{n} times {n} is {n * n}.\n" for n in range(300)))
    tokenizer.main(["train", "text.txt", "280", "--out", "tok"])
    for folder, held_out in (("parted", "99"), ("whole", "0")):
        options = f"--tokenizer tok --out {folder} --valid-tokens {held_out} --workers 1"
        data.main(["prepare", "text.txt", *options.split()])
    said = refused("gpt2-tiny parted --data.valid 0.3")
    why = "parted holds token shards, some of them made for validation"
    assert said == f"--data.valid (0.3): {why}; leave it out, or set --data.valid-tokens"
    assert train("gpt2-tiny parted --data.valid-tokens 50").data.valid_tokens == 50
    assert train("gpt2-tiny whole --data.valid 0.3").data.valid == 0.3


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_passes_and_says_nothing_that_would_not_count(train, name):
    recipe = RECIPES[name]
    given = f"{name} {'pairs.tsv' if not recipe.data.corpus else ''}"
    assert train(given).model == recipe.model
    if not is_shard_folder(recipe.data.corpus) and recipe.data.corpus:
        nothing = dict(train=TrainSettings(), data=type(recipe.data)(), tokenizer=TokenizerSettings())
        check(recipe, dataclasses.replace(recipe, **nothing))
    pairs = isinstance(recipe, PairRecipe)
    for preset, settings in PRESETS.items():
        if pairs == ("encoder_layers" in settings):
            assert train(f"{given} --preset {preset}").model.width == settings["width"]


def test_a_setting_that_stays_as_the_recipe_has_it_is_no_mistake(train):
    train("replies --preset transformer-tiny --model.context 64")  # a max_length of 192, of which 64 count
    train("multi30k --train.optimizer adamw")  # its matrix_lr is the recipe's
    train("multi30k --data.test 1000 --data.valid 1014")
    train("demo mine.tsv")  # asks for 80,000 of the phrasebook
    train("demo --data.max-length 128 --data.split-seed 3 --data.phrasebook 500 --tokenizer.no-shared")


@pytest.mark.parametrize("schedule", get_args(ScheduleName))
def test_of_the_schedule_exactly_what_changes_no_rate_is_refused(train, refused, schedule):
    from groundup.training.schedule import from_settings

    def rates(**changes):
        settings = TrainSettings(steps=100, warmup=10, schedule=schedule, **changes)
        rate = from_settings(settings)
        return [rate(n, (n - 1) / 100) for n in range(1, 101)]

    for name in ("floor", "decay"):
        arguments = f"gpt2-tiny --train.schedule {schedule} --train.{name} 0.7"
        if rates(**{name: 0.7}) != rates():
            train(arguments)
        else:
            assert refused(arguments).startswith(f"--train.{name} (0.7): ")


def test_a_setting_is_refused_in_a_dry_run_too(refused):
    assert refused("demo --train.batch-tokens 4096 --dry-run").startswith("--train.batch-tokens (4,096)")


def test_a_resumed_run_may_be_started_otherwise_than_it_was():
    recipe = RECIPES["corpus"]
    sliced = dataclasses.replace(recipe, train=dataclasses.replace(recipe.train, parallel="fsdp"))
    check(sliced, sliced)


@pytest.mark.parametrize("name", ["demo", "replies"])
def test_a_plan_for_pairs_takes_no_context(name):
    T = RECIPES[name].data.max_length
    with pytest.raises(ValueError, match=rf"{name} .* {T} tokens \(data.max_length\).*--context \(16\).*leave it out"):
        work(name, context=16)
    assert work(name).config.context == T
    assert work("corpus", context=16).config.context == 16


def test_of_data_of_ones_own_a_tenth_is_held_out_at_most(train):
    for recipe in ("translation", "fra-eng", "replies"):
        data = train(f"{recipe} pairs.tsv").data
        assert (data.valid, data.test) == (None, None)
        assert train(f"{recipe} pairs.tsv --data.valid 7 --data.test 9").data.valid == 7
    assert train("fra-eng").data.test == 2000
    assert train("fra-eng multi30k-de-en").data.valid == 1014


@pytest.mark.parametrize(("pairs", "learnt"), [(2500, 2000), (30, 24), (20_000, 18_000)])
def test_small_data_is_mostly_for_learning(tmp_path, pairs, learnt):
    (tmp_path / "pairs.tsv").write_text("".join(f"a{n}\tb{n}\n" for n in range(pairs)))
    splits = read_splits(PairData(corpus=str(tmp_path / "pairs.tsv")))
    assert len(splits.train) == learnt
    assert len(splits.valid) == len(splits.test)


def test_data_too_small_to_split_names_both_flags(tmp_path):
    (tmp_path / "pairs.tsv").write_text("a\tb\n")
    with pytest.raises(ValueError, match=r"too small to split: 1 pairs.*--data.valid and --data.test"):
        read_splits(PairData(corpus=str(tmp_path / "pairs.tsv")))


def test_memorised_data_has_no_held_out_parts_to_size(refused):
    assert "leave it or --data.valid (9) out" in refused("dialogue --data.valid 9")
