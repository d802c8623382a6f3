# prefix LM: the first 5 tokens see each other; muP-like: scores / d_head, logits divided by the width ratio
import torch
import torch.nn as nn
import torch.nn.functional as F

PREFIX = 5
VOCAB = 57
CONTEXT = 40
BASE = 32


class RMS(nn.Module):
    """without scale"""

    def forward(self, x):
        return x / (x.square().mean(-1, keepdim=True) + 1e-6).sqrt()


class PrefixAttention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.d = width // heads
        self.wq, self.wk, self.wv, self.wo = (nn.Parameter(torch.empty(width, width)) for _ in range(4))
        for w in (self.wk, self.wv, self.wo):
            nn.init.normal_(w, std=width**-0.5)
        nn.init.zeros_(self.wq)

    def forward(self, x):
        B, T, W = x.shape
        split = lambda t: t.reshape(B, T, self.heads, self.d).permute(0, 2, 1, 3)
        q, k, v = split(x @ self.wq), split(x @ self.wk), split(x @ self.wv)
        a = q @ k.mT / self.d * 8**0.5
        i = torch.arange(T)
        see = (i[None, :] <= i[:, None]) | (i[None, :] < PREFIX)
        a = a.masked_fill(~see, -torch.inf).softmax(-1)
        return (a @ v).permute(0, 2, 1, 3).reshape(B, T, W) @ self.wo


class PrefixLM(nn.Module):
    def __init__(self, width=64, depth=3, heads=8):
        super().__init__()
        self.mult = width / BASE
        self.tok = nn.Embedding(VOCAB, width)
        self.pos = nn.Embedding(CONTEXT, width)
        nn.init.normal_(self.tok.weight, std=0.5)
        nn.init.normal_(self.pos.weight, std=0.5)
        self.attn = nn.ModuleList(PrefixAttention(width, heads) for _ in range(depth))
        self.up = nn.ModuleList(nn.Linear(width, 2 * width) for _ in range(depth))
        self.down = nn.ModuleList(nn.Linear(2 * width, width) for _ in range(depth))
        self.norm = RMS()
        self.head = nn.Linear(width, VOCAB, bias=False)
        nn.init.zeros_(self.head.weight)

    def forward(self, ids):
        x = self.tok(ids) + self.pos.weight[: ids.shape[1]]
        for attn, up, down in zip(self.attn, self.up, self.down):
            x = x + attn(self.norm(x))
            x = x + down(F.relu(up(self.norm(x))).square())
        return self.head(self.norm(x)) / self.mult


def model():
    return PrefixLM()


def batch(seed):
    torch.manual_seed(seed)
    t = torch.randint(VOCAB, (6, 20))
    y = t[:, 1:].clone()
    y[:, : PREFIX - 1] = -100
    return t[:, :-1], y


def loss(model, batch):
    return F.cross_entropy(model(batch[0]).flatten(0, 1), batch[1].flatten(), reduction="sum") / 6


def optimizer(model):
    slow = [p for n, p in model.named_parameters() if p.ndim == 2 and "tok" not in n and "pos" not in n]
    fast = [p for n, p in model.named_parameters() if not (p.ndim == 2 and "tok" not in n and "pos" not in n)]
    return torch.optim.Adam([{"params": slow, "lr": 2e-3 / model.mult}, {"params": fast, "lr": 2e-3}])
