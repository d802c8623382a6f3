"""An encoder-decoder after The Annotated Transformer: clones, sublayers, masks made by the caller, log-probabilities."""

import copy
import math

import torch
import torch.nn as nn
from torch.nn.functional import log_softmax

PAD, BOS, EOS = 0, 1, 2
VOCAB = SRC_VOCAB = 40
CONTEXT = 64


def clones(module, N):
    return nn.ModuleList([copy.deepcopy(module) for _ in range(N)])


def attention(query, key, value, mask=None, dropout=None):
    d_k = query.size(-1)
    scores = torch.matmul(query, key.transpose(-2, -1)) / math.sqrt(d_k)
    if mask is not None:
        scores = scores.masked_fill(mask == 0, -1e9)
    p_attn = scores.softmax(dim=-1)
    if dropout is not None:
        p_attn = dropout(p_attn)
    return torch.matmul(p_attn, value)


class MultiHeadedAttention(nn.Module):
    def __init__(self, h, d_model, dropout=0.1):
        super().__init__()
        self.d_k = d_model // h
        self.h = h
        self.linears = clones(nn.Linear(d_model, d_model), 4)
        self.dropout = nn.Dropout(p=dropout)

    def forward(self, query, key, value, mask=None):
        if mask is not None:
            mask = mask.unsqueeze(1)
        nbatches = query.size(0)
        query, key, value = [
            lin(x).view(nbatches, -1, self.h, self.d_k).transpose(1, 2)
            for lin, x in zip(self.linears, (query, key, value))
        ]
        x = attention(query, key, value, mask=mask, dropout=self.dropout)
        x = x.transpose(1, 2).contiguous().view(nbatches, -1, self.h * self.d_k)
        return self.linears[-1](x)


class PositionwiseFeedForward(nn.Module):
    def __init__(self, d_model, d_ff, dropout=0.1):
        super().__init__()
        self.w_1 = nn.Linear(d_model, d_ff)
        self.w_2 = nn.Linear(d_ff, d_model)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        return self.w_2(self.dropout(self.w_1(x).relu()))


class LayerNorm(nn.Module):
    def __init__(self, features, eps=1e-6):
        super().__init__()
        self.a_2 = nn.Parameter(torch.ones(features))
        self.b_2 = nn.Parameter(torch.zeros(features))
        self.eps = eps

    def forward(self, x):
        mean = x.mean(-1, keepdim=True)
        std = x.std(-1, keepdim=True)
        return self.a_2 * (x - mean) / (std + self.eps) + self.b_2


class SublayerConnection(nn.Module):
    def __init__(self, size, dropout):
        super().__init__()
        self.norm = LayerNorm(size)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x, sublayer):
        return x + self.dropout(sublayer(self.norm(x)))


class EncoderLayer(nn.Module):
    def __init__(self, size, self_attn, feed_forward, dropout):
        super().__init__()
        self.self_attn = self_attn
        self.feed_forward = feed_forward
        self.sublayer = clones(SublayerConnection(size, dropout), 2)

    def forward(self, x, mask):
        x = self.sublayer[0](x, lambda x: self.self_attn(x, x, x, mask))
        return self.sublayer[1](x, self.feed_forward)


class DecoderLayer(nn.Module):
    def __init__(self, size, self_attn, src_attn, feed_forward, dropout):
        super().__init__()
        self.self_attn = self_attn
        self.src_attn = src_attn
        self.feed_forward = feed_forward
        self.sublayer = clones(SublayerConnection(size, dropout), 3)

    def forward(self, x, memory, src_mask, tgt_mask):
        m = memory
        x = self.sublayer[0](x, lambda x: self.self_attn(x, x, x, tgt_mask))
        x = self.sublayer[1](x, lambda x: self.src_attn(x, m, m, src_mask))
        return self.sublayer[2](x, self.feed_forward)


