"""The settings of a model as a config of transformers: the fields of `ModelConfig`, checked as it checks them."""

import dataclasses
from typing import Any, ClassVar

from transformers import PreTrainedConfig

from groundup.config import ModelConfig
from groundup.records import check_types


class GroundupConfig(PreTrainedConfig):
    """A decoder-only model, or an encoder-decoder where `encoder_layers` is given. Each setting: see `ModelConfig`.

    Refuses wrong types and shapes that cannot be built, with both numbers and a cure. It has an `__init__` of its own
    because configs became dataclasses within transformers 5, and this one is to be read by all of them.
    """

    model_type = "groundup"
    keys_to_ignore_at_inference: ClassVar[list[str]] = ["past_key_values", "cache"]
    attribute_map: ClassVar[dict[str, str]] = {
        "hidden_size": "width",
        "num_hidden_layers": "layers",
        "num_attention_heads": "heads",
        "max_position_embeddings": "context",
    }
    tie_word_embeddings: bool = True

    def __init__(self, **values: Any):
        """Any settings of `ModelConfig`, and those of transformers. rotary_scaling: `ModelConfig.rope_scaling`, whose
        name means something else in transformers."""
        plain: dict[str, Any] = dict(vocab_size=256, context=128, width=64, layers=2, heads=4)
        for name, theirs in self.attribute_map.items():
            if name in values:
                values[theirs] = values.pop(name)
        for name, default in self.settings().items():
            setattr(self, name, values.pop(name, plain.get(name, default)))
        self.use_cache = values.pop("use_cache", True)
        for name in ("bos_token_id", "eos_token_id", "pad_token_id", "decoder_start_token_id"):
            setattr(self, name, values.pop(name, None))
        translates, ties = self.encoder_layers is not None, self.tied != "none"
        said = [values.pop("is_encoder_decoder", translates), values.pop("tie_word_embeddings", ties)]
        values |= {"is_encoder_decoder": translates, "tie_word_embeddings": ties}
        super().__init__(**values)
        self.shape()
        if said != [translates, ties]:
            raise ValueError(
                f"is_encoder_decoder and tie_word_embeddings ({said[0]}, {said[1]}) say otherwise than encoder_layers "
                f"and tied ({self.encoder_layers}, {self.tied!r})"
            )

    @staticmethod
    def settings() -> dict[str, Any]:
        """Every setting of a model and its default; MISSING for those without."""
        named = {field.name: field.default for field in dataclasses.fields(ModelConfig)}
        named["rotary_scaling"] = named.pop("rope_scaling")
        return named

    def shape(self) -> ModelConfig:
        """What the model is built from. ValueError for what cannot be built."""
        values = {name: getattr(self, name) for name in self.settings()}
        if isinstance(values["windows"], list):
            values["windows"] = tuple(values["windows"])
        shape = ModelConfig.from_dict({"rope_scaling": values.pop("rotary_scaling"), **values})
        check_types(shape)
        return shape
