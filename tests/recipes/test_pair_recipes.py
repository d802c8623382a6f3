"""The recipes of real corpora take them as published, and a fine-tuned recipe says where it came from."""

import dataclasses

import pytest

from groundup.flow.init_from import begun_from
from groundup.flow.pairs import read_splits
from groundup.recipes.recipe import TokenizerSettings, load_recipe, save_recipe
from groundup.recipes.table import find_recipe


def test_multi30k_is_never_dealt_out_anew(data_dir):
    data = find_recipe("multi30k").data
    splits = read_splits(dataclasses.replace(data, valid=7, test=7, split_seed=5))
    for part, stem in ((splits.valid, "val"), (splits.test, "test_2016_flickr")):
        lines = (data_dir / f"multi30k/{stem}.en").read_text(encoding="utf-8").splitlines()
        assert [pair.target.split() for pair in part] == [line.split() for line in lines]
    assert len(splits.train) > 28_000


@pytest.mark.parametrize("corpus", ["tatoeba-en-it", "europarl-en-it"])
def test_en_it_both_ways(data_dir, corpus):
    data = dataclasses.replace(find_recipe("en-it").data, corpus=corpus)
    there, back = read_splits(data), read_splits(dataclasses.replace(data, reverse=True))
    assert [(pair.target, pair.source) for pair in there.test] == back.test
    assert len(there.test) == data.test


def test_a_recipe_keeps_where_its_weights_came_from(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    recipe = begun_from(find_recipe("corpus"), tmp_path)
    save_recipe(recipe, tmp_path / "recipe.json")
    assert load_recipe(tmp_path / "recipe.json").init_from == str(tmp_path.resolve())


@pytest.mark.parametrize("settings", [{"kind": "words"}, {"dropout": 0.1}])
def test_running_text_refuses_what_is_for_pairs(settings):
    with pytest.raises(ValueError, match="is for pairs"):
        dataclasses.replace(find_recipe("corpus"), tokenizer=TokenizerSettings(**settings))
