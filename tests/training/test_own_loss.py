"""`loss(model, batch)` in place of cross-entropy: what it is, and what it cannot stand beside."""

from itertools import islice

import pytest
import torch
import torch.nn.functional as F

import groundup as gu

CONFIG = gu.preset("llama3-tiny", vocab_size=30, context=8, width=16, layers=1, heads=2, kv_heads=1, mlp_width=32)
SETTINGS = dict(steps=3, warmup=1, threads=1, validate_every=3, save_every=3)


@pytest.fixture
def stream() -> gu.TokenStream:
    return gu.TokenStream(torch.randint(30, (400,)), length=8, batch=2, seed=0)


def mean(model, batch):
    return F.cross_entropy(model(*batch.inputs).float().flatten(0, 1), batch.targets.flatten())


def trained(batches, **how) -> gu.CausalLM:
    torch.manual_seed(0)
    model = gu.CausalLM(CONFIG)
    plain = torch.optim.SGD(model.parameters(), lr=0.1)  # steps as large as the gradients are
    for _ in gu.train(model, batches, steps=3, lr=0.1, optimizer=plain, precision="float32", **how):
        pass
    return model


def test_cross_entropy_written_by_hand_takes_the_same_steps(stream):
    """Also where a step is of several batches with unequally many targets: it is a mean over tokens, not batches."""
    batches = list(islice(stream.batches(), 6))
    batches[1].targets[:, 2:] = -100
    for mine, stock in zip(
        trained(iter(batches), accumulate=2, loss=mean).parameters(),
        trained(iter(batches), accumulate=2).parameters(),
        strict=True,
    ):
        torch.testing.assert_close(mine, stock, rtol=1e-4, atol=1e-6)


def test_another_loss_learns_something_else(stream):
    model = trained(stream.batches(), loss=lambda model, batch: model(*batch.inputs).square().mean())
    ids = torch.randint(30, (2, 8))
    torch.manual_seed(0)
    assert model(ids).square().mean() < gu.CausalLM(CONFIG)(ids).square().mean()


def test_what_belongs_to_the_stock_loss_is_refused_beside_it(stream, tmp_path):
    with pytest.raises(ValueError, match=r"smoothing \(0.1\) belongs to the built-in loss"):
        trained(stream.batches(), loss=mean, smoothing=0.1)
    for settings in (dict(smoothing=0.1), dict(chunk_head=4)):
        with pytest.raises(ValueError, match="built-in loss"):
            gu.fit(
                gu.CausalLM(CONFIG), stream, folder=tmp_path, settings=gu.TrainSettings(**SETTINGS, **settings),
                valid=[], loss=mean,
            )  # fmt: skip
    assert not list(tmp_path.iterdir())


def test_what_is_no_loss_is_named(stream):
    for wrong, said in (
        (lambda model, batch: 1.0, "not a float"),
        (lambda model, batch: model(*batch.inputs), r"not shape \(2, 8, 30\)"),
        (lambda model, batch: torch.ones(()), "does not depend on the weights"),
    ):
        with pytest.raises(ValueError, match=said):
            trained(stream.batches(), loss=wrong)
