"""A masked language model after BERT: sees both sides, predicts masked words, leaves padding out."""

import torch
import torch.nn.functional as F
from torch import nn

PAD, MASK, VOCAB, CONTEXT = 0, 1, 50, 24
CAUSAL = False


class SelfAttention(nn.Module):
    def __init__(self, hidden, heads):
        super().__init__()
        self.heads, self.size = heads, hidden // heads
        self.query = nn.Linear(hidden, hidden)
        self.key = nn.Linear(hidden, hidden)
        self.value = nn.Linear(hidden, hidden)
        self.dense = nn.Linear(hidden, hidden)

    def forward(self, x, pad_mask):
        B, T, C = x.shape
        q, k, v = (
            f(x).view(B, T, self.heads, self.size).permute(0, 2, 1, 3) for f in (self.query, self.key, self.value)
        )
        scores = torch.matmul(q, k.transpose(-1, -2)) / self.size**0.5
        scores = scores + (1.0 - pad_mask[:, None, None, :]) * -10000.0
        context = torch.matmul(F.softmax(scores, dim=-1), v)
        return self.dense(context.permute(0, 2, 1, 3).contiguous().view(B, T, C))


class Layer(nn.Module):
    def __init__(self, hidden, heads):
        super().__init__()
        self.attention = SelfAttention(hidden, heads)
        self.norm1 = nn.LayerNorm(hidden)
        self.intermediate = nn.Linear(hidden, 4 * hidden)
        self.output = nn.Linear(4 * hidden, hidden)
        self.norm2 = nn.LayerNorm(hidden)

    def forward(self, x, pad_mask):
        x = self.norm1(x + self.attention(x, pad_mask))
        return self.norm2(x + self.output(F.gelu(self.intermediate(x))))


class Bert(nn.Module):
    def __init__(self, hidden=32, heads=4, layers=2):
        super().__init__()
        self.words = nn.Embedding(VOCAB, hidden, padding_idx=PAD)
        self.positions = nn.Embedding(CONTEXT, hidden)
        self.norm = nn.LayerNorm(hidden)
        self.layers = nn.ModuleList([Layer(hidden, heads) for _ in range(layers)])
        self.transform = nn.Linear(hidden, hidden)
        self.transform_norm = nn.LayerNorm(hidden)
        self.decoder = nn.Linear(hidden, VOCAB)

    def forward(self, ids):
        pad_mask = (ids != PAD).float()
        x = self.norm(self.words(ids) + self.positions(torch.arange(ids.shape[1])))
        for layer in self.layers:
            x = layer(x, pad_mask)
        return self.decoder(self.transform_norm(F.gelu(self.transform(x))))


def model():
    return Bert()


def batch(seed):
    g = torch.Generator().manual_seed(seed)
    ids = torch.randint(2, VOCAB, (16, CONTEXT), generator=g)
    for row in range(16):
        ids[row, int(torch.randint(10, CONTEXT + 1, (1,), generator=g)) :] = PAD
    labels = ids.clone()
    chosen = (torch.rand(ids.shape, generator=g) < 0.2) & (ids != PAD)
    labels[~chosen] = -100
    ids = torch.where(chosen, MASK, ids)
    return ids, labels


def loss(model, batch):
    ids, labels = batch
    return F.cross_entropy(model(ids).flatten(0, 1), labels.flatten(), ignore_index=-100)


def optimizer(model):
    return torch.optim.AdamW(model.parameters(), lr=1e-3)
