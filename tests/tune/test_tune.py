"""groundup tune: what it leaves behind, that it goes on to the same end, and that its command trains the same."""

import json
import shlex
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from groundup.cli.main import main
from groundup.text.tokenizer import Tokenizer
from groundup.tune.draw import Study

FOLDER = Path("runs") / "corpus-tune"
WORDS = [(noun, word, n) for noun in "cat dog sea".split() for word in "old red big".split() for n in range(12)]
PAIRS = [(f"the {noun} is {word} {n}", f"{word} {noun} {n}") for noun, word, n in WORDS]


def found(folder: Path = FOLDER) -> dict[str, Any]:
    """results.json without times."""
    record = json.loads((folder / "results.json").read_text())
    record.pop("written")
    for trial in record["trials"]:
        trial.pop("minutes")
    return record


def test_a_tune_ends_with_a_table_a_picture_and_a_command_that_trains_the_same(here, finished: Path, capsys):
    shutil.copytree(finished, FOLDER)
    main(here.words())  # a finished one only reports again
    assert here.trained == []
    said, record = capsys.readouterr().out, found()
    assert [rung["trials"] for rung in record["rungs"]] == [4, 1]
    ranked = record["trials"]
    assert [trial["rank"] for trial in ranked] == [1, 2, 3, 4]
    assert len(ranked[0]["losses"]) == 2, "the best of the first rung was trained three times as long"
    assert ranked[0]["steps"][1] == pytest.approx(3 * ranked[0]["steps"][0], abs=3)
    others = [trial["losses"][0] for trial in ranked]
    assert others == sorted(others)
    assert {0, 1} <= {trial["trial"] for trial in ranked}
    assert (FOLDER / "plots" / "tune.png").read_bytes().startswith(b"\x89PNG")
    with sqlite3.connect(FOLDER / "study.db") as base:
        states = sorted(state for (state,) in base.execute("select state from trials"))
    assert states == ["COMPLETE", "PRUNED", "PRUNED", "PRUNED"]
    assert record["command"] in said

    main(shlex.split(record["command"])[1:])
    run = json.loads((Path("runs") / "corpus-tuned" / "results.json").read_text())
    trial = json.loads((Path(ranked[0]["run"]) / "outcome.json").read_text())
    assert run["training"]["steps"] == ranked[0]["steps"][1]
    assert run["training"]["last_validation_loss"] == pytest.approx(trial["figures"]["valid_last"], abs=1e-4)


@pytest.mark.parametrize("stop", [1, 4])
def test_interrupted_anywhere_it_goes_on_to_the_same_end(here, finished: Path, capsys, stop: int):
    (FOLDER / "range").mkdir(parents=True)
    for name in ("plan.json", "asked.json", "range/range.json"):  # what stands before the first trial
        shutil.copy(finished / name, FOLDER / name)
    plan = json.loads((finished / "plan.json").read_text())
    Study(FOLDER).begin(plan["axes"], plan["trials"])
    here.stop = stop
    with pytest.raises(SystemExit) as stopped:
        main(here.words())
    assert stopped.value.code == 130
    assert "same command again" in capsys.readouterr().err
    here.stop = None
    main(here.words())
    assert len(here.trained) == 5, "nothing twice"
    assert found() == found(finished)


def test_a_killed_training_is_begun_again_and_what_is_finished_is_not(here, finished: Path):
    """As after kill -9: a trial with a metrics.jsonl and no outcome."""
    shutil.copytree(finished, FOLDER)
    victim = FOLDER / "trials" / "02-rung-0"
    (victim / "outcome.json").unlink()
    shutil.rmtree(victim / "checkpoints")
    main(here.words())
    assert here.trained == [victim.name]
    assert found() == found(finished)


def test_another_command_is_another_tune(here, finished: Path, capsys):
    shutil.copytree(finished, FOLDER)
    for words, expected in (
        (here.words(minutes=0.007), "was begun with --minutes 0.0045, not 0.007; give another --name, or delete"),
        (here.words("--train.clip", "0.5"), "was begun with train.clip 1.0, not 0.5; give another --name, or delete"),
    ):
        with pytest.raises(SystemExit) as refused:
            main(words)
        assert refused.value.code == 2
        assert expected in capsys.readouterr().err
    assert here.trained == []


def test_json_is_what_is_written(here, finished: Path, capsys):
    shutil.copytree(finished, FOLDER)
    main(here.words("--json"))
    said = capsys.readouterr().out
    assert json.loads(said) == json.loads((FOLDER / "results.json").read_text())


def test_of_pairs_the_test_part_is_neither_encoded_nor_scored(here, monkeypatch: pytest.MonkeyPatch):
    from groundup.flow import score_pairs
    from groundup.flow.pairs import read_splits
    from groundup.recipes.recipe import PairData

    lines = [f"{source}\t{target}\n" for source, target in PAIRS]
    Path("pairs.tsv").write_text("".join(lines), encoding="utf-8")
    test = {side for pair in read_splits(PairData(corpus="pairs.tsv")).test for side in pair}
    encoded: set[str] = set()
    encode = Tokenizer.encode_joined

    def remember(self, texts):
        encoded.update(texts)
        return encode(self, texts)

    monkeypatch.setattr(Tokenizer, "encode_joined", remember)
    monkeypatch.setattr(score_pairs, "answer_pairs", None)  # would fail
    settings = (
        "--tokenizer.vocab-size 300 --model.context 32 --data.max-length 32 --data.batch-tokens 512 --model.width 16 "
    )
    settings += (
        "--model.heads 2 --model.layers 1 --model.encoder-layers 1 --train.average None --train.precision float32"
    )
    main([*"tune translation pairs.tsv --minutes 0.0045 --trials 4 --jobs 2".split(), *settings.split()])
    assert encoded
    assert test
    assert encoded & test == set()
    record = found(Path("runs") / "translation-tune")
    assert record["measure"].endswith("bits a byte"), "vocabularies differ, so losses a token say nothing"
    assert {trial["settings"]["vocabulary"] for trial in record["trials"]} > {300}


