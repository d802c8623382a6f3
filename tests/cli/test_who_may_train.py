"""One process trains into a run at a time, no earlier run is lost, and what is resumed is still the recipe."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from groundup.training import loop

SMALL = (
    "--model.width 32 --model.heads 2 --model.layers 1 --model.mlp-width 64 --tokenizer.vocab-size 300 "
    "--train.warmup 2 --train.threads 1 --max-minutes None"
).split()
TEXT = [*SMALL, *"--model.context 32 --data.batch 4".split()]
PAIRS = [*SMALL, *"--model.encoder-layers 1 --data.batch-tokens 512".split()]


def steps(number: int, every: int) -> list[str]:
    said = f"--train.steps {number} --train.validate-every {every} --train.save-every {every} --train.log-every {every}"
    return said.split()


def corpus(*data: str, number: int = 4) -> list[str]:
    return ["train", "corpus", *data, *TEXT, *steps(number, 4)]


def read(run: Path, name: str):
    return json.loads((run / name).read_text(encoding="utf-8"))


HOLD = """
import sys
from pathlib import Path
from groundup.run.claim import alone
from groundup.run.folder import RunFolder

with alone(RunFolder(Path(sys.argv[1]))):
    print("held", flush=True)
    sys.stdin.readline()
"""


def holder(run: str) -> subprocess.Popen:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, run], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


@pytest.mark.parametrize("ending", ["ends", "is killed"])
def test_two_processes_do_not_train_into_one_run(desk, cli, trained, ending):
    shutil.copytree(trained / "runs" / "writer", desk / "runs" / "corpus")
    before = {path: path.read_bytes() for path in (desk / "runs" / "corpus").rglob("*") if path.is_file()}
    other = holder("runs/corpus")
    try:
        for arguments in (
            [*corpus("text.txt"), "--overwrite"],
            corpus("text.txt"),
            ["resume", "corpus", "--steps", "80"],
            ["resume", "corpus", "--convert"],
        ):
            said = cli(*arguments)
            assert said.code == 2
            assert said.err == (
                "groundup: runs/corpus: another process is training into it; wait for it, or begin one with another "
                "--name\n"
            )
        assert before == {path: path.read_bytes() for path in before}
        assert cli("generate", "corpus", "--max-new-tokens", "2").code == 0
        if ending == "ends":
            other.communicate("\n")
    finally:
        other.kill()
        other.communicate()
    assert cli(*corpus("text.txt"), "--overwrite").code == 0
    assert [path.name for path in (desk / "runs").iterdir()] == ["corpus"]


def test_two_comparisons_do_not_work_in_one_folder(desk, cli):
    other = holder("cmp/runs")
    try:
        said = cli("compare", "modern", "--steps", "3", "--out", "cmp")
        assert said.code == 2
        assert "groundup: cmp/runs: another process is training into it" in said.err
    finally:
        other.communicate("\n")
    assert not (desk / "cmp").exists()


@pytest.mark.parametrize("place", [".", ".."])
def test_a_run_may_be_named_by_where_one_stands(desk, cli, trained, monkeypatch, place):
    shutil.copytree(trained / "runs" / "writer", desk / "runs" / "writer")
    monkeypatch.chdir(desk / "runs" / "writer" / ("" if place == "." else "plots"))
    assert cli("resume", place, "--convert").code == 0
    assert [path.name for path in (desk / "runs").iterdir()] == ["writer"]


def test_a_run_put_aside_by_a_training_that_was_killed_early_is_not_the_next_ones_to_replace(desk, cli, trained):
    shutil.copytree(trained / "runs" / "writer", desk / "runs" / ".corpus.replaced")
    said = cli(*corpus("text.txt"))  # nobody said --overwrite
    assert said.code == 2
    assert "runs/corpus is already there" in said.err
    assert [path.name for path in (desk / "runs").iterdir()] == ["corpus"]
    assert read(desk / "runs" / "corpus", "recipe.json") == read(trained / "runs" / "writer", "recipe.json")


def test_once_a_run_is_resumed_the_one_that_it_replaced_is_gone(desk, cli, trained):
    shutil.copytree(trained / "runs" / "writer", desk / "runs" / "writer")
    shutil.copytree(trained / "runs" / "speller", desk / "runs" / ".writer.replaced")
    assert cli("resume", "writer", "--steps", "41").code == 0
    assert [path.name for path in (desk / "runs").iterdir()] == ["writer"]


def test_a_run_of_another_name_is_resumed_as_its_recipe(desk, cli):
    """With what the recipe looks at on the way, and what it shows at the end."""
    small = [*TEXT, "--train.batch-tokens", "128", *steps(4, 2)]
    assert cli("train", "gpt2-tiny", "text.txt", "--name", "mine", *small).code == 0
    run = desk / "runs" / "mine"
    assert read(run, "recipe.json")["based_on"] == "gpt2-tiny"
    samples = set((run / "samples").iterdir())
    assert cli("resume", "mine", "--steps", "6").code == 0
    assert {path.name for path in set((run / "samples").iterdir()) - samples} == {"step-00000006.txt"}
    recipe = read(run, "recipe.json")
    assert recipe.pop("based_on")
    (run / "recipe.json").write_text(json.dumps(recipe))  # as it was written before
    assert cli("resume", "mine").code == 0


def test_what_was_judged_of_a_finished_run_stays_when_it_is_resumed_to_no_step(desk, cli, trained):
    shutil.copytree(trained / "runs" / "writer", desk / "runs" / "writer")
    assert cli("evaluate", "writer", "--data", "text.txt").code == 0
    kept = read(desk / "runs" / "writer", "results.json")["evaluations"]
    assert kept[-1]["how"]["data"] == "text.txt"
    assert cli("resume", "writer").code == 0
    assert read(desk / "runs" / "writer", "results.json")["evaluations"] == kept
    assert cli("resume", "writer", "--steps", "42").code == 0
    assert "evaluations" not in read(desk / "runs" / "writer", "results.json")  # another model


def test_steps_that_are_asked_for_are_taken_though_the_minutes_are_over(desk, cli):
    assert cli(*corpus("text.txt", number=3), "--max-minutes", "10").code == 0
    recipe = read(desk / "runs" / "corpus", "recipe.json")
    recipe["max_minutes"] = 1e-6
    (desk / "runs" / "corpus" / "recipe.json").write_text(json.dumps(recipe))
    assert cli("resume", "corpus", "--steps", "7").code == 0
    assert read(desk / "runs" / "corpus", "results.json")["training"]["steps"] == 7
    assert read(desk / "runs" / "corpus", "recipe.json")["max_minutes"] is None


@pytest.mark.parametrize("recipe", ["dialogue", "demo"])
def test_a_sentence_too_long_does_not_cost_what_a_recipe_shows(desk, cli, recipe):
    with (desk / "talk.tsv").open("a") as file:
        file.write("word " * 400 + "\tWhat?\n")
    memorise = ["--data.memorise"] if recipe == "demo" else []
    said = cli("train", recipe, "talk.tsv", *PAIRS, *steps(2, 2), *memorise)
    assert said.code == 0, said.err
    assert "Sleep well, my friend." in said.out
    assert "word word" not in said.out


def test_runs_that_were_judged_on_more_and_on_less_are_not_compared(desk, complaint, trained):
    for name in ("one", "two"):
        shutil.copytree(trained / "runs" / "writer", desk / "runs" / name)
    record = read(desk / "runs" / "two", "results.json")
    for result in record["results"]:
        result["size"] = 100  # of shards that are judged by their first tokens, say
    (desk / "runs" / "two" / "results.json").write_text(json.dumps(record))
    said = complaint("compare", "runs/one", "runs/two")
    assert "of it, runs/two on 100 (validation): such figures cannot be compared" in said


def test_a_run_that_was_put_aside_can_be_resumed_at_once(desk, cli, complaint, trained):
    shutil.copytree(trained / "runs" / "writer", desk / "runs" / ".writer.replaced")
    assert "writer was put aside by a training that ended early; bring it back" in complaint("generate", "writer", "a")
    assert cli("resume", "writer").code == 0
    assert [path.name for path in (desk / "runs").iterdir()] == ["writer"]


def test_a_mistake_leaves_no_folder_behind(desk, cli):
    assert cli("train", "corpus", "nosuch.txt").code == 2
    assert not (desk / "runs").exists()


@pytest.mark.parametrize("kind", ["pairs", "text"])
def test_what_was_learnt_is_never_judged_as_held_out(desk, cli, kind):
    """The corpus grows, so its parts are dealt anew, and some of what was for learning would be for the test."""
    flags = [*PAIRS, *steps(2, 2), "--data.valid", "8", "--data.test", "8"]
    train = corpus("text.txt") if kind == "text" else ["train", "translation", "pairs.tsv", *flags]
    assert cli(*train, "--name", "one").code == 0
    assert cli("evaluate", "one").code == 0
    file = desk / ("text.txt" if kind == "text" else "pairs.tsv")
    before = file.read_text()
    file.write_text(before + ("One line more.\n" if kind == "text" else "I was late.\tEro in ritardo.\n"))
    for arguments in (["evaluate", "one"], ["resume", "one", "--steps", "6"]):
        said = cli(*arguments)
        assert said.code == 2
        assert "runs/one held out another" in said.err
    assert cli("evaluate", "one", "--data", file.name).code == 0
    (desk / "runs" / "one" / "held-out.json").unlink()  # as a run from before has none
    assert cli("evaluate", "one").code == 0
    file.write_text(before)
    assert cli("resume", "one", "--steps", "6").code == 0
    assert (desk / "runs" / "one" / "held-out.json").is_file()


@pytest.fixture
def at_step(monkeypatch):
    """Do something once a training has taken the step."""

    def at_step(number, work):
        def train(*arguments, **options):
            for step in loop.train(*arguments, **options):
                if step.n == number:
                    work()
                yield step

        monkeypatch.setattr("groundup.training.fit.train", train)

    return at_step


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


UNJUDGED = "--train.steps 8 --train.validate-every 8 --train.save-every 2 --train.log-every 8".split()


def test_a_finished_run_is_kept_until_the_new_one_can_be_used(desk, cli, trained, at_step):
    """Ctrl-C after a save without a best one: both runs stay; the new one's first best lets the earlier one go."""
    shutil.copytree(trained / "runs" / "writer", desk / "runs" / "corpus")
    at_step(3, lambda: os.kill(os.getpid(), signal.SIGINT))
    train = ["train", "corpus", "text.txt", *TEXT, *UNJUDGED, "--overwrite"]
    for _ in range(2):  # the second one replaces the unfinished one, not the finished
        assert cli(*train).code == 130
        assert names(desk / "runs") == [".corpus.replaced", "corpus"]
        assert read(desk / "runs" / ".corpus.replaced", "results.json") == read(
            trained / "runs" / "writer", "results.json"
        )
    said = cli("generate", "corpus", "--max-new-tokens", "2")
    assert said.code == 2
    assert "has no best checkpoint yet; go on with it (groundup resume corpus)" in said.err
    assert cli("generate", "corpus", "--max-new-tokens", "2", "--checkpoint", "latest").code == 0
    assert cli("resume", "corpus").code == 0
    assert names(desk / "runs") == ["corpus"]


