"""A small LLaMA with Hugging Face outputs: rotary positions, RMSNorm, SwiGLU, grouped keys, a cache, labels inside."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

VOCAB, CONTEXT, BOS, EOS, PAD = 61, 48, 1, 2, 0
WIDTH, HEADS, KV_HEADS, LAYERS = 48, 6, 2, 3
HEAD = WIDTH // HEADS


@dataclass
class CausalLMOutput:
    loss: torch.Tensor | None = None
    logits: torch.Tensor | None = None
    past_key_values: list | None = None


class RMSNorm(nn.Module):
    def __init__(self, width, eps=1e-6):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x):
        return self.weight * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps)


def rotate_half(x):
    a, b = x.chunk(2, dim=-1)
    return torch.cat([-b, a], dim=-1)


def rope(x, positions):
    freqs = 1.0 / 10000 ** (torch.arange(0, HEAD, 2).float() / HEAD)
    angles = torch.outer(positions.float(), freqs)
    angles = torch.cat([angles, angles], dim=-1)
    return x * angles.cos() + rotate_half(x) * angles.sin()


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.q_proj = nn.Linear(WIDTH, HEADS * HEAD, bias=False)
        self.k_proj = nn.Linear(WIDTH, KV_HEADS * HEAD, bias=False)
        self.v_proj = nn.Linear(WIDTH, KV_HEADS * HEAD, bias=False)
        self.o_proj = nn.Linear(HEADS * HEAD, WIDTH, bias=False)

    def forward(self, x, past=None):
        B, T, _ = x.shape
        q = self.q_proj(x).view(B, T, HEADS, HEAD).transpose(1, 2)
        k = self.k_proj(x).view(B, T, KV_HEADS, HEAD).transpose(1, 2)
        v = self.v_proj(x).view(B, T, KV_HEADS, HEAD).transpose(1, 2)
        offset = 0 if past is None else past[0].shape[2]
        positions = torch.arange(offset, offset + T)
        q = rope(q, positions)
        k = rope(k, positions)
        if past is not None:
            k = torch.cat([past[0], k], dim=2)
            v = torch.cat([past[1], v], dim=2)
        present = (k, v)
        k = k.repeat_interleave(HEADS // KV_HEADS, dim=1)
        v = v.repeat_interleave(HEADS // KV_HEADS, dim=1)
        scores = q @ k.transpose(2, 3) * HEAD**-0.5
        S = k.shape[2]
        future = torch.ones(T, S, dtype=torch.bool).triu(S - T + 1)
        scores = scores.masked_fill(future, torch.finfo(scores.dtype).min)
        y = scores.softmax(-1) @ v
        return self.o_proj(y.transpose(1, 2).reshape(B, T, -1)), present


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.input_layernorm = RMSNorm(WIDTH)
        self.self_attn = Attention()
        self.post_attention_layernorm = RMSNorm(WIDTH)
        self.gate_proj = nn.Linear(WIDTH, 96, bias=False)
        self.up_proj = nn.Linear(WIDTH, 96, bias=False)
        self.down_proj = nn.Linear(96, WIDTH, bias=False)

    def forward(self, x, past=None):
        a, present = self.self_attn(self.input_layernorm(x), past)
        x = x + a
        h = self.post_attention_layernorm(x)
        return x + self.down_proj(F.silu(self.gate_proj(h)) * self.up_proj(h)), present


class LlamaForCausalLM(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed_tokens = nn.Embedding(VOCAB, WIDTH)
        self.layers = nn.ModuleList([Layer() for _ in range(LAYERS)])
        self.norm = RMSNorm(WIDTH)
        self.lm_head = nn.Linear(WIDTH, VOCAB, bias=False)

    def forward(self, input_ids, labels=None, past_key_values=None):
        x = self.embed_tokens(input_ids)
        presents = []
        for i, layer in enumerate(self.layers):
            x, present = layer(x, None if past_key_values is None else past_key_values[i])
            presents.append(present)
        logits = self.lm_head(self.norm(x))
        loss = None
        if labels is not None:
            shift_logits = logits[:, :-1]
            shift_labels = labels[:, 1:]
            loss = F.cross_entropy(shift_logits.reshape(-1, VOCAB), shift_labels.reshape(-1), ignore_index=-100)
        return CausalLMOutput(loss=loss, logits=logits, past_key_values=presents)


def model():
    return LlamaForCausalLM()


def batch(seed):
    g = torch.Generator().manual_seed(seed)
    ids = torch.randint(3, VOCAB, (6, 20), generator=g)
    labels = ids.clone()
    for row in range(6):
        n = int(torch.randint(10, 20, (1,), generator=g))
        ids[row, n - 1] = labels[row, n - 1] = EOS
        ids[row, n:] = PAD
        labels[row, n:] = -100
    return {"input_ids": ids, "labels": labels}


def loss(model, batch):
    return model(**batch).loss


def optimizer(model):
    decay = [p for n, p in model.named_parameters() if p.dim() >= 2]
    rest = [p for n, p in model.named_parameters() if p.dim() < 2]
    groups = [{"params": decay, "weight_decay": 0.1}, {"params": rest, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=2e-3, betas=(0.9, 0.95))


@torch.no_grad()
def generate(model, ids, n):
    past = None
    step = ids
    for _ in range(n):
        out = model(step, past_key_values=past)
        past = out.past_key_values
        step = out.logits[:, -1:].argmax(-1)
        ids = torch.cat([ids, step], dim=1)
    return ids
