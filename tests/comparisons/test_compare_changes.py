"""Comparisons out of one recipe: rows of changes in a Python file, and one field with several values."""

import dataclasses
from pathlib import Path

import pytest

from groundup.cli.vary import varied
from groundup.comparisons.changes import changed, counted, of_file, of_values
from groundup.comparisons.comparison import Comparison, check_sizes
from groundup.recipes.recipe import TextRecipe
from groundup.recipes.table import find_recipe
from groundup.run.own_code import STOCK, OwnCode, read_code


@pytest.fixture
def recipe(tiny: Comparison) -> TextRecipe:
    assert isinstance(tiny.first, TextRecipe)
    return tiny.first


def test_changes_go_into_the_parts_they_name(recipe):
    recipe = dataclasses.replace(recipe, own={"gate": True, "rank": 2})
    row = changed(recipe, "row", {"model": {"norm": "rms"}, "own": {"rank": 3}, "sample": "so"})
    assert (row.name, row.model.norm, row.own, row.sample) == ("row", "rms", {"gate": True, "rank": 3}, "so")
    assert (row.model.width, row.data, row.train) == (recipe.model.width, recipe.data, recipe.train)
    with pytest.raises(ValueError, match="row: unknown setting 'modle'; did you mean 'model'"):
        changed(recipe, "row", {"modle": {}})
    with pytest.raises(ValueError, match="row: model: unknown setting 'widht'; did you mean 'width'"):
        changed(recipe, "row", {"model": {"widht": 3}})


def test_minutes_are_no_fair_budget(recipe):
    by_time = find_recipe("shakespeare-char")
    with pytest.raises(ValueError, match=r"shakespeare-char ends after 2 minutes, and .* add --steps 1000"):
        counted(by_time, None)
    fair = counted(by_time, 40)
    assert (fair.train.steps, fair.max_minutes, fair.train.warmup, fair.train.validate_every) == (40, None, 4, 10)
    assert counted(recipe, None).train == recipe.train, "a budget in steps is kept as it is"


@pytest.mark.parametrize(
    ("words", "field", "names", "values"),
    [
        ("model.width 16 32", "model.width", ["width-16", "width-32"], [16, 32]),
        ("train.lr 1e-3 2e-3", "train.lr", ["lr-1e-3", "lr-2e-3"], [1e-3, 2e-3]),
        ("model.qk-norm true false", "model.qk_norm", ["qk_norm-true", "qk_norm-false"], [True, False]),
        ("model.windows None,4 8", "model.windows", ["windows-None_4", "windows-8"], [(None, 4), (8,)]),
        ("model.norm layer rms", "model.norm", ["norm-layer", "norm-rms"], ["layer", "rms"]),
        ("own.gate on off", "own.gate", ["gate-on", "gate-off"], ["on", "off"]),
    ],
)
def test_values_are_read_as_the_flags_are(recipe, words, field, names, values):
    recipe = dataclasses.replace(recipe, own={"gate": "on"})
    said, variants = varied(recipe, words.split())
    part, name = field.split(".")
    assert said == field
    assert list(variants) == names
    found = [
        getattr(one, part)[name] if part == "own" else getattr(getattr(one, part), name) for one in variants.values()
    ]
    assert found == values


def test_fewer_steps_have_a_shorter_warm_up(recipe):
    recipe = dataclasses.replace(recipe, train=dataclasses.replace(recipe.train, steps=100, warmup=50))
    _, variants = varied(recipe, ["train.steps", "20", "200"])
    assert [(one.train.steps, one.train.warmup) for one in variants.values()] == [(20, 2), (200, 50)]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("model.widht 16 32", "unknown field 'model.widht'; did you mean 'model.width'"),
        ("width 16 32", "unknown field 'width'"),
        ("train.seed 1 2", r"--seeds 0 1 2"),
        ("max_minutes 1 2", "counted in steps"),
        ("model.width 16 wide", "wide"),
        ("model.width 16 17", "must divide width|must be even"),
        ("model.width 16 16", "16 is there twice"),
        ("model.qk_norm yes no", "takes True or False, not 'yes'"),
        ("model.rope_theta 10000 20000", "only rotary positions turn"),
        ("model.vocab_size 30 40", "the tokenizer decides"),
    ],
)
def test_what_cannot_be_varied_is_said_with_the_cure(recipe, words, said):
    with pytest.raises(ValueError, match=said):
        varied(recipe, words.split())


def test_what_follows_from_the_field_may_differ_and_nothing_else(recipe):
    for words in ("model.width 16 32", "data.batch 2 4", "model.dropout 0.0 0.1", "train.steps 8 16"):
        field, variants = varied(recipe, words.split())
        variants = {name: counted(one, None) for name, one in variants.items()}
        comparison = of_values(recipe, variants, field=field, code=STOCK)
        assert len(check_sizes(comparison)) == 2
        assert comparison.name == f"gpt-{field}"
    assert "512 to 1,024 tokens a run, by train.steps" in comparison.budget
    assert [comparison.grid(name) for name in variants] == [[1e-3], [1e-3]]
    field, variants = varied(recipe, ["data.valid", "0.1", "0.2"])
    with pytest.raises(ValueError, match="unequal data"):
        of_values(recipe, variants, field=field, code=STOCK)
    field, variants = varied(recipe, ["model.width", "16"])
    with pytest.raises(ValueError, match="at least 2 variants, not 1"):
        of_values(recipe, variants, field=field, code=STOCK)


def file(recipe: TextRecipe, comparison: object, tmp_path: Path) -> OwnCode:
    path = tmp_path / "mine.py"
    path.write_text(
        '"""Two of mine."""\nimport groundup as gu\ndef model(config, extra):\n    return gu.CausalLM(config)\n'
    )
    return dataclasses.replace(read_code(path), recipe=recipe, comparison=comparison)


def test_rows_of_a_file_are_its_recipe_with_changes(recipe, tmp_path):
    recipe = dataclasses.replace(recipe, own={"extra": 1})
    code = file(recipe, {"plain": {}, "more": {"own": {"extra": 2}}}, tmp_path)
    comparison = of_file(code)
    assert comparison.about == "Two of mine."
    assert [(name, one.own, one.code) for name, one in comparison.variants.items()] == [
        ("plain", {"extra": 1}, code.sha256),
        ("more", {"extra": 2}, code.sha256),
    ]
    assert of_file(code, steps=4).first.train.steps == 4
    whole = dataclasses.replace(code, comparison=dataclasses.replace(comparison, code=STOCK))
    assert of_file(whole).variants == comparison.variants
    assert of_file(whole).code is whole


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (None, "has no COMPARISON; write one, .* or add --vary"),
        ([1, 2], "COMPARISON must be a gu.Comparison, or beside a RECIPE its rows"),
        ({"a": 1, "b": 2}, "COMPARISON must be"),
        ({"a": {}}, "at least 2 variants"),
        ({"a": {}, "b/c": {}}, "'b/c' must be the name of a folder"),
        ({"a": {}, "b": {"data": {"batch": 8}}}, "unequal training tokens"),
    ],
)
def test_rows_that_are_none(recipe, tmp_path, rows, said):
    with pytest.raises(ValueError, match=said):
        of_file(file(dataclasses.replace(recipe, own={"extra": 1}), rows, tmp_path))
