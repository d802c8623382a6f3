"""What a rank must hold at the fullest moment of a step, in bytes: after the last logits, before their gradient.

    weights, gradients   4 bytes a parameter each, as the loop keeps them; optimizer 8 (AdamW's two means), Muon 4
    copies               2 bytes a matrix number: autocast's bfloat16 weights, which the backward pass needs again
    activations          what autograd keeps of each block; with recomputation the stream alone, and one block's
    logits               8 bytes a token and vocabulary entry: they and their gradient in bfloat16, ln p in float32; in
                         chunks those of one, and gradients of the head's weights and of what it reads

fsdp slices weights, gradients and optimizer over the ranks; two blocks at a time are whole. Gradients are whole as long
as micro-batches are being added up: they are exchanged once a step.
"""

from dataclasses import dataclass, fields, replace
from typing import Literal

from groundup.config import ModelConfig
from groundup.plan.work import Work

Parallel = Literal["none", "ddp", "fsdp"]
RESERVE = 1.5e9, 0.05  # bytes, and share of the device: the driver's own, and what an allocator cannot use
PROCESS = 0.4e9
"""Bytes of a training process before its model: Python, torch, the data."""
BESIDES = {"decoder": 0.2, "encoder-decoder": 0.4}
"""What the backward pass and the allocator of a CPU hold besides what is counted here, as a share of it.

Peaks of resident memory and the estimate, in MB: language models of 0.2M to 9M weights 410 and 431, 840 and 910, 1,118
and 1,117; a translator of 7M weights 1,115 and 1,126.
"""


@dataclass(frozen=True)
class Memory:
    """Bytes that one rank holds, by what they are for."""

    weights: float
    gradients: float
    optimizer: float
    copies: float
    activations: float
    logits: float
    process: float = 0.0
    """Python, torch and the data; and what the backward pass and the allocator hold besides. For a CPU only."""

    def on_cpu(self, config: ModelConfig) -> "Memory":
        """The same with all that a process on a CPU was seen to hold."""
        besides = BESIDES["decoder" if config.encoder_layers is None else "encoder-decoder"]
        return replace(self, process=PROCESS + besides * (self.activations + self.logits))

    @property
    def total(self) -> float:
        return sum(getattr(self, field.name) for field in fields(self))


def kept(config: ModelConfig, *, half: bool) -> float:
    """Bytes that autograd keeps for one token in one block; within a tenth of what was measured.

    The stream before both norms (float32), the inputs of all products, queries, keys, values, what attention gives
    and its rearranged copy; in the feed-forward layer two numbers a hidden unit, four where it is gated.
    """
    c = 2 if half else 4
    C, K, H = config.width, config.groups * config.head_width, config.hidden
    streams = 8 * C + 2 * c * C + (4 * C if half and config.norm == "rms" else 0)  # RMS norms round for themselves
    attention = c * (C + 2 * K) + 2 * c * C
    if config.qk_norm:  # in float32
        attention += (8 if half else 4) * (C + K)
    mlp = c * H * (4 if config.mlp == "swiglu" else 1 if config.mlp == "relu" else 2)
    return streams + attention + mlp


def kept_by_all(config: ModelConfig, *, half: bool) -> float:
    """Bytes kept for one token in all blocks. An encoder-decoder has one source token for each, and cross-attention."""
    block = kept(config, half=half)
    if config.encoder_layers is None:
        return config.layers * block
    cross = (4 + 2 * (2 if half else 4) * 3) * config.width
    return config.encoder_layers * block + config.layers * (block + cross)


def memory(
    work: Work, *, tokens: int, accumulates: bool, ranks: int, parallel: Parallel, recompute: bool, half: bool
) -> Memory:
    """Memory of one rank. tokens: per micro-batch; accumulates: whether a step has more than one micro-batch."""
    config, N = work.config, work.parameters
    share = 1 / ranks if parallel == "fsdp" else 1.0
    layers = config.layers + (config.encoder_layers or 0)
    around = N - work.block * layers  # embeddings and head: gathered whole by the root
    gathered = 4 * (2 * work.block + around) if parallel == "fsdp" else 0.0
    copied = work.matrices - work.block_matrices + work.block_matrices / layers if recompute else work.matrices
    moments = 8 * N - (4 * work.block_matrices if work.optimizer == "muon" else 0)
    everything = kept_by_all(config, half=half)
    if recompute:
        everything = 4 * config.width * layers + everything / layers
    return Memory(
        weights=4 * N * share + gathered,
        gradients=4 * N * (1.0 if accumulates else share),
        optimizer=moments * share,
        copies=2 * copied if half else 0.0,
        activations=tokens * everything,
        logits=held_by_head(work, tokens=tokens, half=half),
    )


def held_by_head(work: Work, *, tokens: int, half: bool) -> float:
    """Bytes held between the last hidden states and their gradient, for so many tokens."""
    V, C = work.config.vocab_size, work.config.width
    a_token, late = (
        V * (8 if half else 12),
        V * (2 if half else 4),
    )  # late: their gradient alone
    if work.chunk_head is None:
        return tokens * a_token
    rows = min(tokens, work.chunk_head)
    fullest = max(rows * a_token, rows * late + V * C * (6 if half else 4))
    return fullest + 4 * V * C + 4 * C * tokens
