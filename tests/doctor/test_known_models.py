"""Models of `transformers`, which millions use, are sound: whatever the doctor says of them is false."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

import groundup as gu

transformers = pytest.importorskip("transformers")
SMALL = dict(vocab_size=100, hidden_size=32, num_hidden_layers=2, num_attention_heads=4)
LONG = dict(max_position_embeddings=64)


def gpt2() -> nn.Module:
    config = transformers.GPT2Config(vocab_size=100, n_positions=64, n_embd=32, n_layer=2, n_head=4)
    return transformers.GPT2LMHeadModel(config)


def mixtral() -> nn.Module:
    """Experts, grouped keys and a window."""
    more = dict(intermediate_size=64, num_key_value_heads=2, num_local_experts=4, sliding_window=5)
    return transformers.MixtralForCausalLM(transformers.MixtralConfig(**SMALL, **LONG, **more))


def gemma() -> nn.Module:
    more = dict(intermediate_size=64, num_key_value_heads=2, head_dim=8, sliding_window=4)
    return transformers.Gemma2ForCausalLM(transformers.Gemma2Config(**SMALL, **LONG, **more))


def neox() -> nn.Module:
    """Attention and feed-forward side by side."""
    return transformers.GPTNeoXForCausalLM(transformers.GPTNeoXConfig(**SMALL, **LONG, intermediate_size=64))


def opt() -> nn.Module:
    """Learned positions behind a projection."""
    return transformers.OPTForCausalLM(transformers.OPTConfig(**SMALL, **LONG, ffn_dim=64, word_embed_proj_dim=16))


def bloom() -> nn.Module:
    """Distances in the scores, ALiBi."""
    config = transformers.BloomConfig(vocab_size=100, hidden_size=32, n_layer=2, n_head=4)
    return transformers.BloomForCausalLM(config)


@pytest.mark.parametrize("make", [gpt2, mixtral, gemma, neox, opt, bloom], ids=lambda make: make.__name__)
def test_a_language_model_is_sound(make: Callable[[], nn.Module]):
    torch.set_num_threads(1)

    def batch(seed: int) -> torch.Tensor:
        return torch.randint(99, (4, 20), generator=torch.Generator().manual_seed(seed))

    def loss(model: nn.Module, ids: torch.Tensor) -> torch.Tensor:
        return model(input_ids=ids, labels=ids).loss

    report = gu.doctor(make, batch=batch, loss=loss, context=64)
    assert report.sound, str(report)


def test_t5_is_sound():
    """It has no scale, for that is in its first weights, and it begins with its padding."""
    torch.set_num_threads(1)
    sizes = dict(vocab_size=100, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4)

    def make() -> nn.Module:
        return transformers.T5ForConditionalGeneration(transformers.T5Config(**sizes, decoder_start_token_id=0))

    def logits(model: nn.Module, source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return model(input_ids=source, decoder_input_ids=target, attention_mask=(source != 0).long()).logits

    report = gu.doctor(make, logits=logits, PAD=0, EOS=1, BOS=0, VOCAB=100, SRC_VOCAB=100)
    assert report.sound, str(report)
