# after modded-nanogpt: value residual, mix with x0, relu squared, qk norm, zero-initialised outputs, U-net skips, soft cap,
# a cache kept in the modules
import torch
import torch.nn as nn
import torch.nn.functional as F


def norm(x):
    return F.rms_norm(x, (x.size(-1),))


class Rotary(nn.Module):
    def __init__(self, dim, max_seq_len=128):
        super().__init__()
        angular = (1 / 1024) ** torch.linspace(0, 1, steps=dim // 4)
        angular = torch.cat([angular, angular.new_zeros(dim // 4)])
        theta = torch.outer(torch.arange(max_seq_len).float(), angular)
        self.register_buffer("cos", theta.cos(), persistent=False)
        self.register_buffer("sin", theta.sin(), persistent=False)

    def forward(self, x, start=0):
        T = x.size(-3)
        cos, sin = self.cos[None, start : start + T, None, :], self.sin[None, start : start + T, None, :]
        x1, x2 = x.chunk(2, dim=-1)
        return torch.cat((x1 * cos + x2 * sin, x1 * -sin + x2 * cos), 3)


class CausalSelfAttention(nn.Module):
    def __init__(self, dim, heads, p=0.1):
        super().__init__()
        self.heads, self.hd, self.p = heads, dim // heads, p
        self.qkv_w = nn.Parameter(torch.empty(3, dim, dim).uniform_(-(3**0.5) * dim**-0.5, 3**0.5 * dim**-0.5))
        self.lambdas = nn.Parameter(torch.tensor([0.5, 0.5]))
        self.rotary = Rotary(self.hd)
        self.c_proj = nn.Linear(dim, dim, bias=False)
        self.c_proj.weight.data.zero_()
        self.cache = None

    def forward(self, x, v1, use_cache):
        B, T, _ = x.shape
        q, k, v = F.linear(x, self.qkv_w.flatten(0, 1)).view(B, T, 3 * self.heads, self.hd).chunk(3, dim=-2)
        v1 = v if v1 is None else v1
        v = self.lambdas[0] * v + self.lambdas[1] * v1
        start = 0 if not use_cache or self.cache is None else self.cache[0].size(1)
        q, k = self.rotary(norm(q), start), self.rotary(norm(k), start)
        if use_cache:
            if self.cache is not None:
                k, v = torch.cat([self.cache[0], k], 1), torch.cat([self.cache[1], v], 1)
            self.cache = (k, v)
        y = F.scaled_dot_product_attention(
            q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), is_causal=T > 1,
            dropout_p=self.p if self.training else 0.0, scale=0.3,
        )
        return self.c_proj(y.transpose(1, 2).reshape(B, T, -1)), v1


class MLP(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.c_fc = nn.Linear(dim, 4 * dim, bias=False)
        self.c_proj = nn.Linear(4 * dim, dim, bias=False)
        self.c_proj.weight.data.zero_()

    def forward(self, x):
        return self.c_proj(F.relu(self.c_fc(x)).square())


class Block(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.attn, self.mlp = CausalSelfAttention(dim, heads), MLP(dim)
        self.lambdas = nn.Parameter(torch.tensor([1.0, 0.0]))

    def forward(self, x, v1, x0, use_cache):
        x = self.lambdas[0] * x + self.lambdas[1] * x0
        a, v1 = self.attn(norm(x), v1, use_cache)
        x = x + a
        return x + self.mlp(norm(x)), v1


class GPT(nn.Module):
    def __init__(self, vocab, layers=4, dim=48, heads=3):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.blocks = nn.ModuleList([Block(dim, heads) for _ in range(layers)])
        self.skip_weights = nn.Parameter(torch.ones(layers // 2))
        self.lm_head = nn.Linear(dim, vocab, bias=False)
        self.lm_head.weight.data.zero_()

    def forward(self, ids, target=None, use_cache=False):
        x = x0 = norm(self.embed(ids))
        v1, skips, half = None, [], len(self.blocks) // 2
        for i, block in enumerate(self.blocks):
            if i >= half:
                x = x + self.skip_weights[i - half] * skips.pop()
            x, v1 = block(x, v1 if i else None, x0, use_cache) if i else block(x, None, x0, use_cache)
            if i < half:
                skips.append(x)
        logits = self.lm_head(norm(x)).float()
        logits = 15 * torch.sigmoid(logits / 7.5)
        if target is None:
            return logits
        return F.cross_entropy(logits.view(-1, logits.size(-1)), target.view(-1))


VOCAB, CONTEXT = 103, 128


def model():
    return GPT(VOCAB)


def batch(seed):
    torch.manual_seed(seed)
    t = torch.randint(VOCAB, (2, 45))
    return t[:, :-1].contiguous(), t[:, 1:].contiguous()


def loss(model, batch):
    return model(*batch)


def optimizer(model):
    matrices = [p for p in model.blocks.parameters() if p.ndim >= 2]
    scalars = [p for p in model.blocks.parameters() if p.ndim < 2] + [model.skip_weights]
    return [
        torch.optim.Adam([dict(params=[model.embed.weight], lr=0.01), dict(params=[model.lm_head.weight], lr=0.008)]),
        torch.optim.Adam(scalars, lr=0.01),
        torch.optim.SGD(matrices, lr=0.05, momentum=0.9, nesterov=True),
    ]


def generate(model, ids, n):
    model.eval()
    for block in model.blocks:
        block.attn.cache = None
    with torch.no_grad():
        logits = model(ids, use_cache=True)
        for _ in range(n):
            nxt = logits[:, -1].argmax(-1, keepdim=True)
            ids = torch.cat([ids, nxt], 1)
            logits = model(nxt, use_cache=True)
    for block in model.blocks:
        block.attn.cache = None
    return ids
