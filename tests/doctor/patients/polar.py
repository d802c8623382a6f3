"""Rotary positions as complex numbers, layers dropped at random, only the last logits without targets."""

import torch, random, torch.nn.functional as F
from torch import nn

VOCAB = 77
CONTEXT = 40
PREFIX = None


def precompute(d, n):
    f = 1 / (10000 ** (torch.arange(0, d, 2).float() / d))
    return torch.polar(torch.ones(n, d // 2), torch.outer(torch.arange(n).float(), f))


def apply(x, fc):
    xc = torch.view_as_complex(x.float().reshape(*x.shape[:-1], -1, 2))
    return torch.view_as_real(xc * fc[None, :, None, :]).flatten(3).type_as(x)


class A(nn.Module):
    def __init__(s, c, h):
        super().__init__()
        s.h = h
        s.q = nn.Linear(c, c, bias=False)
        s.k = nn.Linear(c, c, bias=False)
        s.v = nn.Linear(c, c, bias=False)
        s.o = nn.Linear(c, c, bias=False)

    def forward(s, x, fc):
        b, t, c = x.shape
        q, k, v = (m(x).view(b, t, s.h, -1) for m in (s.q, s.k, s.v))
        q = apply(q, fc)
        k = apply(k, fc)
        return s.o(
            F.scaled_dot_product_attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), is_causal=True)
            .transpose(1, 2)
            .contiguous()
            .view(b, t, c)
        )


class B(nn.Module):
    def __init__(s, c, h):
        super().__init__()
        s.a = A(c, h)
        s.n = nn.RMSNorm(c)
        s.m = nn.RMSNorm(c)
        s.f = nn.Sequential(nn.Linear(c, 2 * c), nn.SiLU(), nn.Linear(2 * c, c))

    def forward(s, x, fc):
        if s.training and random.random() < 0.1:
            return x
        x = x + s.a(s.n(x), fc)
        return x + s.f(s.m(x))


class M(nn.Module):
    def __init__(s):
        super().__init__()
        c = 48
        s.e = nn.Embedding(VOCAB, c)
        s.b = nn.ModuleList([B(c, 4) for _ in range(3)])
        s.n = nn.RMSNorm(c)
        s.h = nn.Linear(c, VOCAB, bias=False)
        s.register_buffer("fc", precompute(12, CONTEXT), persistent=False)

    def forward(s, ids, targets=None):
        x = s.e(ids)
        fc = s.fc[: ids.shape[1]]
        for b in s.b:
            x = b(x, fc)
        x = s.n(x)
        if targets is None:
            return s.h(x[:, [-1]]), None
        l = s.h(x)
        return l, F.cross_entropy(l.flatten(0, 1), targets.flatten())


def model():
    return M()


def batch(seed):
    x = torch.randint(VOCAB, (4, 25), generator=torch.Generator().manual_seed(seed))
    return x[:, :-1].contiguous(), x[:, 1:].contiguous()


def loss(m, b):
    return m(*b)[1]


def optimizer(m):
    return torch.optim.AdamW(m.parameters(), lr=1e-3)


def generate(m, ids, n):
    m.eval()
    with torch.no_grad():
        for _ in range(n):
            l, _ = m(ids)
            ids = torch.cat([ids, l[:, -1].softmax(-1).argmax(-1)[:, None]], 1)
    return ids
