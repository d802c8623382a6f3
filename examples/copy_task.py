"""The copy task: an encoder-decoder learns to repeat a row of digits that it has never seen.

A model that cannot copy cannot translate, so this is the smallest test of attention, masks, positions and decoding
together. It takes seconds. Try `--steps 50` to see a model that has not learnt it yet.
"""

from collections.abc import Iterator

import torch
import tyro

import groundup as gu

LENGTH = 6
START = 10  # the ids 0 to 9 are the digits; this one begins an answer


def rows(seed: int, count: int = 32) -> Iterator[torch.Tensor]:
    """Endless random digits, (count, LENGTH) at a time."""
    random = torch.Generator().manual_seed(seed)
    while True:
        yield torch.randint(10, (count, LENGTH), generator=random)


def batches(seed: int) -> Iterator[gu.Batch]:
    """The model reads the digits, and a copy that is one place behind; it must predict the copy."""
    for digits in rows(seed):
        start = torch.full((len(digits), 1), START)
        yield gu.Batch(inputs=(digits, torch.cat([start, digits[:, :-1]], dim=1)), targets=digits)


def main(steps: int = 400) -> None:
    torch.manual_seed(0)
    shape = dict(width=64, layers=1, encoder_layers=1, mlp_width=128, dropout=0.0)
    model = gu.Seq2Seq(gu.preset("seq2seq-tiny", vocab_size=11, context=LENGTH, **shape))
    schedule = gu.cosine(5e-3, warmup=20)
    for step in gu.train(model, batches(seed=0), steps=steps, lr=schedule, precision="float32"):
        if step.n % 50 == 0:
            print(step)

    model.eval()
    digits = next(rows(seed=1, count=4))
    state = model.begin(digits)  # the encoder reads the source once
    start = torch.full((4, 1), START)
    columns = gu.generate(model, state, start, choose=gu.Greedy(), max_new_tokens=LENGTH)
    copies = torch.stack([column.ids for column in columns], dim=1)  # (4, LENGTH)

    for source, copy in zip(digits.tolist(), copies.tolist(), strict=True):
        print(source, "->", copy, "right" if source == copy else "wrong")
    print(f"{(digits == copies).all(dim=1).sum()} of 4 copied")


if __name__ == "__main__":
    tyro.cli(main)
