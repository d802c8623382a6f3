# Universal-like: one post-norm nn.TransformerEncoderLayer used 4 times, batch second inside, step embedding, tied head with
# its own bias, attention sink (a learned key that every token may attend to)
import torch
from torch import nn
import torch.nn.functional as F

VOCAB = 69
CONTEXT = 50
PAD = 68


class SinkAttention(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.h = h
        self.wi = nn.Linear(d, 3 * d)
        self.wo = nn.Linear(d, d)
        self.sink_k = nn.Parameter(torch.randn(h, 1, d // h) * 0.02)
        self.sink_v = nn.Parameter(torch.randn(h, 1, d // h) * 0.02)

    def forward(self, x):
        t, b, d = x.shape
        q, k, v = self.wi(x).view(t, b, 3, self.h, d // self.h).permute(2, 1, 3, 0, 4)
        k = torch.cat([self.sink_k.expand(b, -1, -1, -1), k], dim=2)
        v = torch.cat([self.sink_v.expand(b, -1, -1, -1), v], dim=2)
        mask = torch.ones(t, t + 1, dtype=torch.bool).tril(1)
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return self.wo(y.permute(2, 0, 1, 3).flatten(2))


class Universal(nn.Module):
    def __init__(self, d=36, h=3, steps=4):
        super().__init__()
        self.tok = nn.Embedding(VOCAB, d, padding_idx=PAD)
        nn.init.normal_(self.tok.weight, std=0.1)
        self.pos = nn.Parameter(torch.randn(CONTEXT, 1, d) * 0.1)
        self.step = nn.Parameter(torch.randn(steps, 1, 1, d) * 0.1)
        self.attn = SinkAttention(d, h)
        self.ff = nn.Sequential(nn.Linear(d, 4 * d), nn.Tanh(), nn.Linear(4 * d, d))
        self.n1, self.n2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.bias = nn.Parameter(torch.zeros(VOCAB))

    def forward(self, ids):
        x = self.tok(ids)
        for s in self.step:
            x = x + self.pos[: len(ids)] + s
            x = self.n1(x + self.attn(x))
            x = self.n2(x + self.ff(x))
        return F.log_softmax(F.linear(x, self.tok.weight, self.bias), dim=-1)


def model():
    return Universal()


def logits(model, ids):
    return model(ids.T).transpose(0, 1)


def batch(seed):
    torch.manual_seed(seed)
    ids = torch.randint(0, PAD, (19, 5))
    ids[14:, 2] = PAD
    ids[9:, 4] = PAD
    return ids


def loss(model, batch):
    logp = model(batch[:-1])
    return nn.NLLLoss(ignore_index=PAD)(logp.reshape(-1, VOCAB), batch[1:].reshape(-1))


def optimizer(model):
    return torch.optim.NAdam(model.parameters(), lr=1e-3)
