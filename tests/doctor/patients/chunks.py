"""After compact research code: one product for q, k and v, learned distances, gated layers, label smoothing."""

import torch, torch.nn.functional as F
from torch import nn

VOCAB = 64
CONTEXT = 48


class RelBias(nn.Module):
    def __init__(s, h):
        super().__init__()
        s.emb = nn.Embedding(32, h)

    def forward(s, T):
        d = (torch.arange(T)[:, None] - torch.arange(T)[None]).clamp(0, 31)
        return s.emb(d).permute(2, 0, 1)


class Attn(nn.Module):
    def __init__(s, c, h, d):
        super().__init__()
        s.h = h
        s.norm = nn.LayerNorm(c)
        s.to_qkv = nn.Linear(c, 3 * h * d, bias=False)
        s.to_out = nn.Sequential(nn.Linear(h * d, c), nn.Dropout(0.1))
        s.bias = RelBias(h)
        s.scale = d**-0.5

    def forward(s, x):
        x = s.norm(x)
        b, n, _ = x.shape
        q, k, v = [t.unflatten(-1, (s.h, -1)).transpose(1, 2) for t in s.to_qkv(x).chunk(3, -1)]
        sim = torch.einsum("b h i d, b h j d -> b h i j", q * s.scale, k) + s.bias(n)
        sim = sim.masked_fill(torch.ones(n, n, dtype=torch.bool).triu(1), -torch.finfo(sim.dtype).max)
        o = torch.einsum("b h i j, b h j d -> b h i d", sim.softmax(-1), v)
        return s.to_out(o.transpose(1, 2).flatten(2))


class FF(nn.Module):
    def __init__(s, c):
        super().__init__()
        s.n = nn.LayerNorm(c)
        s.i = nn.Linear(c, 8 * c)
        s.o = nn.Linear(4 * c, c)
        s.post = nn.LayerNorm(c)

    def forward(s, x):
        a, g = s.i(s.n(x)).chunk(2, -1)
        return s.post(s.o(a * F.gelu(g)))


class LM(nn.Module):
    def __init__(s, c=40, h=4, d=16, n=3):
        super().__init__()
        s.tok = nn.Embedding(VOCAB, c)
        nn.init.normal_(s.tok.weight, std=0.02)
        s.layers = nn.ModuleList([nn.ModuleList([Attn(c, h, d), FF(c)]) for _ in range(n)])
        s.n = nn.LayerNorm(c)

    def forward(s, ids):
        x = s.tok(ids)
        for a, f in s.layers:
            x = a(x) + x
            x = f(x) + x
        return s.n(x) @ s.tok.weight.t()


def model():
    return LM()


def batch(seed):
    return torch.randint(VOCAB, (8, 33), generator=torch.Generator().manual_seed(seed))


def loss(model, b):
    return F.cross_entropy(model(b[:, :-1]).transpose(1, 2), b[:, 1:], label_smoothing=0.1)


def optimizer(m):
    return torch.optim.AdamW(m.parameters(), lr=3e-4)


def generate(model, ids, n):
    was = model.training
    model.eval()
    for _ in range(n):
        ids = torch.cat([ids, model(ids).softmax(-1)[:, -1].argmax(-1, keepdim=True)], 1)
    model.train(was)
    return ids
