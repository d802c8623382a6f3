"""The encoder-decoder of 2017: `MarianMTModel`, which is post-norm and has sinusoids, scaled embeddings, no final norm.

Marian stores its sinusoids in halves, all sines first. The paper interleaves them. Both are one model with two orders
of its axes; `in_halves` converts one into the other.
"""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from groundup.config import ModelConfig
from groundup.hub.family import ACTIVATIONS, Family
from groundup.hub.files import CONFIG
from groundup.hub.names import Table, Tensors, inside, same, weight_only
from groundup.nn.positions import sinusoidal_table


def attention(theirs: str, ours: str) -> Table:
    return {
        f"{theirs}.q_proj": same(f"{ours}.query"),
        f"{theirs}.k_proj": same(f"{ours}.key"),
        f"{theirs}.v_proj": same(f"{ours}.value"),
        f"{theirs}.out_proj": same(f"{ours}.out"),
        f"{theirs}_layer_norm": same(f"{ours}_norm"),
    }


POSITIONS = 1 << 20  # all are rows of sinusoids, computed when the model is built
FEED_FORWARD = {"fc1": same("mlp.into"), "fc2": same("mlp.out"), "final_layer_norm": same("mlp_norm")}
ENCODER_LAYER = attention("self_attn", "attention") | FEED_FORWARD
DECODER_LAYER = ENCODER_LAYER | attention("encoder_attn", "cross")


def names(config: ModelConfig) -> Table:
    if config.tied == "all":
        table = {"model.shared": weight_only("decoder.embed")}
    else:
        table = {f"model.{side}.embed_tokens": weight_only(f"{side}.embed") for side in ("encoder", "decoder")}
    if config.tied == "none":
        table["lm_head"] = weight_only("head")
    for i in range(config.encoder_layers or 0):
        table |= inside(f"model.encoder.layers.{i}", f"encoder.blocks.{i}", ENCODER_LAYER)
    for i in range(config.layers):
        table |= inside(f"model.decoder.layers.{i}", f"decoder.blocks.{i}", DECODER_LAYER)
    return table


def aliases(config: ModelConfig) -> dict[str, str]:
    if config.tied == "all":
        seconds = ("model.encoder.embed_tokens.weight", "model.decoder.embed_tokens.weight", "lm_head.weight")
        return dict.fromkeys(seconds, "model.shared.weight")
    return {"lm_head.weight": "model.decoder.embed_tokens.weight"} if config.tied == "head" else {}


def in_halves(config: ModelConfig, ours: Tensors) -> dict[str, Tensor]:
    """Reorder the axes of the residual stream, even ones first, then odd ones; the function stays the same.

    LayerNorm does not depend on the order, so it is enough to reorder all weights that write to the stream or read from
    it. Nothing changes inside the heads and the feed-forward layer.
    """
    if config.position == "sinusoidal-halves":
        return dict(ours)
    order = [*range(0, config.width, 2), *range(1, config.width, 2)]

    def renamed(name: str, tensor: Tensor) -> Tensor:
        module, part = name.split(".")[-2:]
        if module == "out" or module.endswith("norm"):  # writes to the stream
            return tensor[order]
        return tensor[:, order] if part == "weight" else tensor  # reads from the stream; embeddings are rows of it

    return {name: renamed(name, tensor) for name, tensor in ours.items()}


def check_table(config: ModelConfig, tensor: Tensor) -> str | None:
    """Check that positions in the file are sinusoids: transformers uses them as they are, our model computes them."""
    if tensor.shape != (config.context, config.width):
        return f"is {tuple(tensor.shape)}, {CONFIG} says {(config.context, config.width)}"
    ours = sinusoidal_table(config.context, config.width, halves=True)
    gap = (tensor.float() - ours).abs().max()
    tolerance = max(1e-5, torch.finfo(tensor.dtype).eps)
    return f"differs from the sinusoids by up to {gap:.3g}, and no others are built here" if gap > tolerance else None


def with_room_for(pad: int, config: ModelConfig, ours: Tensors) -> tuple[ModelConfig, Tensors]:
    """Add empty rows to a smaller source vocabulary, because Marian has one pad id, the target's, for both sides."""
    if config.source_vocab_size is None or config.source_vocab_size > pad:
        return config, ours
    table = ours["encoder.embed.weight"]
    rows = table.new_zeros(pad + 1 - len(table), config.width)
    return replace(config, source_vocab_size=pad + 1), {**ours, "encoder.embed.weight": torch.cat([table, rows])}


