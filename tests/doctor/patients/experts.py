# mixture of experts (top 2 of 4, with a balance loss), layers shared like ALBERT, no positions at all
import torch
import torch.nn as nn
import torch.nn.functional as F


class Expert(nn.Module):
    def __init__(self, d, hidden):
        super().__init__()
        self.a = nn.Linear(d, hidden)
        self.b = nn.Linear(hidden, d)

    def forward(self, x):
        return self.b(F.gelu(self.a(x)))


class MoE(nn.Module):
    def __init__(self, d, n_experts=4, k=2):
        super().__init__()
        self.router = nn.Linear(d, n_experts, bias=False)
        self.experts = nn.ModuleList(Expert(d, 2 * d) for _ in range(n_experts))
        self.k = k
        self.balance = 0.0

    def forward(self, x):
        B, T, d = x.shape
        flat = x.reshape(B * T, d)
        gates = F.softmax(self.router(flat), dim=-1)
        weight, chosen = gates.topk(self.k, dim=-1)
        weight = weight / weight.sum(-1, keepdim=True)
        out = torch.zeros_like(flat)
        for e, expert in enumerate(self.experts):
            rows, slot = torch.where(chosen == e)
            if len(rows):
                out.index_add_(0, rows, expert(flat[rows]) * weight[rows, slot, None])
        share = F.one_hot(chosen, len(self.experts)).float().sum(1).mean(0)
        self.balance = (share * gates.mean(0)).sum() * len(self.experts)
        return out.view(B, T, d)


class Layer(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.h = heads
        self.n1, self.n2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.wqkv = nn.Linear(d, 3 * d, bias=False)
        self.wo = nn.Linear(d, d, bias=False)
        self.moe = MoE(d)

    def forward(self, x):
        B, T, d = x.shape
        q, k, v = self.wqkv(self.n1(x)).reshape(B, T, 3, self.h, d // self.h).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.wo(y.transpose(1, 2).reshape(B, T, d))
        return x + self.moe(self.n2(x))


class SharedMoE(nn.Module):
    def __init__(self, vocab, d=40, heads=5, repeats=3):
        super().__init__()
        self.repeats = repeats
        self.embed = nn.Embedding(vocab, d)
        self.layer = Layer(d, heads)
        self.norm = nn.LayerNorm(d)
        self.head = nn.Linear(d, vocab, bias=False)
        nn.init.normal_(self.embed.weight, std=0.05)

    def forward(self, ids):
        x = self.embed(ids)
        balance = 0.0
        for _ in range(self.repeats):
            x = self.layer(x)
            balance = balance + self.layer.moe.balance
        return self.head(self.norm(x)), balance / self.repeats


VOCAB = 67


def model():
    return SharedMoE(VOCAB)


def batch(seed):
    torch.manual_seed(seed)
    t = torch.randint(0, VOCAB, (6, 21))
    return t


def loss(model, batch):
    out, balance = model(batch[:, :-1])
    return F.cross_entropy(out.flatten(0, 1), batch[:, 1:].flatten()) + 0.01 * balance


def optimizer(model):
    return torch.optim.AdamW(model.parameters(), lr=2e-3)


def generate(model, ids, n):
    with torch.inference_mode():
        for _ in range(n):
            ids = torch.cat([ids, model(ids)[0][:, -1].argmax(-1)[:, None]], -1)
    return ids
