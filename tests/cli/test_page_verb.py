"""groundup page: one file of each kind of run, where it was asked for, and never in the place of another."""

import json
import re

import pytest

import groundup as gu
from groundup.flow.pairs import read_splits


def data_in(page: str) -> dict:
    return json.loads(page.split('id="data">')[1].split("</script>")[0])


@pytest.mark.parametrize("name", ["translator", "talker", "writer", "speller"])
def test_a_page_of_each_kind_of_run(home, cli, tmp_path, name):
    path = tmp_path / "page.html"
    said = cli("page", name, "--out", str(path), "--precision", "int8")
    assert said.code == 0, said.err
    assert re.fullmatch(rf"{re.escape(str(path))}  \d\.\d MB; open it in a browser\n", said.out)
    data = data_in(path.read_text(encoding="utf-8"))
    run = gu.load(f"runs/{name}")
    if name == "translator":  # it begins with sentences of its test part
        assert data["examples"]
        assert {*data["examples"]} <= {pair.source for pair in read_splits(run.recipe.data).test}
    assert (data["task"], data["precision"]) == (run.recipe.task, "int8")
    assert data["config"] == json.loads(json.dumps(run.model.config.to_dict()))


def test_it_stands_in_the_run_folder_and_stays_there(beginner, cli, complaint):
    assert cli("page", "beginner").code == 0
    assert (beginner / "page.html").is_file()
    assert complaint("page", "beginner") == (
        "runs/beginner/page.html is there already; give another name, or --overwrite to replace it"
    )
    assert cli("page", "beginner", "--overwrite", "--precision", "float32").code == 0
    assert data_in((beginner / "page.html").read_text(encoding="utf-8"))["precision"] == "float32"


def test_what_it_refuses(home, complaint):
    assert "no run called 'transletor'; did you mean 'translator'" in complaint("page", "transletor")
    assert "runs is a folder" in complaint("page", "translator", "--out", "runs")
    assert "the folder nowhere is not there" in complaint("page", "translator", "--out", "nowhere/page.html")
    assert "step" in complaint("page", "translator", "--checkpoint", "7")
