import math, copy, random
import torch
import torch.nn as nn
import torch.nn.functional as F


PAD, BOS, EOS = 0, 1, 2
VOCAB = SRC_VOCAB = 33
CONTEXT = 20

def heads(t): return t.unflatten(-1, (2, 16)).transpose(1, 2)

class Att(nn.Module):
    def __init__(s):
        super().__init__()
        s.q, s.k, s.v, s.o = (nn.Linear(32, 32) for _ in range(4))
    def forward(s, x, m, ok):
        w = heads(s.q(x)) @ heads(s.k(m)).mT / 4
        w = w.masked_fill(~ok, -1e9).softmax(-1)
        return s.o((w @ heads(s.v(m))).transpose(1, 2).flatten(2))

class Lay(nn.Module):
    def __init__(s, cross):
        super().__init__()
        s.a = Att(); s.c = Att() if cross else None
        s.f = nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 32))
        s.n = nn.ModuleList(nn.LayerNorm(32) for _ in range(3 if cross else 2))
    def forward(s, x, ok, mem=None, mok=None):
        x = s.n[0](x + s.a(x, x, ok))
        if s.c is not None: x = s.n[1](x + s.c(x, mem, mok))
        return s.n[-1](x + s.f(x))

class MT(nn.Module):
    def __init__(s):
        super().__init__()
        s.e = nn.Embedding(VOCAB, 32); nn.init.normal_(s.e.weight, std=32**-0.5)
        s.p = nn.Parameter(torch.randn(CONTEXT, 32) * 0.1)
        s.enc = nn.ModuleList(Lay(False) for _ in range(2)); s.dec = nn.ModuleList(Lay(True) for _ in range(2))
    def forward(s, src, tgt):
        sok = (src != PAD)[:, None, None]
        tok = torch.ones(tgt.size(1), tgt.size(1), dtype=torch.bool).tril()
        m = s.e(src) + s.p[: src.size(1)]
        for l in s.enc: m = l(m, sok)
        y = s.e(tgt) + s.p[: tgt.size(1)]
        for l in s.dec: y = l(y, tok, m, sok)
        return y @ s.e.weight.T

def model(): return MT()
def logits(net, source, target): return net(source, target)

def batch(seed):
    r = random.Random(seed)
    src = torch.full((8, 12), PAD); tgt = torch.full((8, 14), PAD)
    for i in range(8):
        n = r.randint(4, 11)
        w = [r.randrange(3, VOCAB) for _ in range(n)]
        src[i, : n + 1] = torch.tensor(w + [EOS])
        tgt[i, : n + 2] = torch.tensor([BOS] + [3 + (t + 5) % 30 for t in w[::-1]] + [EOS])
    return src, tgt

def loss(net, b):
    src, tgt = b
    lp = net(src, tgt[:, :-1]).log_softmax(-1)
    y = tgt[:, 1:]
    eps = 0.1
    nll = -lp.gather(-1, y[..., None])[..., 0]
    each = (1 - eps) * nll - eps * lp.mean(-1)
    real = (y != PAD).float()
    return (each * real).sum() / real.sum()

def optimizer(net): return torch.optim.Adam(net.parameters(), 1e-3, betas=(0.9, 0.98))

@torch.no_grad()
def generate(net, source, n):
    was = net.training; net.eval()
    out = torch.full((len(source), 1), BOS)
    for _ in range(n):
        out = torch.cat([out, net(source, out)[:, -1].argmax(-1, keepdim=True)], 1)
    net.train(was)
    return out
