"""Intervals against the definition of Student's t and against a case reckoned by hand."""

import math

import numpy as np
import pytest

from groundup.comparisons.intervals import Interval, interval, paired


def t_density(x: np.ndarray, freedom: int) -> np.ndarray:
    log_scale = math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2) - 0.5 * math.log(freedom * math.pi)
    return np.exp(log_scale - (freedom + 1) / 2 * np.log1p(x * x / freedom))


@pytest.mark.parametrize("n", [2, 3, 4, 6, 11, 21, 31])
def test_the_interval_holds_95_percent_of_student_t(n: int):
    values = np.random.default_rng(n).normal(size=n)
    half = interval(list(values)).half
    assert half is not None
    t = half / (values.std(ddof=1) / math.sqrt(n))
    x = np.linspace(-t, t, 400_001)
    assert np.trapezoid(t_density(x, n - 1), x) == pytest.approx(0.95, abs=2e-4)


def test_three_seeds_by_hand():
    # mean 1.6, deviations -0.1 0 0.1: s = 0.1, t(2) = 4.303, half = 4.303 * 0.1 / sqrt(3)
    found = interval([1.5, 1.6, 1.7])
    assert found.mean == pytest.approx(1.6)
    assert found.half == pytest.approx(0.24843, abs=1e-5)
    assert found.text(3) == "1.600 ± 0.248"


def test_seeds_that_move_together_show_a_difference_that_the_single_intervals_hide():
    one, other = [1.50, 1.60, 1.70], [1.52, 1.621, 1.719]
    alone = interval(one).half
    assert alone is not None
    assert interval(other).mean - interval(one).mean < alone
    difference = paired(other, one)
    assert difference.mean == pytest.approx(0.02)
    assert not difference.noise
    assert paired([1.5, 1.7, 1.6], one).noise


def test_one_seed_has_no_interval_and_divergence_no_number():
    assert interval([1.5]) == Interval(1.5, None)
    assert interval([1.5]).text(2) == "1.50"
    assert not interval([1.5]).noise
    assert interval([1.5, math.inf]).text(3) == "diverged"
    assert paired([math.inf, 1.0], [math.inf, 1.0]).text(3) == "diverged"
