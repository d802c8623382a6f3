"""`groundup train` and `resume`: from a file to a judged run, whole after every interruption."""

import json
import math
import re
import shutil
import signal
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest
from safetensors.torch import load_file

from groundup.text.tokenizer import Tokenizer

PAIRS = "--model.width 32 --model.heads 2 --model.layers 1 --model.encoder-layers 1 --model.mlp-width 64".split()
TEXT = (
    "--model.width 32 --model.heads 2 --model.layers 1 --model.mlp-width 64 --model.context 32 --data.batch 4".split()
)
BOTH = "--tokenizer.vocab-size 300 --train.warmup 2 --train.threads 1 --max-minutes None".split()
SPLIT = "--data.valid 8 --data.test 8 --data.batch-tokens 512".split()


def steps(number: int, every: int) -> list[str]:
    said = f"--train.steps {number} --train.validate-every {every} --train.save-every {every} --train.log-every {every}"
    return said.split()


def translation(*data: str, number: int = 4, every: int = 4) -> list[str]:
    return ["train", "translation", *data, *PAIRS, *BOTH, *SPLIT, *steps(number, every)]


def corpus(*data: str, number: int = 4, every: int = 4) -> list[str]:
    return ["train", "corpus", *data, *TEXT, "--data.batch", "4", *BOTH, *steps(number, every)]


def read(run: Path, name: str):
    return json.loads((run / name).read_text(encoding="utf-8"))


def weights(run: Path, step: int):
    return load_file(run / "checkpoints" / f"step-{step:08d}" / "model.safetensors")


def same(a, b) -> bool:
    return a.keys() == b.keys() and all(a[name].equal(b[name]) for name in a)


def test_a_translation_run_is_complete_and_its_figures_have_their_circumstances(home):
    run = home / "runs" / "translator"
    for name in ("recipe.json", "tokenizer.json", "metrics.jsonl", "checkpoints/latest", "checkpoints/best"):
        assert (run / name).is_file(), name
    assert (run / "plots" / "loss.png").read_bytes().startswith(b"\x89PNG")
    results = read(run, "results.json")
    assert {(r["metric"], r["num_beams"]) for r in results["results"]} == {
        (metric, beams) for metric in ("bleu", "chrf", "ter", "exact-match") for beams in (1, 4)
    }
    for result in results["results"]:
        assert (result["split"], result["size"], result["seed"]) == ("test", 8, 0)
        assert 0 <= result["value"] <= 100 or result["metric"] == "ter"
        assert result["seconds"] >= 0
    assert "version:" in results["results"][0]["signature"]
    training = results["training"]
    assert training["steps"] == 80
    assert training["best_validation_loss"] <= training["last_validation_loss"] < math.log(300) / 2


@pytest.mark.parametrize("name", ["writer", "speller"])
def test_an_untrained_model_guesses_evenly(home, name):
    first = json.loads((home / "runs" / name / "metrics.jsonl").read_text().splitlines()[0])
    assert first["step"] == 0
    V = read(home / "runs" / name, "recipe.json")["model"]["vocab_size"]
    assert first["valid_loss"] == pytest.approx(math.log(V), rel=0.1)


def test_dialogue_learns_a_file_by_heart_and_shows_it(desk, cli):
    talk = {"Hello!": "Good morning to you.", "Who are you?": "A very small model.", "Good night.": "Sleep well."}
    (desk / "mine.tsv").write_text("".join(f"{said}\t{reply}\n" for said, reply in talk.items()))
    flags = ["--model.width", "64", "--train.lr", "5e-3", *steps(120, 120)]
    said = cli("train", "dialogue", "mine.tsv", "--name", "mine", *PAIRS, *BOTH, *flags)
    assert said.code == 0
    exact = [r["value"] for r in read(desk / "runs" / "mine", "results.json")["results"] if "exact" in r["metric"]]
    assert exact == [100.0, 100.0]
    replies = "\n".join(talk.values())
    shown = f">>>>> source text\n{chr(10).join(talk)}\n>>>>> target text\n{replies}\n>>>>> predict text\n{replies}\n"
    assert said.out.endswith(f"{shown}\nuse it       groundup chat mine\n")


def test_two_files_two_tokenizers_and_the_other_direction(desk, cli):
    said = cli(*translation("pairs.en", "pairs.it"), "--tokenizer.no-shared", "--data.reverse", "--name", "back")
    assert said.code == 0
    run = desk / "runs" / "back"
    assert not (run / "tokenizer.json").exists()
    source, target = Tokenizer.load(run / "source.json"), Tokenizer.load(run / "target.json")
    model = read(run, "recipe.json")["model"]
    assert (model["source_vocab_size"], model["vocab_size"]) == (source.vocab_size, target.vocab_size)
    # Each is trained on its own side, which `reverse` has swapped.
    assert len(source.encode("mangia la casa")) < len(target.encode("mangia la casa"))
    assert len(target.encode("they see the house")) < len(source.encode("they see the house"))
    assert cli("translate", "back", "io vede il mare.").code == 0


