"""Quick models are the plain ones: every family, forward and backward; and the quick classes are really there."""

import copy
import statistics

import pytest
import torch
from families import CAUSAL, SEQ2SEQ, build_random
from torch import Tensor, nn

from groundup.fast.quicken import PLAIN, QUICK, plain, quicken
from groundup.models.causal_lm import CausalLM
from groundup.models.seq2seq import Seq2Seq
from groundup.nn.attend import Attend


def batch(model: nn.Module, T: int) -> tuple[Tensor, ...]:
    random = torch.Generator().manual_seed(0)
    ids = torch.randint(61, (2, T), generator=random)
    if isinstance(model, CausalLM):
        return ids, torch.arange(T) >= torch.tensor([[0], [3]])  # padding on the left
    source = torch.randint(47, (2, 9), generator=random)
    return source, ids, torch.arange(9) < torch.tensor([[9], [5]])


def results(model: nn.Module, dtype: torch.dtype, *, padded: bool) -> dict[str, Tensor]:
    """Logits, every gradient, and the logits of a cached step after five tokens."""
    given = batch(model, 20)
    mask = given[-1] if padded else None
    model.zero_grad()
    with torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16):
        logits = model(*given[:-1], mask)
        real = mask if padded and isinstance(model, CausalLM) else torch.ones(2, 20, dtype=torch.bool)
        logits[real].square().mean().backward()
        with torch.no_grad():
            begun = model.begin(2, prompt_mask=mask) if isinstance(model, CausalLM) else model.begin(given[0], mask)
            model.step(given[-2][:, :5], begun)
            step = model.step(given[-2][:, 5:6], begun)
    gradients = {f"gradient of {name}": p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    return {"logits": logits[real].detach(), "step": step, **gradients}


@pytest.mark.parametrize("family", [*CAUSAL, *SEQ2SEQ])
@pytest.mark.parametrize("padded", [False, True], ids=["whole", "padded"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_quick_is_plain(family: str, dtype: torch.dtype, padded: bool):
    # In bfloat16 rounding may turn a single ReLU on or off, and so its gradients: the median of three models counts.
    far: dict[str, list[tuple[float, float]]] = {}
    for seed in range(3 if dtype == torch.bfloat16 else 1):
        quick = build_random((CAUSAL | SEQ2SEQ)[family], seed=seed)
        slow = plain(copy.deepcopy(quick))
        assert {type(module) for module in quick.modules()}.isdisjoint(QUICK)
        assert {type(module) for module in slow.modules()}.isdisjoint(PLAIN)
        ours, theirs = results(quick, dtype, padded=padded), results(slow, dtype, padded=padded)
        exact = results(slow, torch.float32, padded=padded)
        assert ours.keys() == theirs.keys() == exact.keys()
        for name, value in exact.items():
            if dtype == torch.float32:
                say = lambda m, name=name: f"{name}: {m}"  # noqa: E731
                torch.testing.assert_close(ours[name], value, msg=say, atol=1e-5, rtol=1e-4)
            errors = float((ours[name] - value).norm()), float((theirs[name] - value).norm())
            far.setdefault(name, []).append(errors)
    for name, errors in far.items():  # no farther from the exact numbers than rounding takes the plain model
        mine, plains = (statistics.median(side) for side in zip(*errors, strict=True))
        assert mine <= 2 * plains + 1e-3, name


@pytest.mark.parametrize("family", ["gpt2", "llama2", "transformer"])
def test_the_same_object_with_the_same_names(family: str):
    model = build_random((CAUSAL | SEQ2SEQ)[family])
    modules, names, weights = list(model.modules()), list(model.state_dict()), [*model.parameters()]
    for turned in (plain(model), quicken(model), quicken(model)):
        assert turned is model
        assert list(model.modules()) == modules
        assert list(model.state_dict()) == names
        assert all(a is b for a, b in zip(model.parameters(), weights, strict=True))
    assert type(model.head) is QUICK[nn.Linear]


def test_somebodys_own_parts_are_left_alone():
    class Mine(Attend):
        pass

    class MyLinear(nn.Linear):
        pass

    model = nn.ModuleList([Mine(), MyLinear(2, 2), nn.Linear(2, 2)])
    quicken(model)
    assert [type(module) for module in model] == [Mine, MyLinear, QUICK[nn.Linear]]
    plain(model)
    assert [type(module) for module in model] == [Mine, MyLinear, nn.Linear]


def test_hooks_are_called_whichever_way():
    model, calls = build_random(CAUSAL["gpt3"]), []
    for module in model.modules():
        if isinstance(module, Attend):
            module.register_forward_hook(lambda *_: calls.append(1))
    for turned in (quicken(model), plain(model)):
        turned(torch.zeros(1, 12, dtype=torch.long))
    assert len(calls) == 2 * 3


def test_a_model_comes_quick():
    for config in (CAUSAL["llama"], SEQ2SEQ["transformer"]):
        model = build_random(config)
        assert isinstance(model, CausalLM | Seq2Seq)
        assert {type(module) for module in model.modules()} & set(PLAIN)
