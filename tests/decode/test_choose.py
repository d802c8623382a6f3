import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers.generation.logits_process import (
    MinPLogitsWarper,
    NoRepeatNGramLogitsProcessor,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from groundup.decode import filters
from groundup.decode.choose import Greedy, Sample

CPU = torch.device("cpu")
seeds = st.integers(0, 10_000)
fractions = st.floats(0.01, 0.99)
steady = settings(deadline=None, derandomize=True, max_examples=60)  # a sum of floats may fall on either side of p


def random_logits(seed: int, *, rows: int = 3, vocab_size: int = 23) -> torch.Tensor:
    return 3 * torch.randn(rows, vocab_size, generator=torch.Generator().manual_seed(seed))


def random_ids(seed: int, *, rows: int = 3, length: int = 12, vocab_size: int = 23) -> torch.Tensor:
    return torch.randint(vocab_size, (rows, length), generator=torch.Generator().manual_seed(seed))


@steady
@given(seeds, st.integers(1, 30))
def test_top_k_is_transformers(seed, k):
    logits = random_logits(seed)
    torch.testing.assert_close(filters.top_k(logits, k), TopKLogitsWarper(k)(None, logits), rtol=0, atol=0)


@steady
@given(seeds, fractions)
def test_top_p_is_transformers(seed, p):
    logits = random_logits(seed)
    torch.testing.assert_close(filters.top_p(logits, p), TopPLogitsWarper(p)(None, logits), rtol=0, atol=0)


@steady
@given(seeds, fractions)
def test_min_p_is_transformers(seed, p):
    logits = random_logits(seed)
    torch.testing.assert_close(filters.min_p(logits, p), MinPLogitsWarper(p)(None, logits), rtol=0, atol=0)


@steady
@given(seeds, st.floats(0.5, 3), st.integers(0, 12))
def test_repetition_penalty_is_transformers(seed, penalty, length):
    logits, ids = random_logits(seed), random_ids(seed, length=length)
    expected = RepetitionPenaltyLogitsProcessor(penalty)(ids, logits)
    torch.testing.assert_close(filters.repetition_penalty(logits, ids, penalty), expected, rtol=1e-6, atol=0)


@steady
@given(seeds, st.integers(1, 5), st.integers(0, 12))
def test_no_repeat_ngram_is_transformers(seed, n, length):
    logits, ids = random_logits(seed, vocab_size=3), random_ids(seed, length=length, vocab_size=3)
    expected = NoRepeatNGramLogitsProcessor(n)(ids, logits.clone())
    torch.testing.assert_close(filters.no_repeat_ngram(logits, ids, n), expected, rtol=0, atol=0)


@steady
@given(seeds, st.floats(0.1, 3), st.integers(1, 23), fractions, st.floats(0.01, 0.5))
def test_all_filters_together_stand_in_transformers_order(seed, temperature, k, p, least):
    logits = random_logits(seed)
    expected = logits
    warpers = (TemperatureLogitsWarper(temperature), TopKLogitsWarper(k), TopPLogitsWarper(p), MinPLogitsWarper(least))
    for warper in warpers:
        expected = warper(None, expected)
    ours = Sample(temperature=temperature, top_k=k, top_p=p, min_p=least).filter(logits)
    torch.testing.assert_close(ours, expected, rtol=1e-6, atol=0)


def test_filters_at_their_ends_change_nothing_or_leave_the_best():
    logits = random_logits(0)
    for untouched in (filters.top_p(logits, 1.0), filters.min_p(logits, 0.0), filters.top_k(logits, 99)):
        assert torch.equal(untouched, logits)
    for best in (filters.top_p(logits, 1e-9), filters.min_p(logits, 1.0), filters.top_k(logits, 1)):
        assert torch.equal(best.isfinite().nonzero()[:, 1], logits.argmax(dim=-1))


def test_padding_is_no_history():
    logits = random_logits(0, rows=1, vocab_size=5)
    padded, plain = torch.tensor([[-1, -1, 2, 3, 2]]), torch.tensor([[2, 3, 2]])
    assert torch.equal(filters.repetition_penalty(logits, padded, 1.5), filters.repetition_penalty(logits, plain, 1.5))
    for n in (1, 2, 3, 4):
        assert torch.equal(filters.no_repeat_ngram(logits, padded, n), filters.no_repeat_ngram(logits, plain, n))


def test_sampling_draws_each_token_by_its_probability():
    logits = torch.tensor([1.0, 0.0, 2.0, -1.0])
    draws = 40_000
    counts = Sample(temperature=0.7, seed=1).begin(CPU)(logits.expand(draws, 4), torch.zeros(draws, 0)).bincount()
    expected = (logits / 0.7).softmax(dim=0)
    assert (counts / draws - expected).abs().max() < 4 * math.sqrt(0.25 / draws)


@pytest.mark.parametrize("temperature", [1e-29, 1e-35, 1e-40, 1e-300])
@pytest.mark.parametrize("filters", [{}, {"top_k": 3, "top_p": 0.9, "min_p": 0.1}])
def test_however_cold_it_is_the_likeliest_are_drawn(temperature, filters):
    logits, ids = 50 * random_logits(0).repeat(20, 1), torch.zeros(60, 0, dtype=torch.int64)
    logits[:, 5] = -math.inf  # forbidden
    drawn = Sample(temperature=temperature, seed=1, **filters).begin(CPU)
    assert torch.equal(drawn(logits, ids), logits.argmax(dim=-1))
    assert set(drawn(torch.tensor([[7.0, 1.0, 7.0]]).expand(60, 3), ids).tolist()) == {0, 2}


def test_the_same_seed_draws_the_same_tokens_and_touches_no_other_randomness():
    logits, ids = torch.zeros(64, 1000), torch.zeros(64, 0, dtype=torch.int64)
    before = torch.get_rng_state()
    first, again, other = (Sample(seed=seed).begin(CPU)(logits, ids) for seed in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert not torch.equal(Sample().begin(CPU)(logits, ids), Sample().begin(CPU)(logits, ids))
    assert torch.equal(torch.get_rng_state(), before)


def test_greedy_with_penalties():
    logits, ids = torch.tensor([[2.0, 1.5, -9.0]]), torch.tensor([[0, 1, 0]])
    assert Greedy().begin(CPU)(logits, ids).item() == 0
    assert Greedy(repetition_penalty=1.1).begin(CPU)(logits, ids).item() == 0
    assert Greedy(repetition_penalty=2.0).begin(CPU)(logits, ids[:, :1]).item() == 1
    assert Greedy(no_repeat_ngram_size=1).begin(CPU)(logits, ids).item() == 2
    assert Greedy(no_repeat_ngram_size=2).begin(CPU)(-logits.abs(), ids).item() == 0  # 0 -> 1 was said, 0 -> 0 not
    with pytest.raises(ValueError, match=r"no_repeat_ngram_size \(1\) forbids each of the 3 tokens"):
        Greedy(no_repeat_ngram_size=1).begin(CPU)(logits, torch.tensor([[0, 1, 2]]))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temperature": 0}, r"temperature \(0\) must be above 0; .* use Greedy"),
        ({"temperature": -1.0}, r"temperature \(-1.0\)"),
        ({"temperature": math.nan}, r"temperature \(nan\)"),
        ({"temperature": math.inf}, r"temperature \(inf\)"),
        ({"top_k": 0}, r"top_k \(0\)"),
        ({"top_p": 0.0}, r"top_p \(0.0\)"),
        ({"top_p": 1.5}, r"top_p \(1.5\)"),
        ({"min_p": -0.1}, r"min_p \(-0.1\)"),
        ({"min_p": 1.1}, r"min_p \(1.1\)"),
        ({"repetition_penalty": 0}, r"repetition_penalty \(0\)"),
        ({"no_repeat_ngram_size": 0}, r"no_repeat_ngram_size \(0\)"),
    ],
)
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Sample(**settings)
    shared = {name: value for name, value in settings.items() if "repe" in name}
    if shared:
        with pytest.raises(ValueError, match=message):
            Greedy(**shared)