def test_pairs_too_long_to_be_learnt_do_not_cost_the_run_its_figures(desk, cli):
    with (desk / "pairs.tsv").open("a") as file:
        file.writelines(f"{'word ' * 400}{n}\tparola {n}\n" for n in range(60))
    said = cli(*translation("pairs.tsv"))
    assert said.code == 0
    assert re.search(r"test +\d+ of 8 sources cannot be read", said.out)
    assert len(read(desk / "runs" / "translation", "results.json")["results"]) == 8


def test_pairs_by_characters(desk, cli):
    asked = [word for word in translation("pairs.tsv") if word not in ("--tokenizer.vocab-size", "300")]
    assert cli(*asked, "--tokenizer.kind", "characters", "--name", "letters").code == 0
    tokenizer = Tokenizer.load(desk / "runs" / "letters" / "tokenizer.json")
    text = "".join((desk / name).read_text() for name in ("pairs.en", "pairs.it")).replace("\n", "")
    assert tokenizer.vocab_size == len(set(text)) + 3
    said = cli("translate", "letters", stdin="I see Ω.\nI see it all.\n")
    assert said.code == 2
    assert said.err.startswith("groundup: line 1: the character 'Ω'")
    assert said.out.count("\n") == 2


@pytest.mark.parametrize("name", ["gpt2-tiny", "gpt3-tiny", "llama3-tiny"])
def test_a_language_model_of_any_make(desk, cli, name):
    assert cli(*corpus("text.txt"), "--preset", name, "--model.kv-heads", "1").code == 0
    run = desk / "runs" / "corpus"
    model = read(run, "recipe.json")["model"]
    assert model["position"] == ("rotary" if "llama" in name else "learned")
    assert model["vocab_size"] == Tokenizer.load(run / "tokenizer.json").vocab_size
    assert model["windows"] == ([None, 32] if name == "gpt3-tiny" else [None])


def test_a_folder_of_texts(desk, cli):
    (desk / "books" / "old").mkdir(parents=True)
    for number in range(20):
        (desk / "books" / "old" / f"{number}.txt").write_text(
            f"book {number}\n" + (desk / "pairs.en").read_text()[:400]
        )
    said = cli(*corpus("books"))
    assert said.code == 0
    assert cli("evaluate", "corpus").code == 0


def test_a_dry_run_shows_every_default_and_trains_nothing(desk, cli):
    said = cli(*translation("pairs.tsv"), "--dry-run")
    assert (said.code, said.err) == (0, "")
    plan, last = said.out.rsplit("\n}\n", 1)
    recipe = json.loads(plan + "}")
    assert recipe["data"]["corpus"] == "pairs.tsv"
    assert recipe["train"]["weight_decay"] > 0
    assert re.match(r"[\d,]+ parameters at 300 tokens; .* MB; 512 tokens a step", last)
    assert not (desk / "runs").exists()
    # Two vocabularies are two embeddings: 300 more rows of width 32.
    more = int(last.split()[0].replace(",", "")) + 300 * 32
    assert f"\n{more:,} parameters" in cli(*translation("pairs.tsv"), "--dry-run", "--tokenizer.no-shared").out


def test_the_recipe_of_a_run_says_what_was_asked(home):
    recipe = read(home / "runs" / "translator", "recipe.json")
    assert recipe["model"]["width"] == 64
    assert recipe["train"]["steps"] == 80
    assert recipe["max_minutes"] is None
    assert recipe["data"] | {"corpus": "pairs.tsv", "valid": 8, "test": 8} == recipe["data"]


def test_a_run_may_have_the_name_of_another_recipe(desk, cli):
    assert cli(*corpus("text.txt"), "--name", "demo").code == 0
    assert cli("resume", "demo", "--steps", "5").code == 0


def test_a_replaced_run_is_gone_and_the_new_one_stands(desk, cli):
    assert cli(*corpus("text.txt")).code == 0
    before = weights(desk / "runs" / "corpus", 4)
    assert cli(*corpus("text.txt"), "--overwrite", "--train.seed", "7").code == 0
    assert not same(before, weights(desk / "runs" / "corpus", 4))
    assert [path.name for path in (desk / "runs").iterdir()] == ["corpus"]


