"""A run is found by its path or by its name under runs/."""

import shutil

import pytest

import groundup as gu
from groundup.run.folder import find_run
from groundup.run.load import which
from groundup.run.pairs import PairRun
from groundup.run.text import TextRun


def test_by_path_and_by_name(workshop, translator, writer, monkeypatch, tmp_path):
    for path in (workshop / "runs" / "writer", str(workshop / "runs" / "writer")):
        assert find_run(path).name == "writer"
    monkeypatch.chdir(workshop)
    assert find_run("writer").path.resolve() == (workshop / "runs" / "writer").resolve()
    assert isinstance(gu.load("translator"), PairRun)
    assert isinstance(gu.load("runs/writer"), TextRun)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="none yet"):
        find_run("writer")


def test_the_nearest_name_is_offered_but_no_half_made_run(workshop, translator, monkeypatch):
    monkeypatch.chdir(workshop)
    with pytest.raises(ValueError, match="did you mean 'translator'"):
        gu.load("translater")
    aside = workshop / "runs" / ".writer.replaced"
    aside.mkdir(exist_ok=True)
    (aside / "recipe.json").write_text("{}")
    with pytest.raises(ValueError, match=r"there are: (?!.*replaced)"):
        gu.load("xyzzy")


@pytest.mark.parametrize("which", ["best", "latest", 75, 150])
def test_any_checkpoint_that_is_there(translator, which):
    assert gu.load(translator.folder.path, checkpoint=which).translate(["two cats and dogs."])


def test_a_checkpoint_by_its_name():
    assert [which(name) for name in ("best", "latest", "75")] == ["best", "latest", 75]
    for name in ("Best", "-1", "7.5", "", "²", "½"):
        with pytest.raises(ValueError, match=f"unknown checkpoint '{name}'; say best, latest or the number of a step"):
            which(name)


def test_a_checkpoint_that_is_not_there(translator):
    with pytest.raises(FileNotFoundError, match=r"step-00000076: there is no .* 75, 150, try --checkpoint 150"):
        gu.load(translator.folder.path, checkpoint=76)


def test_a_tokenizer_that_is_not_there_is_named(translator, writer, tmp_path):
    for run in (translator, writer):
        copy = shutil.copytree(run.folder.path, tmp_path / run.folder.name)
        (copy / "tokenizer.json").unlink()
        missing = rf"{run.folder.name}/tokenizer.json is missing.*bring it back.*train it again"
        with pytest.raises(ValueError, match=missing):
            gu.load(copy)
    recipe = (copy.parent / "translator" / "recipe.json").read_text()
    two = copy.parent / "translator"
    (two / "recipe.json").write_text(recipe.replace('"shared": true', '"shared": false'))
    shutil.copy(translator.folder.path / "tokenizer.json", two / "source.json")
    with pytest.raises(ValueError, match=r"translator/target\.json is missing"):
        gu.load(two)


def test_a_recipe_that_does_not_fit_the_weights_is_refused(translator, tmp_path):
    shutil.copytree(translator.folder.path, tmp_path / "run")
    recipe = (tmp_path / "run" / "recipe.json").read_text()
    (tmp_path / "run" / "recipe.json").write_text(recipe.replace('"width": 64', '"width": 32'))
    with pytest.raises(ValueError, match="use the recipe it was made with"):
        gu.load(tmp_path / "run")
