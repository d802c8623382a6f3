"""A whole comparison, with processes and files, on a text of a few kilobytes."""

import dataclasses
import io
import json
import time
from pathlib import Path

import pytest

from groundup.cli.main import main
from groundup.comparisons.comparison import Comparison
from groundup.comparisons.conduct import TEST, conduct, gather, planned, with_test_part
from groundup.comparisons.one_run import PLAN, run_one
from groundup.comparisons.report import report
from groundup.comparisons.trials import Outcome, Trial, read_outcome
from groundup.data.load import load_texts
from groundup.flow.score_text import score_text
from groundup.flow.text import read_texts
from groundup.presets import preset
from groundup.recipes.recipe import PairData, PairRecipe, TextRecipe, TokenizerSettings, save_recipe
from groundup.run.load import load_text_run
from groundup.training.log import read_metrics
from groundup.training.settings import TrainSettings


@pytest.fixture(scope="module")
def done(tiny: Comparison, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[Trial, Outcome]]:
    root = tmp_path_factory.mktemp("compared") / "tiny"
    root.mkdir()
    here(with_test_part(tiny, root), root, "gpt")
    return root, conduct(tiny, root, jobs=2, threads=1)


def here(comparison: Comparison, root: Path, variant: str) -> None:
    """Train a variant as `conduct` has it trained, but in this process: it takes seconds to start another."""
    for seed in comparison.seeds:
        trial = Trial(variant, comparison.lrs[0], seed)
        trial.folder(root).mkdir(parents=True)
        save_recipe(planned(comparison, trial), trial.folder(root) / PLAN)
        run_one(trial.folder(root), load_texts(root / TEST) if (root / TEST).is_file() else None)


def test_learning_validation_and_test_are_the_text_cut_in_three(tiny: Comparison, corpus: Path, tmp_path: Path):
    cut = with_test_part(tiny, tmp_path)
    assert isinstance(cut.first, TextRecipe)
    (train,), (valid,) = read_texts(cut.first.data)
    (test,) = load_texts(tmp_path / TEST)
    text = corpus.read_text()
    assert train + valid + test == text
    assert len(train) == int(0.8 * len(text))
    assert abs(len(valid) - len(test)) <= 1


def test_a_corpus_that_changed_is_noticed(tiny: Comparison, tmp_path: Path):
    corpus = tmp_path / "mine.txt"
    corpus.write_text("some words\n" * 100)
    data = dataclasses.replace(tiny.first.data, corpus=str(corpus))
    variants = {name: dataclasses.replace(recipe, data=data) for name, recipe in tiny.variants.items()}
    moved = dataclasses.replace(tiny, variants=variants)
    with_test_part(moved, tmp_path)
    corpus.write_text("other words\n" * 100)
    with pytest.raises(ValueError, match="no longer what"):
        with_test_part(moved, tmp_path)


def test_every_run_is_an_ordinary_run_and_its_figures_are_those_of_its_checkpoints(tiny: Comparison, done):
    root, known = done
    assert set(known) == {Trial(name, 1e-2, seed) for name in tiny.variants for seed in tiny.seeds}
    trial = Trial("llama", 1e-2, 1)
    figures = known[trial].figures
    for checkpoint, suffix in (("best", ""), ("latest", "_last")):
        run = load_text_run(trial.folder(root), "be judged", checkpoint=checkpoint)
        assert run.recipe.train.seed == 1
        for split, texts in (("valid", read_texts(run.recipe.data)[1]), ("test", load_texts(root / TEST))):
            assert figures[f"{split}{suffix}"] == pytest.approx(score_text(run, texts, split=split)[0].value, abs=1e-6)
    assert figures["valid"] == pytest.approx(known[trial].training["best_validation_loss"], abs=0.02)
    assert figures["valid"] != figures["test"]


