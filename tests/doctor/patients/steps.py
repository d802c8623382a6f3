# encoder-decoder for translation by hand, pre-norm, with a cache of its own in decoding
import math
import torch
import torch.nn as nn
import torch.nn.functional as F

PAD, BOS, EOS = 0, 1, 2
SRC_VOCAB = 47
VOCAB = 43


def positions(n, d, offset=0):
    p = torch.arange(offset, offset + n, dtype=torch.float)[:, None]
    w = torch.exp(torch.arange(0, d, 2, dtype=torch.float) * (-math.log(1e4) / d))
    out = torch.zeros(n, d)
    out[:, 0::2], out[:, 1::2] = torch.sin(p * w), torch.cos(p * w)
    return out


class MHA(nn.Module):
    def __init__(self, d, h, p=0.1):
        super().__init__()
        self.h, self.p = h, p
        self.q, self.k, self.v, self.out = nn.Linear(d, d), nn.Linear(d, d), nn.Linear(d, d), nn.Linear(d, d)

    def split(self, x):
        B, T, d = x.shape
        return x.view(B, T, self.h, d // self.h).transpose(1, 2)

    def forward(self, x, memory=None, mask=None, cache=None):
        q = self.split(self.q(x))
        if memory is not None and cache is not None and "k" in cache:
            k, v = cache["k"], cache["v"]
        else:
            src = x if memory is None else memory
            k, v = self.split(self.k(src)), self.split(self.v(src))
            if cache is not None:
                if memory is None and "k" in cache:
                    k = torch.cat((cache["k"], k), dim=2)
                    v = torch.cat((cache["v"], v), dim=2)
                cache["k"], cache["v"] = k, v
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=self.p if self.training else 0.0)
        return self.out(y.transpose(1, 2).flatten(2))


class EncLayer(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.att, self.n1, self.n2 = MHA(d, h), nn.LayerNorm(d), nn.LayerNorm(d)
        self.ff = nn.Sequential(nn.Linear(d, 3 * d), nn.ReLU(), nn.Dropout(0.1), nn.Linear(3 * d, d))

    def forward(self, x, mask):
        x = x + self.att(self.n1(x), mask=mask)
        return x + self.ff(self.n2(x))


class DecLayer(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.att, self.cross = MHA(d, h), MHA(d, h)
        self.n1, self.n2, self.n3 = nn.LayerNorm(d), nn.LayerNorm(d), nn.LayerNorm(d)
        self.ff = nn.Sequential(nn.Linear(d, 3 * d), nn.ReLU(), nn.Dropout(0.1), nn.Linear(3 * d, d))

    def forward(self, x, memory, mask, src_mask, cache=None):
        own, other = (None, None) if cache is None else (cache["self"], cache["cross"])
        x = x + self.att(self.n1(x), mask=mask, cache=own)
        x = x + self.cross(self.n2(x), memory=memory, mask=src_mask, cache=other)
        return x + self.ff(self.n3(x))


class NMT(nn.Module):
    def __init__(self, d=40, h=4, layers=2):
        super().__init__()
        self.d = d
        self.src = nn.Embedding(SRC_VOCAB, d, padding_idx=PAD)
        self.tgt = nn.Embedding(VOCAB, d, padding_idx=PAD)
        for e in (self.src, self.tgt):
            nn.init.normal_(e.weight, std=d**-0.5)
        self.enc = nn.ModuleList(EncLayer(d, h) for _ in range(layers))
        self.dec = nn.ModuleList(DecLayer(d, h) for _ in range(layers))
        self.ne, self.nd = nn.LayerNorm(d), nn.LayerNorm(d)
        self.proj = nn.Linear(d, VOCAB, bias=False)
        self.proj.weight = self.tgt.weight

    def encode(self, src):
        mask = (src != PAD)[:, None, None, :]
        x = self.src(src) * math.sqrt(self.d) + positions(src.size(1), self.d)
        for layer in self.enc:
            x = layer(x, mask)
        return self.ne(x), mask

    def decode(self, tgt, memory, src_mask, cache=None, offset=0):
        T = tgt.size(1)
        x = self.tgt(tgt) * math.sqrt(self.d) + positions(T, self.d, offset)
        mask = None if cache is not None else torch.ones(T, T, dtype=torch.bool).tril()
        for i, layer in enumerate(self.dec):
            x = layer(x, memory, mask, src_mask, None if cache is None else cache[i])
        return self.proj(self.nd(x))

    def forward(self, src, tgt):
        memory, src_mask = self.encode(src)
        return self.decode(tgt, memory, src_mask)

    @torch.no_grad()
    def translate(self, src, n):
        self.eval()
        memory, src_mask = self.encode(src)
        cache = [{"self": {}, "cross": {}} for _ in self.dec]
        out = torch.full((src.size(0), 1), BOS)
        for step in range(n):
            logits = self.decode(out[:, -1:], memory, src_mask, cache, offset=step)
            out = torch.cat([out, logits[:, -1].argmax(-1, keepdim=True)], 1)
        return out


def model():
    return NMT()


def logits(model, source, target):
    return model(source, target)


def batch(seed):
    g = torch.Generator().manual_seed(seed)
    src = torch.randint(3, SRC_VOCAB, (6, 12), generator=g)
    tgt = torch.randint(3, VOCAB, (6, 11), generator=g)
    tgt[:, 0] = BOS
    for i, (a, b) in enumerate([(12, 10), (9, 7), (7, 5), (10, 8), (6, 6), (8, 4)]):
        src[i, a:] = PAD
        tgt[i, b] = EOS
        tgt[i, b + 1 :] = PAD
    return src, tgt


def loss(model, batch):
    src, tgt = batch
    out = model(src, tgt[:, :-1])
    return F.cross_entropy(out.transpose(1, 2), tgt[:, 1:], ignore_index=PAD, label_smoothing=0.1)


def optimizer(model):
    return torch.optim.AdamW(model.parameters(), lr=1e-3)


def generate(model, ids, n):
    return model.translate(ids, n)
