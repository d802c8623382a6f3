# several heads: head 0 predicts the next token, head 1 the one after it; nn.TransformerEncoderLayer with is_causal; PAD
import torch
import torch.nn as nn
import torch.nn.functional as F

PAD = 0
VOCAB = 65
CONTEXT = 36


class MultiToken(nn.Module):
    def __init__(self, d=32, h=2, heads=2):
        super().__init__()
        self.tok = nn.Embedding(VOCAB, d, padding_idx=PAD)
        self.pos = nn.Embedding(CONTEXT, d)
        nn.init.normal_(self.tok.weight, std=0.3)
        nn.init.normal_(self.pos.weight, std=0.3)
        layer = nn.TransformerEncoderLayer(d, h, 4 * d, 0.1, "gelu", batch_first=True, norm_first=True)
        self.trunk = nn.TransformerEncoder(layer, 2, norm=nn.LayerNorm(d), enable_nested_tensor=False)
        self.heads = nn.ModuleList(nn.Sequential(nn.Linear(d, d), nn.GELU(), nn.Linear(d, VOCAB)) for _ in range(heads))

    def forward(self, ids):
        T = ids.size(1)
        mask = torch.ones(T, T, dtype=torch.bool).triu(1)
        x = self.tok(ids) + self.pos(torch.arange(T))
        x = self.trunk(x, mask=mask, is_causal=True)
        return [head(x) for head in self.heads]


def model():
    return MultiToken()


def logits(model, ids):
    return model(ids)[0]


def batch(seed):
    torch.manual_seed(seed)
    ids = torch.randint(1, VOCAB, (5, 20))
    ids[1, 12:] = PAD
    ids[4, 16:] = PAD
    return ids


def loss(model, batch):
    outs = model(batch)
    total = 0.0
    for k, out in enumerate(outs, 1):
        total = total + F.cross_entropy(out[:, :-k].reshape(-1, VOCAB), batch[:, k:].reshape(-1), ignore_index=PAD) / k
    return total


def optimizer(model):
    return torch.optim.AdamW(model.parameters(), lr=1e-3)


def generate(model, ids, n):
    was = model.training
    model.eval()
    with torch.no_grad():
        for _ in range(n):
            ids = torch.cat([ids, model(ids)[0][:, -1:].argmax(-1)], 1)
    model.train(was)
    return ids