@pytest.mark.parametrize("fate", ["moved", "removed", "replaced"])
def test_a_run_that_is_gone_is_not_called_saved(desk, cli, at_step, fate):
    run = desk / "runs" / "corpus"

    def lose():
        run.rename(desk / "elsewhere")
        if fate != "moved":
            shutil.rmtree(desk / "elsewhere")
        if fate == "replaced":
            run.mkdir()
            (run / "mine").write_text("of somebody")
        os.kill(os.getpid(), signal.SIGINT)

    at_step(3, lose)
    said = cli("train", "corpus", "text.txt", *TEXT, *UNJUDGED)
    assert said.code == 2
    assert said.err.splitlines()[-1].startswith("groundup: ")
    assert "is not there any more" in said.err.splitlines()[-1]
    assert [path.name for path in desk.glob("runs/*/*")] == (["mine"] if fate == "replaced" else [])
    if fate == "moved":
        (desk / "runs" / "found").parent.mkdir(exist_ok=True)
        (desk / "elsewhere").rename(desk / "runs" / "found")
        at_step(0, lose)  # there is no such step: nothing is lost a second time
        assert cli("resume", "found").code == 0


def test_a_link_to_a_run_is_that_run(desk, cli, trained):
    (desk / "disk").mkdir()
    shutil.copytree(trained / "runs" / "writer", desk / "disk" / "real")
    (desk / "runs").mkdir()
    (desk / "runs" / "corpus").symlink_to(desk / "disk" / "real")
    other = holder("disk/real")
    try:
        said = cli(*corpus("text.txt"), "--overwrite")
        assert said.code == 2
        assert "another process is training into it" in said.err
    finally:
        other.communicate("\n")
    for number in (4, 8):
        assert cli(*corpus("text.txt", number=number), "--overwrite").code == 0
        assert read(desk / "disk" / "real", "recipe.json")["train"]["steps"] == number
    assert (desk / "runs" / "corpus").is_symlink()
    assert names(desk / "disk") == ["real"]
    assert names(desk / "runs") == ["corpus"]
