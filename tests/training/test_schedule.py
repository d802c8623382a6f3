"""Shapes of the schedules, with Hugging Face's as the oracle where they have the same one."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from groundup.training.schedule import constant, cosine, from_settings, inverse_sqrt, wsd
from groundup.training.settings import TrainSettings

PEAK = 3e-4


def over(schedule, steps):
    """The learning rate of every step of a run bounded by steps; item 0 is step 1's."""
    return [schedule(n, (n - 1) / steps) for n in range(1, steps + 1)]


def test_cosine_and_inverse_sqrt_are_hugging_faces_after_the_warm_up():
    transformers = pytest.importorskip("transformers")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=PEAK)
    theirs = transformers.get_cosine_with_min_lr_schedule_with_warmup(optimizer, 20, 100, min_lr_rate=0.1)
    ours = over(cosine(PEAK, warmup=20, floor=0.1), 100)
    expected = [PEAK * theirs.lr_lambdas[0](n) for n in range(100)]
    assert ours[20:] == pytest.approx(expected[20:], rel=1e-9)
    assert ours[:19] == pytest.approx(expected[1:20], rel=1e-9)  # theirs wastes step 1 on a rate of 0

    theirs = transformers.get_inverse_sqrt_schedule(optimizer, 20)
    expected = [PEAK * theirs.lr_lambdas[0](n) for n in range(1, 101)]
    assert over(inverse_sqrt(PEAK, warmup=20), 100) == pytest.approx(expected, rel=1e-9)


def test_inverse_sqrt_is_the_papers_formula():
    width, warmup = 512, 4000
    peak = width**-0.5 * warmup**-0.5
    for n in (1, 100, 4000, 4001, 100_000):
        paper = width**-0.5 * min(n**-0.5, n * warmup**-1.5)
        assert inverse_sqrt(peak, warmup=warmup)(n, 0.5) == pytest.approx(paper)


def test_wsd_rises_stays_and_falls_straight():
    rates = over(wsd(1.0, warmup=10, decay=0.2), 100)
    assert rates[4] == pytest.approx(0.5)
    assert rates[9:80] == pytest.approx([1.0] * 71)
    assert rates[90] == pytest.approx(0.5)
    assert rates[99] == pytest.approx(0.05)


def test_constant():
    assert over(constant(2.0, warmup=4), 6) == [0.5, 1.0, 1.5, 2.0, 2.0, 2.0]
    assert constant(2.0)(1, 0.0) == 2.0


@given(
    make=st.sampled_from([cosine, wsd]),
    warmup=st.integers(0, 300),
    paces=st.lists(st.floats(0.01, 1.0), min_size=2, max_size=100),
)
def test_a_run_bounded_by_time_ends_at_the_floor_whatever_its_pace(make, warmup, paces):
    schedule = make(1.0, warmup=warmup, floor=0.1)
    elapsed = 0.0
    for n, pace in enumerate(paces, 1):
        assert 0 < schedule(n, elapsed / sum(paces)) <= 1
        elapsed += pace
    assert schedule(len(paces) + 1, 1.0) == pytest.approx(min(0.1, (len(paces) + 1) / max(1, warmup)))


@given(warmup=st.integers(0, 50), floor=st.floats(0, 1))
def test_rates_rise_through_the_warm_up_and_fall_after_it(warmup, floor):
    for make in (cosine, wsd):
        rates = over(make(1.0, warmup=warmup, floor=floor), 100)
        assert rates[:warmup] == sorted(rates[:warmup])
        assert rates[warmup:] == sorted(rates[warmup:], reverse=True)


def test_settings_name_a_schedule():
    for name, schedule in (
        ("cosine", cosine(0.01, warmup=5, floor=0.2)),
        ("inverse-sqrt", inverse_sqrt(0.01, warmup=5)),
        ("wsd", wsd(0.01, warmup=5, floor=0.2)),
        ("constant", constant(0.01, warmup=5)),
    ):
        settings = TrainSettings(decay=0.2, steps=50, lr=0.01, warmup=5, floor=0.2, schedule=name)
        assert over(from_settings(settings), 50) == over(schedule, 50)


def test_the_settings_say_how_long_wsd_falls():
    settings = TrainSettings(steps=50, lr=0.01, warmup=5, floor=0.2, schedule="wsd", decay=0.6)
    assert over(from_settings(settings), 50) == over(wsd(0.01, warmup=5, decay=0.6, floor=0.2), 50)
    assert over(from_settings(settings), 50) != over(wsd(0.01, warmup=5, floor=0.2), 50)


def test_impossible_schedules_are_refused():
    with pytest.raises(ValueError, match="warmup"):
        cosine(1.0, warmup=-1)
    with pytest.raises(ValueError, match="decay"):
        wsd(1.0, warmup=1, decay=0.0)
