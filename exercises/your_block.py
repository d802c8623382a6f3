"""Train a real model made of the blocks of exercise 6, beside the same model made of the package's blocks.

Both begin with the same weights and read the same text, so the losses must be equal but for rounding. Then your block
is written into a recipe, one file, which `groundup train` takes like any other.
"""

import sys
from pathlib import Path

import torch
from check import load, stop_without_groundup, verdict

stop_without_groundup()

from inside import with_blocks  # noqa: E402

import groundup as gu  # noqa: E402

HERE = Path(__file__).parent
BLOCK = HERE / "e6_block.py"
RECIPE = '''

def model(config: gu.ModelConfig) -> gu.CausalLM:
    """What `groundup train` trains."""
    return with_blocks(gu.CausalLM(config), Block)


RECIPE = gu.TextRecipe(
    name="your-block",
    data=gu.TextData(corpus="stdlib", batch=16, valid_tokens=2**14),
    tokenizer=gu.TokenizerSettings(vocab_size=1000),
    model=gu.preset("gpt2-tiny", vocab_size=1000, context=128),
    train=gu.TrainSettings(steps=600, lr=4e-3, warmup=30, validate_every=100, save_every=300),
)
'''


def compare(steps: int) -> None:
    """Train the package's model and yours in the same way, and print what each reaches."""
    text = "\n".join(english for english, _ in gu.phrasebook("fr", count=5_000, seed=0))
    tokenizer = gu.Tokenizer.characters([text])
    learn, held_out = gu.split_text(text, valid=0.1)
    stream = gu.TokenStream(tokenizer.encode(learn), length=64, batch=16, seed=0)
    valid = gu.TokenStream(tokenizer.encode(held_out[:10_000]), length=64, batch=16, seed=0).fixed()
    config = gu.preset("gpt2-tiny", vocab_size=tokenizer.vocab_size, context=64, width=64, layers=2)
    Block = load(BLOCK).Block
    for name, change in (("the package's", lambda model: model), ("your", lambda model: with_blocks(model, Block))):
        print(f"{name} blocks")
        torch.manual_seed(0)
        model = change(gu.CausalLM(config))
        for step in gu.train(
            model, stream.batches(), steps=steps, lr=gu.cosine(5e-3, warmup=steps // 15), precision="float32"
        ):
            if step.n % 100 == 0:
                print(step)
        said = gu.write(model, tokenizer, "The ", gu.Greedy(), max_new_tokens=40)
        print(f"held-out loss {gu.validate(model, valid):.3f} nats a character; it writes {said!r}\n")


def write_recipe() -> Path:
    """Your block, what puts it in its place, and a recipe: all in one file, because a run keeps a copy of one."""
    path = HERE / "your_recipe.py"
    inside = (HERE / "inside.py").read_text(encoding="utf-8")
    path.write_text(BLOCK.read_text(encoding="utf-8") + "\n\n" + inside + RECIPE, encoding="utf-8")
    return path


def main(steps: int = 300) -> None:
    if (said := verdict(6, BLOCK)) is not None:
        print(f"{BLOCK.name}: {said}\ntry: make exercise N=6", file=sys.stderr)
        raise SystemExit(2)
    compare(steps)
    path = write_recipe()
    where = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    print(f"{where} is a recipe with your block in it. Now try:")
    print(f"  groundup train {where} --max-minutes 3")
    print('  groundup generate your-block "def " --trust-code')


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
