"""GPT-2: our logits are those of transformers' GPT2LMHeadModel with the same weights."""

import pytest
import torch
from torch import nn
from transformers import GPT2Config, GPT2LMHeadModel

from groundup.models.causal_lm import CausalLM
from groundup.presets import preset

C = 32


@pytest.fixture(scope="module")
def models(randomise) -> tuple[CausalLM, GPT2LMHeadModel]:
    ours = randomise(CausalLM(preset("gpt2", vocab_size=67, context=24, width=C, layers=3, heads=4)))
    config = GPT2Config(
        vocab_size=67,
        n_positions=24,
        n_embd=C,
        n_layer=3,
        n_head=4,
        bos_token_id=0,
        eos_token_id=0,
        attn_implementation="eager",
    )
    theirs = GPT2LMHeadModel(config).eval()
    copy_weights(ours, theirs)
    return ours, theirs


def copy_linear(ours: list[nn.Linear], theirs: nn.Module) -> None:
    """Their Conv1D stores (in, out); several of ours may be one of theirs, side by side."""
    theirs.weight.data = torch.cat([linear.weight.data for linear in ours]).T.clone()
    theirs.bias.data = torch.cat([linear.bias.data for linear in ours])


def copy_weights(ours: CausalLM, theirs: GPT2LMHeadModel) -> None:
    body = theirs.transformer
    body.wte.weight.data = ours.stack.embed.weight.data.clone()
    body.wpe.weight.data = ours.stack.positions.table.weight.data.clone()
    for block, h in zip(ours.stack.blocks, body.h, strict=True):
        h.ln_1.load_state_dict(block.attention_norm.state_dict())
        copy_linear([block.attention.query, block.attention.key, block.attention.value], h.attn.c_attn)
        copy_linear([block.attention.out], h.attn.c_proj)
        h.ln_2.load_state_dict(block.mlp_norm.state_dict())
        copy_linear([block.mlp.into], h.mlp.c_fc)
        copy_linear([block.mlp.out], h.mlp.c_proj)
    body.ln_f.load_state_dict(ours.stack.norm.state_dict())
    theirs.tie_weights()


@torch.no_grad()
def test_logits(models, texts, assert_same_logits):
    ours, theirs = models
    assert_same_logits(ours(texts), theirs(texts).logits)


@torch.no_grad()
def test_padded_logits(models, padded, real_positions, assert_same_logits):
    ours, theirs = models
    ids, mask = padded
    expected = theirs(ids, attention_mask=mask.long(), position_ids=real_positions(mask)).logits
    assert_same_logits(ours(ids, mask)[mask], expected[mask])


def test_gradients(models):
    """The same loss falls the same way: of the tied embedding, which every path goes through."""
    ours, theirs = models
    ids = torch.randint(67, (2, 13))
    losses = []
    for model, weight in ((ours, ours.head.weight), (theirs, theirs.lm_head.weight)):
        out = model(ids) if model is ours else model(ids).logits
        loss = nn.functional.cross_entropy(out[:, :-1].flatten(0, 1), ids[:, 1:].flatten())
        losses.append((loss, torch.autograd.grad(loss, weight)[0]))
    (loss, gradient), (expected_loss, expected) = losses
    torch.testing.assert_close(loss, expected_loss)
    torch.testing.assert_close(gradient, expected, atol=1e-6, rtol=1e-4)


def test_the_parameters_are_the_same_number(models):
    ours, theirs = models
    assert sum(p.numel() for p in ours.parameters()) == sum(p.numel() for p in theirs.parameters())
