"""Ours and PyTorch's own encoder-decoder are one model, and both have their column of the table."""

import math

import pytest
import torch

from groundup.bench.layers import Settings, compare
from groundup.bench.plain import Plain, batch
from groundup.models.seq2seq import Seq2Seq
from groundup.presets import preset

SHAPE = dict(layers=2, width=32, heads=4, vocab_size=29)


def test_they_are_the_same_model():
    """Ours with PyTorch's weights gives PyTorch's logits, so the race is about speed only."""
    torch.manual_seed(0)
    theirs = Plain(**SHAPE, context=9).eval()
    config = preset("transformer-base", **SHAPE, encoder_layers=2, mlp_width=128, context=9)
    ours = Seq2Seq(config).eval()
    assert sum(p.numel() for p in ours.parameters()) == sum(p.numel() for p in theirs.parameters())
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
        ours.head.weight.copy_(theirs.head.weight)
        stacks = ((ours.encoder, theirs.transformer.encoder), (ours.decoder, theirs.transformer.decoder))
        for mine, plain in stacks:
            for block, layer in zip(mine.blocks, plain.layers, strict=True):
                copy_block(block, layer)
    given = batch(29, 3, 9)
    source, target = given.inputs[:2]
    assert source is not None
    assert target is not None
    torch.testing.assert_close(ours(source, target), theirs(source, target), atol=2e-5, rtol=1e-4)


def copy_block(block, layer) -> None:
    def norm(into, from_) -> None:
        into.weight.copy_(from_.weight)
        into.bias.copy_(from_.bias)

    def attention(into, from_) -> None:
        for linear, weight, bias in zip(
            (into.query, into.key, into.value), from_.in_proj_weight.chunk(3), from_.in_proj_bias.chunk(3), strict=True
        ):
            linear.weight.copy_(weight)
            linear.bias.copy_(bias)
        norm(into.out, from_.out_proj)

    attention(block.attention, layer.self_attn)
    norm(block.attention_norm, layer.norm1)
    if block.cross is not None:
        attention(block.cross, layer.multihead_attn)
        norm(block.cross_norm, layer.norm2)
    norm(block.mlp.into, layer.linear1)
    norm(block.mlp.out, layer.linear2)
    norm(block.mlp_norm, layer.norm3 if block.cross is not None else layer.norm2)


def test_a_row_of_both():
    said: list[str] = []
    settings = Settings(tokens=(64,), length=8, rounds=1, precisions=("float32",), **SHAPE)
    report = compare(settings, said.append)
    rows = report.tables[0].rows
    assert [row["batch tokens"] for row in rows] == [64]
    for row in rows:
        assert not row["note"], row["note"]
        assert row["ratio"] == pytest.approx(row["plain ms"] / row["ours ms"])
        assert math.isfinite(row["ours tokens/s"])
    assert "layers 2" in str(report)
    assert any(line.startswith("float32, 64 tokens: plain") for line in said)


def test_a_batch_must_hold_a_sentence():
    with pytest.raises(ValueError, match=r"tokens \(16\) must hold a sentence of length \(32\)"):
        compare(Settings(tokens=(16,)), print)
