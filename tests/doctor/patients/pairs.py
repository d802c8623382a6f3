"""A translator of torch.nn.Transformer, after the tutorial: padding masks, tied nothing, cross-entropy that ignores PAD."""

import math

import torch
from torch import nn

PAD, BOS, EOS = 0, 1, 2
SRC_VOCAB, VOCAB, CONTEXT = 37, 45, 40
WIDTH = 32


class TokenEmbedding(nn.Module):
    def __init__(self, vocab, width):
        super().__init__()
        self.embedding = nn.Embedding(vocab, width, padding_idx=PAD)
        nn.init.normal_(self.embedding.weight, std=width**-0.5)
        self.width = width
        position = torch.arange(CONTEXT)[:, None] / 10000 ** (torch.arange(0, width, 2) / width)
        self.register_buffer("table", torch.stack([position.sin(), position.cos()], -1).flatten(1))

    def forward(self, ids):
        return self.embedding(ids) * math.sqrt(self.width) + self.table[: ids.shape[1]]


class Translator(nn.Module):
    def __init__(self):
        super().__init__()
        self.source = TokenEmbedding(SRC_VOCAB, WIDTH)
        self.target = TokenEmbedding(VOCAB, WIDTH)
        self.transformer = nn.Transformer(WIDTH, 4, 2, 2, 64, 0.1, batch_first=True)
        self.generator = nn.Linear(WIDTH, VOCAB)

    def forward(self, source, target):
        T = target.shape[1]
        ahead = torch.triu(torch.ones(T, T, dtype=torch.bool), 1)
        hidden = self.transformer(
            self.source(source),
            self.target(target),
            tgt_mask=ahead,
            src_key_padding_mask=source == PAD,
            tgt_key_padding_mask=target == PAD,
            memory_key_padding_mask=source == PAD,
        )
        return self.generator(hidden)


def model():
    return Translator()


def logits(model, source, target):
    return model(source, target)


def batch(seed):
    g = torch.Generator().manual_seed(seed)
    source, target = torch.full((10, 11), PAD), torch.full((10, 13), PAD)
    for row in range(10):
        n = int(torch.randint(3, 12, (1,), generator=g))
        source[row, :n] = torch.randint(3, SRC_VOCAB, (n,), generator=g)
        target[row, 0] = BOS
        target[row, 1 : n + 1] = source[row, :n] + 5
        target[row, n + 1] = EOS
    return source, target[:, :-1], target[:, 1:]


def loss(model, batch):
    source, fed, wanted = batch
    criterion = nn.CrossEntropyLoss(ignore_index=PAD)
    return criterion(model(source, fed).reshape(-1, VOCAB), wanted.reshape(-1))


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=1e-3)


@torch.no_grad()
def generate(model, ids, n):
    was = model.training
    model.eval()
    out = torch.full((len(ids), 1), BOS)
    for _ in range(n):
        out = torch.cat([out, model(ids, out)[:, -1].argmax(-1)[:, None]], 1)
    model.train(was)
    return out
