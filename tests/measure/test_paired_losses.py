"""The paired test of language models against what must be so, and against the textbook's t-test."""

import math
import statistics

import numpy as np
import pytest

from groundup.measure.paired import WindowLosses, paired_losses


def model(nats: np.ndarray, tokens: int = 10, size: int = 40) -> WindowLosses:
    return WindowLosses(nats, np.full(len(nats), float(tokens)), np.full(len(nats), float(size)))


def test_the_figures_are_those_of_the_whole_text():
    rng = np.random.default_rng(0)
    tokens, size = rng.integers(1, 20, 50).astype(float), rng.integers(1, 90, 50).astype(float)
    first, second = (WindowLosses(rng.gamma(5.0, 4.0, 50), tokens, size) for _ in range(2))
    loss, perplexity, bits = paired_losses(first, second, resamples=100)
    assert [one.metric for one in (loss, perplexity, bits)] == ["loss", "perplexity", "bits-per-byte"]
    assert loss.second == pytest.approx(second.nats.sum() / tokens.sum())
    assert perplexity.first == pytest.approx(math.exp(loss.first))
    assert bits.first == pytest.approx(first.nats.sum() / math.log(2) / size.sum())


@pytest.mark.parametrize("shift", [0.0, 0.2, 0.5, 1.0])
def test_the_p_value_and_the_interval_are_those_of_a_paired_t_test(shift: float):
    """Of many windows of equal size the bootstrap is that test, whatever the windows themselves are like."""
    rng = np.random.default_rng(1)
    hard = rng.gamma(2.0, 20.0, 400)  # windows differ much more than the models do
    first, second = hard + rng.normal(0, 5, 400), hard + rng.normal(shift, 5, 400)
    loss, *_ = paired_losses(model(first), model(second), resamples=4000)
    delta = second - first
    error = statistics.stdev(delta) / math.sqrt(len(delta))
    assert loss.p_value == pytest.approx(math.erfc(abs(delta.mean()) / error / math.sqrt(2)), abs=0.03)
    assert loss.margin == pytest.approx(1.96 * error / 10, rel=0.06)
    assert loss.second - loss.first == pytest.approx(np.mean(delta) / 10)


def test_luck_is_seldom_called_a_difference():
    rng, called = np.random.default_rng(2), 0
    for _ in range(100):
        first, second = (model(rng.normal(20, 3, 60)) for _ in range(2))
        called += paired_losses(first, second, resamples=200)[0].p_value < 0.05
    assert called <= 12, "of 100 pairs of equal models about 5"


def test_a_model_beside_itself_is_no_different():
    one = model(np.linspace(5, 9, 40))
    for score in paired_losses(one, one, resamples=100):
        assert (score.p_value, score.margin) == (1.0, 0.0)


def test_few_windows_have_no_interval():
    rng = np.random.default_rng(3)
    for windows, there in ((29, False), (30, True)):
        loss, *_ = paired_losses(model(rng.random(windows)), model(rng.random(windows)), resamples=50)
        assert (loss.margin is not None) == there


def test_other_tokens_have_bits_per_byte_in_common_only():
    nats = np.linspace(5, 9, 40)
    (bits,) = paired_losses(model(nats, tokens=10), model(nats, tokens=7), resamples=50)
    assert (bits.metric, bits.first, bits.p_value) == ("bits-per-byte", bits.second, 1.0)
    with pytest.raises(ValueError, match=r"windows \(40 and 39\)"):
        paired_losses(model(nats), model(nats[1:]))