def read_rest(theirs: dict[str, Any]) -> dict[str, Any]:
    if theirs["max_position_embeddings"] > POSITIONS:
        raise ValueError(f"max_position_embeddings ({theirs['max_position_embeddings']}) must be at most {POSITIONS}")
    for what in ("attention_heads", "ffn_dim"):
        encoder, decoder = theirs[f"encoder_{what}"], theirs[f"decoder_{what}"]
        if encoder != decoder:
            raise ValueError(f"encoder_{what} ({encoder}) and decoder_{what} ({decoder}) must be equal here")
    vocab_size, shared, tied = (
        theirs["vocab_size"],
        theirs["share_encoder_decoder_embeddings"],
        theirs["tie_word_embeddings"],
    )
    target_size = theirs.get("decoder_vocab_size") or vocab_size
    if shared and (not tied or target_size != vocab_size):
        raise ValueError(
            f"share_encoder_decoder_embeddings needs tie_word_embeddings and one vocabulary here, not vocab_size "
            f"{vocab_size} and decoder_vocab_size {target_size}, tie_word_embeddings {tied}"
        )
    return {
        "vocab_size": target_size,
        "source_vocab_size": None if vocab_size == target_size else vocab_size,
        "tied": "all" if shared else "head" if tied else "none",
        "heads": theirs["encoder_attention_heads"],
        "mlp_width": theirs["encoder_ffn_dim"],
    }


def write_rest(config: ModelConfig) -> dict[str, Any]:
    return {
        "vocab_size": config.source_vocab_size or config.vocab_size,
        "decoder_vocab_size": config.vocab_size,
        "share_encoder_decoder_embeddings": config.tied == "all",
        "tie_word_embeddings": config.tied != "none",
        **{f"{side}_attention_heads": config.heads for side in ("encoder", "decoder")},
        **{f"{side}_ffn_dim": config.hidden for side in ("encoder", "decoder")},
        "is_encoder_decoder": True,
        "forced_eos_token_id": None,  # if it were left out, it would be token 0
    }


FAMILY = Family(
    model_type="marian",
    architecture="MarianMTModel",
    preset="transformer-tiny",
    names=names,
    same={
        "max_position_embeddings": "context",
        "d_model": "width",
        "encoder_layers": "encoder_layers",
        "decoder_layers": "layers",
        "scale_embedding": "scale_embedding",
        "dropout": "dropout",
        "attention_dropout": "attention_dropout",
    },
    words={"activation_function": ACTIVATIONS},
    implied={
        "norm": ("layer",),
        "norm_first": (False,),
        "norm_eps": (1e-5,),
        "position": ("sinusoidal-halves", "sinusoidal"),
        "bias": (True, False),
        "init": ("transformer", "gpt2", "llama"),
    },
    read_rest=read_rest,
    write_rest=write_rest,
    rest=(
        *("vocab_size", "decoder_vocab_size", "share_encoder_decoder_embeddings", "tie_word_embeddings"),
        *("encoder_attention_heads", "decoder_attention_heads", "encoder_ffn_dim", "decoder_ffn_dim"),
        *("source_vocab_size", "tied", "heads", "mlp_width"),
    ),
    must={"normalize_before": False, "normalize_embedding": False, "add_final_layer_norm": False},
    defaults={
        "share_encoder_decoder_embeddings": True,
        "tie_word_embeddings": True,
        "scale_embedding": False,
        "dropout": 0.1,
        "attention_dropout": 0.0,
        "activation_function": "gelu",
    },
    ignored=(
        *("activation_dropout", "encoder_layerdrop", "decoder_layerdrop", "classifier_dropout", "classif_dropout"),
        *("init_std", "num_hidden_layers", "add_bias_logits", "static_position_embeddings", "extra_pos_embeddings"),
    ),
    rewrite=in_halves,
    prefix="model",
    aliases=aliases,
    zeros=lambda config: {"final_logits_bias": (1, config.vocab_size)},
    check_table=check_table,
    tables=r"embed_positions\.weight$",
)
