"""A translator in fifty lines: sentence pairs, one shared tokenizer, an encoder-decoder, beam search, BLEU.

`groundup demo` does the same with more steps and reaches BLEU 93; this is what happens underneath. Give your own pairs
with `--file pairs.tsv` (two columns) and at least some thousand of them.
"""

from pathlib import Path

import torch
import tyro

import groundup as gu


def main(steps: int = 400, pairs: int = 10_000, judged: int = 100, file: Path | None = None) -> None:
    torch.manual_seed(0)
    data = gu.phrasebook("fr", count=pairs, seed=0) if file is None else gu.load_pairs(file)
    train, _, test = gu.split_pairs(data, valid=0, test=judged, seed=0)  # no sentence stands on two sides
    tokenizer = gu.Tokenizer.train_from_texts(
        (sentence for pair in train for sentence in pair), vocab_size=1_000, specials=("<pad>", "<s>", "</s>")
    )
    pad, bos, eos = (tokenizer.special_id(name) for name in ("<pad>", "<s>", "</s>"))
    sources, targets = (tokenizer.encode_batch(side) for side in zip(*train, strict=True))
    batches = gu.PairBatches(sources, targets, budget=1024, pad=pad, bos=bos, eos=eos, seed=0, max_length=64)

    shape = dict(width=64, layers=2, encoder_layers=2, mlp_width=256, dropout=0.0)
    model = gu.Seq2Seq(gu.preset("seq2seq-tiny", vocab_size=tokenizer.vocab_size, context=64, **shape))
    schedule = gu.cosine(5e-3, warmup=steps // 10)
    for step in gu.train(model, batches.batches(), steps=steps, lr=schedule, smoothing=0.1, precision="float32"):
        if step.n % 100 == 0:
            print(step)

    model.eval()
    answers = []
    for source, _ in test:
        state = model.begin(torch.tensor([[*tokenizer.encode(source), eos]]))
        start = torch.tensor([[bos]])
        best = gu.beam_search(model, state, start, beams=4, eos=eos, max_new_tokens=40)[0][0]
        answers.append(tokenizer.decode(best.ids, skip_special=True))
    for (source, reference), answer in list(zip(test, answers, strict=True))[:3]:
        print(f"{source}\n  wrote     {answer}\n  expected  {reference}")
    scores = gu.score_translations(answers, [reference for _, reference in test])
    print(f"BLEU {scores.bleu:.1f} on {len(test)} held-out sentences")


if __name__ == "__main__":
    tyro.cli(main)
