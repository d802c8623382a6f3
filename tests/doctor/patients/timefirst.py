import math, copy, random
import torch
import torch.nn as nn
import torch.nn.functional as F


PAD, BOS, EOS, SRC_VOCAB, VOCAB, CONTEXT = 1, 2, 3, 27, 31, 30

class Seq2Seq(nn.Module):
    def __init__(self, d=32):
        super().__init__()
        self.src = nn.Embedding(SRC_VOCAB, d, padding_idx=PAD)
        self.tgt = nn.Embedding(VOCAB, d, padding_idx=PAD)
        pe = torch.zeros(CONTEXT, 1, d)
        ang = torch.arange(CONTEXT)[:, None] * torch.exp(torch.arange(0, d, 2) * -(math.log(10000.0) / d))
        pe[:, 0, 0::2], pe[:, 0, 1::2] = ang.sin(), ang.cos()
        self.register_buffer("pe", pe)
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(d, 4, 64, 0.1), 2, enable_nested_tensor=False)
        self.decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(d, 4, 64, 0.1, norm_first=True), 2, nn.LayerNorm(d))
        self.out = nn.Linear(d, VOCAB)

    def forward(self, s, t):                     # (S, B), (T, B)
        pad = (s == PAD).T
        memory = self.encoder(self.src(s) + self.pe[: len(s)], src_key_padding_mask=pad)
        causal = nn.Transformer.generate_square_subsequent_mask(len(t))
        y = self.decoder(self.tgt(t) + self.pe[: len(t)], memory, tgt_mask=causal, memory_key_padding_mask=pad)
        return self.out(y)

def model():
    return Seq2Seq()

def logits(m, source, target):
    return m(source.T, target.T).transpose(0, 1)

def batch(seed):
    g = torch.Generator().manual_seed(seed)
    s = torch.randint(4, SRC_VOCAB, (11, 6), generator=g)
    y = (s * 7) % 23 + 4
    for b in range(6):
        s[5 + b :, b] = PAD
        y[5 + b :, b] = PAD
    t = torch.cat([torch.full((1, 6), BOS), y, torch.full((1, 6), PAD)])
    for b in range(6):
        t[min(6 + b, 12), b] = EOS
    return s, t

CRIT = nn.CrossEntropyLoss(ignore_index=PAD, label_smoothing=0.1)

def loss(m, b):
    s, t = b
    z = m(s, t[:-1])
    return CRIT(z.reshape(-1, VOCAB), t[1:].reshape(-1))

def optimizer(m):
    return torch.optim.AdamW(m.parameters(), lr=1e-3)

def generate(m, source, n):
    m.eval()
    with torch.no_grad():
        y = torch.full((1, source.size(0)), BOS, dtype=torch.long)
        while len(y) <= n:
            y = torch.cat([y, m(source.T, y)[-1].argmax(-1)[None]])
    m.train()
    return y.T