def stop_at(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Ctrl-C while step `number` is being taken."""
    from groundup.training import fit

    train = fit.train

    def interrupted(*arguments, **options):
        for step in train(*arguments, **options):
            if step.n == number:
                signal.raise_signal(signal.SIGINT)
            yield step

    monkeypatch.setattr(fit, "train", interrupted)


@pytest.mark.parametrize("kind", [translation, corpus])
def test_interrupted_and_resumed_is_the_same_to_the_last_bit(desk, cli, monkeypatch, kind):
    data = "pairs.tsv" if kind is translation else "text.txt"
    flags = ["--model.dropout", "0.1", "--train.accumulate", "2"]
    assert cli(*kind(data, number=12, every=6), *flags, "--name", "unbroken").code == 0
    with monkeypatch.context() as patch:
        stop_at(patch, 7)
        said = cli(*kind(data, number=12, every=6), *flags, "--name", "broken")
    assert said.code == 130
    assert said.err.splitlines()[-1] == "groundup: stopped at step 7, saved; go on with: groundup resume broken"
    assert cli("resume", "broken").code == 0
    assert same(weights(desk / "runs" / "unbroken", 12), weights(desk / "runs" / "broken", 12))
    one, other = (read(desk / "runs" / name, "results.json") for name in ("unbroken", "broken"))
    assert [r["value"] for r in one["results"]] == [r["value"] for r in other["results"]]


def test_twice_as_many_steps_are_n_then_n(desk, cli):
    constant = ["--train.schedule", "constant"]
    assert cli(*corpus("text.txt", number=8), *constant, "--name", "whole").code == 0
    assert cli(*corpus("text.txt", number=4), *constant, "--name", "halves").code == 0
    assert cli("resume", "halves", "--steps", "8").code == 0
    assert same(weights(desk / "runs" / "whole", 8), weights(desk / "runs" / "halves", 8))
    assert read(desk / "runs" / "halves", "recipe.json")["train"]["steps"] == 8


def test_fewer_steps_than_were_taken_are_refused(desk, complaint, trained):
    shutil.copytree(trained / "runs" / "writer", desk / "runs" / "writer")
    assert "40 steps are taken already, more than --steps 3" in complaint("resume", "writer", "--steps", "3")
    assert read(desk / "runs" / "writer", "recipe.json")["train"]["steps"] == 40


def test_a_finished_run_resumed_changes_nothing(desk, cli, trained):
    shutil.copytree(trained / "runs" / "writer", desk / "runs" / "writer")
    before = weights(desk / "runs" / "writer", 40)
    figures = [r["value"] for r in read(desk / "runs" / "writer", "results.json")["results"]]
    said = cli("resume", "writer")
    assert said.code == 0
    assert "all 40 steps done" in said.err
    assert same(before, weights(desk / "runs" / "writer", 40))
    assert [r["value"] for r in read(desk / "runs" / "writer", "results.json")["results"]] == figures


def test_a_damaged_latest_checkpoint_costs_its_steps_only(desk, cli, trained):
    shutil.copytree(trained / "runs" / "writer", desk / "runs" / "writer")
    file = desk / "runs" / "writer" / "checkpoints" / "step-00000040" / "optimizer.safetensors"
    file.write_bytes(file.read_bytes()[:-1])
    before = weights(desk / "runs" / "writer", 40)
    said = cli("resume", "writer")
    assert said.code == 0
    assert re.search(r"resumed at step 20; warning: .*optimizer.safetensors: damaged.*going on from step 20", said.err)
    assert same(before, weights(desk / "runs" / "writer", 40))


def test_a_run_moved_elsewhere_says_where_to_resume_it(desk, cli, complaint, trained):
    shutil.copytree(trained / "runs" / "writer", desk / "moved" / "writer")
    assert "runs/" in complaint("resume", "moved/writer")
    assert cli("generate", "moved/writer", "--max-new-tokens", "2").code == 0


@pytest.mark.posix
def test_ctrl_c_in_a_terminal_saves_and_resume_finishes(desk, cli):
    groundup = [sys.executable, "-c", "from groundup.cli.main import main; main()"]
    # One thread, as in this process: sums of more threads come in another order.
    command = [*groundup, *corpus("text.txt", number=100_000, every=5)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as training:
        assert training.stderr is not None
        assert any(line.startswith("step 10 ") for line in islice(training.stderr, 200))
        training.send_signal(signal.SIGINT)
        last = training.stderr.read().splitlines()[-1]
    assert training.returncode == 130
    stopped = re.fullmatch(r"groundup: stopped at step (\d+), saved; go on with: groundup resume corpus", last)
    assert stopped
    end = int(stopped[1]) + 3
    assert cli("resume", "corpus", "--steps", str(end)).code == 0
    assert read(desk / "runs" / "corpus", "results.json")["training"]["steps"] == end


def test_interrupted_before_the_first_step_leaves_nothing(desk, cli, monkeypatch):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("groundup.training.fit.train", interrupted)
    said = cli(*corpus("text.txt"))
    assert said.code == 130
    assert said.err.endswith("groundup: interrupted\n")
    assert not (desk / "runs").exists()


def test_a_training_killed_while_replacing_a_run_does_not_cost_it(desk, cli, trained):
    shutil.copytree(trained / "runs" / "writer", desk / "runs" / ".corpus.replaced")  # put aside, and then no more time
    (desk / "runs" / "corpus").mkdir()
    shutil.copy(trained / "runs" / "writer" / "recipe.json", desk / "runs" / "corpus")
    said = cli("train", "corpus", "gone.txt", "--overwrite")
    assert said.code == 2
    assert [path.name for path in (desk / "runs").iterdir()] == ["corpus"]
    assert cli("generate", "corpus", "--max-new-tokens", "2").code == 0
