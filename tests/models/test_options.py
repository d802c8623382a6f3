"""Every word of the config reaches the model: the same weights with one word changed are another function."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from groundup.config import RopeScaling
from groundup.models.causal_lm import CausalLM
from groundup.models.seq2seq import Seq2Seq

IDS = torch.randint(47, (2, 9), generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("family", "changes"),
    [
        ("gpt2", dict(mlp="gelu")),
        ("gpt2", dict(mlp="relu")),
        ("gpt2", dict(mlp="relu2")),
        ("gpt2", dict(norm_eps=0.1)),
        ("gpt2", dict(scale_embedding=True)),
        ("gpt2", dict(windows=(2,))),
        ("gpt2", dict(heads=2)),
        ("llama", dict(norm_eps=0.1)),
        ("llama", dict(rope_theta=100.0)),
        ("llama", dict(rope_scaling=RopeScaling(original_context=8))),
        ("llama3.1", dict(rope_scaling=RopeScaling(original_context=8, factor=2.0))),
        ("llama3.1", dict(rope_scaling=RopeScaling(original_context=8, low=0.5))),
        ("llama3.1", dict(rope_scaling=RopeScaling(original_context=8, high=9.0))),
        ("transformer-decoder", dict(position="sinusoidal-halves")),
    ],
    ids=str,
)
@torch.no_grad()
def test_one_word_changes_the_function(variant: Callable[..., nn.Module], family: str, changes: dict):
    model, other = variant(family), variant(family, **changes)
    other.load_state_dict(model.state_dict())
    inputs = (IDS,) if isinstance(model, CausalLM) else (IDS, IDS)
    assert (model(*inputs) - other(*inputs)).abs().max() > 1e-5


@pytest.mark.parametrize(
    ("family", "changes"),
    [
        ("gpt2", dict(bias=False)),
        ("gpt2", dict(norm="rms")),
        ("gpt2", dict(mlp="swiglu")),
        ("gpt2", dict(mlp_width=7)),
        ("gpt2", dict(qk_norm=True)),
        ("transformer", dict(qk_norm=True)),
        ("gpt2", dict(kv_heads=2)),
        ("gpt2", dict(layers=2)),
        ("gpt2", dict(tied="none")),
        ("gpt2", dict(position="rotary")),
        ("gpt2", dict(norm_first=False)),  # no final norm
        ("transformer", dict(encoder_layers=1)),
        ("transformer", dict(tied="head")),
        ("separate vocabularies", dict(source_vocab_size=46)),
    ],
    ids=str,
)
def test_one_word_changes_the_weights(variant: Callable[..., nn.Module], family: str, changes: dict):
    def shapes(model: nn.Module) -> dict[str, torch.Size]:
        return {name: parameter.shape for name, parameter in model.named_parameters()}

    assert shapes(variant(family)) != shapes(variant(family, **changes))


@pytest.mark.parametrize("word", ["dropout", "attention_dropout"])
@pytest.mark.parametrize("family", ["gpt2", "transformer"])
@torch.no_grad()
def test_dropout_only_while_training(variant: Callable[..., nn.Module], family: str, word: str):
    model = variant(family, **{word: 0.5})
    inputs = (IDS,) if isinstance(model, CausalLM) else (IDS, IDS)
    assert torch.equal(model.eval()(*inputs), variant(family)(*inputs))
    model.train()
    assert not torch.equal(model(*inputs), model(*inputs))


@torch.no_grad()
def test_embeddings_and_positions_are_dropped_too(variant: Callable[..., CausalLM]):
    """Section 5.4: dropout also applies to the sums of embeddings and positional encodings, in both stacks."""
    model: Seq2Seq = variant("transformer", dropout=0.5).train()
    for stack in (model.encoder, model.decoder):
        seen = []
        with stack.blocks[0].register_forward_pre_hook(lambda module, inputs, seen=seen: seen.append(inputs[0])):
            model(IDS, IDS)
        assert 0.4 < (seen[0] == 0).float().mean() < 0.6


def test_a_model_of_the_wrong_kind_is_refused(variant: Callable[..., nn.Module]):
    with pytest.raises(ValueError, match=r"encoder_layers \(2\) makes a Seq2Seq"):
        CausalLM(variant("transformer").config)
    with pytest.raises(ValueError, match="needs encoder_layers"):
        Seq2Seq(variant("gpt2").config)
