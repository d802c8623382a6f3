"""The Python of the README: what a person types first must work, and every public name must be there."""

import math
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import groundup as gu


def test_every_public_name_is_there():
    for name in gu.__all__:
        assert getattr(gu, name).__doc__, name
    assert set(gu.__all__) <= set(dir(gu))
    with pytest.raises(AttributeError, match="generat"):
        gu.generat


def test_importing_is_cheap():
    code = "import sys, groundup, groundup.cli.main; sys.exit('torch' in sys.modules or 'tyro' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", ["gpt2-tiny", "gpt3-tiny", "llama3-tiny"])
def test_from_text_to_text_in_ten_lines(tmp_path: Path, name: str):
    (tmp_path / "book.txt").write_text("the cat sat on the mat, and the dog sat on the log.\n" * 60)
    tokenizer = gu.Tokenizer.train(tmp_path / "book.txt", vocab_size=290)
    config = gu.preset(name, vocab_size=tokenizer.vocab_size, context=32, width=32, heads=2, kv_heads=1, layers=2)
    model = gu.CausalLM(config)
    ids = torch.tensor(tokenizer.encode((tmp_path / "book.txt").read_text()))
    stream = gu.TokenStream(ids, length=32, batch=8, seed=0)
    steps = list(gu.train(model, stream.batches(), steps=60, lr=gu.cosine(1e-2, warmup=5)))
    assert [step.n for step in steps] == list(range(1, 61))
    assert steps[0].loss == pytest.approx(math.log(tokenizer.vocab_size), rel=0.1)
    assert steps[-1].loss < 0.5
    assert str(steps[-1]).startswith("step 60  loss ")

    prompt = torch.tensor([tokenizer.encode("the cat sat on the mat, and the")])
    said = gu.generate(model.eval(), model.begin(1), prompt, choose=gu.Greedy(), max_new_tokens=6)
    assert tokenizer.decode(int(token.ids) for token in said).startswith(" dog sat")
    with gu.record_attention(model) as maps:
        model(prompt)
    assert len(maps) == 2
    for weights in maps.values():
        assert [map.shape for map in weights] == [(1, 2, prompt.shape[1], prompt.shape[1])]


def test_a_translator_by_hand():
    pairs = gu.phrasebook("it", count=300, seed=0)
    tokenizer = gu.Tokenizer.train_from_texts((text for pair in pairs for text in pair), 400, specials=("<pad>", "<s>"))
    pad, mark = tokenizer.special_id("<pad>"), tokenizer.special_id("<s>")
    sources, targets = (tokenizer.encode_batch(side) for side in zip(*pairs, strict=True))
    batches = gu.PairBatches(sources, targets, budget=1024, pad=pad, bos=mark, eos=mark, seed=0, max_length=64)
    model = gu.Seq2Seq(
        gu.preset("transformer-tiny", vocab_size=400, context=64, width=32, layers=1, encoder_layers=1, mlp_width=64)
    )
    before = gu.validate(model, batches.fixed())
    losses = [step.loss for step in gu.train(model, batches.batches(), steps=30, lr=5e-3)]
    assert losses[-1] < losses[0]
    assert gu.validate(model, batches.fixed()) < before
