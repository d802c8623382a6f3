"""Look inside: train a language model on texts that say everything twice, and draw what its heads look at.

Every letter of the second half can be known from the first half. The heads that look it up show in the picture as a
bright line beside the diagonal: each row looks at the place one repetition earlier.
"""

from collections.abc import Iterator
from pathlib import Path

import torch
import tyro

import groundup as gu

LETTERS = "abcdefghijklmnop"
HALF = 10


def twice(seed: int, count: int) -> Iterator[torch.Tensor]:
    """Endless rows of random letters, each row said twice: (count, 2 * HALF) ids."""
    random = torch.Generator().manual_seed(seed)
    while True:
        yield torch.randint(len(LETTERS), (count, HALF), generator=random).repeat(1, 2)


def batches(seed: int) -> Iterator[gu.Batch]:
    for ids in twice(seed, count=32):
        yield gu.Batch(inputs=(ids[:, :-1],), targets=ids[:, 1:])


def main(steps: int = 300, out: Path = Path("twice.png")) -> None:
    torch.manual_seed(0)
    config = gu.preset("llama-tiny", vocab_size=len(LETTERS), context=2 * HALF, width=64, layers=2, heads=2)
    model = gu.CausalLM(config)
    schedule = gu.cosine(5e-3, warmup=20)
    for step in gu.train(model, batches(seed=0), steps=steps, lr=schedule, precision="float32"):
        if step.n % 50 == 0:
            print(step)

    model.eval()
    ids = next(twice(seed=1, count=1))
    with torch.no_grad(), gu.record_attention(model) as maps:  # layer name -> the maps of each call, (B, H, T, S)
        logits = model(ids)
    guesses = logits[0, HALF - 1 : -1].argmax(dim=-1)  # what the model expects in the second half
    print(f"{(guesses == ids[0, HALF:]).sum()} of {HALF} letters of the second half foreseen")

    weights = torch.stack([calls[0][0] for calls in maps.values()])  # (layers, H, T, S)
    letters = [LETTERS[id] for id in ids[0].tolist()]
    gu.draw_attention(weights, queries=letters, keys=letters, path=out, title="a text that says everything twice")
    print(f"the heads are drawn in {out}")


if __name__ == "__main__":
    tyro.cli(main)