class Embeddings(nn.Module):
    def __init__(self, d_model, vocab):
        super().__init__()
        self.lut = nn.Embedding(vocab, d_model)
        self.d_model = d_model

    def forward(self, x):
        return self.lut(x) * math.sqrt(self.d_model)


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, dropout, max_len=CONTEXT):
        super().__init__()
        self.dropout = nn.Dropout(p=dropout)
        pe = torch.zeros(max_len, d_model)
        position = torch.arange(0, max_len).unsqueeze(1)
        div_term = torch.exp(torch.arange(0, d_model, 2) * -(math.log(10000.0) / d_model))
        pe[:, 0::2] = torch.sin(position * div_term)
        pe[:, 1::2] = torch.cos(position * div_term)
        self.register_buffer("pe", pe.unsqueeze(0))

    def forward(self, x):
        x = x + self.pe[:, : x.size(1)]
        return self.dropout(x)


class EncoderDecoder(nn.Module):
    def __init__(self, N=2, d_model=32, d_ff=64, h=4, dropout=0.1):
        super().__init__()
        c = copy.deepcopy
        attn = MultiHeadedAttention(h, d_model)
        ff = PositionwiseFeedForward(d_model, d_ff, dropout)
        position = PositionalEncoding(d_model, dropout)
        self.encoder = clones(EncoderLayer(d_model, c(attn), c(ff), dropout), N)
        self.decoder = clones(DecoderLayer(d_model, c(attn), c(attn), c(ff), dropout), N)
        self.encoder_norm = LayerNorm(d_model)
        self.decoder_norm = LayerNorm(d_model)
        self.src_embed = nn.Sequential(Embeddings(d_model, SRC_VOCAB), c(position))
        self.tgt_embed = nn.Sequential(Embeddings(d_model, VOCAB), c(position))
        self.generator = nn.Linear(d_model, VOCAB)
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.xavier_uniform_(p)

    def encode(self, src, src_mask):
        x = self.src_embed(src)
        for layer in self.encoder:
            x = layer(x, src_mask)
        return self.encoder_norm(x)

    def decode(self, memory, src_mask, tgt, tgt_mask):
        x = self.tgt_embed(tgt)
        for layer in self.decoder:
            x = layer(x, memory, src_mask, tgt_mask)
        return self.decoder_norm(x)

    def forward(self, src, tgt, src_mask, tgt_mask):
        return self.decode(self.encode(src, src_mask), src_mask, tgt, tgt_mask)


def subsequent_mask(size):
    return torch.triu(torch.ones(1, size, size), diagonal=1) == 0


def masks(src, tgt):
    src_mask = (src != PAD).unsqueeze(-2)
    tgt_mask = (tgt != PAD).unsqueeze(-2) & subsequent_mask(tgt.size(-1))
    return src_mask, tgt_mask


def model():
    return EncoderDecoder()


def logits(model, source, target):
    out = model(source, target, *masks(source, target))
    return log_softmax(model.generator(out), dim=-1)


def batch(seed):
    g = torch.Generator().manual_seed(seed)
    src = torch.full((8, 12), PAD)
    tgt = torch.full((8, 14), PAD)
    for row in range(8):
        n = int(torch.randint(4, 13, (1,), generator=g))
        words = torch.randint(3, VOCAB, (n,), generator=g)
        src[row, :n] = words
        tgt[row, 0] = BOS
        tgt[row, 1 : n + 1] = words.flip(0)
        tgt[row, n + 1] = EOS
    return {"src": src, "tgt": tgt}


def loss(model, batch):
    src, tgt = batch["src"], batch["tgt"]
    tgt_in, tgt_y = tgt[:, :-1], tgt[:, 1:]
    logp = logits(model, src, tgt_in)
    return nn.NLLLoss(ignore_index=PAD)(logp.reshape(-1, VOCAB), tgt_y.reshape(-1))


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=1e-3, betas=(0.9, 0.98), eps=1e-9)


def generate(model, ids, n):
    model.eval()
    src_mask = (ids != PAD).unsqueeze(-2)
    memory = model.encode(ids, src_mask)
    ys = torch.full((ids.size(0), 1), BOS)
    for _ in range(n):
        out = model.decode(memory, src_mask, ys, subsequent_mask(ys.size(1)))
        prob = log_softmax(model.generator(out[:, -1]), dim=-1)
        ys = torch.cat([ys, prob.argmax(-1, keepdim=True)], dim=1)
    return ys


def run_epoch(model, batches, opt):
    for b in batches:
        value = loss(model, b)
        value.backward()
        opt.step()
        opt.zero_grad(set_to_none=True)
