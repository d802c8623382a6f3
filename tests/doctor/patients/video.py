"""After a video series: einsum with named axes, post-norm, masks made by the model."""

import torch
import torch.nn as nn

PAD = 0
BOS = 1
EOS = 2
SRC_VOCAB = 25
VOCAB = 28
CONTEXT = 30


class SelfAttention(nn.Module):
    def __init__(self, embed_size, heads):
        super().__init__()
        self.embed_size = embed_size
        self.heads = heads
        self.head_dim = embed_size // heads
        self.values = nn.Linear(embed_size, embed_size)
        self.keys = nn.Linear(embed_size, embed_size)
        self.queries = nn.Linear(embed_size, embed_size)
        self.fc_out = nn.Linear(embed_size, embed_size)

    def forward(self, values, keys, query, mask):
        N = query.shape[0]
        vl, kl, ql = values.shape[1], keys.shape[1], query.shape[1]
        values = self.values(values).reshape(N, vl, self.heads, self.head_dim)
        keys = self.keys(keys).reshape(N, kl, self.heads, self.head_dim)
        queries = self.queries(query).reshape(N, ql, self.heads, self.head_dim)
        energy = torch.einsum("nqhd,nkhd->nhqk", [queries, keys])
        if mask is not None:
            energy = energy.masked_fill(mask == 0, float("-1e20"))
        attention = torch.softmax(energy / (self.embed_size ** (1 / 2)), dim=3)
        out = torch.einsum("nhql,nlhd->nqhd", [attention, values]).reshape(N, ql, self.heads * self.head_dim)
        return self.fc_out(out)


class TransformerBlock(nn.Module):
    def __init__(self, e, h, p, f):
        super().__init__()
        self.attention = SelfAttention(e, h)
        self.norm1 = nn.LayerNorm(e)
        self.norm2 = nn.LayerNorm(e)
        self.feed_forward = nn.Sequential(nn.Linear(e, f * e), nn.ReLU(), nn.Linear(f * e, e))
        self.dropout = nn.Dropout(p)

    def forward(self, value, key, query, mask):
        attention = self.attention(value, key, query, mask)
        x = self.dropout(self.norm1(attention + query))
        forward = self.feed_forward(x)
        return self.dropout(self.norm2(forward + x))


class Encoder(nn.Module):
    def __init__(self, v, e, n, h, f, p, m):
        super().__init__()
        self.word_embedding = nn.Embedding(v, e)
        self.position_embedding = nn.Embedding(m, e)
        self.layers = nn.ModuleList([TransformerBlock(e, h, p, f) for _ in range(n)])
        self.dropout = nn.Dropout(p)

    def forward(self, x, mask):
        N, L = x.shape
        pos = torch.arange(0, L).expand(N, L)
        out = self.dropout(self.word_embedding(x) + self.position_embedding(pos))
        for l in self.layers:
            out = l(out, out, out, mask)
        return out


class DecoderBlock(nn.Module):
    def __init__(self, e, h, f, p):
        super().__init__()
        self.norm = nn.LayerNorm(e)
        self.attention = SelfAttention(e, h)
        self.transformer_block = TransformerBlock(e, h, p, f)
        self.dropout = nn.Dropout(p)

    def forward(self, x, value, key, src_mask, trg_mask):
        attention = self.attention(x, x, x, trg_mask)
        query = self.dropout(self.norm(attention + x))
        return self.transformer_block(value, key, query, src_mask)


class Decoder(nn.Module):
    def __init__(self, v, e, n, h, f, p, m):
        super().__init__()
        self.word_embedding = nn.Embedding(v, e)
        self.position_embedding = nn.Embedding(m, e)
        self.layers = nn.ModuleList([DecoderBlock(e, h, f, p) for _ in range(n)])
        self.fc_out = nn.Linear(e, v)
        self.dropout = nn.Dropout(p)

    def forward(self, x, enc, sm, tm):
        N, L = x.shape
        pos = torch.arange(0, L).expand(N, L)
        x = self.dropout(self.word_embedding(x) + self.position_embedding(pos))
        for l in self.layers:
            x = l(x, enc, enc, sm, tm)
        return self.fc_out(x)


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder(SRC_VOCAB, 32, 2, 4, 2, 0.1, CONTEXT)
        self.decoder = Decoder(VOCAB, 32, 2, 4, 2, 0.1, CONTEXT)

    def make_src_mask(self, src):
        return (src != PAD).unsqueeze(1).unsqueeze(2)

    def make_trg_mask(self, trg):
        N, L = trg.shape
        return torch.tril(torch.ones((L, L))).expand(N, 1, L, L)

    def forward(self, src, trg):
        return self.decoder(
            trg, self.encoder(src, self.make_src_mask(src)), self.make_src_mask(src), self.make_trg_mask(trg)
        )


def model():
    return Transformer()


def batch(seed):
    g = torch.Generator().manual_seed(seed)
    s = torch.randint(3, 25, (5, 9), generator=g)
    t = torch.randint(3, 28, (5, 10), generator=g)
    t[:, 0] = BOS
    s[1, 6:] = PAD
    t[1, 6] = EOS
    t[1, 7:] = PAD
    t[0, -1] = EOS
    return s, t


def loss(model, b):
    s, t = b
    out = model(s, t[:, :-1])
    return nn.CrossEntropyLoss(ignore_index=PAD)(out.reshape(-1, out.shape[2]), t[:, 1:].reshape(-1))


def optimizer(m):
    return torch.optim.Adam(m.parameters(), lr=3e-4)


if __name__ == "__main__":
    m = model()
    o = optimizer(m)
    for i in range(1000):
        l = loss(m, batch(i))
        o.zero_grad()
        l.backward()
        o.step()
