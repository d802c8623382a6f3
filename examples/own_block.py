"""A norm of your own: swap every RMSNorm of a LLaMA for "dynamic tanh" (Zhu et al. 2025) and train both models.

Any layer can be swapped like this. The package never looks at the type of a layer that is not its own, so training,
generating and saving go on working.
"""

import torch
import tyro
from torch import nn

import groundup as gu


class DynamicTanh(nn.Module):
    """weight * tanh(alpha * x) + bias: it bounds the stream as a norm does, without any statistics."""

    def __init__(self, width: int, alpha: float = 0.5):
        super().__init__()
        self.alpha = nn.Parameter(torch.tensor(alpha))
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # (B, T, C) -> (B, T, C)
        return self.weight * torch.tanh(self.alpha * x) + self.bias


def with_dynamic_tanh(model: gu.CausalLM) -> gu.CausalLM:
    """Replace the two norms of each block; the final norm before the head stays."""
    for block in model.stack.blocks:
        block.attention_norm = DynamicTanh(model.config.width)
        block.mlp_norm = DynamicTanh(model.config.width)
    return model


def main(steps: int = 200, width: int = 64) -> None:
    text = "\n".join(english for english, _ in gu.phrasebook("fr", count=5_000, seed=0))
    tokenizer = gu.Tokenizer.characters([text])
    train, held_out = gu.split_text(text, valid=0.1)
    stream = gu.TokenStream(tokenizer.encode(train), length=64, batch=8, seed=0)
    valid = gu.TokenStream(tokenizer.encode(held_out[:5_000]), length=64, batch=8, seed=0).fixed()
    config = gu.preset("llama3-tiny", vocab_size=tokenizer.vocab_size, context=64, width=width, layers=2, mlp_width=172)

    for name, change in (("RMSNorm", lambda model: model), ("DynamicTanh", with_dynamic_tanh)):
        torch.manual_seed(0)
        model = change(gu.CausalLM(config))
        before = gu.validate(model, valid)
        schedule = gu.cosine(3e-3, warmup=steps // 10)
        for _ in gu.train(model, stream.batches(), steps=steps, lr=schedule, precision="float32"):
            pass
        print(f"{name:12} held-out loss {before:.3f} -> {gu.validate(model, valid):.3f} nats a character")


if __name__ == "__main__":
    tyro.cli(main)
