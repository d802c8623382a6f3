"""A language model of PyTorch's own encoder layers, time first, after the tutorial: own `logits` turns it around."""

import math

import torch
from torch import nn
from torch.nn import TransformerEncoder, TransformerEncoderLayer

VOCAB, CONTEXT = 70, 50


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, dropout=0.2, max_len=CONTEXT):
        super().__init__()
        self.dropout = nn.Dropout(p=dropout)
        position = torch.arange(max_len).unsqueeze(1)
        div_term = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
        pe = torch.zeros(max_len, 1, d_model)
        pe[:, 0, 0::2] = torch.sin(position * div_term)
        pe[:, 0, 1::2] = torch.cos(position * div_term)
        self.register_buffer("pe", pe)

    def forward(self, x):
        x = x + self.pe[: x.size(0)]
        return self.dropout(x)


class TransformerModel(nn.Module):
    def __init__(self, ntoken, d_model=32, nhead=4, d_hid=64, nlayers=2, dropout=0.2):
        super().__init__()
        self.pos_encoder = PositionalEncoding(d_model, dropout)
        layers = TransformerEncoderLayer(d_model, nhead, d_hid, dropout)
        self.transformer_encoder = TransformerEncoder(layers, nlayers)
        self.embedding = nn.Embedding(ntoken, d_model)
        self.d_model = d_model
        self.linear = nn.Linear(d_model, ntoken)
        self.embedding.weight.data.uniform_(-0.1, 0.1)

    def forward(self, src):
        src = self.embedding(src) * math.sqrt(self.d_model)
        src = self.pos_encoder(src)
        mask = nn.Transformer.generate_square_subsequent_mask(len(src))
        output = self.transformer_encoder(src, mask)
        return self.linear(output)


def model():
    return TransformerModel(VOCAB)


def logits(model, ids):
    return model(ids.t()).transpose(0, 1)


def batch(seed):
    data = torch.randint(VOCAB, (31, 10), generator=torch.Generator().manual_seed(seed))
    return data[:-1], data[1:].reshape(-1)


def loss(model, batch):
    data, targets = batch
    output = model(data)
    return nn.CrossEntropyLoss()(output.view(-1, VOCAB), targets)


def optimizer(model):
    return torch.optim.SGD(model.parameters(), lr=0.5)


def train_epoch(model, optimizer):
    model.train()
    for i in range(100):
        value = loss(model, batch(i))
        optimizer.zero_grad()
        value.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