def test_what_it_leaves_behind_says_everything(tiny: Comparison, done, capsys: pytest.CaptureFixture[str]):
    root, known = done
    made = report(tiny, root, known)
    record = json.loads((root / "comparison.json").read_text())
    means = [row["figures"]["test"]["mean"] for row in record["rows"]]
    assert means == sorted(means)
    best = made[0]
    assert means[0] == pytest.approx(sum(known[Trial(best.variant, 1e-2, s)].figures["test"] for s in (0, 1)) / 2)
    page = (root / "comparison.md").read_text()
    said = capsys.readouterr().out
    for shown in ("gpt", "llama", best.figures["test"].text(3), f"{best.parameters:,}"):
        assert shown in page
        assert shown in said
    for circumstance in ("text.txt", "512 tokens", "seeds: 0, 1", "torch", "threads"):
        assert circumstance in page
    for name in tiny.variants:
        assert (root / "samples" / f"{name}.txt").read_text().startswith("the ")
    assert (root / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_finished_runs_are_not_repeated_and_unfinished_ones_are_resumed(tiny: Comparison, done, tmp_path: Path):
    root, known = done
    trial = Trial("gpt", 1e-2, 0)
    folder = trial.folder(root)
    before = {t: (t.folder(root) / "outcome.json").stat().st_mtime_ns for t in known}
    (folder / "outcome.json").unlink()
    found: dict[Trial, Outcome] = {}
    gather(with_test_part(tiny, root), root, found)
    assert set(known) - set(found) == {trial, Trial("gpt", 1e-2, 1)}, "the other seed waits for the learning rate"
    steps = len(read_metrics(folder / "metrics.jsonl"))
    again = run_one(folder, load_texts(root / TEST))  # what conduct starts, in this process
    assert again.figures == pytest.approx(known[trial].figures)
    assert len(read_metrics(folder / "metrics.jsonl")) == steps, "nothing was trained again"
    assert conduct(tiny, root, jobs=1, threads=1).keys() == known.keys()
    assert all((t.folder(root) / "outcome.json").stat().st_mtime_ns == before[t] for t in known if t != trial)


def test_a_search_for_muon_keeps_the_ratio_of_its_two_rates(tiny: Comparison):
    settings = dataclasses.replace(tiny.first.train, optimizer="muon", lr=4e-3, matrix_lr=0.02)
    muon = dataclasses.replace(tiny.first, train=settings)
    sheet = dataclasses.replace(tiny, variants=tiny.variants | {"muon": muon}, lrs=(2e-3, 4e-3))
    assert planned(sheet, Trial("muon", 2e-3, 0)).train.matrix_lr == pytest.approx(0.01)
    assert planned(sheet, Trial("muon", 4e-3, 7)).train == dataclasses.replace(settings, seed=7)
    assert planned(sheet, Trial("gpt", 2e-3, 0)).train.matrix_lr == tiny.first.train.matrix_lr


def test_translators_are_ranked_by_bleu(tmp_path: Path):
    words = {"one": "uno", "two": "due", "three": "tre", "cats": "gatti", "dogs": "cani", "seas": "mari"}
    pairs = [(f"{a} {b} {c}", f"{words[a]} {words[b]} {words[c]}") for a in words for b in words for c in words]
    (tmp_path / "pairs.tsv").write_text("".join(f"{source}\t{target}\n" for source, target in pairs))
    recipe = PairRecipe(
        name="one",
        data=PairData(corpus=str(tmp_path / "pairs.tsv"), valid=10, test=10, batch_tokens=256, max_length=32),
        tokenizer=TokenizerSettings(kind="characters"),
        model=preset("transformer-tiny", vocab_size=30, context=32, width=32, layers=1, encoder_layers=1, heads=2),
        train=TrainSettings(steps=12, warmup=1, validate_every=6, save_every=6, log_every=3, keep=1),
        num_beams=2,
    )
    pre = dataclasses.replace(recipe, model=dataclasses.replace(recipe.model, norm_first=True))
    comparison = Comparison(name="norms", about="", variants={"post": recipe, "pre": pre}, lrs=(5e-3,), seeds=(0,))
    assert comparison.measure == "bleu"
    for variant in comparison.variants:
        here(comparison, tmp_path, variant)
    made = report(comparison, tmp_path, conduct(comparison, tmp_path, jobs=1, threads=1))
    assert made[0].figures["bleu"].mean >= made[1].figures["bleu"].mean
    results = json.loads((Trial("pre", 5e-3, 0).folder(tmp_path) / "results.json").read_text())["results"]
    (bleu,) = (r["value"] for r in results if r["metric"] == "bleu" and r["num_beams"] == 2)
    assert next(row for row in made if row.variant == "pre").values["bleu"] == [bleu]
    assert len((tmp_path / "samples" / "pre.txt").read_text().splitlines()) == 5


def test_runs_of_another_plan_are_not_mixed_in(tiny: Comparison, done):
    root, _ = done
    with pytest.raises(ValueError, match=r"begun with train.steps 8, not 16; choose another --out"):
        conduct(tiny.shortened(16), root, jobs=1, threads=1)


def test_an_interrupted_comparison_saves_its_trainings_and_goes_on(tiny: Comparison, tmp_path: Path, monkeypatch):
    root, endless = tmp_path / "long", tiny.shortened(100_000)
    log = Trial("gpt", 1e-2, 0).folder(root) / "metrics.jsonl"
    pressed = []

    def sleep(seconds: float, really=time.sleep) -> None:
        really(seconds)
        if not pressed and len(read_metrics(log)) > 3:
            pressed.append("Ctrl-C")
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("groundup.comparisons.conduct.time.sleep", sleep)
        with pytest.raises(KeyboardInterrupt, match="same command"):
            conduct(endless, root, jobs=1, threads=1)
    checkpoints = log.parent / "checkpoints"
    assert (checkpoints / "latest").is_file(), (log.parent / "training.log").read_text()
    assert read_outcome(log.parent) is None


def test_a_run_that_fails_is_named_with_what_it_said(tiny: Comparison, tmp_path: Path):
    tasks = {name: changed_model(recipe, context=4000) for name, recipe in tiny.variants.items()}
    with pytest.raises(ValueError, match=r"gpt/lr-0.01-seed-0: the training failed .*tokens and a window needs"):
        conduct(dataclasses.replace(tiny, variants=tasks), tmp_path / "failing", jobs=1, threads=1)


def changed_model(recipe, **changes):
    return dataclasses.replace(recipe, model=dataclasses.replace(recipe.model, **changes))


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tiny: Comparison):
    monkeypatch.setattr("groundup.comparisons.table.COMPARISONS", {"tiny": lambda: tiny})

    def call(*arguments: str) -> tuple[int, str, str]:
        code = 0
        try:
            main(["compare", *arguments])
        except SystemExit as stop:
            code = int(stop.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def test_the_verb_reports_what_is_already_there(verb, done):
    root, _ = done
    code, out, _ = verb("tiny", "--out", str(root), "--jobs", "1")
    assert code == 0
    assert "behind the best" in out
    assert str(root) in out


def test_a_dry_run_says_what_it_would_take_and_trains_nothing(verb, tmp_path: Path):
    code, out, _ = verb("tiny", "--out", str(tmp_path / "x"), "--dry-run", "--seeds", "0", "1", "2", "--steps", "16")
    assert code == 0
    assert "1,024 tokens a run" in out
    assert "6 runs" in out
    assert "minutes" in out
    assert not (tmp_path / "x").exists()


def test_values_of_one_setting_are_planned_by_the_flags_of_the_recipe(verb, corpus: Path, tmp_path: Path):
    words = ("corpus", str(corpus), "--vary", "model.layers", "1", "2", "--steps", "8", "--seeds", "0", "1")
    code, out, _ = verb(*words, "--out", str(tmp_path / "x"), "--dry-run", "--lrs", "1e-3", "2e-3", "4e-3")
    assert code == 0
    assert out.splitlines()[0].split()[0] == "layers-1"
    assert "learning rates 0.001, 0.002, 0.004" in out
    assert "corpus with model.layers 1, 2" in out
    assert "8 runs or a few more" in out


def test_off_a_terminal_it_says_what_it_will_do_and_what_begins_and_ends(verb, tiny, tmp_path: Path, monkeypatch):
    said = []

    class Still:
        """A training that is over at once."""

        def __init__(self, folder: Path) -> None:
            Outcome(figures={"valid": 1.0, "test": 1.0}, training={"minutes": 0.1}).save(folder)
            self.stdin, self.returncode = io.BytesIO(), 0

        def poll(self) -> int:
            return 0

        def wait(self, timeout: float) -> int:
            return 0

    def begin(comparison, root: Path, trial: Trial, *, threads: int) -> Still:
        folder = trial.folder(root)
        folder.mkdir(parents=True)
        save_recipe(planned(comparison, trial), folder / PLAN)
        return Still(folder)

    monkeypatch.setattr("groundup.comparisons.conduct.begin", begin)
    monkeypatch.setattr("groundup.comparisons.report.report", lambda *_: said.append("reported"))
    options = ("tiny", "--out", str(tmp_path / "x"), "--jobs", "1")
    _, plan, _ = verb(*options, "--dry-run")
    code, out, err = verb(*options)
    assert (code, said) == (0, ["reported"])
    assert out.rsplit(":", 2)[0] == plan.rsplit(":", 1)[0], "the same but for the minutes, which are measured"
    lines = [line for line in err.splitlines() if "seed" in line]
    assert [line.split()[0] for line in lines] == ["begun", "1", "begun", "2", "begun", "3", "begun", "4"]
    for start, end in zip(lines[::2], lines[1::2], strict=True):
        assert " ".join(start.split()[1:]) in " ".join(end.split())
    assert verb(*options)[1].startswith(f"\n{tmp_path / 'x'}: "), "one that is there already needs no estimate"


def test_finished_runs_stand_side_by_side(verb, done, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # it writes into runs/compare/
    root, known = done
    one, other = (str(Trial(name, 1e-2, 0).folder(root)) for name in ("gpt", "llama"))
    code, out, _ = verb(one, other)
    assert code == 0
    for name in ("gpt", "llama"):
        assert f"{known[Trial(name, 1e-2, 0)].figures['valid']:.4f}" in out


def test_mistakes_cost_one_line(verb, done, corpus: Path, tmp_path: Path):
    root, _ = done
    run = Trial("gpt", 1e-2, 0).folder(root)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    recipe = (run / "recipe.json").read_text()
    (elsewhere / "recipe.json").write_text(recipe.replace("learn.jsonl", "other.jsonl"))
    (elsewhere / "results.json").write_text((run / "results.json").read_text())
    unfinished = tmp_path / "unfinished"
    unfinished.mkdir()
    (unfinished / "recipe.json").write_text(recipe)
    for arguments, said in (
        ((), "what is to be compared"),
        (("tinny",), "did you mean 'tiny'"),
        (("xyzzy",), "give two or more runs, or a name of tiny"),
        ((str(run),), "is one run; give two or more of them, or a name of"),
        (("tiny", "--jobs", "0"), "jobs (0) must be at least 1"),
        (("tiny", "--steps", "0"), "steps (0) must be at least 1"),
        (("tiny", "--seeds", "1", "1"), "distinct"),
        (("tiny", "--lrs", "-1"), "above 0"),
        (("tiny", "--lrs", "fast"), "'fast'"),
        (("demo",), "demo is a recipe; say what is to differ, such as --vary model.width 64 128"),
        (("demo", "--vary", "model.widht", "64", "128"), "did you mean 'model.width'"),
        (
            ("demo", "--vary", "train.lr", "1e-3", "2e-3", "--lrs", "1e-3"),
            "--lrs chooses what --vary train.lr compares",
        ),
        (("demo", "--vary", "train.steps", "10", "20", "--steps", "5"), "leave --steps out"),
        (("shakespeare-char", "--vary", "model.width", "64", "128"), "add --steps 1000"),
        (("nobody.py",), "nobody.py: No such file"),
        ((str(run), str(elsewhere)), "other.jsonl: such figures cannot be compared"),
        ((str(run), str(unfinished)), "is not finished"),
        ((str(run), "nobody"), "no run called 'nobody'"),
        ((str(run), str(run), "--steps", "5"), "--steps is for comparisons by name"),
    ):
        code, out, err = verb(*arguments)
        assert code == 2, arguments
        assert out == ""
        assert err.startswith("groundup: ")
        assert err.count("\n") == 1, err
        assert said in err
