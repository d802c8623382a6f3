"""Which parameters decay, and that the fused kernel computes what the written-out loop does."""

import copy

import torch
from torch import nn

from groundup.training.optim import adamw, parameter_groups


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(11, 4)
        self.norm = nn.LayerNorm(4)
        self.frozen = nn.Linear(4, 4).requires_grad_(False)
        self.head = nn.Linear(4, 11)
        self.head.weight = self.embedding.weight


def test_matrices_decay_once_and_vectors_never():
    model = Tied()
    decayed, rest = parameter_groups(model, 0.3)
    assert [p is model.embedding.weight for p in decayed["params"]] == [True]
    assert {id(p) for p in rest["params"]} == {id(p) for p in (model.norm.weight, model.norm.bias, model.head.bias)}
    assert (decayed["weight_decay"], rest["weight_decay"]) == (0.3, 0.0)


def test_the_fused_kernel_equals_the_written_out_loop():
    torch.manual_seed(0)
    ours = Tied()
    theirs = copy.deepcopy(ours)
    fused = adamw(ours, lr=1e-2, weight_decay=0.1)
    groups = parameter_groups(theirs, 0.1)
    plain = torch.optim.AdamW(groups, lr=1e-2, betas=(0.9, 0.95), eps=1e-8, foreach=False, fused=False)
    assert fused.defaults["fused"]
    for _ in range(20):
        for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
            mine.grad = torch.randn_like(mine) if mine.requires_grad else None
            other.grad = None if mine.grad is None else mine.grad.clone()
        fused.step()
        plain.step()
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-5, atol=1e-6)
