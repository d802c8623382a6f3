"""Writing a tiny GPT from scratch (blog post): character vocabulary with special tokens, hand-made dataset class."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

TEXT = "The quick brown fox jumps over the lazy dog.\nPack my box with five dozen liquor jugs!\nWhat is that?\n"


class CharTokenizer:
    def __init__(self, text):
        self.specials = ["<pad>", "<bos>", "<eos>", "<unk>"]
        self.vocab = self.specials + sorted(set(text))
        self.char_to_id = {c: i for i, c in enumerate(self.vocab)}
        self.id_to_char = {i: c for c, i in self.char_to_id.items()}

    def __len__(self):
        return len(self.vocab)

    def encode(self, text):
        return [self.char_to_id.get(c, 3) for c in text]

    def decode(self, ids):
        return "".join(self.id_to_char[int(i)] for i in ids if int(i) > 3)


tok = CharTokenizer(TEXT)
VOCAB = len(tok)
PAD, BOS, EOS = 0, 1, 2
CONTEXT = 64


class LineDataset(Dataset):
    def __init__(self, text, max_len=60):
        self.rows = []
        for line in text.strip().split("\n"):
            ids = [BOS] + tok.encode(line)[: max_len - 2] + [EOS]
            self.rows.append(ids + [PAD] * (max_len - len(ids)))

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        row = torch.tensor(self.rows[i])
        return row[:-1], row[1:]


class TransformerBlock(nn.Module):
    def __init__(self, embed_dim, num_heads, ff_dim, rate=0.1):
        super().__init__()
        self.att = nn.MultiheadAttention(embed_dim, num_heads, batch_first=True, dropout=rate)
        self.ffn = nn.Sequential(nn.Linear(embed_dim, ff_dim), nn.ReLU(), nn.Linear(ff_dim, embed_dim))
        self.layernorm1 = nn.LayerNorm(embed_dim)
        self.layernorm2 = nn.LayerNorm(embed_dim)
        self.dropout1 = nn.Dropout(rate)
        self.dropout2 = nn.Dropout(rate)

    def forward(self, inputs):
        T = inputs.shape[1]
        mask = nn.Transformer.generate_square_subsequent_mask(T)
        attn_output, _ = self.att(inputs, inputs, inputs, attn_mask=mask, is_causal=True)
        out1 = self.layernorm1(inputs + self.dropout1(attn_output))
        ffn_output = self.ffn(out1)
        return self.layernorm2(out1 + self.dropout2(ffn_output))


class MiniGPT(nn.Module):
    def __init__(self, vocab_size, embed_dim=48, num_heads=4, ff_dim=96, num_layers=2, max_len=CONTEXT):
        super().__init__()
        self.token_emb = nn.Embedding(vocab_size, embed_dim)
        self.pos_emb = nn.Embedding(max_len, embed_dim)
        self.blocks = nn.ModuleList([TransformerBlock(embed_dim, num_heads, ff_dim) for _ in range(num_layers)])
        self.fc = nn.Linear(embed_dim, vocab_size)

    def forward(self, x):
        positions = torch.arange(x.shape[1], device=x.device)
        x = self.token_emb(x) + self.pos_emb(positions)
        for block in self.blocks:
            x = block(x)
        return self.fc(x)


def train(epochs=30):
    net = MiniGPT(VOCAB)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    loader = DataLoader(LineDataset(TEXT), batch_size=3, shuffle=True)
    for epoch in range(epochs):
        for x, y in loader:
            optimizer.zero_grad()
            out = net(x)
            l = F.cross_entropy(out.reshape(-1, VOCAB), y.reshape(-1), ignore_index=PAD)
            l.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
        print(epoch, l.item())
    return net


def sample(net, ids, n):
    net.eval()
    with torch.no_grad():
        for _ in range(n):
            ids = torch.cat([ids, net(ids)[:, -1].argmax(-1, keepdim=True)], dim=1)
    net.train()
    return ids


def tokenizer():
    return tok


def model():
    return MiniGPT(VOCAB)


def batch(seed):
    torch.manual_seed(seed)
    return next(iter(DataLoader(LineDataset(TEXT), batch_size=3)))


def loss(model, batch):
    x, y = batch
    return F.cross_entropy(model(x).reshape(-1, VOCAB), y.reshape(-1), ignore_index=PAD)


def optimizer(model):
    return torch.optim.Adam(model.parameters(), lr=1e-3)


def generate(model, ids, n):
    return sample(model, ids, n)


if __name__ == "__main__":
    train()
