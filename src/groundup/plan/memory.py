"""The memory of a rank, in bytes, at its peak in a step: after the last logits, before their gradient.

    weights, gradients   4 bytes per parameter each; optimizer 8 (AdamW's two means), 4 with Muon
    copies               2 bytes per matrix weight: autocast's bfloat16 copies, which the backward pass needs again
    activations          what autograd keeps in each block; with recomputation the blocks' outputs, and one block's
    logits               8 bytes per token and vocabulary entry: logits and gradient in bfloat16, ln p in float32; with
                         a head in chunks those of one chunk, and gradients of the head's weights and its input

fsdp slices weights, gradients and optimizer over the ranks; two blocks at a time are whole. Gradients are whole while
micro-batches are summed, because ranks exchange them once a step.
"""

from dataclasses import dataclass, fields, replace
from typing import Literal

from groundup.config import ModelConfig
from groundup.plan.work import Work

Parallel = Literal["none", "ddp", "fsdp"]
RESERVE = 1.5e9, 0.05  # bytes for the driver, and the share of the device that an allocator cannot use
PROCESS = 0.4e9
"""Bytes of a training process without its model: Python, torch, the data."""
BESIDES = {"decoder": 0.2, "encoder-decoder": 0.4}
"""Extra memory of the backward pass and the allocator on a CPU, as a share of activations and logits.

Peaks of resident memory and the estimate, in MB: language models of 0.2M to 9M weights 410 and 431, 840 and 910, 1,118
and 1,117; a translator of 7M weights 1,115 and 1,126.
"""


@dataclass(frozen=True)
class Memory:
    """The bytes that one rank holds, by their use."""

    weights: float
    gradients: float
    optimizer: float
    copies: float
    activations: float
    logits: float
    process: float = 0.0
    """For a CPU only: Python, torch, the data, and extra memory of the backward pass and the allocator."""

    def on_cpu(self, config: ModelConfig) -> "Memory":
        """Return the same memory plus all that a process on a CPU was measured to need."""
        besides = BESIDES["decoder" if config.encoder_layers is None else "encoder-decoder"]
        return replace(self, process=PROCESS + besides * (self.activations + self.logits))

    @property
    def total(self) -> float:
        return sum(getattr(self, field.name) for field in fields(self))


def kept(config: ModelConfig, *, half: bool) -> float:
    """Return the bytes that autograd keeps for one token in one block, within a tenth of the measured value.

    These are the stream before both norms (float32), the inputs of all products, queries, keys, values, the result of
    attention and its rearranged copy; in the feed-forward layer two numbers per hidden unit, four if it is gated.
    """
    c = 2 if half else 4
    C, K, H = config.width, config.groups * config.head_width, config.hidden
    streams = 8 * C + 2 * c * C + (4 * C if half and config.norm == "rms" else 0)  # RMS norms round their own copy
    attention = c * (C + 2 * K) + 2 * c * C
    if config.qk_norm:  # in float32
        attention += (8 if half else 4) * (C + K)
    mlp = c * H * (4 if config.mlp == "swiglu" else 1 if config.mlp == "relu" else 2)
    return streams + attention + mlp


def kept_by_all(config: ModelConfig, *, half: bool) -> float:
    """Return the bytes kept for one token in all blocks; in an encoder-decoder, with a source token for each."""
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
    around = N - work.block * layers  # embeddings and head, which the root gathers whole
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
    """Return the bytes held between the last hidden states and their gradient, for `tokens` tokens."""
    V, C = work.config.vocab_size, work.config.width
    a_token, late = (
        V * (8 if half else 12),
        V * (2 if half else 4),
    )  # late: only the gradient of the logits
    if work.chunk_head is None:
        return tokens * a_token
    rows = min(tokens, work.chunk_head)
    fullest = max(rows * a_token, rows * late + V * C * (6 if half else 4))
    return fullest + 4 * V * C + 4 * C * tokens
