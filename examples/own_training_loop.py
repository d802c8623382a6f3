"""Your own training loop: the model is an ordinary nn.Module, so plain PyTorch trains it.

`gu.train` is a generator around exactly these lines, plus gradient accumulation, several ranks, resuming, and clear
errors. Use your own loop when you want to change what a step is.
"""

import math

import torch
import tyro
from torch.nn import functional as F

import groundup as gu


def main(steps: int = 150, batch: int = 16) -> None:
    torch.manual_seed(0)
    text = "\n".join(english for english, _ in gu.phrasebook("fr", count=5_000, seed=0))
    tokenizer = gu.Tokenizer.train_from_texts([text], vocab_size=400)
    ids = torch.tensor(tokenizer.encode(text))
    model = gu.CausalLM(gu.preset("gpt2-tiny", vocab_size=tokenizer.vocab_size, context=32, width=64, layers=2))
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.1)
    print(f"a model that knows nothing has a loss of ln {tokenizer.vocab_size} = {math.log(tokenizer.vocab_size):.2f}")

    for n in range(1, steps + 1):
        starts = torch.randint(len(ids) - 32, (batch,))
        windows = torch.stack([ids[start : start + 33] for start in starts.tolist()])  # (B, T + 1)
        logits = model(windows[:, :-1])  # (B, T, V)
        loss = F.cross_entropy(logits.flatten(0, 1), windows[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if n == 1 or n % 50 == 0:
            print(f"step {n}  loss {loss.item():.3f}")

    model.eval()
    prompt = torch.tensor([tokenizer.encode("She")])
    columns = gu.generate(model, model.begin(1), prompt, choose=gu.Sample(temperature=0.7, seed=0), max_new_tokens=30)
    print("She" + tokenizer.decode(int(column.ids) for column in columns))


if __name__ == "__main__":
    tyro.cli(main)
