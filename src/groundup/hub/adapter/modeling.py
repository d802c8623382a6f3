"""What both models of ours need to be models of transformers."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import PreTrainedModel
from transformers import initialization as init

from groundup.hub.adapter.configuration import GroundupConfig
from groundup.models.stack import Stack
from groundup.nn.attend import Attend, attend_plainly, attention_weights
from groundup.nn.block import Block
from groundup.nn.masks import Mask
from groundup.nn.positions import Sinusoidal, sinusoidal_table

IGNORE = -100
"""The label where there is nothing to learn."""


REFUSED = (
    *("position_ids", "decoder_position_ids", "inputs_embeds", "decoder_inputs_embeds", "token_type_ids"),
    *("head_mask", "decoder_head_mask", "cross_attn_head_mask", "cu_seq_lens_q", "cu_seq_lens_k"),
)
"""Arguments of other models that would change the result. What else transformers passes on says nothing new."""


class ChosenAttend(Attend):
    """PyTorch's kernel, or the written-out equation where attn_implementation is "eager"."""

    config: GroundupConfig

    def forward(self, q: Tensor, k: Tensor, v: Tensor, mask: Mask) -> Tensor:
        if self.config._attn_implementation == "eager":
            return attend_plainly(q, k, v, mask, dropout=self.dropout if self.training else 0.0)
        return super().forward(q, k, v, mask)


class CheckpointedBlock(Block):
    """A block that is computed again in the backward pass, instead of being kept, where that is asked for."""

    gradient_checkpointing = False
    _gradient_checkpointing_func: Any = None

    def forward(self, x: Tensor, **how: Any) -> Tensor:
        if self.gradient_checkpointing and self.training:
            return self._gradient_checkpointing_func(partial(super().forward, **how), x)
        return super().forward(x, **how)


class GroundupPreTrainedModel(PreTrainedModel):
    """Weights, ties and attention of our models in the ways of transformers."""

    config_class = GroundupConfig
    config: GroundupConfig
    base_model_prefix = "model"
    main_input_name = "input_ids"
    supports_gradient_checkpointing = True
    _supports_sdpa = True
    _no_split_modules = ["CheckpointedBlock"]
    model: Any
    """A CausalLM or a Seq2Seq."""
    writing: str
    """The name of its stack that reads what is written; the head is tied to the embedding of this one."""

    def prepare(self) -> None:
        """Once `model` is built: give its parts what transformers wants of them."""
        for module in self.model.modules():
            if type(module) is Attend:
                module.__class__, module.config = ChosenAttend, self.config  # type: ignore[assignment]
            elif type(module) is Block:
                module.__class__ = CheckpointedBlock  # type: ignore[assignment]
        for parameter in self.model.parameters():
            if not parameter.is_meta:
                parameter._is_hf_initialized = True  # type: ignore[attr-defined]  # by `initialise`, with its table

    def _init_weights(self, module: nn.Module) -> None:
        """Fill what `initialise` could not: weights that a file lacks, new rows, and tables that are never stored."""
        super()._init_weights(module)
        if isinstance(module, Sinusoidal):
            table = sinusoidal_table(*module.table.shape, halves=self.config.position == "sinusoidal-halves")
            init.copy_(module.table, table)

    def get_input_embeddings(self) -> nn.Embedding:
        return getattr(self.model, self.writing).embed

    def set_input_embeddings(self, value: nn.Embedding) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        getattr(self.model, self.writing).embed = value

    def get_output_embeddings(self) -> nn.Linear:
        return self.model.head

    def set_output_embeddings(self, new_embeddings: nn.Linear) -> None:
        self.model.head = new_embeddings

    def refuse(self, given: dict[str, Any]) -> None:
        """ValueError for an argument that would be ignored: it would change what others compute with it."""
        if unknown := [name for name in REFUSED if given.get(name) is not None]:
            raise ValueError(f"{type(self).__name__} takes no {', '.join(unknown)}; leave it out")


def mean_loss(logits: Tensor, labels: Tensor, items: Tensor | int | None = None) -> Tensor:
    """Nats a label, those of -100 passed over; `items` is the Trainer's count of labels over several batches."""
    flat, targets = logits.float().flatten(0, 1), labels.to(logits.device).flatten()
    if items is None:
        return F.cross_entropy(flat, targets, ignore_index=IGNORE)
    return F.cross_entropy(flat, targets, ignore_index=IGNORE, reduction="sum") / items


class Seen:
    """What was recorded of one stack: attention maps (B, H, T, S) by kind, hidden states (B, T, C)."""

    def __init__(self) -> None:
        self.attentions: list[Tensor] = []
        self.crossed: list[Tensor] = []
        self.states: list[Tensor] = []


@contextmanager
def seen(stack: Stack, config: GroundupConfig, *, attentions: bool | None, states: bool | None) -> Iterator[Seen]:
    """Within it, record what the stack computes; ValueError for attention maps of a kernel that does not have them."""
    if attentions and config._attn_implementation != "eager":
        raise ValueError('attention maps need attn_implementation="eager"; give it to from_pretrained')
    found, hooks = Seen(), []

    def map_into(maps: list[Tensor], _module: nn.Module, given: tuple, _result: Tensor) -> None:
        q, k, _, mask = given
        maps.append(attention_weights(q, k, mask))

    block: Any
    for block in stack.blocks:
        if attentions:
            hooks.append(block.attention.attend.register_forward_hook(partial(map_into, found.attentions)))
            if block.cross is not None:
                hooks.append(block.cross.attend.register_forward_hook(partial(map_into, found.crossed)))
        if states:
            hooks.append(block.register_forward_pre_hook(lambda _module, given: found.states.append(given[0])))
    try:
        yield found
    finally:
        for hook in hooks:
            hook.remove()


def resized_shape(model: GroundupPreTrainedModel) -> None:
    """Let the heart's own record say how many rows there are now."""
    model.model.config = model.config.shape()


def shifted_right(labels: Tensor, *, start: int, pad: int) -> Tensor:
    """What a decoder reads to foresee the labels (B, T): the start token and all but the last; -100 is padding."""
    first = torch.full_like(labels[:, :1], start)
    return torch.cat([first, labels[:, :-1].masked_fill(labels[:, :-1] == IGNORE, pad)], dim=1)
