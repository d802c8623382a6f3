"""The loop: accumulation by tokens, resuming bit for bit, bounds, refusals; and validation."""

import itertools
import math

import pytest
import torch
from torch.nn import functional as F

from groundup.batch import IGNORE
from groundup.training import loop
from groundup.training.checkpoint import load_checkpoint, save_checkpoint
from groundup.training.loop import Step, train
from groundup.training.optim import adamw
from groundup.training.precision import choose_precision
from groundup.training.schedule import cosine
from groundup.training.tensors import load_model_tensors, model_tensors
from groundup.training.validate import validate

FLOAT32 = choose_precision("cpu", "float32")


def weights(model):
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def assert_identical(one, other):
    assert one.keys() == other.keys()
    for name in one:
        assert torch.equal(one[name], other[name]), name


def test_the_loss_falls_to_nothing_on_what_can_be_learned(toy_model, toy_data):
    model = toy_model(dropout=0.0)
    steps = list(train(model, toy_data().batches(), steps=300, lr=3e-2, weight_decay=0.0))
    assert [step.n for step in steps] == list(range(1, 301))
    assert steps[0].loss == pytest.approx(math.log(11), abs=0.4)
    assert steps[-1].loss < 0.05
    assert steps[-1].progress == 1.0


@pytest.mark.parametrize("k", [2, 3])
def test_accumulated_micro_batches_equal_the_big_batch(toy_model, toy_data, toy_batch, k):
    data = toy_data()
    micro = list(itertools.islice(data.batches(), 4 * k))
    assert len({int((batch.targets != IGNORE).sum()) for batch in micro}) > 1  # else a mean of means would pass too

    def joined(some):
        return toy_batch((torch.cat([b.inputs[0] for b in some]), None), torch.cat([b.targets for b in some]))

    big = [joined(micro[at : at + k]) for at in range(0, len(micro), k)]
    ours, theirs = toy_model(dropout=0.0), toy_model(dropout=0.0)
    one = list(train(ours, micro, steps=4, accumulate=k, precision=FLOAT32))
    other = list(train(theirs, big, steps=4, precision=FLOAT32))
    for a, b in zip(one, other, strict=True):
        assert (a.tokens, a.loss) == (b.tokens, pytest.approx(b.loss, rel=1e-5))
        assert a.grad_norm == pytest.approx(b.grad_norm, rel=1e-4)
    for name, tensor in ours.state_dict().items():
        torch.testing.assert_close(tensor, theirs.state_dict()[name], rtol=1e-4, atol=1e-6)


def test_one_step_is_the_textbooks(toy_model, toy_data):
    """Against PyTorch alone: mean cross-entropy, clip_grad_norm_, AdamW."""
    data, lr, clip = toy_data(), 1e-2, 0.1
    ours, theirs = toy_model(dropout=0.0), toy_model(dropout=0.0)
    (step,) = train(ours, data.batches(), steps=1, lr=lr, clip=clip, smoothing=0.1, precision=FLOAT32)
    optimizer = adamw(theirs, lr=lr)
    batch = data.batch(0)
    loss = F.cross_entropy(theirs(*batch.inputs).flatten(0, 1), batch.targets.flatten(), label_smoothing=0.1)
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(theirs.parameters(), clip)
    optimizer.step()
    assert norm > clip
    assert (step.loss, step.grad_norm) == (pytest.approx(loss.item()), pytest.approx(norm.item()))
    for name, tensor in ours.state_dict().items():
        torch.testing.assert_close(tensor, theirs.state_dict()[name])


def test_2n_steps_are_n_saved_resumed_and_n_more_bit_for_bit(toy_model, toy_data, tmp_path):
    n, options = 7, {"lr": cosine(1e-2, warmup=3), "steps": 14, "seed": 5, "accumulate": 2}
    whole = toy_model()
    unbroken = [step.loss for step in train(whole, toy_data().batches(), **options)]

    first = toy_model()
    optimizer = adamw(first, lr=1e-2)
    losses = []
    for step in train(first, toy_data().batches(), optimizer=optimizer, **options):
        losses.append(step.loss)
        if step.n == n:
            break
    save_checkpoint(tmp_path, n, model=model_tensors(first), optimizer=optimizer.state_dict(), state={})

    torch.manual_seed(999)  # a resumed process has another history
    second = toy_model(seed=1)
    checkpoint = load_checkpoint(tmp_path)
    load_model_tensors(second, checkpoint.model, file=tmp_path)
    optimizer = adamw(second, lr=1e-2)
    assert checkpoint.optimizer is not None
    optimizer.load_state_dict(checkpoint.optimizer)
    batches = toy_data().batches(n * options["accumulate"])
    losses += [step.loss for step in train(second, batches, start=n, optimizer=optimizer, **options)]
    assert losses == unbroken
    assert_identical(weights(whole), weights(second))


