"""What is refused as unfair, which runs are needed and in which order, and that the comparisons we offer are fair."""

import dataclasses
import math

import pytest

from groundup.comparisons.comparison import Comparison, check_sizes, tokens
from groundup.comparisons.five_families import five_families
from groundup.comparisons.judge import rows
from groundup.comparisons.modern import QUOTED, ROWS, ablation, modern
from groundup.comparisons.report import markdown, table
from groundup.comparisons.side_by_side import judged_on
from groundup.comparisons.table import COMPARISONS, find_comparison
from groundup.comparisons.trials import Outcome, Trial, missing_trials, progress
from groundup.config import ModelConfig, Position
from groundup.recipes.table import find_recipe
from groundup.training.settings import TrainSettings


def changed(comparison: Comparison, part: str, **changes) -> Comparison:
    """The comparison with its second variant changed."""
    name = list(comparison.variants)[1]
    recipe = comparison.variants[name]
    recipe = dataclasses.replace(recipe, **{part: dataclasses.replace(getattr(recipe, part), **changes)})
    return dataclasses.replace(comparison, variants=comparison.variants | {name: recipe})


def outcome(loss: float) -> Outcome:
    if not math.isfinite(loss):
        return Outcome(diverged="no number")
    training = dict(parameters=1000, target_tokens_per_second=10, minutes=1.0)
    return Outcome({"valid": loss, "test": loss + 0.1}, training)


def finish(comparison: Comparison, loss) -> tuple[dict[Trial, Outcome], list[list[Trial]]]:
    """Run to the end with `loss(trial)` instead of training: all outcomes, and the rounds it took."""
    known: dict[Trial, Outcome] = {}
    rounds = []
    while missing := missing_trials(comparison, known):
        rounds.append(missing)
        known |= {trial: outcome(loss(trial)) for trial in missing}
        assert len(rounds) < 20
    return known, rounds


def test_unequal_data_tokens_or_dropout_are_refused_with_both_values(tiny: Comparison):
    with pytest.raises(ValueError, match="gpt has 512, llama has 1,024"):
        changed(tiny, "data", batch=8)
    with pytest.raises(ValueError, match="gpt has 512, llama has 576"):
        changed(tiny, "train", steps=9)
    with pytest.raises(ValueError, match=r"text.txt \(0.2 held out\), llama has .*text.txt \(0.3 held out\)"):
        changed(tiny, "data", valid=0.3)
    with pytest.raises(ValueError, match=r"unequal dropout: gpt has 0.0, llama has 0.1"):
        changed(tiny, "model", dropout=0.1)
    changed(dataclasses.replace(tiny, ablation=True), "model", dropout=0.1)
    assert tokens(changed(changed(dataclasses.replace(tiny, ablation=True), "data"), "model").first) == 8 * 4 * 16


def test_the_same_tokens_may_be_dealt_out_otherwise(tiny: Comparison):
    name, recipe = list(tiny.variants.items())[1]
    recipe = dataclasses.replace(
        recipe,
        data=dataclasses.replace(recipe.data, batch=2),
        train=dataclasses.replace(recipe.train, accumulate=2),
    )
    dataclasses.replace(tiny, variants=tiny.variants | {name: recipe})


def test_unequal_parameters_are_refused_with_both_numbers(tiny: Comparison):
    sizes = check_sizes(tiny)
    larger = changed(tiny, "model", mlp_width=60)
    with pytest.raises(ValueError, match=f"gpt has {sizes['gpt']:,}, llama has .* more than 10% apart"):
        check_sizes(larger)
    check_sizes(dataclasses.replace(larger, ablation=True))


