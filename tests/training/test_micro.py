"""The batch of a step is given in tokens; what each rank takes at a time follows, and the windows of a step do not."""

from itertools import islice

import numpy as np
import pytest

from groundup.data.stream import ShardStream, TokenStream
from groundup.training import micro
from groundup.training.settings import TrainSettings
from groundup.training.tally import Tally

T, R = 8, 48  # tokens of a window, windows of a step
SETTINGS = TrainSettings(batch_tokens=T * R)


@pytest.mark.parametrize(
    ("tokens", "context", "ranks", "most", "batch"),
    [
        (524_288, 1024, 1, 64, 64),
        (524_288, 1024, 8, 64, 64),
        (524_288, 1024, 32, 64, 16),
        (524_288, 1024, 512, 64, 1),
        (8192, 256, 4, 16, 8),
        (48 * 8, 8, 2, 16, 12),  # 16 does not divide 24
        (7 * 8, 8, 1, 6, 1),
    ],
)
def test_the_most_that_makes_up_a_step(tokens, context, ranks, most, batch):
    assert micro.micro_batch(tokens, context=context, ranks=ranks, most=most) == batch
    fit = [n for n in range(1, most + 1) if tokens % (n * context * ranks) == 0]
    assert batch == max(fit)


@pytest.mark.parametrize(
    ("ranks", "context", "message"),
    [
        (
            3,
            1024,
            r"\(8,192\) must be a multiple of 3,072: .* 3 ranks; try 2 ranks, or --train.batch-tokens 6144 or 9216$",
        ),
        (64, 1024, r"a multiple of 65,536: .* on 64 ranks; try 8 ranks, or --train.batch-tokens 65536$"),
        (1, 1000, r"a multiple of 1,000: windows of 1,000 tokens on 1 rank; try --train.batch-tokens 8000 or 9000$"),
    ],
)
def test_what_ranks_cannot_share_costs_a_line_with_a_cure_that_holds(ranks, context, message):
    with pytest.raises(ValueError, match=message) as refused:
        micro.micro_batch(8192, context=context, ranks=ranks, most=16)
    cures = str(refused.value).split("; try ")[1]
    for tokens in cures.rsplit("tokens ", 1)[1].split(" or "):
        assert micro.micro_batch(int(tokens), context=context, ranks=ranks, most=16)
    if "ranks" in cures:
        assert micro.micro_batch(8192, context=context, ranks=int(cures.split()[0]), most=16)


def windows_of_steps(make, batch: int, ranks: int, tally: Tally, steps: int) -> list[set[int]]:
    """The first tokens of all windows of some steps, as the ranks take them from where the tally says."""
    data = make(batch)
    of_each = micro.per_step(data, SETTINGS, ranks)
    start = micro.reached(tally, SETTINGS, of_each * ranks)
    hands = [micro.every(data, start + rank, ranks) for rank in range(ranks)]
    return [
        {int(id) for hand in hands for one in islice(hand, of_each) for id in one.inputs[0][:, 0]} for _ in range(steps)
    ]


@pytest.mark.parametrize("kind", [TokenStream, ShardStream])
def test_other_ranks_with_smaller_micro_batches_see_the_same_windows_in_the_same_steps(kind):
    row = np.arange(5000)  # not a whole number of steps, so epochs end within some
    tokens = row if kind is TokenStream else [row[:777], row[777:]]
    make = lambda batch: kind(tokens, length=T, batch=batch, seed=3)  # noqa: E731
    alone = windows_of_steps(make, 16, 1, Tally(), 20)
    assert len({len(step) for step in alone[:10]}) == 1
    for ranks in (4, 2, 48):
        batch = micro.micro_batch(T * R, context=T, ranks=ranks, most=16)
        assert batch < 16
        tally = Tally(step=5, batches=5 * R // 16)  # as one rank has counted them
        assert windows_of_steps(make, batch, ranks, tally, 15) == alone[5:]


def test_without_tokens_of_a_step_the_count_says_where_the_data_go_on():
    """Three ranks with one batch each, then one rank: a step is not the same windows any more."""
    assert micro.reached(Tally(step=5, batches=15), TrainSettings(), 1) == 15
    assert micro.reached(Tally(step=5, batches=None), TrainSettings(accumulate=2), 2) == 10
