"""LLaMA 1, 2, 3 and 3.1: `LlamaForCausalLM`. Its rotary pairs are (i, i + D/2) as ours are, so no row is converted."""

from typing import Any

from groundup.config import ModelConfig, RopeScaling
from groundup.hub.family import TIED, Family
from groundup.hub.names import Table, inside, same, weight_only

SCALING = {
    "factor": "factor",
    "low_freq_factor": "low",
    "high_freq_factor": "high",
    "original_max_position_embeddings": "original_context",
}


def names(config: ModelConfig) -> Table:
    linear = same if config.bias else weight_only
    layer = {
        "input_layernorm": weight_only("attention_norm"),
        "self_attn.q_proj": linear("attention.query"),
        "self_attn.k_proj": linear("attention.key"),
        "self_attn.v_proj": linear("attention.value"),
        "self_attn.o_proj": linear("attention.out"),
        "post_attention_layernorm": weight_only("mlp_norm"),
        "mlp.gate_proj": linear("mlp.gate"),
        "mlp.up_proj": linear("mlp.into"),
        "mlp.down_proj": linear("mlp.out"),
    }
    table = {"model.embed_tokens": weight_only("stack.embed"), "model.norm": weight_only("stack.norm")}
    for i in range(config.layers):
        table |= inside(f"model.layers.{i}", f"stack.blocks.{i}", layer)
    return table if config.tied == "head" else table | {"lm_head": weight_only("head")}


def read_rest(theirs: dict[str, Any]) -> dict[str, Any]:
    heads, width, wide = theirs["num_attention_heads"], theirs["hidden_size"], theirs.get("head_dim")
    if wide is not None and wide * heads != width:
        raise ValueError(
            f"head_dim ({wide}) times num_attention_heads ({heads}) must be hidden_size ({width}): heads here share "
            "the width of the model, and there are none that are wider or narrower"
        )
    kv_heads = theirs.get("num_key_value_heads")
    return {
        "kv_heads": None if kv_heads == heads else kv_heads,
        "mlp_width": theirs["intermediate_size"],
        "bias": bool(theirs["attention_bias"] or theirs["mlp_bias"]),  # one setting for both; see `absent`
        **read_rope(theirs),
    }


def absent(theirs: dict[str, Any]) -> str | None:
    """Return the zero biases that the file lacks if only one half of each block has biases (as attention_bias says)."""
    if bool(theirs["attention_bias"]) == bool(theirs["mlp_bias"]):
        return None
    return r"\.mlp\.\w+\.bias$" if theirs["attention_bias"] else r"\.self_attn\.\w+\.bias$"


def read_rope(theirs: dict[str, Any]) -> dict[str, Any]:
    """Read `rope_parameters` of transformers 5, or `rope_theta` and `rope_scaling` of older versions.

    If a file has both, transformers uses rope_scaling and ignores rope_parameters.
    """
    rope = dict(theirs.get("rope_scaling") or theirs.get("rope_parameters") or {})
    kind = rope.pop("rope_type", None) or rope.pop("type", None) or "default"
    theta = rope.pop("rope_theta", None) or theirs.get("rope_theta") or 10000.0
    if kind not in ("default", "llama3"):
        raise ValueError(f"rope_type {kind!r} is not one we have; there are default and llama3")
    wanted = set(SCALING) if kind == "llama3" else set()
    if odd := sorted(wanted ^ set(rope)):
        raise ValueError(f"the rope settings of type {kind!r} are {sorted(wanted)}, but for {', '.join(odd)}")
    scaling = RopeScaling(**{SCALING[key]: value for key, value in rope.items()}) if rope else None
    return {"rope_theta": float(theta), "rope_scaling": scaling}


def write_rest(config: ModelConfig) -> dict[str, Any]:
    rope: dict[str, Any] = {"rope_type": "default", "rope_theta": config.rope_theta}
    if config.rope_scaling is not None:
        rope |= {"rope_type": "llama3"}
        rope |= {theirs: getattr(config.rope_scaling, ours) for theirs, ours in SCALING.items()}
    return {
        "num_key_value_heads": config.groups,
        "intermediate_size": config.hidden,
        "head_dim": config.head_width,
        "attention_bias": config.bias,
        "mlp_bias": config.bias,
        "rope_parameters": rope,
    }


FAMILY = Family(
    model_type="llama",
    architecture="LlamaForCausalLM",
    preset="llama3-tiny",
    names=names,
    same={
        "vocab_size": "vocab_size",
        "max_position_embeddings": "context",
        "hidden_size": "width",
        "num_hidden_layers": "layers",
        "num_attention_heads": "heads",
        "rms_norm_eps": "norm_eps",
        "attention_dropout": "attention_dropout",
    },
    words={"hidden_act": ("mlp", {"silu": "swiglu"}), "tie_word_embeddings": TIED},
    implied={
        "norm": ("rms",),
        "norm_first": (True,),
        "position": ("rotary",),
        "init": ("llama", "gpt2", "transformer"),
    },
    read_rest=read_rest,
    write_rest=write_rest,
    rest=(
        *("num_key_value_heads", "intermediate_size", "head_dim", "attention_bias", "mlp_bias"),
        *("rope_parameters", "rope_theta", "rope_scaling"),
        *("kv_heads", "mlp_width", "bias"),
    ),
    must={"rope_interleaved": False},
    defaults={
        "max_position_embeddings": 2048,
        "rms_norm_eps": 1e-6,
        "attention_dropout": 0.0,
        "hidden_act": "silu",
        "tie_word_embeddings": False,
        "attention_bias": False,
        "mlp_bias": False,
    },
    ignored={"pretraining_tp", "initializer_range", "is_llama_config", "max_sequence_length"},
    absent=absent,
    prefix="model",
    aliases=lambda config: {"lm_head.weight": "model.embed_tokens.weight"} if config.tied == "head" else {},
    tables=r"rotary_emb\.inv_freq$",
)
