"""`groundup doctor`: exit codes, bad input in one line, JSON; and `gu.doctor`."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn
from ward import FOLDER, cases

import groundup as gu
from groundup.cli.main import main
from groundup.doctor.catalogue import CATALOGUE
from groundup.doctor.examine import examine
from groundup.doctor.reading import read_patient
from groundup.doctor.visit import _report

MODEL = """
import torch
from torch import nn

class Tiny(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(20, 16)
        self.layer = nn.TransformerEncoderLayer(16, 2, 32, 0.0, batch_first=True)
        self.head = nn.Linear(16, 20)

    def forward(self, ids):
        T = ids.shape[1]
        return self.head(self.layer(self.embed(ids), nn.Transformer.generate_square_subsequent_mask(T)))

def model():
    return Tiny()
"""


def doctor(*arguments: str) -> int:
    try:
        main(["doctor", *arguments])
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)

    def write(text: str) -> str:
        (tmp_path / "mine.py").write_text(text)
        return "mine.py"

    return write


def test_a_sound_file(mine, capsys):
    before = MODEL
    assert doctor(mine(before)) == 0
    out = capsys.readouterr().out
    assert "sound" in out or "nothing wrong" in out
    assert Path("mine.py").read_text() == before


def test_a_sick_file_as_json(mine, capsys):
    sick = MODEL.replace(", nn.Transformer.generate_square_subsequent_mask(T)", "")
    assert doctor(mine(sick), "--json") == 1
    said = json.loads(capsys.readouterr().out)
    first = said["findings"][0]
    assert not said["sound"]
    assert (first["name"], first["severity"]) == ("future", "wrong")
    assert first["page"] == "docs/doctor.md#future"
    assert first["place"]["line"] is not None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import torch\n", "defines no model"),
        ("model = 3\n", "write `def model()"),
        (
            MODEL.replace("def forward(self, ids)", "def forward(self, ids, mask, positions)"),
            r"def logits\(model, ids\)",
        ),
        (MODEL + "\ndef logits(model, ids):\n    return model(ids)[:, -1]\n", "vocabulary"),
        (MODEL + "\nVOCAB = 'many'\n", "VOCAB must be a whole number"),
        ("import argparse\np = argparse.ArgumentParser()\np.add_argument('x')\np.parse_args()\n" + MODEL, "__main__"),
    ],
)
def test_what_cannot_be_examined_says_what_to_write(mine, text, said):
    with pytest.raises(ValueError, match=said):
        examine(read_patient(Path(mine(text))))


def test_what_cannot_be_examined_is_one_line(mine, capsys):
    assert doctor(mine("import torch\n")) == 2
    err = capsys.readouterr().err
    assert "defines no model" in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (MODEL.replace("return self.head(", "return self.tail("), "return self.tail("),
        ("x = 1 / 0\n" + MODEL, "x = 1 / 0"),
    ],
)
def test_a_crash_is_a_finding_with_its_line(mine, capsys, text, line):
    assert doctor(mine(text), "--json") == 1
    first = json.loads(capsys.readouterr().out)["findings"][0]
    assert first["name"] == "crash"
    assert first["place"]["source"].startswith(line)


def test_a_loop_without_an_end_is_named(mine, capsys):
    hung = MODEL.replace("        T = ids.shape[1]", "        while True: pass")
    assert doctor(mine(hung), "--seconds", "8", "--json") == 1
    first = json.loads(capsys.readouterr().out)["findings"][0]
    assert first["name"] == "hang"
    assert "while True" in first["place"]["source"]


def test_a_file_that_trains_when_it_is_read(mine, capsys):
    trains = MODEL + (
        "\nm = model()\nopt = torch.optim.SGD(m.parameters(), 0.1)\nwhile True:\n"
        "    opt.zero_grad()\n    m(torch.zeros(1, 4).long()).sum().backward()\n    opt.step()\n"
    )
    assert doctor(mine(trains)) == 0
    assert "trains, and was passed over" in capsys.readouterr().out


def test_nothing_there(capsys):
    assert doctor("nothing-there.py") == 2
    assert "is not a file" in capsys.readouterr().err


@pytest.mark.slow
def test_a_recipe_of_ours_is_sound(capsys):
    assert doctor("gpt2-tiny") == 0
    assert doctor("replies") == 0


def test_test_texts_in_the_training_text(mine, capsys):
    Path("train.txt").write_text("a quick brown fox jumps over the old lazy dog again\n" * 3)
    Path("test.txt").write_text("A quick brown fox jumps over the old lazy dog again\n")
    assert doctor(mine(MODEL), "--data", "train.txt", "test.txt", "--json") == 1
    assert next(one["name"] for one in json.loads(capsys.readouterr().out)["findings"]) == "overlap"


class Leaky(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(30, 12)
        self.head = nn.Linear(12, 30)

    def forward(self, ids):
        x = self.embed(ids)
        return self.head(x + (x @ x.transpose(1, 2) * 12**-0.5).softmax(-1) @ x)


def test_from_python():
    model, state = Leaky(), torch.get_rng_state()
    report = gu.doctor(model, vocab=30)
    assert report.findings[0].name == "future"
    assert "Leaky" in str(report)
    assert torch.equal(state, torch.get_rng_state())
    with pytest.raises(ValueError, match="unknown name 'vocabulary'"):
        gu.doctor(Leaky, vocabulary=30)


def test_the_handbook_has_a_heading_for_every_finding():
    page = (FOLDER.parents[2] / "docs" / "doctor.md").read_text(encoding="utf-8")
    assert [name for name in CATALOGUE if f"\n### {name}\n" not in page] == []


def test_edits_of_the_ward_apply():
    assert len({case.id for case in cases()}) == len(cases())


def test_a_run_of_ours_is_sound(mine, capsys):
    Path("pairs.tsv").write_text(
        "".join(f"{n} dogs, {m} cats\t{n} cani, {m} gatti\n" for n in range(8) for m in range(8))
    )
    small = (
        "--model.width 32 --model.heads 2 --model.layers 1 --model.encoder-layers 1 --model.mlp-width 64 "
        "--tokenizer.vocab-size 300 --data.batch-tokens 256 --data.valid 4 --data.test 4 --max-minutes None "
        "--train.steps 4 --train.warmup 1 --train.threads 1"
    )
    main(["train", "translation", "pairs.tsv", "--name", "tiny", *small.split()])
    assert "doctor       " not in capsys.readouterr().out
    assert doctor("tiny") == 0


def test_a_model_of_ones_own_that_leaks_is_told_before_its_training(capsys):
    from groundup.flow.checkup import first_look

    config = gu.preset("gpt2-tiny", vocab_size=64, context=32, width=32, heads=4, layers=2)
    model, recipe = gu.CausalLM(config), replace(gu.find_recipe("gpt2-tiny"), model=config)
    first_look(model, recipe, say=print)
    assert capsys.readouterr().out == ""

    class Leaks(nn.Module):
        def forward(self, x):
            return x - x.mean(1, keepdim=True)

    model.stack.blocks[0].mlp_norm = Leaks()
    first_look(model, recipe, say=print)
    assert "a normalisation runs over time" in capsys.readouterr().out


def test_a_file_that_is_no_python_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "pairs.tsv").write_text("a\tb\n")
    with pytest.raises(SystemExit) as end:
        main(["doctor", str(tmp_path / "pairs.tsv")])
    assert end.value.code == 2
    assert "pairs.tsv is not a Python file; the doctor examines FILE.py, a run or a recipe" in capsys.readouterr().err


def test_a_doctor_that_fails_costs_no_training(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    from groundup.flow.checkup import first_look
    from groundup.recipes.table import find_recipe

    def failing(*_: object, **__: object) -> None:
        raise RuntimeError("a mistake of the doctor's")

    monkeypatch.setattr("groundup.flow.checkup.examine", failing)
    first_look(nn.Linear(2, 2), find_recipe("gpt2-tiny"), say=print)
    assert capsys.readouterr().out == ""


def test_an_examination_that_is_cut_short_says_what_it_did(tmp_path: Path):
    record = {"stage": "rows of a batch", "found": [], "checked": ["axes"], "ahead": ["padding"]}
    report = _report(tmp_path / "mine.py", record, None, "", "", 60.0)
    assert report.checked == ("axes",)
    assert report.not_checked[0].startswith("rows of a batch, padding: the time was over")
    with pytest.raises(ValueError, match="smaller size"):
        _report(tmp_path / "mine.py", {"stage": "the first logits of a large model"}, None, "", "", 60.0)
