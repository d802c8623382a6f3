"""Finished runs side by side: those that differ by their seed are one column, and everything is written as files."""

import csv
import dataclasses
import json
import statistics
from pathlib import Path

import pytest

from groundup.comparisons.comparison import Comparison
from groundup.comparisons.grouped import Finished, grouped
from groundup.comparisons.intervals import interval
from groundup.comparisons.side_by_side import side_by_side
from groundup.recipes.recipe import Recipe, save_recipe
from groundup.run.folder import RunFolder


def left_behind(folder: Path, recipe: Recipe, loss: float) -> str:
    """What a training by the recipe leaves, as far as it is read here."""
    folder.mkdir(parents=True)
    save_recipe(recipe, folder / "recipe.json")
    results = [dict(metric="loss", value=loss, split="validation", size=100, seed=0, seconds=1.0)]
    training = dict(best_validation_loss=loss, last_validation_loss=loss + 0.5, best_step=4, steps=8, parameters=1000)
    training |= dict(target_tokens=512, target_tokens_per_second=2000, minutes=0.5, hardware="a CPU")
    (folder / "results.json").write_text(json.dumps({"training": training, "results": results}))
    records = [{"step": 4, "loss": loss + 1}, {"step": 4, "valid_loss": loss + 0.5}, {"step": 8, "valid_loss": loss}]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return str(folder)


@pytest.fixture
def names(tiny: Comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Three seeds of gpt, mixed with one llama."""
    monkeypatch.chdir(tmp_path)
    gpt, llama = tiny.variants.values()
    made = []
    for seed, loss in enumerate((2.0, 2.2, 2.6)):
        train = dataclasses.replace(gpt.train, seed=seed)
        recipe = dataclasses.replace(gpt, name=f"gpt-{seed}", train=train, based_on="corpus")
        made.append(left_behind(Path("runs") / f"gpt-{seed}", recipe, loss))
    return [made[0], left_behind(Path("runs") / "llama", llama, 1.5), *made[1:]]


def finished(names: list[str]) -> list[Finished]:
    folders = [RunFolder(Path(name)) for name in names]
    return [Finished(one, one.recipe(), json.loads(one.results_file.read_text())) for one in folders]


def test_runs_that_differ_by_their_seed_are_one_with_the_interval_over_them(names):
    gpt, llama = grouped(finished(names))
    assert (gpt.seeds, llama.seeds) == ([0, 1, 2], [0])
    assert gpt.name == "runs/gpt-0 and 2 more seeds"
    assert gpt.numbers["loss on validation"] == interval([2.0, 2.2, 2.6])
    assert llama.numbers["loss on validation"].half is None
    assert gpt.facts["seed"] == "0, 1, 2"
    assert gpt.facts["learning rate"] == "0.001"


def test_the_same_seed_twice_is_no_interval(names, tiny):
    twin = left_behind(Path("runs") / "twin", dataclasses.replace(tiny.first, name="twin", based_on="x"), 2.0)
    assert [len(group.runs) for group in grouped(finished([names[0], twin]))] == [1, 1]


def test_runs_with_other_settings_stay_apart(names, tiny):
    model = dataclasses.replace(tiny.first.model, qk_norm=True)
    other = left_behind(Path("runs") / "other", dataclasses.replace(tiny.first, model=model), 2.0)
    assert len(grouped(finished([names[0], other]))) == 2


def test_the_table_shows_groups_and_the_files_hold_every_number(names, capsys):
    side_by_side(names)
    said = capsys.readouterr().out
    assert interval([2.0, 2.2, 2.6]).text(4) in said
    assert "1.5000" in said
    assert "95% interval over the seeds" in said
    assert "train the same with other seeds" in said
    (folder,) = Path("runs/compare").iterdir()
    assert f"{folder}: numbers.csv, numbers.json, curves.png, curves.csv" in said
    assert (folder / "curves.png").read_bytes().startswith(b"\x89PNG")
    with (folder / "numbers.csv").open(newline="") as file:
        rows = {(row["name"], row["figure"]): row for row in csv.DictReader(file)}
    gpt = rows["runs/gpt-0 and 2 more seeds", "loss on validation"]
    assert float(gpt["mean"]) == pytest.approx(statistics.fmean([2.0, 2.2, 2.6]))
    assert (gpt["seeds"], gpt["values"]) == ("3", "2 2.2 2.6")
    assert rows["runs/llama", "loss on validation"]["half of the 95% interval"] == ""
    one, other = json.loads((folder / "numbers.json").read_text())["groups"]
    assert [run["run"] for run in one["runs"]] == ["runs/gpt-0", "runs/gpt-1", "runs/gpt-2"]
    assert other["figures"]["loss on validation"] == {"mean": 1.5, "half": None}
    with (folder / "curves.csv").open(newline="") as file:
        points = [row for row in csv.DictReader(file) if row["run"] == "runs/gpt-1"]
    assert [(row["step"], row["loss"], row["valid_loss"]) for row in points] == [("4", "3.2", "2.7"), ("8", "", "2.2")]


def test_the_same_command_again_writes_the_same_folder_and_a_folder_of_others_stays(names, tmp_path):
    side_by_side(names)
    side_by_side(names)
    assert len(list(Path("runs/compare").iterdir())) == 1
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "numbers.csv").write_text("mine")
    with pytest.raises(ValueError, match="letters is not empty, and nothing in it is replaced"):
        side_by_side(names, out=tmp_path / "letters")
    assert (tmp_path / "letters" / "numbers.csv").read_text() == "mine"
    side_by_side(names, out=tmp_path / "here")
    assert (tmp_path / "here" / "numbers.json").is_file()


def test_two_runs_are_told_of_the_paired_test(names, capsys):
    side_by_side(names[:2])
    assert "groundup evaluate runs/gpt-0 runs/llama" in capsys.readouterr().out
    side_by_side(names[:3])
    assert "groundup evaluate" not in capsys.readouterr().out


def test_results_that_lack_something_are_named(names):
    path = Path(names[2]) / "results.json"
    record = json.loads(path.read_text())
    del record["training"]["minutes"]
    path.write_text(json.dumps(record))
    with pytest.raises(ValueError, match=r"gpt-1.*its training has no 'minutes'"):
        side_by_side(names)