def test_impossible_grids_and_seeds_are_refused(tiny: Comparison):
    for changes, said in (
        (dict(lrs=()), "learning rates"),
        (dict(lrs=(1e-3, 1e-3)), "distinct"),
        (dict(lrs=(0.0,)), "above 0"),
        (dict(seeds=()), "seeds"),
        (dict(seeds=(1, 1)), "distinct"),
        (dict(variants={"gpt": tiny.first}), "at least 2"),
        (dict(variants={"a/b": tiny.first, "c": tiny.first}), "'a/b'"),
        (dict(untuned=("nobody",)), "'nobody'"),
    ):
        with pytest.raises(ValueError, match=said):
            dataclasses.replace(tiny, **changes)


def test_first_every_rate_with_one_seed_then_the_best_with_the_others(tiny: Comparison):
    searched = dataclasses.replace(tiny, lrs=(4e-3, 1e-3, 2e-3), seeds=(5, 6, 7))
    best = {"gpt": 2e-3, "llama": 2e-3}
    known, rounds = finish(searched, lambda trial: 1 + abs(trial.lr - best[trial.variant]))
    assert rounds[0] == [Trial(name, lr, 5) for name in best for lr in (1e-3, 2e-3, 4e-3)]
    assert rounds[1] == [Trial(name, 2e-3, seed) for name in best for seed in (6, 7)]
    assert len(known) == searched.runs == 10
    assert not progress(searched, "gpt", known).at_edge


def test_a_best_rate_at_the_edge_makes_the_grid_grow_and_a_better_one_beyond_is_found(tiny: Comparison):
    searched = dataclasses.replace(tiny, lrs=(1e-3, 2e-3), seeds=(0, 1))
    best = {"gpt": 4e-3, "llama": 0.5e-3}
    known, _ = finish(searched, lambda trial: abs(math.log(trial.lr / best[trial.variant])))
    up, down = progress(searched, "gpt", known), progress(searched, "llama", known)
    assert up.lr == 4e-3
    assert up.grid == [1e-3, 2e-3, 4e-3, 8e-3]
    assert down.lr == 0.5e-3
    assert down.grid == [0.25e-3, 0.5e-3, 1e-3, 2e-3]
    assert not up.at_edge
    assert not down.at_edge
    endless, _ = finish(searched, lambda trial: -trial.lr)
    assert progress(searched, "gpt", endless).grid == [1e-3, 2e-3, 4e-3, 8e-3]
    assert progress(searched, "gpt", endless).at_edge


def test_a_diverged_rate_is_never_chosen(tiny: Comparison):
    searched = dataclasses.replace(tiny, lrs=(1e-3, 2e-3, 4e-3))
    known, _ = finish(searched, lambda trial: math.inf if trial.lr > 3e-3 else 2 - trial.lr)
    assert progress(searched, "gpt", known).lr == 2e-3


def test_a_variant_that_always_diverges_is_last_and_said_to(tiny: Comparison):
    known, _ = finish(tiny, lambda trial: math.inf if trial.variant == "gpt" else 1.5)
    heading, first, last = table(tiny, rows(tiny, known))
    assert (first[0], last[0]) == ("llama", "gpt")
    assert [cell for title, cell in zip(heading, last, strict=True) if "test" in title or "behind" in title] == [
        "diverged",
        "diverged",
    ]


def test_rows_are_ranked_by_the_test_and_differences_are_taken_by_seed(tiny: Comparison):
    losses = {"gpt": [1.52, 1.62, 1.73], "llama": [1.5, 1.6, 1.7]}
    three = dataclasses.replace(tiny, seeds=(0, 1, 2))
    known, _ = finish(three, lambda trial: losses[trial.variant][trial.seed])
    best, second = rows(three, known)
    assert (best.variant, second.variant) == ("llama", "gpt")
    assert best.figures["test"].mean == pytest.approx(1.7)
    assert best.difference is None
    assert second.difference is not None
    assert second.difference.mean == pytest.approx(0.07 / 3)
    assert not second.difference.noise
    first, gained = rows(dataclasses.replace(three, ablation=True), known)
    assert (first.variant, gained.variant) == ("gpt", "llama")
    assert gained.difference is not None
    assert gained.difference.mean == pytest.approx(0.07 / 3)


