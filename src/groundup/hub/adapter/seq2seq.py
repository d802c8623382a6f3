"""The encoder-decoder for `AutoModelForSeq2SeqLM`."""

from typing import Any

from torch import Tensor, nn
from transformers import Cache, GenerationMixin
from transformers.modeling_outputs import BaseModelOutput, Seq2SeqLMOutput

from groundup.hub.adapter.caches import CACHE, cross_memory, key_mask, layer_caches, new_cache
from groundup.hub.adapter.configuration import GroundupConfig
from groundup.hub.adapter.modeling import GroundupPreTrainedModel, mean_loss, resized_shape, seen, shifted_right
from groundup.models.seq2seq import Seq2Seq
from groundup.models.stack import Stack
from groundup.models.state import State
from groundup.nn.masks import Mask


class GroundupEncoder(nn.Module):
    """The encoder as `generate` calls it: source ids in, hidden states out."""

    main_input_name = "input_ids"

    def __init__(self, stack: Stack, config: GroundupConfig):
        super().__init__()
        self.stack, self.config = stack, config

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> BaseModelOutput | tuple:
        """input_ids (B, S), attention_mask (B, S) 0 at padding -> hidden states (B, S, C)."""
        with seen(self.stack, self.config, attentions=output_attentions, states=output_hidden_states) as found:
            hidden = self.stack(input_ids, State(key_mask=key_mask(attention_mask)))
        output = BaseModelOutput(
            last_hidden_state=hidden,
            hidden_states=(*found.states, hidden) if output_hidden_states else None,  # type: ignore[arg-type]
            attentions=tuple(found.attentions) if output_attentions else None,  # type: ignore[arg-type]
        )
        return output.to_tuple() if return_dict is False else output


class GroundupForSeq2SeqLM(GroundupPreTrainedModel, GenerationMixin):
    """`Seq2Seq` with a loss, generation and caches of transformers."""

    _tied_weights_keys = {"model.head.weight": "model.decoder.embed.weight"}
    writing = "decoder"

    def __init__(self, config: GroundupConfig):
        super().__init__(config)
        self.model = Seq2Seq(config.shape())
        if config.tied == "all":
            encoder = {"model.encoder.embed.weight": "model.decoder.embed.weight"}
            self._tied_weights_keys = {**(type(self)._tied_weights_keys or {}), **encoder}
        self.prepare()
        self.post_init()

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        decoder_input_ids: Tensor | None = None,
        decoder_attention_mask: Tensor | None = None,
        encoder_outputs: BaseModelOutput | tuple | None = None,
        past_key_values: Cache | None = None,
        labels: Tensor | None = None,
        use_cache: bool | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
        num_items_in_batch: Tensor | int | None = None,
        cache: Cache | None = None,
        **others: Any,
    ) -> Seq2SeqLMOutput | tuple:
        """input_ids (B, S), decoder_input_ids (B, T) -> logits (B, T, V) and, with labels (B, T), the loss.

        Without decoder_input_ids the decoder reads the labels shifted right. Masks are 0 at padding on either
        side. cache is the newer name of past_key_values.
        """
        self.refuse(others)
        look: dict[str, Any] = dict(output_attentions=output_attentions, output_hidden_states=output_hidden_states)
        if decoder_input_ids is None:
            if labels is None:
                raise ValueError("a decoder needs decoder_input_ids, beginning with the start token, or labels")
            decoder_input_ids = self.prepare_decoder_input_ids_from_labels(labels)
        if encoder_outputs is None:
            encoder_outputs = self.get_encoder()(input_ids, attention_mask, **look)
        given: Any = encoder_outputs
        encoded = given if isinstance(given, BaseModelOutput) else BaseModelOutput(*given)
        keep = self.config.use_cache and not self.training if use_cache is None else use_cache
        cache = past_key_values if cache is None else cache
        if keep and cache is None:
            cache = new_cache(self.config, cross=True)
        decoder = self.model.decoder
        state = State(
            layer_caches(cache, len(decoder.blocks)),
            key_mask(decoder_attention_mask),
            memory=cross_memory(decoder, encoded[0], cache),
            memory_mask=_source_mask(attention_mask),
        )
        with seen(decoder, self.config, attentions=output_attentions, states=output_hidden_states) as found:
            hidden = self.model.read(decoder_input_ids, state)
        logits = self.model.head(hidden)
        output = Seq2SeqLMOutput(
            loss=None if labels is None else mean_loss(logits, labels, num_items_in_batch),  # type: ignore[arg-type]
            logits=logits,
            **{CACHE: cache if keep else None},  # type: ignore[arg-type]
            decoder_hidden_states=(*found.states, hidden) if output_hidden_states else None,  # type: ignore[arg-type]
            decoder_attentions=tuple(found.attentions) if output_attentions else None,  # type: ignore[arg-type]
            cross_attentions=tuple(found.crossed) if output_attentions else None,  # type: ignore[arg-type]
            encoder_last_hidden_state=encoded.last_hidden_state,
            encoder_hidden_states=encoded.hidden_states,
            encoder_attentions=encoded.attentions,
        )
        return output.to_tuple() if return_dict is False else output

    def get_encoder(self, modality: str | None = None) -> GroundupEncoder:
        return GroundupEncoder(self.model.encoder, self.config)

    def prepare_decoder_input_ids_from_labels(self, labels: Tensor) -> Tensor:
        """What the decoder reads where labels are given; data collators of transformers ask for it, too."""
        start, pad = self.config.decoder_start_token_id, self.config.pad_token_id
        if start is None:
            raise ValueError("labels need config.decoder_start_token_id: what a decoder reads first")
        return shifted_right(labels, start=start, pad=start if pad is None else pad)

    def resize_token_embeddings(
        self, new_num_tokens: int | None = None, pad_to_multiple_of: int | None = None, mean_resizing: bool = True
    ) -> nn.Embedding:
        """Both sides have one vocabulary and grow together; ValueError where they have two."""
        if self.config.source_vocab_size not in (None, self.config.vocab_size):
            raise ValueError("source and target have vocabularies of their own, and one number does not resize two")
        embedding = super().resize_token_embeddings(new_num_tokens, pad_to_multiple_of, mean_resizing)
        encoder, rows = self.model.encoder, embedding.num_embeddings
        if self.config.tied != "all":
            encoder.embed = self._get_resized_embeddings(encoder.embed, rows, None, mean_resizing)
        encoder.embed.num_embeddings = rows
        if self.config.source_vocab_size is not None:
            self.config.source_vocab_size = rows
        resized_shape(self)
        return embedding


def _source_mask(attention_mask: Tensor | None) -> Mask:
    """Which source tokens a decoder may read."""
    mask = key_mask(attention_mask)
    return Mask() if mask is None else Mask(allowed=mask[:, None, None, :])
