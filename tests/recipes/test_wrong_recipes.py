"""A recipe.json that somebody changed: values of a wrong type or an absurd size are one line that names the file."""

import json

import pytest

from groundup.recipes.recipe import load_recipe, save_recipe
from groundup.recipes.table import RECIPES
from groundup.training.settings import TrainSettings

TEXT, PAIRS = RECIPES["gpt2-tiny"], RECIPES["translation"]


@pytest.fixture(params=[TEXT, PAIRS], ids=["text", "pairs"])
def change(request, tmp_path):
    """Write the recipe with one value changed, and read it."""
    path = tmp_path / "recipe.json"

    def change(setting, value):
        save_recipe(request.param, path)
        values = json.loads(path.read_text())
        *parts, last = setting.split(".")
        inner = values
        for part in parts:
            inner = inner[part]
        inner[last] = value
        path.write_text(json.dumps(values))
        return load_recipe(path)

    change.path = path
    return change


STRANGE = [None, True, 1.5, "x", [], [1], {}, {"a": 1}, -1, 10**23, 10**400, float("nan"), float("inf")]
FIELDS = [
    "name task max_minutes based_on data model tokenizer train",
    "data.corpus",
    "model.layers model.width model.heads model.context model.vocab_size model.encoder_layers model.norm",
    "model.windows model.rope_scaling model.dropout model.tied model.bias model.rope_theta",
    "tokenizer.kind tokenizer.vocab_size tokenizer.pattern tokenizer.shared tokenizer.dropout tokenizer.pad",
    "train.lr train.steps train.seed train.threads train.accumulate train.device train.precision train.clip",
    "train.batch_tokens train.timeout train.warmup train.beta2 train.keep train.recompute train.patience",
]


@pytest.mark.parametrize("setting", " ".join(FIELDS).split())
def test_every_value_is_right_or_refused_in_one_line(change, setting):
    for value in STRANGE:
        try:
            loaded, said = change(setting, value), None
        except ValueError as error:
            loaded, said = None, str(error)
        if said is not None:
            assert said.startswith(f"{change.path}: ")
            assert "\n" not in said
            assert len(said) < 700
        else:
            save_recipe(loaded, change.path)
            assert load_recipe(change.path) == loaded


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("train.lr", None),
        ("train.seed", 1.5),
        ("train.steps", "7"),
        ("train.recompute", 1),
        ("train.accumulate", 10**18),
        ("train.threads", 10**6),
        ("data.corpus", 5),
        ("model.width", 10**23),
        ("model.layers", 10**9),
        ("model.context", 10**12),
        ("tokenizer.pattern", ["a"]),
        ("tokenizer.vocab_size", 10**30),
        ("name", 5),
        ("max_minutes", "1"),
    ],
)
def test_what_killed_the_process_is_refused(change, setting, value):
    with pytest.raises(ValueError, match=setting.rpartition(".")[2]):
        change(setting, value)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"format": 1, "a":' * 5000, "null", "[]", "5", "{}", "", "\xff"])
def test_a_file_that_is_no_record_is_named(tmp_path, text):
    path = tmp_path / "recipe.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match=r"recipe\.json: ") as error:
        load_recipe(path)
    assert "\n" not in str(error.value)


def test_a_whole_number_may_stand_for_a_float():
    assert TrainSettings(lr=1, clip=1).lr == 1