MINE = """
import groundup as gu

RECIPE = gu.TextRecipe(
    name="mine",
    data=gu.TextData(corpus="text.txt", valid=0.2, batch=8),
    tokenizer=gu.TokenizerSettings(kind="characters"),
    model=gu.preset("llama-tiny", vocab_size=20, context=16, width=16, layers=1, heads=2, mlp_width=32),
    train=gu.TrainSettings(steps=1000, warmup=5, threads=1, precision="float32"),
    own=dict(deeper=False),
)


def model(config, deeper):
    return gu.CausalLM(config)
"""


def test_a_model_of_ones_own_keeps_its_shape_and_is_made_by_the_copy_in_each_run(here):
    Path("mine.py").write_text(MINE, encoding="utf-8")
    main("tune mine.py --minutes 0.003 --trials 3 --jobs 2 --own.deeper true".split())
    record = found(Path("runs") / "mine-tune")
    assert set(record["trials"][0]["settings"]) == {"rate", "dropout", "batch"}
    assert (Path(record["trials"][0]["run"]) / "recipe.py").read_text() == MINE
    words = shlex.split(record["command"])
    assert words[:5] == ["groundup", "train", "mine.py", "--name", "mine-tuned"]
    assert words[words.index("--own.deeper") + 1] == "True"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", "name a recipe"),
        ("nonsense", "unknown recipe 'nonsense'"),
        ("dialogue", "there is no validation part to choose settings by"),
        ("corpus nothing.txt --minutes 0", "minutes (0) must be a number above 0; try --minutes 30"),
        ("corpus nothing.txt --trials 0", "trials (0) must be at least 1"),
        ("corpus text.txt --model.widht 8", "did you mean --model.width?"),
        ("translation", "none is named"),
    ],
)
def test_a_mistake_is_one_line(here, capsys, words, expected):
    with pytest.raises(SystemExit) as refused:
        main(["tune", *words.split()] if words else ["tune", "--minutes", "1"])
    said = capsys.readouterr().err
    assert refused.value.code == 2
    assert expected in said
    assert said.count("\n") == 1
    assert not Path("runs").exists()


def test_minutes_too_few_say_how_many_are_needed(here, capsys):
    with pytest.raises(SystemExit) as refused:
        main(here.words(minutes=1e-6))
    assert refused.value.code == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert "4 trials need at least" in said
    assert "try --minutes 0.1 or fewer --trials" in said


def test_a_folder_of_something_else_is_left_alone(here, capsys):
    FOLDER.mkdir(parents=True)
    (FOLDER / "letters.txt").write_text("mine")
    with pytest.raises(SystemExit):
        main(here.words())
    assert "is there already and is no tune; choose another --name" in capsys.readouterr().err
    assert [path.name for path in FOLDER.glob("[!.]*")] == ["letters.txt"]


def test_without_optuna_there_is_a_cure(here, capsys, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(SystemExit):
        main(here.words())
    assert capsys.readouterr().err == "groundup: tune needs optuna: pip install 'groundup[tune]'\n"


@pytest.mark.slow
@pytest.mark.posix
def test_kill_9_loses_no_more_than_the_trainings_in_progress(here, tmp_path: Path):
    """Processes as they are: the tune is killed twice, and its trainings end with it."""
    command = [sys.executable, "-m", "groundup", *here.words(minutes=1.5)]  # real ones
    for _ in range(2):
        tune = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        before = len(list(FOLDER.glob("trials/*/outcome.json")))
        while len(list(FOLDER.glob("trials/*/outcome.json"))) == before:
            assert tune.poll() is None
            time.sleep(0.05)
        tune.kill()
        tune.wait()
        kept = {path: path.stat().st_mtime_ns for path in FOLDER.glob("trials/*/outcome.json")}
        plan = (FOLDER / "plan.json").read_bytes()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    assert (FOLDER / "plan.json").read_bytes() == plan
    assert all(path.stat().st_mtime_ns == when for path, when in kept.items())
    record = found()
    assert len(record["trials"]) == 4


def test_a_study_that_is_gone_is_written_anew(here, finished: Path):
    shutil.copytree(finished, FOLDER)
    (FOLDER / "study.db").unlink()
    main(here.words())
    assert here.trained == []
    assert found() == found(finished)
    ours, theirs = (Study(folder) for folder in (FOLDER, finished))
    values = [
        [trial.value for trial in one.optuna.load_study(storage=one.storage, study_name="tune").trials]
        for one in (ours, theirs)
    ]
    assert values[0] == values[1]


def _without_a_rung(plan: Path) -> None:
    plan.write_text(json.dumps(json.loads(plan.read_text()) | {"steps": [[1]]}))


@pytest.mark.parametrize(
    ("name", "damage", "expected"),
    [
        ("study.db", lambda path: path.write_text("junk"), "delete it and give the same command again"),
        ("plan.json", _without_a_rung, "its trials, rungs and steps do not belong together"),
    ],
)
def test_a_damaged_file_is_one_line_with_the_cure(here, finished: Path, capsys, name, damage, expected):
    shutil.copytree(finished, FOLDER)
    damage(FOLDER / name)
    with pytest.raises(SystemExit) as refused:
        main(here.words())
    assert refused.value.code == 2
    said = capsys.readouterr().err
    assert f"{name}: damaged" in said
    assert expected in said
    assert said.count("\n") == 1
