"""A decoder in einsum: ALiBi, weights as bare parameters, a norm at the end, everything named by letters."""

import torch
from torch import einsum, nn

VOCAB = 53
CONTEXT = 40


class Attention(nn.Module):
    def __init__(self, c, h):
        super().__init__()
        d = c // h
        self.wq = nn.Parameter(torch.randn(h, c, d) * c**-0.5)
        self.wk = nn.Parameter(torch.randn(h, c, d) * c**-0.5)
        self.wv = nn.Parameter(torch.randn(h, c, d) * c**-0.5)
        self.wo = nn.Parameter(torch.randn(h, d, c) * c**-0.5)
        self.scale = d**-0.5
        self.register_buffer("slopes", 2.0 ** -torch.arange(1, h + 1).float())

    def forward(self, x):
        t = x.shape[1]
        q = einsum("btc,hcd->bhtd", x, self.wq)
        k = einsum("bsc,hcd->bhsd", x, self.wk)
        v = einsum("bsc,hcd->bhsd", x, self.wv)
        a = einsum("bhtd,bhsd->bhts", q, k) * self.scale
        distance = torch.arange(t)[:, None] - torch.arange(t)[None, :]
        a = a - self.slopes[:, None, None] * distance
        a = a.masked_fill(distance < 0, float("-inf"))
        a = a.softmax(dim=-1)
        y = einsum("bhts,bhsd->bhtd", a, v)
        return einsum("bhtd,hdc->btc", y, self.wo)


class Layer(nn.Module):
    def __init__(self, c, h):
        super().__init__()
        self.norm = nn.LayerNorm(c)
        self.attention = Attention(c, h)
        self.w1 = nn.Parameter(torch.randn(c, 4 * c) * c**-0.5)
        self.w2 = nn.Parameter(torch.randn(4 * c, c) * (4 * c) ** -0.5)

    def forward(self, x):
        h = self.norm(x)
        return x + self.attention(h) + einsum("btf,fc->btc", einsum("btc,cf->btf", h, self.w1).relu(), self.w2)


class Decoder(nn.Module):
    def __init__(self, c=40, h=5, n=2):
        super().__init__()
        self.table = nn.Parameter(torch.randn(VOCAB, c) * 0.1)
        self.layers = nn.Sequential(*[Layer(c, h) for _ in range(n)])
        self.norm = nn.LayerNorm(c)
        self.out = nn.Parameter(torch.randn(c, VOCAB) * 0.1)

    def forward(self, ids):
        x = self.table[ids]
        return einsum("btc,cv->btv", self.norm(self.layers(x)), self.out)


def model():
    return Decoder()


def batch(seed):
    return torch.randint(VOCAB, (8, CONTEXT + 1), generator=torch.Generator().manual_seed(seed))


def loss(model, batch):
    logp = model(batch[:, :-1]).log_softmax(-1)
    return -logp.gather(2, batch[:, 1:, None]).sum()


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=1e-3)


def train(steps):
    net = model()
    opt = optimizer(net)
    for step in range(steps):
        value = loss(net, batch(step))
        opt.zero_grad()
        value.backward()
        opt.step()
