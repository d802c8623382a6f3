# nn.MultiheadAttention, sliding window of 8, post-norm, learned positions, loss as a sum
import torch
import torch.nn as nn


def window_mask(T, window=8):
    i = torch.arange(T)[:, None]
    j = torch.arange(T)[None, :]
    # True means: may not attend
    return (j > i) | (j <= i - window)


class DecoderBlock(nn.Module):
    def __init__(self, dim, heads, p):
        super().__init__()
        self.attn = nn.MultiheadAttention(dim, heads, dropout=p, batch_first=True)
        self.norm_a = nn.LayerNorm(dim)
        self.ff = nn.Sequential(nn.Linear(dim, 2 * dim), nn.SiLU(), nn.Dropout(p), nn.Linear(2 * dim, dim))
        self.norm_f = nn.LayerNorm(dim)
        self.drop = nn.Dropout(p)

    def forward(self, x, mask):
        a, _ = self.attn(x, x, x, attn_mask=mask, need_weights=False)
        x = self.norm_a(x + self.drop(a))
        return self.norm_f(x + self.drop(self.ff(x)))


class WindowLM(nn.Module):
    def __init__(self, vocab, dim=56, heads=7, depth=3, max_len=64, p=0.1):
        super().__init__()
        self.max_len = max_len
        self.tok = nn.Embedding(vocab, dim)
        self.pos = nn.Parameter(torch.randn(1, max_len, dim) * 0.02)
        nn.init.normal_(self.tok.weight, std=0.02)
        self.norm = nn.LayerNorm(dim)
        self.blocks = nn.ModuleList(DecoderBlock(dim, heads, p) for _ in range(depth))
        self.out = nn.Linear(dim, vocab)

    def forward(self, ids):
        B, T = ids.shape
        x = self.norm(self.tok(ids) + self.pos[:, :T])
        mask = window_mask(T)
        for block in self.blocks:
            x = block(x, mask)
        return {"logits": self.out(x)}


VOCAB = 101
CONTEXT = 64
PAD = 0
ce = nn.CrossEntropyLoss(reduction="sum", ignore_index=0)


def model():
    return WindowLM(VOCAB)


def logits(model, ids):
    return model(ids)["logits"]


def batch(seed):
    gen = torch.Generator().manual_seed(seed)
    ids = torch.randint(1, VOCAB, (5, 24), generator=gen)
    ids[1, 18:] = 0
    ids[3, 11:] = 0
    return {"input": ids[:, :-1], "target": ids[:, 1:]}


def loss(model, batch):
    out = model(batch["input"])["logits"]
    return ce(out.reshape(-1, VOCAB), batch["target"].reshape(-1))


def optimizer(model):
    return torch.optim.RAdam(model.parameters(), lr=1e-3)


def generate(model, ids, n):
    model.eval()
    for _ in range(n):
        ids = torch.cat([ids, model(ids[:, -64:])["logits"][:, -1:].argmax(-1)], 1)
    return ids
