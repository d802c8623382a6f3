"""`groundup train mine.py`, and what each verb says to the run that it leaves."""

from pathlib import Path

import pytest

MINE = '''"""A norm of my own."""

import torch
import groundup as gu


class Scale(torch.nn.Module):
    def __init__(self, width, start):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.full((width,), start))

    def forward(self, x):
        return x * self.scale


RECIPE = gu.TextRecipe(
    name="mine",
    data=gu.TextData(corpus="text.txt", batch=4),
    tokenizer=gu.TokenizerSettings(kind="characters"),
    model=gu.preset("llama3-tiny", vocab_size=65, context=16, width=16, layers=1, heads=2, kv_heads=2, mlp_width=32),
    train=gu.TrainSettings(steps=4, warmup=1, validate_every=2, save_every=2, threads=1),
    own=dict(start=0.25, times=1),
)


def model(config, start, times):
    made = gu.CausalLM(config)
    made.stack.blocks[0].mlp_norm = Scale(config.width, start)
    return made
'''


@pytest.fixture
def mine(desk: Path, cli) -> Path:
    """The desk with mine.py, and runs/mine that was trained by it."""
    (desk / "mine.py").write_text(MINE)
    assert cli("train", "mine.py").code == 0
    return desk


def test_it_trains_on_other_data_with_other_settings(mine, cli):
    (mine / "other.txt").write_text("x y z\n" * 300)
    said = cli("train", "mine.py", "other.txt", "--own.start", "0.5", "--model.width=32", "--name", "wide")
    assert said.code == 0
    assert "other.txt" in said.out
    from groundup.run.load import load

    run = load("wide", trust_code=True)
    assert run.model.config.width == 32
    assert run.recipe.own == {"start": 0.5, "times": 1}
    assert run.model.stack.blocks[0].mlp_norm.scale.shape == (32,)


def test_a_dry_run_counts_the_parameters_of_the_model_that_would_be_trained(desk, cli):
    (desk / "mine.py").write_text(
        MINE.replace("start))\n\n", "start))\n        self.spare = torch.nn.Parameter(torch.zeros(96))\n\n")
    )
    (desk / "stock.py").write_text(MINE[: MINE.index("def model")].replace("own=dict(start=0.25, times=1),", ""))
    counts = [
        int(next(word for word in cli("train", name, "--dry-run").out.splitlines() if " parameters at " in word)
            .split()[0].replace(",", ""))
        for name in ("mine.py", "stock.py")
    ]  # fmt: skip
    assert counts[0] - counts[1] == 96
    assert not (desk / "runs").exists()


VERBS = {
    "generate": ["generate", "mine", "the", "--max-new-tokens", "4"],
    "evaluate": ["evaluate", "mine"],
    "attention": ["attention", "mine", "the", "--out", "looked"],
    "resume": ["resume", "mine", "--steps", "6"],
    "train": ["train", "runs/mine/recipe.json"],
}


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_executes_it_only_when_told_to(mine, cli, complaint, verb):
    refusal = complaint(*VERBS[verb])
    assert "runs/mine/recipe.py" in refusal
    assert "--trust-code" in refusal
    said = cli(*VERBS[verb], "--trust-code")
    assert said.code == 0, said.err


@pytest.mark.parametrize("verb", [["export", "mine", "--out", "there"], ["chat", "mine"], ["translate", "mine", "x"]])
def test_verbs_that_cannot_use_the_run_do_not_execute_it_either(mine, complaint, verb):
    assert "recipe.py" in complaint(*verb)
    assert complaint(*verb, "--trust-code")


def test_a_copy_that_does_not_fit_its_hash_is_refused(mine, complaint):
    copy = mine / "runs" / "mine" / "recipe.py"
    copy.write_text(MINE + "\n")
    assert "not the file that the run was trained with" in complaint("generate", "mine", "the", "--trust-code")


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("return x * self.scale", "return x * self.scales", "line 13: AttributeError"),
        ("return x * self.scale", "return x @ self.scale[None]", "line 13: RuntimeError"),
        ("return made\n", "return made\n\n\ndef loss(model, batch):\n    return 1 / 0\n", "line 33: ZeroDivisionError"),
        ("return made\n", "return made\n\n\ndef finish(run):\n    {}['x']\n", "line 33: KeyError: 'x'"),
        ('gu.preset("llama3-tiny"', 'gu.preset("llama3-tini"', "line 20: "),
        ("RECIPE = ", "RECIPE = = ", "line 16: SyntaxError"),
        ("import torch\n", "import torch, numpie\n", "line 3: ModuleNotFoundError"),
    ],
)
def test_an_error_in_the_file_is_one_line_with_its_place(desk, cli, old, new, line):
    assert old in MINE
    (desk / "mine.py").write_text(MINE.replace(old, new))
    said = cli("train", "mine.py")
    assert said.code == 2
    complaint = said.err.strip().splitlines()[-1]
    assert complaint.startswith(f"groundup: mine.py, {line}"), said.err
    assert "Traceback" not in said.err


def test_debug_shows_the_traceback_of_such_an_error(desk, cli):
    (desk / "mine.py").write_text(MINE.replace("x * self.scale", "x * self.scales"))
    with pytest.raises(AttributeError, match="scales"):
        cli("train", "mine.py", "--debug")


def test_files_that_are_no_recipes(desk, complaint):
    (desk / "empty.py").write_text("")
    assert "empty.py has no RECIPE" in complaint("train", "empty.py")
    assert "nobody.py" in complaint("train", "nobody.py")
    (desk / "mine.py").write_text(MINE)
    assert "did you mean 'start'" in complaint("train", "mine.py", "--own.strat", "1")
    assert "--own.start takes a number, not 'much'" in complaint("train", "mine.py", "--own.start", "much")
    assert "--own.times takes a whole number, not '1.5'" in complaint("train", "mine.py", "--own.times=1.5")
    assert "no settings of its own" in complaint("train", "corpus", "text.txt", "--own.start", "1")


def test_the_recipe_of_a_run_trains_the_same_again_under_a_free_name(desk, cli, trained):
    for name in ("writer", "translator"):
        recipe = trained / "runs" / name / "recipe.json"
        said = cli("train", str(recipe), "--train.steps", "2", "--train.warmup", "1")
        assert said.code == 0, said.err
        said = cli("train", str(recipe), "--train.steps", "2", "--train.warmup", "1")
        assert f"runs/{name}-2" in said.out
    from groundup.recipes.recipe import load_recipe

    first = load_recipe(trained / "runs" / "writer" / "recipe.json")
    second = load_recipe(desk / "runs" / "writer-2" / "recipe.json")
    assert (second.model, second.data, second.tokenizer, second.based_on) == (
        first.model,
        first.data,
        first.tokenizer,
        first.based_on,
    )


def test_a_recipe_json_that_is_none(desk, complaint):
    (desk / "recipe.json").write_text("[]")
    assert "recipe.json: not a recipe" in complaint("train", "recipe.json")
    assert "nothing.json" in complaint("train", "nothing.json")


def test_a_run_in_the_place_of_a_recipe_is_told_what_to_say(home, complaint):
    assert complaint("train", "writer") == (
        "writer is a run; to train the same again: groundup train runs/writer/recipe.json"
    )
