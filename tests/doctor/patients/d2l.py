"""After Dive into Deep Learning: heads in the batch axis, a loss with a mask of its own."""

import math, torch
from torch import nn

PAD, BOS, EOS = 0, 1, 2
VOCAB = SRC_VOCAB = 30


def transpose_qkv(X, h):
    X = X.reshape(X.shape[0], X.shape[1], h, -1).permute(0, 2, 1, 3)
    return X.reshape(-1, X.shape[2], X.shape[3])


def transpose_output(X, h):
    X = X.reshape(-1, h, X.shape[1], X.shape[2]).permute(0, 2, 1, 3)
    return X.reshape(X.shape[0], X.shape[1], -1)


class MHA(nn.Module):
    def __init__(self, c, h, p):
        super().__init__()
        self.h = h
        self.Wq = nn.Linear(c, c, bias=False)
        self.Wk = nn.Linear(c, c, bias=False)
        self.Wv = nn.Linear(c, c, bias=False)
        self.Wo = nn.Linear(c, c, bias=False)
        self.drop = nn.Dropout(p)

    def forward(self, q, k, v, mask):
        q = transpose_qkv(self.Wq(q), self.h)
        k = transpose_qkv(self.Wk(k), self.h)
        v = transpose_qkv(self.Wv(v), self.h)
        s = torch.bmm(q, k.transpose(1, 2)) / math.sqrt(q.shape[-1])
        if mask is not None:
            s = s.masked_fill(~mask.repeat_interleave(self.h, 0), -1e6)
        return self.Wo(transpose_output(torch.bmm(self.drop(s.softmax(-1)), v), self.h))


class AddNorm(nn.Module):
    def __init__(self, c, p):
        super().__init__()
        self.d = nn.Dropout(p)
        self.ln = nn.LayerNorm(c)

    def forward(self, X, Y):
        return self.ln(self.d(Y) + X)


class FFN(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.a = nn.Linear(c, 64)
        self.b = nn.Linear(64, c)

    def forward(self, X):
        return self.b(torch.relu(self.a(X)))


class Enc(nn.Module):
    def __init__(self, c=32, h=4, p=0.1):
        super().__init__()
        self.a = MHA(c, h, p)
        self.n1 = AddNorm(c, p)
        self.f = FFN(c)
        self.n2 = AddNorm(c, p)

    def forward(self, X, m):
        Y = self.n1(X, self.a(X, X, X, m))
        return self.n2(Y, self.f(Y))


class Dec(nn.Module):
    def __init__(self, c=32, h=4, p=0.1):
        super().__init__()
        self.a = MHA(c, h, p)
        self.n1 = AddNorm(c, p)
        self.x = MHA(c, h, p)
        self.n2 = AddNorm(c, p)
        self.f = FFN(c)
        self.n3 = AddNorm(c, p)

    def forward(self, X, enc, m, t):
        Y = self.n1(X, self.a(X, X, X, t))
        Z = self.n2(Y, self.x(Y, enc, enc, m))
        return self.n3(Z, self.f(Z))


class PE(nn.Module):
    def __init__(self, c, p, n=100):
        super().__init__()
        self.d = nn.Dropout(p)
        self.P = torch.zeros((1, n, c))
        X = torch.arange(n).reshape(-1, 1) / torch.pow(10000, torch.arange(0, c, 2) / c)
        self.P[:, :, 0::2] = X.sin()
        self.P[:, :, 1::2] = X.cos()

    def forward(self, X):
        return self.d(X + self.P[:, : X.shape[1]])


class S2S(nn.Module):
    def __init__(self, c=32):
        super().__init__()
        self.c = c
        self.es = nn.Embedding(30, c)
        self.et = nn.Embedding(30, c)
        self.pe = PE(c, 0.1)
        self.enc = nn.ModuleList([Enc() for _ in range(2)])
        self.dec = nn.ModuleList([Dec() for _ in range(2)])
        self.out = nn.Linear(c, 30)
        for e in (self.es, self.et):
            nn.init.normal_(e.weight, std=c**-0.5)

    def forward(self, src, tgt):
        m = (src != PAD)[:, None, :].expand(-1, 1, -1)
        X = self.pe(self.es(src) * math.sqrt(self.c))
        for l in self.enc:
            X = l(X, m)
        T = tgt.shape[1]
        t = torch.ones(T, T).tril().bool()[None].expand(len(tgt), T, T)
        Y = self.pe(self.et(tgt) * math.sqrt(self.c))
        for l in self.dec:
            Y = l(Y, X, m, t)
        return self.out(Y)


def model():
    return S2S()


def batch(seed):
    g = torch.Generator().manual_seed(seed)
    X = torch.randint(3, 30, (6, 9), generator=g)
    Y = torch.randint(3, 30, (6, 8), generator=g)
    X[0, 5:] = PAD
    Y[0, 5] = EOS
    Y[0, 6:] = PAD
    return X, Y


def loss(model, b):
    X, Y = b
    bos = torch.full((len(Y), 1), BOS)
    out = model(X, torch.cat([bos, Y[:, :-1]], 1))
    l = nn.functional.cross_entropy(out.reshape(-1, 30), Y.reshape(-1), reduction="none").reshape(Y.shape)
    m = (Y != PAD).float()
    return (l * m).sum() / m.sum()


def optimizer(m):
    return torch.optim.Adam(m.parameters(), lr=5e-3)
