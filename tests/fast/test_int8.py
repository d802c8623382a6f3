"""Matrices in 8 bits: what is rounded, by how much at most, and that the model itself stays as it was."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from groundup.config import ModelConfig
from groundup.decode.choose import Greedy
from groundup.decode.generate import collect, generate
from groundup.fast.int8 import LightLinear, in_8_bits, lighten
from groundup.models.causal_lm import CausalLM
from groundup.models.seq2seq import Seq2Seq


def product_plainly(x: torch.Tensor, linear: nn.Linear) -> torch.Tensor:
    """The same in full precision, but for the weights."""
    whole, scales = in_8_bits(linear.weight.detach())
    return x @ (whole * scales[:, None]).T + (0 if linear.bias is None else linear.bias.detach())


@settings(deadline=None, max_examples=40)
@given(
    rows=st.integers(1, 40),
    inputs=st.integers(1, 70),
    outputs=st.integers(1, 70),
    bias=st.booleans(),
    size=st.sampled_from([0.1, 1.0, 1e3]),
    seed=st.integers(0, 1000),
)
def test_nothing_but_rounding_the_inputs_is_lost(rows, inputs, outputs, bias, size, seed):
    torch.manual_seed(seed)
    linear = nn.Linear(inputs, outputs, bias=bias)
    x = size * torch.randn(rows, 1, inputs)
    found, expected = LightLinear(linear)(x), product_plainly(x, linear)
    assert found.shape == (rows, 1, outputs)
    step = (x.max().clamp(min=0) - x.min().clamp(max=0)) / 127  # 7 bits, where the processor needs that
    bound = step.clamp(min=6.2e-5) * linear.weight.detach().abs().sum(
        dim=1
    )  # each input is off by less than a step; PyTorch's smallest one is 6.1e-5
    assert ((found - expected).abs() <= 1.1 * bound + 1e-5 * size).all()


def test_weights_keep_two_digits():
    torch.manual_seed(0)
    weight = torch.randn(30, 50) * torch.logspace(-3, 3, 30)[:, None]
    whole, scales = in_8_bits(weight)
    assert whole.abs().max() == 127
    assert whole.equal(whole.round())
    assert (((whole * scales[:, None] - weight).abs().amax(dim=1)) <= 0.51 * scales).all(), "half a step at most"
    zero, one = in_8_bits(torch.zeros(2, 3))
    assert zero.equal(torch.zeros(2, 3))
    assert one.isfinite().all()


@pytest.mark.parametrize("tied", ["none", "all"])
def test_a_light_model_is_nearly_the_model_and_leaves_it_alone(tied):
    torch.manual_seed(0)
    shape = dict(vocab_size=90, context=24, width=64, layers=2, encoder_layers=2, heads=4, mlp="relu", tied=tied)
    model = Seq2Seq(ModelConfig(**shape, position="sinusoidal", norm_first=False)).eval()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    source, target = torch.randint(90, (2, 5, 12))
    light = lighten(model)
    with torch.no_grad():
        expected, found = model(source, target), light(source, target)
    assert 0 < (found - expected).norm() < 0.05 * expected.norm()
    assert not any(isinstance(module, nn.Linear) for module in light.modules())
    model(source, target).sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters()), "the model can still be trained"
    assert all(tensor.equal(before[name]) for name, tensor in model.state_dict().items())


@pytest.mark.parametrize("family", ["gpt2", "llama3", "modern"])
def test_a_light_language_model_is_nearly_the_model_head_and_all(variant, family):
    model = variant(family)
    ids = torch.randint(47, (3, 12), generator=torch.Generator().manual_seed(0))
    light = lighten(model)
    with torch.no_grad():
        expected, found = model(ids).log_softmax(dim=-1), light(ids).log_softmax(dim=-1)
    assert 0 < (found - expected).norm() < 0.1 * (expected - expected.mean()).norm()
    assert isinstance(light.head, LightLinear)
    assert light.stack.embed.weight.equal(model.stack.embed.weight), "tied or not, looking up is as it was"
    assert not any(isinstance(module, nn.Linear) for module in light.modules())


@pytest.mark.parametrize("tied", ["none", "head"])
def test_where_the_choice_is_clear_a_light_model_writes_the_same(tied):
    """Logits twenty apart: each token is followed by the next, whatever stood before it."""
    config = ModelConfig(vocab_size=32, context=64, width=64, layers=2, heads=4, tied=tied)
    model = CausalLM(config).eval()
    with torch.no_grad():
        if tied == "none":
            model.stack.embed.weight.copy_(torch.eye(32, 64) * 10)
            model.head.weight.copy_(torch.eye(32, 64).roll(1, dims=0) * 10)
        else:
            nn.init.normal_(model.stack.embed.weight)
    ids, light = torch.tensor([[3, 9], [30, 1]]), lighten(model)

    def written(by: CausalLM) -> list[list[int]]:
        return collect(generate(by, by.begin(2), ids, choose=Greedy(), max_new_tokens=40))

    assert written(light) == written(model)
    if tied == "none":
        assert written(light) == [[(start + n) % 32 for n in range(1, 41)] for start in (9, 1)]


def test_other_devices_are_refused():
    with pytest.raises(ValueError, match="int8 is for CPUs; use device=cpu"):
        lighten(nn.Linear(3, 4, device="meta"))


def test_siblings_in_one_product_are_the_same_to_the_last_bit():
    torch.manual_seed(0)
    shape = dict(vocab_size=90, context=24, width=64, layers=2, heads=4, kv_heads=2, mlp="swiglu", norm="rms")
    light = lighten(CausalLM(ModelConfig(**shape, position="rotary")).eval())
    ids = torch.randint(90, (3, 7))
    with torch.no_grad():
        joined = light(ids)
        first = [module for module in light.modules() if getattr(module, "joined", None) is not None]
        assert len(first) == 4, "queries, keys, values; and both halves of the gate: in two blocks"
        for module in first:
            module.joined = None
        assert light(ids).equal(joined)
