"""Fine-tune a model from a Hugging Face folder, and write it back as one.

With a folder of GPT-2 or LLaMA form as the argument that model is trained on. Without one the script first makes such
a folder: a small GPT-2 that has read English, which then learns French. `transformers` opens the result.
"""

from pathlib import Path
from tempfile import mkdtemp

import torch
import tyro

import groundup as gu


def learn(model: gu.CausalLM, tokenizer: gu.Tokenizer, text: str, steps: int, lr: float) -> None:
    stream = gu.TokenStream(tokenizer.encode(text), length=32, batch=16, seed=0)
    schedule = gu.cosine(lr, warmup=steps // 10)
    for step in gu.train(model, stream.batches(), steps=steps, lr=schedule, precision="float32"):
        if step.n % 25 == 0:
            print(step)


def pretrained(folder: Path, english: str, french: str, steps: int) -> Path:
    """Stands in for a download: a GPT-2 of your own in Hugging Face's format."""
    print("pre-training on English")
    torch.manual_seed(0)
    tokenizer = gu.Tokenizer.train_from_texts([english, french], vocab_size=500, pattern="gpt2")
    model = gu.CausalLM(gu.preset("gpt2-tiny", vocab_size=tokenizer.vocab_size, context=64, width=64, layers=2))
    learn(model, tokenizer, english, steps, lr=3e-3)
    return gu.to_hub(model, folder, tokenizer=tokenizer)


def main(folder: Path | None = None, steps: int = 100, out: Path | None = None) -> None:
    english, french = ("\n".join(side) for side in zip(*gu.phrasebook("fr", count=4_000, seed=0), strict=True))
    folder = folder or pretrained(Path(mkdtemp()) / "gpt2-english", english, french, steps)
    model, tokenizer = gu.from_hub(folder), gu.tokenizer_from_hub(folder)
    assert isinstance(model, gu.CausalLM), f"{folder} holds a translator, and this script trains language models"

    train, held_out = gu.split_text(french, valid=0.05)
    valid = gu.TokenStream(tokenizer.encode(held_out), length=32, batch=16, seed=0).fixed()
    before = gu.validate(model, valid)
    print("fine-tuning on French")
    learn(model, tokenizer, train, steps, lr=1e-3)
    print(f"held-out French: loss {before:.3f} before, {gu.validate(model, valid):.3f} after")
    out = gu.to_hub(model, out or Path(mkdtemp()) / "gpt2-french", tokenizer=tokenizer)
    print(f"saved; transformers.AutoModelForCausalLM.from_pretrained({str(out)!r}) opens it")


if __name__ == "__main__":
    tyro.cli(main)
