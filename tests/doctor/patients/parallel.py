# PaLM-like: parallel attention and feed-forward from one fused projection, one head of keys and values, rotary, SwiGLU,
# no biases, z-loss, tied embedding, einsum everywhere
import torch
from torch import einsum, nn
import torch.nn.functional as F


def exists(v):
    return v is not None


class LayerNorm(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(dim))
        self.register_buffer("beta", torch.zeros(dim))

    def forward(self, x):
        return F.layer_norm(x, x.shape[-1:], self.gamma, self.beta)


class Residual(nn.Module):
    def __init__(self, fn):
        super().__init__()
        self.fn = fn

    def forward(self, x):
        return self.fn(x) + x


class RotaryEmbedding(nn.Module):
    def __init__(self, dim):
        super().__init__()
        inv_freq = 1.0 / (10000 ** (torch.arange(0, dim, 2).float() / dim))
        self.register_buffer("inv_freq", inv_freq)

    def forward(self, n):
        seq = torch.arange(n, dtype=self.inv_freq.dtype)
        freqs = einsum("i , j -> i j", seq, self.inv_freq)
        return torch.cat((freqs, freqs), dim=-1)


def rotate_half(x):
    x1, x2 = x.chunk(2, dim=-1)
    return torch.cat((-x2, x1), dim=-1)


def apply_rotary_pos_emb(pos, t):
    return (t * pos.cos()) + (rotate_half(t) * pos.sin())


class SwiGLU(nn.Module):
    def forward(self, x):
        x, gate = x.chunk(2, dim=-1)
        return F.silu(gate) * x


class ParallelBlock(nn.Module):
    def __init__(self, dim, dim_head=16, heads=4, ff_mult=3):
        super().__init__()
        self.norm = LayerNorm(dim)
        attn_inner = dim_head * heads
        ff_inner = dim * ff_mult
        self.fused_dims = (attn_inner, dim_head, dim_head, ff_inner * 2)
        self.heads = heads
        self.scale = dim_head**-0.5
        self.rotary_emb = RotaryEmbedding(dim_head)
        self.fused = nn.Linear(dim, sum(self.fused_dims), bias=False)
        self.attn_out = nn.Linear(attn_inner, dim, bias=False)
        self.ff_out = nn.Sequential(SwiGLU(), nn.Linear(ff_inner, dim, bias=False))

    def forward(self, x):
        n, h = x.shape[1], self.heads
        x = self.norm(x)
        q, k, v, ff = self.fused(x).split(self.fused_dims, dim=-1)
        q = q.unflatten(-1, (h, -1)).permute(0, 2, 1, 3)
        positions = self.rotary_emb(n)
        q, k = map(lambda t: apply_rotary_pos_emb(positions, t), (q, k))
        q = q * self.scale
        sim = einsum("b h i d, b j d -> b h i j", q, k)
        causal_mask = torch.ones((n, n), dtype=torch.bool).triu(1)
        sim = sim.masked_fill(causal_mask, -torch.finfo(sim.dtype).max)
        attn = sim.softmax(dim=-1)
        out = einsum("b h i j, b j d -> b h i d", attn, v)
        out = out.permute(0, 2, 1, 3).flatten(2)
        return self.attn_out(out) + self.ff_out(ff)


def PaLM(num_tokens, dim, depth):
    net = nn.Sequential(
        nn.Embedding(num_tokens, dim),
        *[Residual(ParallelBlock(dim)) for _ in range(depth)],
        LayerNorm(dim),
        nn.Linear(dim, num_tokens, bias=False),
    )
    net[-1].weight = net[0].weight
    nn.init.normal_(net[0].weight, std=0.02)
    return net


VOCAB = 83


def model():
    return PaLM(VOCAB, 48, 2)


def batch(seed):
    torch.manual_seed(seed)
    return torch.randint(0, VOCAB, (4, 30))


def loss(model, batch):
    x, labels = batch[:, :-1], batch[:, 1:]
    out = model(x)
    ce = F.cross_entropy(out.permute(0, 2, 1), labels)
    return ce + 1e-4 * out.logsumexp(-1).square().mean()


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=2e-3)


def generate(model, ids, n):
    out = ids
    for _ in range(n):
        out = torch.cat((out, model(out)[:, -1].argmax(-1, keepdim=True)), 1)
    return out
