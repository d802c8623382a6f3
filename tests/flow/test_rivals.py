"""Two language models on the same text, judged in windows that are the same whatever their tokens are."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from groundup.flow.rivals import _by_window, _losses, _starts, judge_two
from groundup.flow.score_text import score_held_out, score_text
from groundup.flow.text import encode_texts
from groundup.flow.train import train
from groundup.presets import preset
from groundup.recipes.recipe import TextData, TextRecipe, TokenizerSettings
from groundup.run.folder import RunFolder
from groundup.training.settings import TrainSettings

TEXT = "".join(f"{n} dogs see {n * 7 % 13} cats, à {n * 3 % 5}.\n" for n in range(400))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """By characters, and by characters again for fewer steps; by byte pairs with a shorter context."""
    home = tmp_path_factory.mktemp("rivals")
    (home / "text.txt").write_text(TEXT, encoding="utf-8")
    small = dict(width=16, layers=1, heads=2, kv_heads=2, mlp_width=32)
    recipe = TextRecipe(
        name="long",
        data=TextData(corpus=str(home / "text.txt"), batch=4),
        tokenizer=TokenizerSettings(kind="characters"),
        model=preset("llama3-tiny", vocab_size=65, context=32, **small),
        train=TrainSettings(steps=30, lr=1e-2, warmup=2, validate_every=30, save_every=30, threads=1),
    )
    recipes = {
        "long": recipe,
        "short": dataclasses.replace(recipe, train=dataclasses.replace(recipe.train, steps=3)),
        "pairs": dataclasses.replace(
            recipe,
            tokenizer=TokenizerSettings(vocab_size=280),
            model=preset("llama3-tiny", vocab_size=280, context=20, **small),
        ),
    }
    return {name: train(one, RunFolder(home / name), say=lambda line: None) for name, one in recipes.items()}


def pick(runs: dict, *names: str) -> dict:
    return {name: runs[name] for name in names}


def test_the_better_trained_is_better_and_the_figures_are_those_of_each_alone(runs):
    results, apart = judge_two(pick(runs, "short", "long"))
    for name, found in zip(("short", "long"), results, strict=True):
        for mine, alone in zip(found, score_held_out(runs[name]), strict=True):
            assert (mine.metric, mine.split, mine.size) == (alone.metric, alone.split, alone.size)
            assert mine.value == pytest.approx(alone.value, rel=1e-5)
    assert [one.metric for one in apart] == ["loss", "perplexity", "bits-per-byte"]
    for one, first, second in zip(apart, *results, strict=True):
        assert (one.first, one.second) == (pytest.approx(first.value), pytest.approx(second.value))
        assert one.second < one.first
        assert one.p_value < 0.01


def test_other_tokens_and_contexts_are_compared_by_bits_on_the_same_text(runs, tmp_path: Path):
    held = tmp_path / "held.txt"
    held.write_text(TEXT[:3000], encoding="utf-8")
    results, (bits,) = judge_two(pick(runs, "long", "pairs"), data=str(held))
    assert bits.metric == "bits-per-byte"
    for side, name, found in ((bits.first, "long", results[0]), (bits.second, "pairs", results[1])):
        assert side == pytest.approx(found[2].value)
        assert side == pytest.approx(score_text(runs[name], [TEXT[:3000]], split="x")[2].value, rel=1e-5)


def test_the_same_text_falls_into_the_same_windows(runs):
    """Windows of 32 characters; a byte pair counts where it begins. So no window is off by more than a token."""
    text = TEXT[:2000]
    tables = []
    bounds = None
    for name in ("long", "pairs"):
        ids = encode_texts([text], runs[name].tokenizer)
        starts, sizes = _starts(runs[name], ids)
        assert starts[-1] == len(text.encode())
        bounds = starts[1:-1:32] if bounds is None else bounds
        tables.append(_by_window(np.ones(len(ids) - 1), starts, sizes, bounds))
    longest = max(len(token) for token in runs["pairs"].tokenizer.vocabulary.ids)
    assert np.abs(tables[0].bytes - tables[1].bytes).max() <= 2 * longest
    assert (tables[0].tokens[:-1] == 32).all()
    assert tables[0].tokens.sum() == len(text) - 1


def test_losses_are_of_every_token_given_those_before_it_in_its_window(runs):
    run = runs["long"]
    ids = encode_texts([TEXT[:100]], run.tokenizer)
    losses = _losses(run, ids)
    assert len(losses) == 99
    with torch.no_grad():
        for at in (0, 31, 32, 70, 98):  # windows begin at 0, 32, 64 and 96
            begin = at // 32 * 32
            logits = run.model(torch.from_numpy(ids[begin : at + 1].astype(np.int64))[None])[0, -1]
            assert losses[at] == pytest.approx(-logits.log_softmax(-1)[int(ids[at + 1])].item(), abs=1e-4)


def test_other_held_out_texts_cannot_be_compared(runs, tmp_path):
    (tmp_path / "other.txt").write_text(TEXT.replace("dogs", "birds"), encoding="utf-8")
    recipe = runs["short"].recipe
    recipe = dataclasses.replace(recipe, data=dataclasses.replace(recipe.data, corpus=str(tmp_path / "other.txt")))
    other = train(recipe, RunFolder(tmp_path / "other"), say=lambda line: None)
    with pytest.raises(ValueError, match="long and other held out different texts; judge both with the same --data"):
        judge_two({"long": runs["long"], "other": other})
