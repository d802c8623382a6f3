# T5 written by hand: relative position bias in the first layer only, no scaling of scores, RMS norm, shared embedding
import math
from types import SimpleNamespace

import torch
from torch import nn
import torch.nn.functional as F


class T5LayerNorm(nn.Module):
    def __init__(self, d, eps=1e-6):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(d))
        self.eps = eps

    def forward(self, h):
        return self.weight * h * torch.rsqrt(h.pow(2).mean(-1, keepdim=True) + self.eps)


def bucket(relative_position, bidirectional, num_buckets=16, max_distance=32):
    ret = 0
    n = -relative_position
    if bidirectional:
        num_buckets //= 2
        ret += (n < 0).to(torch.long) * num_buckets
        n = torch.abs(n)
    else:
        n = torch.max(n, torch.zeros_like(n))
    max_exact = num_buckets // 2
    is_small = n < max_exact
    large = max_exact + (
        torch.log(n.float().clamp(min=1) / max_exact) / math.log(max_distance / max_exact) * (num_buckets - max_exact)
    ).to(torch.long)
    large = torch.min(large, torch.full_like(large, num_buckets - 1))
    ret += torch.where(is_small, n, large)
    return ret


class T5Attention(nn.Module):
    def __init__(self, d, heads, decoder=False, has_bias=False):
        super().__init__()
        self.heads, self.dk, self.decoder = heads, d // heads, decoder
        self.q = nn.Linear(d, d, bias=False)
        self.k = nn.Linear(d, d, bias=False)
        self.v = nn.Linear(d, d, bias=False)
        self.o = nn.Linear(d, d, bias=False)
        if has_bias:
            self.relative_attention_bias = nn.Embedding(16, heads)
        nn.init.normal_(self.q.weight, std=(d * self.dk) ** -0.5)
        nn.init.normal_(self.k.weight, std=d**-0.5)
        nn.init.normal_(self.v.weight, std=d**-0.5)
        nn.init.normal_(self.o.weight, std=d**-0.5)

    def compute_bias(self, q_len, k_len):
        rel = torch.arange(k_len)[None, :] - torch.arange(q_len)[:, None]
        values = self.relative_attention_bias(bucket(rel, not self.decoder))
        return values.permute(2, 0, 1).unsqueeze(0)

    def forward(self, x, kv=None, mask=None, position_bias=None):
        kv = x if kv is None else kv
        b, t, d = x.shape
        shape = lambda y: y.view(b, -1, self.heads, self.dk).transpose(1, 2)
        q, k, v = shape(self.q(x)), shape(self.k(kv)), shape(self.v(kv))
        scores = torch.einsum("bnqd,bnkd->bnqk", q, k)
        if position_bias is None:
            if hasattr(self, "relative_attention_bias"):
                position_bias = self.compute_bias(t, kv.size(1))
            else:
                position_bias = torch.zeros(1, self.heads, t, kv.size(1))
            if mask is not None:
                position_bias = position_bias + mask
        scores = scores + position_bias
        w = F.softmax(scores, dim=-1)
        out = torch.matmul(w, v).transpose(1, 2).reshape(b, t, d)
        return self.o(out), position_bias


class Layer(nn.Module):
    def __init__(self, d, heads, ff, decoder, first):
        super().__init__()
        self.decoder = decoder
        self.ln1 = T5LayerNorm(d)
        self.attn = T5Attention(d, heads, decoder, has_bias=first)
        if decoder:
            self.ln2 = T5LayerNorm(d)
            self.cross = T5Attention(d, heads, decoder)
        self.ln3 = T5LayerNorm(d)
        self.wi, self.wo = nn.Linear(d, ff, bias=False), nn.Linear(ff, d, bias=False)
        self.drop = nn.Dropout(0.1)

    def forward(self, h, mask, bias=None, memory=None, memory_mask=None, cross_bias=None):
        a, bias = self.attn(self.ln1(h), mask=mask, position_bias=bias)
        h = h + self.drop(a)
        if self.decoder:
            a, cross_bias = self.cross(self.ln2(h), memory, memory_mask, cross_bias)
            h = h + self.drop(a)
        h = h + self.drop(self.wo(self.drop(F.relu(self.wi(self.ln3(h))))))
        return h, bias, cross_bias


class T5(nn.Module):
    def __init__(self, vocab=71, d=48, heads=4, ff=96, layers=2, pad=0):
        super().__init__()
        self.pad = pad
        self.d = d
        self.shared = nn.Embedding(vocab, d)
        nn.init.normal_(self.shared.weight, std=1.0)
        self.enc = nn.ModuleList([Layer(d, heads, ff, False, i == 0) for i in range(layers)])
        self.dec = nn.ModuleList([Layer(d, heads, ff, True, i == 0) for i in range(layers)])
        self.enc_norm, self.dec_norm = T5LayerNorm(d), T5LayerNorm(d)

    def _shift_right(self, labels):
        shifted = labels.new_zeros(labels.shape)
        shifted[..., 1:] = labels[..., :-1].clone()
        shifted[..., 0] = self.pad
        return shifted.masked_fill(shifted == -100, self.pad)

    def forward(self, input_ids, decoder_input_ids=None, labels=None):
        if decoder_input_ids is None:
            decoder_input_ids = self._shift_right(labels)
        enc_mask = (input_ids == self.pad)[:, None, None, :] * torch.finfo(torch.float32).min
        h, bias = self.shared(input_ids), None
        for layer in self.enc:
            h, bias, _ = layer(h, enc_mask, bias)
        memory = self.enc_norm(h)
        t = decoder_input_ids.size(1)
        causal = torch.full((t, t), torch.finfo(torch.float32).min).triu(1)[None, None]
        h, bias, cross_bias = self.shared(decoder_input_ids), None, None
        for layer in self.dec:
            h, bias, cross_bias = layer(h, causal, bias, memory, enc_mask, cross_bias)
        h = self.dec_norm(h) * self.d**-0.5
        logits = h @ self.shared.weight.t()
        loss = None
        if labels is not None:
            loss = F.cross_entropy(logits.view(-1, logits.size(-1)), labels.view(-1), ignore_index=-100)
        return SimpleNamespace(loss=loss, logits=logits, encoder_last_hidden_state=memory)


VOCAB = SRC_VOCAB = 71
PAD = 0
BOS = 0
EOS = 1


def model():
    return T5()


def logits(model, source, target):
    return model(source, decoder_input_ids=target).logits


def batch(seed):
    torch.manual_seed(seed)
    src = torch.randint(2, 71, (4, 13))
    lab = torch.randint(2, 71, (4, 10))
    for i, (a, b) in enumerate([(13, 10), (9, 6), (11, 8), (7, 9)]):
        src[i, a:] = PAD
        lab[i, b - 1] = EOS
        lab[i, b:] = -100
    return {"input_ids": src, "labels": lab}


def loss(model, batch):
    return model(**batch).loss


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=2e-3)


def generate(model, ids, n):
    was = model.training
    model.eval()
    dec = torch.full((ids.size(0), 1), model.pad, dtype=torch.long)
    with torch.no_grad():
        for _ in range(n):
            nxt = model(ids, decoder_input_ids=dec).logits[:, -1].argmax(-1)
            dec = torch.cat([dec, nxt[:, None]], 1)
    model.train(was)
    return dec
