"""The settings of a model as a config of transformers: the fields of `ModelConfig`, checked as it checks them."""

import dataclasses
from typing import Any, ClassVar

from huggingface_hub.dataclasses import strict
from transformers import PreTrainedConfig

from groundup.config import Init, Mlp, ModelConfig, Norm, Position, Tied


@strict
class GroundupConfig(PreTrainedConfig):
    """A decoder-only model, or an encoder-decoder where `encoder_layers` is given. Each field: see `ModelConfig`.

    Refuses wrong types and shapes that cannot be built, with both numbers and a cure.
    """

    model_type = "groundup"
    keys_to_ignore_at_inference: ClassVar[list[str]] = ["past_key_values"]
    attribute_map: ClassVar[dict[str, str]] = {
        "hidden_size": "width",
        "num_hidden_layers": "layers",
        "num_attention_heads": "heads",
        "max_position_embeddings": "context",
    }

    vocab_size: int = 256
    context: int = 128
    width: int = 64
    layers: int = 2
    heads: int = 4
    encoder_layers: int | None = None
    source_vocab_size: int | None = None
    kv_heads: int | None = None
    mlp_width: int | None = None
    mlp: Mlp = "gelu-tanh"
    norm: Norm = "layer"
    norm_first: bool = True
    norm_eps: float = 1e-5
    position: Position = "learned"
    rope_theta: float = 10000.0
    rotary_scaling: dict[str, Any] | None = None
    """`ModelConfig.rope_scaling`; that name belongs to transformers, which would read something else into it."""
    windows: list[int | None] | tuple[int | None, ...] = (None,)
    qk_norm: bool = False
    bias: bool = True
    tied: Tied = "head"
    scale_embedding: bool = False
    init: Init = "gpt2"
    dropout: float = 0.0
    attention_dropout: float = 0.0

    use_cache: bool = True
    tie_word_embeddings: bool | None = None
    """What transformers asks: whether `tied` is not "none"."""
    bos_token_id: int | None = None
    eos_token_id: int | list[int] | None = None
    pad_token_id: int | None = None
    decoder_start_token_id: int | None = None

    def __post_init__(self, **kwargs: Any) -> None:
        self.is_encoder_decoder = self.encoder_layers is not None
        if self.tie_word_embeddings is None:
            self.tie_word_embeddings = self.tied != "none"
        super().__post_init__(**kwargs)
        self.validate_shape()

    def validate_shape(self) -> None:
        """ValueError for what `ModelConfig` refuses, and for two statements about ties that differ."""
        self.shape()
        if self.tie_word_embeddings != (self.tied != "none"):
            raise ValueError(f"tie_word_embeddings ({self.tie_word_embeddings}) says otherwise than tied={self.tied!r}")

    def shape(self) -> ModelConfig:
        """What the model is built from."""
        names = [field.name for field in dataclasses.fields(ModelConfig) if field.name != "rope_scaling"]
        return ModelConfig.from_dict(
            {name: getattr(self, name) for name in names} | {"rope_scaling": self.rotary_scaling}
        )
