# latent attention (keys and values from a small latent that is cached), token shift by a causal convolution, layer scale
import torch
import torch.nn as nn
import torch.nn.functional as F


class CausalConv(nn.Module):
    def __init__(self, dim, width=3):
        super().__init__()
        self.width = width
        self.conv = nn.Conv1d(dim, dim, width, groups=dim)

    def forward(self, x, state=None):
        t = x.transpose(1, 2)
        left = t.new_zeros(t.shape[0], t.shape[1], self.width - 1) if state is None else state
        t = torch.cat([left, t], 2)
        return x + self.conv(t).transpose(1, 2), t[:, :, -(self.width - 1) :]


class LatentAttention(nn.Module):
    def __init__(self, dim, heads, latent=12):
        super().__init__()
        self.heads, self.hd = heads, dim // heads
        self.wq = nn.Linear(dim, dim, bias=False)
        self.down = nn.Linear(dim, latent, bias=False)
        self.norm = nn.LayerNorm(latent)
        self.up_k, self.up_v = nn.Linear(latent, dim, bias=False), nn.Linear(latent, dim, bias=False)
        self.wo = nn.Linear(dim, dim, bias=False)

    def forward(self, x, past=None):
        B, T, D = x.shape
        c = self.norm(self.down(x))
        if past is not None:
            c = torch.cat([past, c], 1)
        S = c.shape[1]
        q = self.wq(x).view(B, T, self.heads, self.hd)
        k, v = self.up_k(c).view(B, S, self.heads, self.hd), self.up_v(c).view(B, S, self.heads, self.hd)
        s = torch.einsum("bthd,bshd->bhts", q, k) / self.hd**0.5
        ok = torch.arange(S)[None, :] <= torch.arange(S - T, S)[:, None]
        s = s.masked_fill(~ok, float("-inf"))
        y = torch.einsum("bhts,bshd->bthd", s.softmax(-1), v).reshape(B, T, D)
        return self.wo(y), c


class Layer(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.conv, self.attn = CausalConv(dim), LatentAttention(dim, heads)
        self.n1, self.n2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.ff = nn.Sequential(nn.Linear(dim, 3 * dim), nn.GELU(), nn.Linear(3 * dim, dim))
        self.g1, self.g2 = nn.Parameter(torch.full((dim,), 1e-2)), nn.Parameter(torch.full((dim,), 1e-2))

    def forward(self, x, state):
        past, conv = (None, None) if state is None else state
        x, conv = self.conv(x, conv)
        a, past = self.attn(self.n1(x), past)
        x = x + self.g1 * a
        return x + self.g2 * self.ff(self.n2(x)), (past, conv)


class Net(nn.Module):
    def __init__(self, vocab, dim=40, heads=4, depth=2):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim)
        nn.init.normal_(self.emb.weight, std=0.02)
        self.layers = nn.ModuleList(Layer(dim, heads) for _ in range(depth))
        self.norm, self.head = nn.LayerNorm(dim), nn.Linear(dim, vocab, bias=False)

    def forward(self, ids, state=None):
        x, new = self.emb(ids), []
        for i, layer in enumerate(self.layers):
            x, s = layer(x, None if state is None else state[i])
            new.append(s)
        return self.head(self.norm(x)), new


VOCAB = 87


def model():
    return Net(VOCAB)


def batch(seed):
    g = torch.Generator().manual_seed(seed)
    return torch.randint(VOCAB, (4, 32), generator=g)


def loss(model, batch):
    logits, _ = model(batch)
    logp = logits[:, :-1].log_softmax(-1)
    onehot = F.one_hot(batch[:, 1:], VOCAB).float()
    return -(onehot * logp).sum(-1).mean()


def optimizer(model):
    return torch.optim.AdamW(model.parameters(), lr=3e-3)


def generate(model, ids, n):
    with torch.no_grad():
        logits, state = model(ids)
        for _ in range(n):
            nxt = logits[:, -1].argmax(-1)[:, None]
            ids = torch.cat([ids, nxt], 1)
            logits, state = model(nxt, state)
    return ids
