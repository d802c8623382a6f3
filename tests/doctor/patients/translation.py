# Seq2SeqTransformer with nn.Transformer, after the PyTorch translation tutorial. Everything (T, N).
import math
import torch
import torch.nn as nn
from torch import Tensor
from torch.nn import Transformer

UNK_IDX, PAD_IDX, BOS_IDX, EOS_IDX = 0, 1, 2, 3


class PositionalEncoding(nn.Module):
    def __init__(self, emb_size: int, dropout: float, maxlen: int = 300):
        super().__init__()
        den = torch.exp(-torch.arange(0, emb_size, 2) * math.log(10000) / emb_size)
        pos = torch.arange(0, maxlen).reshape(maxlen, 1)
        pos_embedding = torch.zeros((maxlen, emb_size))
        pos_embedding[:, 0::2] = torch.sin(pos * den)
        pos_embedding[:, 1::2] = torch.cos(pos * den)
        pos_embedding = pos_embedding.unsqueeze(-2)
        self.dropout = nn.Dropout(dropout)
        self.register_buffer("pos_embedding", pos_embedding)

    def forward(self, token_embedding: Tensor):
        return self.dropout(token_embedding + self.pos_embedding[: token_embedding.size(0), :])


class TokenEmbedding(nn.Module):
    def __init__(self, vocab_size: int, emb_size):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, emb_size)
        self.emb_size = emb_size

    def forward(self, tokens: Tensor):
        return self.embedding(tokens.long()) * math.sqrt(self.emb_size)


class Seq2SeqTransformer(nn.Module):
    def __init__(self, num_enc, num_dec, emb_size, nhead, src_vocab_size, tgt_vocab_size, ff=64, dropout=0.1):
        super().__init__()
        self.transformer = Transformer(
            d_model=emb_size,
            nhead=nhead,
            num_encoder_layers=num_enc,
            num_decoder_layers=num_dec,
            dim_feedforward=ff,
            dropout=dropout,
        )
        self.generator = nn.Linear(emb_size, tgt_vocab_size)
        self.src_tok_emb = TokenEmbedding(src_vocab_size, emb_size)
        self.tgt_tok_emb = TokenEmbedding(tgt_vocab_size, emb_size)
        self.positional_encoding = PositionalEncoding(emb_size, dropout=dropout)
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.xavier_uniform_(p)

    def forward(self, src, trg, src_mask, tgt_mask, src_padding_mask, tgt_padding_mask, memory_key_padding_mask):
        src_emb = self.positional_encoding(self.src_tok_emb(src))
        tgt_emb = self.positional_encoding(self.tgt_tok_emb(trg))
        outs = self.transformer(
            src_emb, tgt_emb, src_mask, tgt_mask, None, src_padding_mask, tgt_padding_mask, memory_key_padding_mask
        )
        return self.generator(outs)

    def encode(self, src: Tensor, src_mask: Tensor, pad=None):
        return self.transformer.encoder(self.positional_encoding(self.src_tok_emb(src)), src_mask, pad)

    def decode(self, tgt: Tensor, memory: Tensor, tgt_mask: Tensor, pad=None):
        emb = self.positional_encoding(self.tgt_tok_emb(tgt))
        return self.transformer.decoder(emb, memory, tgt_mask, memory_key_padding_mask=pad)


def generate_square_subsequent_mask(sz):
    mask = (torch.triu(torch.ones((sz, sz))) == 1).transpose(0, 1)
    return mask.float().masked_fill(mask == 0, float("-inf")).masked_fill(mask == 1, float(0.0))


def create_mask(src, tgt):
    tgt_mask = generate_square_subsequent_mask(tgt.shape[0])
    src_mask = torch.zeros((src.shape[0], src.shape[0]))
    src_padding_mask = (src == PAD_IDX).transpose(0, 1)
    tgt_padding_mask = (tgt == PAD_IDX).transpose(0, 1)
    return src_mask, tgt_mask, src_padding_mask, tgt_padding_mask


loss_fn = torch.nn.CrossEntropyLoss(ignore_index=PAD_IDX)


def greedy_decode(model, src, src_mask, max_len, start_symbol):
    pad = (src == PAD_IDX).transpose(0, 1)
    memory = model.encode(src, src_mask, pad)
    ys = torch.ones(1, src.shape[1]).fill_(start_symbol).type(torch.long)
    for i in range(max_len):
        tgt_mask = generate_square_subsequent_mask(ys.size(0))
        out = model.decode(ys, memory, tgt_mask, pad)
        prob = model.generator(out.transpose(0, 1)[:, -1])
        _, next_word = torch.max(prob, dim=1)
        ys = torch.cat([ys, next_word.unsqueeze(0)], dim=0)
    return ys


def train_epoch(model, optimizer, batches):
    model.train()
    losses = 0
    for src, tgt in batches:
        tgt_input = tgt[:-1, :]
        logits = model(src, tgt_input, *create_mask(src, tgt_input), create_mask(src, tgt_input)[2])
        optimizer.zero_grad()
        tgt_out = tgt[1:, :]
        loss = loss_fn(logits.reshape(-1, logits.shape[-1]), tgt_out.reshape(-1))
        loss.backward()
        optimizer.step()
        losses += loss.item()
    return losses


SRC_VOCAB, VOCAB = 53, 59
PAD, BOS, EOS = PAD_IDX, BOS_IDX, EOS_IDX


def model():
    return Seq2SeqTransformer(2, 2, 32, 4, SRC_VOCAB, VOCAB)


def logits(model, source, target):
    src, tgt = source.t(), target.t()
    sm, tm, sp, tp = create_mask(src, tgt)
    return model(src, tgt, sm, tm, sp, tp, sp).transpose(0, 1)


def batch(seed):
    g = torch.Generator().manual_seed(seed)
    src = torch.randint(4, SRC_VOCAB, (12, 6), generator=g)
    tgt = torch.randint(4, VOCAB, (10, 6), generator=g)
    tgt[0] = BOS_IDX
    for j, (a, b) in enumerate([(12, 9), (8, 7), (6, 5), (11, 8), (9, 4), (10, 6)]):
        src[a:, j] = PAD_IDX
        tgt[b, j] = EOS_IDX
        tgt[b + 1 :, j] = PAD_IDX
    return src, tgt


def loss(model, batch):
    src, tgt = batch
    tgt_input = tgt[:-1, :]
    sm, tm, sp, tp = create_mask(src, tgt_input)
    out = model(src, tgt_input, sm, tm, sp, tp, sp)
    return loss_fn(out.reshape(-1, out.shape[-1]), tgt[1:, :].reshape(-1))


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=1e-3, betas=(0.9, 0.98), eps=1e-9)


def generate(model, ids, n):
    model.eval()
    src = ids.t()
    with torch.no_grad():
        return greedy_decode(model, src, torch.zeros(src.shape[0], src.shape[0]), n, BOS_IDX).t()
