# word-level language model with nn.TransformerEncoder, sequence first, as in the old PyTorch tutorial
import math
import torch
from torch import nn, Tensor
from torch.nn import TransformerEncoder, TransformerEncoderLayer

ntokens = 113
emsize = 40
d_hid = 60
nlayers = 2
nhead = 2
dropout = 0.2
bptt = 35


class TransformerModel(nn.Module):
    def __init__(self, ntoken, d_model, nhead, d_hid, nlayers, dropout=0.5):
        super().__init__()
        self.model_type = "Transformer"
        self.pos_encoder = PositionalEncoding(d_model, dropout)
        encoder_layers = TransformerEncoderLayer(d_model, nhead, d_hid, dropout)
        self.transformer_encoder = TransformerEncoder(encoder_layers, nlayers)
        self.encoder = nn.Embedding(ntoken, d_model)
        self.d_model = d_model
        self.decoder = nn.Linear(d_model, ntoken)
        self.init_weights()

    def init_weights(self):
        initrange = 0.1
        self.encoder.weight.data.uniform_(-initrange, initrange)
        self.decoder.bias.data.zero_()
        self.decoder.weight.data.uniform_(-initrange, initrange)

    def forward(self, src: Tensor, src_mask: Tensor) -> Tensor:
        # src: [seq_len, batch_size]
        src = self.encoder(src) * math.sqrt(self.d_model)
        src = self.pos_encoder(src)
        output = self.transformer_encoder(src, src_mask)
        return self.decoder(output)


def generate_square_subsequent_mask(sz: int) -> Tensor:
    return torch.triu(torch.ones(sz, sz) * float("-inf"), diagonal=1)


class PositionalEncoding(nn.Module):
    def __init__(self, d_model: int, dropout: float = 0.1, max_len: int = 500):
        super().__init__()
        self.dropout = nn.Dropout(p=dropout)
        position = torch.arange(max_len).unsqueeze(1)
        div_term = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
        pe = torch.zeros(max_len, 1, d_model)
        pe[:, 0, 0::2] = torch.sin(position * div_term)
        pe[:, 0, 1::2] = torch.cos(position * div_term)
        self.register_buffer("pe", pe)

    def forward(self, x: Tensor) -> Tensor:
        # x: [seq_len, batch_size, embedding_dim]
        x = x + self.pe[: x.size(0)]
        return self.dropout(x)


def get_batch(source: Tensor, i: int):
    seq_len = min(bptt, len(source) - 1 - i)
    data = source[i : i + seq_len]
    target = source[i + 1 : i + 1 + seq_len].reshape(-1)
    return data, target


VOCAB = ntokens
criterion = nn.CrossEntropyLoss()


def model():
    return TransformerModel(ntokens, emsize, nhead, d_hid, nlayers, dropout)


def logits(model, ids):
    x = ids.t()
    return model(x, generate_square_subsequent_mask(x.size(0))).transpose(0, 1)


def batch(seed):
    g = torch.Generator().manual_seed(seed)
    source = torch.randint(0, ntokens, (90, 7), generator=g)
    return get_batch(source, 20)


def loss(model, batch):
    data, targets = batch
    output = model(data, generate_square_subsequent_mask(data.size(0)))
    return criterion(output.view(-1, ntokens), targets)


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=1e-3)


def generate(model, ids, n):
    model.eval()
    x = ids.t()
    with torch.no_grad():
        for _ in range(n):
            out = model(x, generate_square_subsequent_mask(x.size(0)))
            nxt = out[-1].argmax(-1)
            x = torch.cat([x, nxt.unsqueeze(0)], 0)
    return x.t()
