"""A tokenizer of your own: learn one from text, look at its pieces, choose its size, save it and load it again.

The one rule of byte-pair encoding: join the two neighbours that stand together most often, again and again. Larger
vocabularies make texts shorter but embeddings larger. The price is measured on text that the tokenizer has not seen.
"""

from pathlib import Path

import tyro

import groundup as gu


def main(out: Path = Path("my-tokenizer"), pairs: int = 5_000) -> None:
    texts = ["\n".join(side) for side in zip(*gu.phrasebook("fr", count=pairs, seed=0), strict=True)]
    train, held_out = zip(*(gu.split_text(text, valid=0.1) for text in texts), strict=True)
    unseen = "\n".join(held_out)

    print("vocabulary  bytes a token")
    for size in (260, 500, 1_000, 2_000):
        tokenizer = gu.Tokenizer.train_from_texts(train, vocab_size=size)
        ids = tokenizer.encode(unseen)
        assert tokenizer.decode(ids) == unseen  # no text is lost, whatever its letters
        print(f"{tokenizer.vocab_size:10,}  {len(unseen.encode()) / len(ids):.2f}")

    tokenizer = gu.Tokenizer.train_from_texts(train, vocab_size=1_000)
    print("the first merges:", *(left + right for left, right in tokenizer.merges[:8]))
    for sentence in ("The shy lawyer has lived in India.", "Ça va ? 你好"):  # Chinese it has never met: bytes
        print(" | ".join(tokenizer.pieces(tokenizer.encode(sentence))))

    tokenizer.save(out)  # tokenizer.json, which transformers.AutoTokenizer opens too
    again = gu.Tokenizer.load(out)
    print(f"saved in {out}; loaded again it gives the same ids: {again.encode(unseen) == tokenizer.encode(unseen)}")


if __name__ == "__main__":
    tyro.cli(main)
