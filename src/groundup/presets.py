"""Published architectures, each a row of its differences; and tiny ones of the same families for a laptop."""

import dataclasses
from typing import Any

from groundup.config import ModelConfig, RopeScaling
from groundup.nearest import nearest

# The settings that all members of a family share.
TRANSFORMER = dict(
    mlp="relu", norm_first=False, position="sinusoidal", tied="all", scale_embedding=True, init="transformer"
)  # Vaswani et al. 2017
# The same with rotary positions and the norm first, which is stable at high learning rates (Xiong et al. 2020).
SEQ2SEQ = TRANSFORMER | dict(context=128, norm_first=True, position="rotary", encoder_layers=3)
GPT2 = dict(vocab_size=50257, context=1024)  # Radford et al. 2019; everything else is ModelConfig's default
# Brown et al. 2020. The paper says dense and locally banded layers alternate, but gives no band width: 256 is ours.
GPT3 = dict(vocab_size=50257, context=2048, windows=(None, 256))
LLAMA = dict(
    vocab_size=32000,
    context=2048,
    mlp="swiglu",
    norm="rms",
    norm_eps=1e-6,
    position="rotary",
    bias=False,
    tied="none",
    init="llama",
)  # Touvron et al. 2023a
LLAMA2 = LLAMA | dict(context=4096, norm_eps=1e-5)  # Touvron et al. 2023b
LLAMA3 = LLAMA2 | dict(vocab_size=128256, context=8192, rope_theta=500000.0, kv_heads=8)  # Dubey et al. 2024
LLAMA31 = LLAMA3 | dict(context=131072, rope_scaling=RopeScaling())
# Changes that speed runs at GPT-2's size found useful (modded-nanogpt and its predecessors). No paper has all of them.
MODERN = dict(
    vocab_size=50257,
    context=1024,
    mlp="relu2",
    norm="rms",
    position="rotary",
    qk_norm=True,
    bias=False,
    tied="none",
    init="zero-out",
)
TINY = dict(vocab_size=4096, context=256, width=128, layers=4, heads=4)


def _size(width: int, layers: int, heads: int, mlp_width: int | None = None) -> dict[str, Any]:
    return dict(width=width, layers=layers, heads=heads, mlp_width=mlp_width)


PRESETS: dict[str, dict[str, Any]] = {
    # Table 3 of the paper. 37,000 is the shared English-German vocabulary with which its sizes (65M, 213M) are counted.
    "transformer-base": TRANSFORMER
    | dict(vocab_size=37000, context=512, encoder_layers=6, dropout=0.1)
    | _size(512, 6, 8, 2048),
    "transformer-big": TRANSFORMER
    | dict(vocab_size=37000, context=512, encoder_layers=6, dropout=0.3)
    | _size(1024, 6, 16, 4096),
    # For sentence pairs and less than an hour on a CPU: tiny for 10,000 to 50,000 pairs (tuned on Multi30k, see
    # docs/results.md), small for 100,000 and more (fra-eng).
    "seq2seq-tiny": SEQ2SEQ | dict(vocab_size=4000, dropout=0.3) | _size(160, 3, 4, 640),
    "seq2seq-small": SEQ2SEQ | dict(vocab_size=8000, dropout=0.1) | _size(256, 3, 4, 1024),
    # Table 2 of the GPT-2 report (whose parameter counts leave out the embeddings); sizes as released.
    "gpt2": GPT2 | _size(768, 12, 12),
    "gpt2-medium": GPT2 | _size(1024, 24, 16),
    "gpt2-large": GPT2 | _size(1280, 36, 20),
    "gpt2-xl": GPT2 | _size(1600, 48, 25),
    # Table 2.1 of the GPT-3 paper. Its XL row (24 heads of 128 on width 2,048) and 13B row (width 5,140, 40 heads of
    # 128) are inconsistent; we use 16 heads of 128 and width 5,120.
    "gpt3-small": GPT3 | _size(768, 12, 12),
    "gpt3-medium": GPT3 | _size(1024, 24, 16),
    "gpt3-large": GPT3 | _size(1536, 24, 16),
    "gpt3-xl": GPT3 | _size(2048, 24, 16),
    "gpt3-2.7b": GPT3 | _size(2560, 32, 32),
    "gpt3-6.7b": GPT3 | _size(4096, 32, 32),
    "gpt3-13b": GPT3 | _size(5120, 40, 40),
    "gpt3-175b": GPT3 | _size(12288, 96, 96),
    "llama-7b": LLAMA | _size(4096, 32, 32, 11008),
    "llama-13b": LLAMA | _size(5120, 40, 40, 13824),
    "llama-33b": LLAMA | _size(6656, 60, 52, 17920),
    "llama-65b": LLAMA | _size(8192, 80, 64, 22016),
    "llama2-7b": LLAMA2 | _size(4096, 32, 32, 11008),
    "llama2-13b": LLAMA2 | _size(5120, 40, 40, 13824),
    "llama2-70b": LLAMA2 | _size(8192, 80, 64, 28672) | dict(kv_heads=8),
    "llama3-8b": LLAMA3 | _size(4096, 32, 32, 14336),
    "llama3-70b": LLAMA3 | _size(8192, 80, 64, 28672),
    "llama3.1-8b": LLAMA31 | _size(4096, 32, 32, 14336),
    "llama3.1-70b": LLAMA31 | _size(8192, 80, 64, 28672),
    "modern": MODERN | _size(768, 12, 12),
    # The same families, small enough for a laptop; set vocab_size to your tokenizer's.
    "transformer-tiny": TRANSFORMER | TINY | dict(encoder_layers=4, mlp_width=512),
    "gpt2-tiny": GPT2 | TINY,
    "gpt3-tiny": GPT3 | TINY | dict(windows=(None, 32)),
    "llama-tiny": LLAMA | TINY | dict(mlp_width=344),
    "llama2-tiny": LLAMA2 | TINY | dict(mlp_width=344, kv_heads=2),
    "llama3-tiny": LLAMA3 | TINY | dict(mlp_width=344, kv_heads=2),
    "modern-tiny": MODERN | TINY,
}


def preset(name: str, **changes: Any) -> ModelConfig:
    """Return the named architecture with your changes: `preset("llama3-tiny", vocab_size=8192, context=512)`.

    Raises ValueError for an unknown name and suggests the nearest.
    """
    if name not in PRESETS:
        raise ValueError(f"unknown preset {name!r}; {nearest(name, PRESETS)}")
    unknown = set(changes) - {field.name for field in dataclasses.fields(ModelConfig)}
    if unknown:
        return ModelConfig.from_dict(PRESETS[name] | changes)  # raises, naming the nearest setting
    return ModelConfig(**PRESETS[name] | changes)
