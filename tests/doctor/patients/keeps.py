"""Keys and values are kept in the modules while it writes, and a class trains it."""

import torch, torch.nn.functional as F
import torch.nn as nn

VOCAB = 50
CONTEXT = 32
PAD = 0
EOS = 1


class Attn(nn.Module):
    def __init__(self, c, h):
        super().__init__()
        self.h = h
        self.qkv = nn.Linear(c, 3 * c)
        self.o = nn.Linear(c, c)
        self.cache = None

    def forward(self, x, use_cache=False):
        B, T, C = x.shape
        q, k, v = [t.view(B, T, self.h, C // self.h).transpose(1, 2) for t in self.qkv(x).split(C, -1)]
        if use_cache:
            if self.cache is not None:
                k = torch.cat([self.cache[0], k], 2)
                v = torch.cat([self.cache[1], v], 2)
            self.cache = (k, v)
        S = k.shape[2]
        mask = torch.ones(T, S, dtype=torch.bool).tril(S - T)
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return self.o(y.transpose(1, 2).reshape(B, T, C))


class Block(nn.Module):
    def __init__(self, c, h):
        super().__init__()
        self.a = Attn(c, h)
        self.n1 = nn.LayerNorm(c)
        self.n2 = nn.LayerNorm(c)
        self.m = nn.Sequential(nn.Linear(c, 4 * c), nn.GELU(), nn.Linear(4 * c, c), nn.Dropout(0.1))

    def forward(self, x, uc):
        x = x + self.a(self.n1(x), uc)
        return x + self.m(self.n2(x))


class GPT(nn.Module):
    def __init__(self, c=48, h=4, n=2):
        super().__init__()
        self.tok = nn.Embedding(VOCAB, c)
        self.pos = nn.Embedding(CONTEXT, c)
        self.blocks = nn.ModuleList([Block(c, h) for _ in range(n)])
        self.n = nn.LayerNorm(c)
        self.head = nn.Linear(c, VOCAB)

    def forward(self, ids, start=0, use_cache=False):
        x = self.tok(ids) + self.pos(torch.arange(start, start + ids.shape[1]))
        for b in self.blocks:
            x = b(x, use_cache)
        return self.head(self.n(x))


def model():
    return GPT()


def batch(seed):
    x = torch.randint(2, VOCAB, (6, 21), generator=torch.Generator().manual_seed(seed))
    x[:3, 15] = EOS
    x[:3, 16:] = PAD
    return x


def loss(model, x):
    return F.cross_entropy(model(x[:, :-1]).reshape(-1, VOCAB), x[:, 1:].reshape(-1), ignore_index=PAD)


def optimizer(m):
    return torch.optim.AdamW([p for p in m.parameters() if p.requires_grad], lr=1e-3)


@torch.no_grad()
def generate(model, ids, n):
    training = model.training
    model.eval()
    for b in model.blocks:
        b.a.cache = None
    step, start = ids, 0
    for _ in range(n):
        out = model(step, start, True)
        start += step.shape[1]
        step = out[:, -1].argmax(-1, keepdim=True)
        ids = torch.cat([ids, step], 1)
    for b in model.blocks:
        b.a.cache = None
    model.train(training)
    return ids


class Trainer:
    def __init__(self):
        self.m = model()
        self.opt = optimizer(self.m)

    def step(self, b):
        self.opt.zero_grad()
        l = loss(self.m, b)
        l.backward()
        self.opt.step()
        return l.item()

    def fit(self, n):
        for i in range(n):
            self.step(batch(i))
