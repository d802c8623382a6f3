"""The language model for `AutoModelForCausalLM`."""

from typing import Any

from torch import Tensor, nn
from transformers import Cache, GenerationMixin
from transformers.modeling_outputs import CausalLMOutputWithPast

from groundup.hub.adapter.caches import CACHE, key_mask, layer_caches, new_cache
from groundup.hub.adapter.configuration import GroundupConfig
from groundup.hub.adapter.modeling import GroundupPreTrainedModel, mean_loss, resized_shape, seen
from groundup.models.causal_lm import CausalLM
from groundup.models.state import State


class GroundupForCausalLM(GroundupPreTrainedModel, GenerationMixin):
    """`CausalLM` with a loss, generation and caches of transformers."""

    _tied_weights_keys = {"model.head.weight": "model.stack.embed.weight"}
    writing = "stack"

    def __init__(self, config: GroundupConfig):
        super().__init__(config)
        self.model = CausalLM(config.shape())
        self.prepare()
        self.post_init()

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        past_key_values: Cache | None = None,
        labels: Tensor | None = None,
        use_cache: bool | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
        logits_to_keep: int | Tensor = 0,
        num_items_in_batch: Tensor | int | None = None,
        cache: Cache | None = None,
        **others: Any,
    ) -> CausalLMOutputWithPast | tuple:
        """input_ids (B, T) -> logits (B, T, V) and, with labels (B, T) that are the ids themselves, the loss.

        attention_mask (B, S) is 0 at padding on either side, the cached tokens included; positions count real tokens.
        cache is the newer name of past_key_values.
        """
        self.refuse(others)
        keep = self.config.use_cache and not self.training if use_cache is None else use_cache
        cache = past_key_values if cache is None else cache
        if keep and cache is None:
            cache = new_cache(self.config)
        stack = self.model.stack
        state = State(layer_caches(cache, len(stack.blocks)), key_mask(attention_mask))
        with seen(stack, self.config, attentions=output_attentions, states=output_hidden_states) as found:
            hidden = self.model.read(input_ids, state)
        kept = slice(-logits_to_keep, None) if isinstance(logits_to_keep, int) else logits_to_keep
        logits = self.model.head(hidden[:, kept])
        loss = None if labels is None else mean_loss(logits[:, :-1], labels[:, 1:], num_items_in_batch)
        output = CausalLMOutputWithPast(
            loss=loss,  # type: ignore[arg-type]
            logits=logits,  # type: ignore[arg-type]
            **{CACHE: cache if keep else None},  # type: ignore[arg-type]
            hidden_states=(*found.states, hidden) if output_hidden_states else None,  # type: ignore[arg-type]
            attentions=tuple(found.attentions) if output_attentions else None,  # type: ignore[arg-type]
        )
        return output.to_tuple() if return_dict is False else output

    def resize_token_embeddings(self, *arguments: Any, **options: Any) -> nn.Embedding:
        """As everywhere in transformers; the heart's own record then says the new number of rows, too."""
        embedding = super().resize_token_embeddings(*arguments, **options)
        resized_shape(self)
        return embedding
