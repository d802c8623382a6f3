"""Compare two ideas fairly: the same data, the same number of steps, several seeds, the difference seed by seed.

One run of each would tell you little: two seeds of the same idea differ too. Because both ideas get the same seeds, the
mean of the differences is much more certain than the difference of the means. `groundup compare` does this with
learning-rate search, confidence intervals and a report.
"""

from statistics import mean

import torch
import tyro

import groundup as gu

IDEAS = {
    "learned positions": dict(position="learned"),
    "rotary positions": dict(position="rotary"),
}


def held_out_loss(config: gu.ModelConfig, train: list[int], held_out: list[int], seed: int, steps: int) -> float:
    torch.manual_seed(seed)
    model = gu.CausalLM(config)
    stream = gu.TokenStream(train, length=config.context, batch=8, seed=seed)
    schedule = gu.cosine(3e-3, warmup=steps // 10)
    for _ in gu.train(model, stream.batches(), steps=steps, lr=schedule, seed=seed, precision="float32"):
        pass
    return gu.validate(model, gu.TokenStream(held_out, length=config.context, batch=8, seed=0).fixed())


def main(steps: int = 150, seeds: int = 3) -> None:
    text = "\n".join(english for english, _ in gu.phrasebook("fr", count=5_000, seed=0))
    tokenizer = gu.Tokenizer.characters([text])
    train, held_out = (tokenizer.encode(part) for part in gu.split_text(text, valid=0.05))

    losses: dict[str, list[float]] = {}
    for name, changes in IDEAS.items():
        config = gu.preset("gpt2-tiny", vocab_size=tokenizer.vocab_size, context=64, width=64, layers=2, **changes)
        losses[name] = [held_out_loss(config, train, held_out, seed, steps) for seed in range(seeds)]

    print(f"held-out loss in nats a character after {steps} steps, seeds 0 to {seeds - 1}")
    for name, values in losses.items():
        print(f"{name:18}", *(f"{value:.3f}" for value in values), f" mean {mean(values):.3f}")
    first, second = IDEAS
    gains = [a - b for a, b in zip(losses[first], losses[second], strict=True)]
    print(f"{second} gain {mean(gains):.3f}; seed by seed:", *(f"{gain:+.3f}" for gain in gains))


if __name__ == "__main__":
    tyro.cli(main)
