"""A tied matrix is one tensor: counted once, trained by both of its uses, still one after loading and copying."""

import copy
from collections.abc import Callable

import pytest
import torch
from torch import nn

from groundup.build import count_parameters, on_meta
from groundup.config import ModelConfig
from groundup.models.causal_lm import CausalLM
from groundup.models.seq2seq import Seq2Seq

C, V, SOURCE_V = 32, 61, 47
Build = Callable[..., nn.Module]


def matrices(model: nn.Module) -> set[int]:
    """How many different tensors serve as embeddings and head."""
    if isinstance(model, CausalLM):
        return {id(model.stack.embed.weight), id(model.head.weight)}
    return {id(model.encoder.embed.weight), id(model.decoder.embed.weight), id(model.head.weight)}


@pytest.mark.parametrize(
    ("family", "tied", "different"),
    [
        ("gpt2", "none", 2),
        ("gpt2", "head", 1),
        ("transformer", "none", 3),
        ("transformer", "head", 2),
        ("transformer", "all", 1),
    ],
)
def test_tied_is_one_tensor_counted_once(variant: Build, family: str, tied: str, different: int):
    model, untied = variant(family, tied=tied), variant(family, tied="none")
    assert len(matrices(model)) == different
    saved = V * C * (len(matrices(untied)) - different)
    assert count_parameters(model) == count_parameters(untied) - saved
    assert count_parameters(on_meta(model.config)) == count_parameters(model)
    assert len(matrices(copy.deepcopy(model))) == different
    assert len(matrices(on_meta(model.config))) == different
    model.load_state_dict(variant(family, tied=tied).state_dict())
    assert len(matrices(model.to(torch.float64))) == different


def test_separate_vocabularies_have_separate_embeddings(variant: Build):
    model = variant("separate vocabularies")
    assert model.encoder.embed.weight.shape == (SOURCE_V, C)
    assert model.decoder.embed.weight.shape == (V, C)
    assert model.head.weight is model.decoder.embed.weight


def test_both_uses_train_a_tied_matrix(variant: Build):
    """Its gradient is the sum of what the two matrices of an untied model get."""
    tied, untied = variant("gpt2"), variant("gpt2", tied="none")
    untied.load_state_dict(tied.state_dict())
    ids = torch.randint(V, (2, 9), generator=torch.Generator().manual_seed(0))
    for model in (tied, untied):
        nn.functional.cross_entropy(model(ids).flatten(0, 1), ids.flatten()).backward()
    separate = untied.stack.embed.weight.grad, untied.head.weight.grad
    assert all(gradient.norm() > 1e-3 for gradient in separate)
    torch.testing.assert_close(tied.head.weight.grad, sum(separate))


def test_every_parameter_takes_part(config: ModelConfig):
    """A parameter without a gradient is dead weight (or a branch that was forgotten)."""
    torch.manual_seed(0)
    model = CausalLM(config) if config.encoder_layers is None else Seq2Seq(config)
    ids = torch.randint(SOURCE_V, (2, 24))
    inputs = (ids,) if isinstance(model, CausalLM) else (ids, ids)
    with torch.no_grad():
        for parameter in model.parameters():
            if not parameter.any():  # what begins at zero lets nothing through yet
                nn.init.normal_(parameter, std=0.1)
    model(*inputs).logsumexp(-1).pow(2).sum().backward()
    dead = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().max() > 0]
    # A bias on keys adds the same number to every score of a query, which softmax cannot see: exactly 0 or rounding.
    assert [name for name in dead if not name.endswith("key.bias")] == []