def test_the_seed_decides_the_dropout(toy_model, toy_data):
    def run(seed):
        model = toy_model(dropout=0.5)
        list(train(model, toy_data().batches(), steps=3, seed=seed))
        return weights(model)

    assert_identical(run(1), run(1))
    assert not torch.equal(run(1)["head.weight"], run(2)["head.weight"])


def test_the_caller_may_evaluate_in_between(toy_model, toy_data):
    undisturbed, disturbed = toy_model(dropout=0.5), toy_model(dropout=0.5)
    list(train(undisturbed, toy_data().batches(), steps=4))
    for _ in train(disturbed, toy_data().batches(), steps=4):
        disturbed.eval()
        torch.rand(10)
        validate(disturbed, [toy_data(seed=1).batch(0)])
    assert_identical(weights(undisturbed), weights(disturbed))


def test_a_run_bounded_by_time_stops_and_its_rate_comes_down(toy_model, toy_data, monkeypatch):
    clock = itertools.count(0.0, 0.1)  # every look at the clock takes a tenth of a second
    monkeypatch.setattr(loop.time, "perf_counter", lambda: next(clock))
    steps = list(train(toy_model(), toy_data().batches(), max_seconds=60.0, lr=cosine(1.0, warmup=10, floor=0.1)))
    assert 100 < len(steps) < 600
    assert max(step.lr for step in steps) == pytest.approx(1.0, abs=0.01)
    assert steps[-1].lr == pytest.approx(0.1, abs=0.01)
    shorter = list(train(toy_model(), toy_data().batches(), max_seconds=60.0, elapsed=30.0))
    assert len(shorter) == pytest.approx(len(steps) / 2, abs=2)


def test_what_cannot_be_trained_is_refused(toy_model, toy_data, toy_batch):
    data, model = toy_data(), toy_model()
    with pytest.raises(ValueError, match="needs an end"):
        next(train(model, data.batches()))
    with pytest.raises(ValueError, match=r"warmup \(200 steps\).*\(20 steps\)"):
        next(train(model, data.batches(), steps=20, lr=cosine(1e-3, warmup=200)))
    with pytest.raises(ValueError, match=r"ended in step 3.*steps=2"):
        list(train(model, [data.batch(0)] * 5, steps=9, accumulate=2))
    with pytest.raises(ValueError, match="max_seconds"):
        next(train(model, data.batches(), max_seconds=0))
    empty = toy_batch(data.batch(0).inputs, torch.full((4, 6), IGNORE))
    with pytest.raises(ValueError, match="nothing to learn"):
        next(train(model, [empty], steps=1))
    with pytest.raises(ValueError, match="nothing to validate"):
        validate(model, [empty])


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_stops_before_the_weights_are_touched(toy_model, toy_data, bad):
    model = toy_model()
    with torch.no_grad():
        model.head.bias[3] = bad
    before = model.embedding.weight.clone()
    with pytest.raises(FloatingPointError, match="step 1"):
        next(train(model, toy_data().batches(), steps=1))
    assert torch.equal(before, model.embedding.weight)


def test_a_step_prints_itself():
    step = Step(n=100, loss=5.3121, lr=1.5e-4, grad_norm=0.829, tokens=4100, seconds=0.1, progress=0.1)
    assert str(step) == "step 100  loss 5.312  lr 1.5e-04  grad 0.83  41k tok/s"


def test_validation_counts_every_token_alike_and_is_deterministic(toy_model, toy_data, toy_batch):
    model = toy_model(dropout=0.5).train()
    data = toy_data()
    batches = [data.batch(0), toy_data(rows=9, length=2).batch(1)]
    first = validate(model, batches, FLOAT32)
    assert validate(model, batches, FLOAT32) == first
    assert model.training
    model.eval()
    logits = torch.cat([model(*batch.inputs).flatten(0, 1) for batch in batches])
    targets = torch.cat([batch.targets.flatten() for batch in batches])
    assert first == pytest.approx(F.cross_entropy(logits, targets).item(), rel=1e-6)
    validate(model, batches)
    assert not model.training
