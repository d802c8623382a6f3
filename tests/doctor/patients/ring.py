# after Gemma 2: sandwich norms with (1 + weight), soft caps on scores and logits, every other layer a window, tied and
# scaled embedding, norm of queries and keys, and a cache that is a ring for the window layers
import torch
import torch.nn as nn
import torch.nn.functional as F

VOCAB = 91
CONTEXT = 80
WINDOW = 6


class Norm(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(d))

    def forward(self, x):
        return F.rms_norm(x, x.shape[-1:], eps=1e-6) * (1.0 + self.weight)


def rope(x, positions):
    half = x.shape[-1] // 2
    freq = 10000.0 ** (-torch.arange(half, dtype=torch.float32) / half)
    angle = positions[:, None].float() * freq
    sin, cos = angle.sin(), angle.cos()
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


class Attn(nn.Module):
    def __init__(self, d, heads, window=None):
        super().__init__()
        self.heads, self.hd, self.window = heads, d // heads, window
        self.qkv = nn.Linear(d, 3 * d, bias=False)
        self.o = nn.Linear(d, d, bias=False)
        self.qn, self.kn = Norm(self.hd), Norm(self.hd)

    def forward(self, x, positions, cache=None):
        B, T, d = x.shape
        q, k, v = [t.view(B, T, self.heads, self.hd).transpose(1, 2) for t in self.qkv(x).chunk(3, -1)]
        q, k = rope(self.qn(q), positions), rope(self.kn(k), positions)
        key_positions = positions
        if cache is not None:
            if cache:
                k = torch.cat([cache["k"], k], 2)
                v = torch.cat([cache["v"], v], 2)
                key_positions = torch.cat([cache["pos"], positions])
            keep = self.window or k.shape[2]
            cache["k"], cache["v"], cache["pos"] = k[:, :, -keep:], v[:, :, -keep:], key_positions[-keep:]
        s = q @ k.transpose(-1, -2) * self.hd**-0.5
        s = 50.0 * torch.tanh(s / 50.0)
        far = positions[:, None] - key_positions[None, :]
        allowed = far >= 0
        if self.window is not None:
            allowed = allowed & (far < self.window)
        s = torch.where(allowed, s, torch.tensor(-1e30))
        y = s.softmax(-1) @ v
        return self.o(y.transpose(1, 2).reshape(B, T, d))


class Layer(nn.Module):
    def __init__(self, d, heads, window):
        super().__init__()
        self.pre_a, self.post_a, self.pre_f, self.post_f = Norm(d), Norm(d), Norm(d), Norm(d)
        self.attn = Attn(d, heads, window)
        self.gate, self.up, self.down = (
            nn.Linear(d, 2 * d, bias=False),
            nn.Linear(d, 2 * d, bias=False),
            nn.Linear(2 * d, d, bias=False),
        )

    def forward(self, x, positions, cache):
        x = x + self.post_a(self.attn(self.pre_a(x), positions, cache))
        h = self.pre_f(x)
        return x + self.post_f(self.down(F.gelu(self.gate(h), approximate="tanh") * self.up(h)))


class Gemma(nn.Module):
    def __init__(self, d=48, heads=4, depth=4):
        super().__init__()
        self.d = d
        self.embedder = nn.Parameter(torch.randn(VOCAB, d) * d**-0.5)
        self.layers = nn.ModuleList(Layer(d, heads, WINDOW if i % 2 == 0 else None) for i in range(depth))
        self.final = Norm(d)

    def forward(self, ids, cache=None, start=0):
        x = self.embedder[ids] * self.d**0.5
        positions = torch.arange(start, start + ids.shape[1])
        for i, layer in enumerate(self.layers):
            x = layer(x, positions, None if cache is None else cache[i])
        out = self.final(x) @ self.embedder.T
        return 30.0 * torch.tanh(out / 30.0)


def model():
    return Gemma()


def batch(seed):
    torch.manual_seed(seed)
    return torch.randint(0, VOCAB, (4, 26))


def loss(model, batch):
    logp = F.log_softmax(model(batch[:, :-1]), -1)
    return -logp.gather(-1, batch[:, 1:, None]).mean()


def optimizer(model):
    return torch.optim.AdamW(model.parameters(), lr=2e-3)


@torch.no_grad()
def generate(model, ids, n):
    cache = [{} for _ in model.layers]
    out = model(ids, cache, 0)
    for _ in range(n):
        nxt = out[:, -1].argmax(-1)[:, None]
        ids = torch.cat([ids, nxt], 1)
        out = model(nxt, cache, ids.shape[1] - 1)
    return ids