@pytest.mark.parametrize("ablation", [False, True])
def test_one_seed_is_not_called_noise(tiny: Comparison, ablation: bool):
    one = dataclasses.replace(tiny, seeds=(0,), ablation=ablation)
    known, _ = finish(one, lambda trial: 1.5 if trial.variant == "gpt" else 1.6)
    cells = table(one, rows(one, known))
    assert cells[2][cells[0].index("gain over the row before" if ablation else "behind the best")] == (
        f"{-0.1 if ablation else 0.1:.3f} (one seed)"
    )
    page = markdown(one, {}, cells, {})
    assert "(one seed): " in page
    assert "noise" not in page
    assert "interval" not in page


def test_different_tokenizers_are_ranked_by_bits(tiny: Comparison):
    assert tiny.measure == "test"
    assert changed(tiny, "tokenizer", kind="bpe").measure == "test_bits"


def test_fewer_steps_shorten_warm_up_and_validation_with_them(tiny: Comparison):
    short = five_families().shortened(50)
    assert {recipe.train.steps for recipe in short.variants.values()} == {50}
    assert short.first.train.warmup == 5
    assert 50 // short.first.train.validate_every == 10
    with pytest.raises(ValueError, match=r"steps \(0\)"):
        tiny.shortened(0)


def test_the_five_families_are_of_one_size_and_differ_as_families_do():
    comparison = five_families()
    sizes = check_sizes(comparison).values()
    assert min(sizes) > 0.98 * max(sizes)
    models = {name: recipe.model for name, recipe in comparison.variants.items()}
    assert {model.dropout for model in models.values()} == {0.1}
    assert models["gpt3"] == dataclasses.replace(models["gpt2"], windows=(None, 32))
    assert models["llama3"] == dataclasses.replace(models["llama2"], rope_theta=500_000.0)
    assert models["llama2"].groups < models["llama"].groups
    assert comparison.first.tokenizer.vocab_size == 756


def test_the_sheet_has_one_change_a_row():
    position: list[Position] = ["rotary"]
    rows = [*ROWS[:2], ("rope", dict(model=dict(position=position[0])))]
    sheet = ablation("sheet", QUOTED, rows, about="three rows")
    models = [recipe.model for recipe in sheet.variants.values()]
    assert models[0] == models[1] == QUOTED.model
    assert [recipe.train.lr for recipe in sheet.variants.values()] == [1e-3, 4e-3, 4e-3]
    assert models[2] == dataclasses.replace(QUOTED.model, position="rotary")
    assert [sheet.grid(name) for name in sheet.variants] == [[1e-3], [4e-3], [4e-3]]


def test_the_modern_sheet_can_be_built():
    known = {
        "model": {f.name for f in dataclasses.fields(ModelConfig)},
        "train": {f.name for f in dataclasses.fields(TrainSettings)},
    }
    missing = {name for _, row in ROWS for part in row for name in row[part] if name not in known[part]}
    if missing:
        pytest.skip(f"rows wait for {', '.join(sorted(missing))}")
    sheet = modern()
    assert list(sheet.variants) == [name for name, _ in ROWS]
    check_sizes(sheet)


def test_names_are_found_and_misspelt_ones_offered():
    assert find_comparison("five-families").name == "five-families"
    assert set(COMPARISONS) == {"five-families", "modern", "tokenizers-multi30k", "tokenizers-en-it"}
    for name in COMPARISONS:
        assert find_comparison(name).name == name
    with pytest.raises(ValueError, match="did you mean 'five-families'"):
        find_comparison("five-familes")


def test_a_run_of_which_a_tenth_is_held_out_says_so():
    said = judged_on(find_recipe("translation"))
    assert said.startswith("a tenth, 1,000 at most, test pairs")
    assert judged_on(find_recipe("fra-eng")).startswith("2,000 test pairs (2,000 for validation) of fra-eng")
