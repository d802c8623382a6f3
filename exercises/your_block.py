"""Train a real model made of the blocks of exercise 6, beside the same model made of the package's blocks.

Both begin with the same weights and read the same text, so the losses must be equal but for rounding.
"""

from pathlib import Path

import torch
from check import load, verdict
from checks import LAYERS
from torch import Tensor, nn

import groundup as gu

PATH = Path(__file__).with_name("e6_block.py")


class InPlace(nn.Module):
    """Your block with the call of the package's: the model passes a mask, and you have your own."""

    def __init__(self, block: nn.Module):
        super().__init__()
        self.block = block

    def forward(self, x: Tensor, *, mask: object, rotation: None = None, cache: None = None) -> Tensor:
        return self.block(x)


def with_your_blocks(model: gu.CausalLM) -> gu.CausalLM:
    Block = load(PATH).Block
    for i, theirs in enumerate(model.stack.blocks):
        yours = Block(model.config.width, model.config.heads)
        for name, their_name in LAYERS.items():
            yours.get_submodule(name).load_state_dict(theirs.get_submodule(their_name).state_dict())
        model.stack.blocks[i] = InPlace(yours)
    return model


def main(steps: int = 300) -> None:
    if (said := verdict(6, PATH)) is not None:
        raise SystemExit(f"{PATH.name}: {said}")
    text = "\n".join(english for english, _ in gu.phrasebook("fr", count=5_000, seed=0))
    tokenizer = gu.Tokenizer.characters([text])
    learn, held_out = gu.split_text(text, valid=0.1)
    stream = gu.TokenStream(tokenizer.encode(learn), length=64, batch=16, seed=0)
    valid = gu.TokenStream(tokenizer.encode(held_out[:10_000]), length=64, batch=16, seed=0).fixed()
    config = gu.preset("gpt2-tiny", vocab_size=tokenizer.vocab_size, context=64, width=64, layers=2)
    for name, change in (("the package's blocks", lambda model: model), ("your blocks", with_your_blocks)):
        torch.manual_seed(0)
        model = change(gu.CausalLM(config))
        for step in gu.train(model, stream.batches(), steps=steps, lr=gu.cosine(1e-2, warmup=20), precision="float32"):
            if step.n % 100 == 0:
                print(step)
        print(f"{name}: held-out loss {gu.validate(model, valid):.3f} nats a character")


if __name__ == "__main__":
    main()
