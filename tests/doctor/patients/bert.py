# a small BERT, masked language model
import math
import torch
import torch.nn as nn
import torch.nn.functional as F

PAD, CLS, SEP, MASK = 0, 1, 2, 3
VOCAB = 73
CONTEXT = 40
CAUSAL = False


class BertEmbedding(nn.Module):
    def __init__(self, vocab, d, max_len, p=0.1):
        super().__init__()
        self.word = nn.Embedding(vocab, d, padding_idx=PAD)
        self.position = nn.Embedding(max_len, d)
        self.segment = nn.Embedding(2, d)
        self.norm = nn.LayerNorm(d, eps=1e-12)
        self.drop = nn.Dropout(p)

    def forward(self, ids, seg=None):
        if seg is None:
            seg = torch.zeros_like(ids)
        pos = torch.arange(ids.size(1), device=ids.device).unsqueeze(0).expand_as(ids)
        return self.drop(self.norm(self.word(ids) + self.position(pos) + self.segment(seg)))


class BertSelfAttention(nn.Module):
    def __init__(self, d, heads, p=0.1):
        super().__init__()
        self.num_attention_heads = heads
        self.attention_head_size = d // heads
        self.query, self.key, self.value = nn.Linear(d, d), nn.Linear(d, d), nn.Linear(d, d)
        self.dropout = nn.Dropout(p)
        self.dense = nn.Linear(d, d)
        self.norm = nn.LayerNorm(d, eps=1e-12)

    def transpose_for_scores(self, x):
        x = x.view(*x.size()[:-1], self.num_attention_heads, self.attention_head_size)
        return x.permute(0, 2, 1, 3)

    def forward(self, hidden, extended_mask):
        q = self.transpose_for_scores(self.query(hidden))
        k = self.transpose_for_scores(self.key(hidden))
        v = self.transpose_for_scores(self.value(hidden))
        scores = torch.matmul(q, k.transpose(-1, -2)) / math.sqrt(self.attention_head_size)
        scores = scores + extended_mask
        probs = self.dropout(nn.Softmax(dim=-1)(scores))
        context = torch.matmul(probs, v).permute(0, 2, 1, 3).contiguous()
        context = context.view(*context.size()[:-2], -1)
        return self.norm(hidden + self.dropout(self.dense(context)))


class BertLayer(nn.Module):
    def __init__(self, d, heads, ff):
        super().__init__()
        self.attention = BertSelfAttention(d, heads)
        self.intermediate = nn.Linear(d, ff)
        self.output = nn.Linear(ff, d)
        self.norm = nn.LayerNorm(d, eps=1e-12)
        self.drop = nn.Dropout(0.1)

    def forward(self, x, mask):
        x = self.attention(x, mask)
        return self.norm(x + self.drop(self.output(F.gelu(self.intermediate(x)))))


class BertForMaskedLM(nn.Module):
    def __init__(self, d=48, heads=6, layers=2):
        super().__init__()
        self.embeddings = BertEmbedding(VOCAB, d, CONTEXT)
        self.layer = nn.ModuleList([BertLayer(d, heads, 4 * d) for _ in range(layers)])
        self.transform = nn.Sequential(nn.Linear(d, d), nn.GELU(), nn.LayerNorm(d, eps=1e-12))
        self.decoder = nn.Linear(d, VOCAB)
        self.apply(self._init)
        self.decoder.weight = self.embeddings.word.weight

    def _init(self, m):
        if isinstance(m, (nn.Linear, nn.Embedding)):
            m.weight.data.normal_(0, 0.02)
        if isinstance(m, nn.Linear):
            m.bias.data.zero_()

    def forward(self, input_ids, labels=None):
        attention_mask = (input_ids != PAD).long()
        ext = (1.0 - attention_mask[:, None, None, :].float()) * -10000.0
        x = self.embeddings(input_ids)
        for layer in self.layer:
            x = layer(x, ext)
        scores = self.decoder(self.transform(x))
        if labels is None:
            return (scores,)
        return F.cross_entropy(scores.view(-1, VOCAB), labels.view(-1)), scores


def mask_tokens(inputs, g):
    labels = inputs.clone()
    inputs = inputs.clone()
    prob = torch.rand(inputs.shape, generator=g)
    chosen = (prob < 0.25) & (inputs > MASK)
    labels[~chosen] = -100
    inputs[chosen] = MASK
    return inputs, labels


def model():
    return BertForMaskedLM()


def batch(seed):
    g = torch.Generator().manual_seed(seed)
    ids = torch.randint(4, VOCAB, (6, 22), generator=g)
    ids[:, 0] = CLS
    for i, n in enumerate([22, 18, 15, 22, 9, 12]):
        ids[i, n - 1] = SEP
        ids[i, n:] = PAD
    return mask_tokens(ids, g)


def loss(model, batch):
    return model(batch[0], batch[1])[0]


def optimizer(model):
    return torch.optim.AdamW(model.parameters(), lr=1e-3)
