"""GPT-3 with alternating dense and locally banded layers: `GPTNeoForCausalLM`, the only format that has them.

Two things differ in the format. Scores are not divided by sqrt(D), so the queries are multiplied by that factor. And
query, key and value have no biases; see `without_biases`.
"""

from typing import Any

import torch
from torch import Tensor

from groundup.config import MOST, ModelConfig
from groundup.hub import gpt2
from groundup.hub.family import ACTIVATIONS, TIED, Family
from groundup.hub.names import Table, Tensors, same, weight_only


def names(config: ModelConfig) -> Table:
    layer = {
        "ln_1": same("attention_norm"),
        "attn.attention.q_proj": weight_only("attention.query", scale=config.head_width**-0.5),
        "attn.attention.k_proj": weight_only("attention.key"),
        "attn.attention.v_proj": weight_only("attention.value"),
        "attn.attention.out_proj": same("attention.out"),
        "ln_2": same("mlp_norm"),
        "mlp.c_fc": same("mlp.into"),
        "mlp.c_proj": same("mlp.out"),
    }
    return gpt2.whole(config, layer)


def without_biases(config: ModelConfig, ours: Tensors) -> dict[str, Tensor]:
    """Rewrite the weights so that query, key and value have zero biases and the function stays the same.

    The key's bias adds the same number to every score of a query, which softmax ignores. The value's bias adds the same
    vector to every output, since attention weights sum to 1, so it moves to the output's bias. The query's bias moves
    before its layer: the norm's bias grows by d, where query.weight d = query.bias. d then also changes keys and
    values, where it is removed in the same two ways. If query.weight is badly conditioned, d is large, and rounding
    loses digits; a bias that would be lost is a ValueError.
    """
    tensors = dict(ours)
    if not config.bias:
        return tensors
    for i in range(config.layers):
        at = f"stack.blocks.{i}.attention"
        exact = {name.removeprefix(at): tensor.double() for name, tensor in ours.items() if name.startswith(at)}
        weight, bias = exact[".query.weight"], exact[".query.bias"]
        d = torch.linalg.lstsq(weight, bias[:, None], driver="gelsd").solution[:, 0]
        d = d.to(ours[f"{at}_norm.bias"].dtype).double()  # as the file will store it
        if (lost := (weight @ d - bias).abs().max()) > 1e-5:
            raise ValueError(
                f"gpt_neo has no bias of queries, and the norm before {at}.query cannot carry it: {lost:.1e} of the "
                "bias would be lost; train with --model.bias False, or use the run folder as it is"
            )
        carried = exact[".value.bias"] - exact[".value.weight"] @ d
        moved = {
            "_norm.bias": exact["_norm.bias"] + d,
            ".out.bias": exact[".out.bias"] + exact[".out.weight"] @ carried,
        }
        moved |= {f".{name}.bias": torch.zeros_like(bias) for name in ("query", "key", "value")}
        tensors |= {at + name: tensor.to(ours[at + name].dtype) for name, tensor in moved.items()}
    return tensors


def read_attention(theirs: dict[str, Any]) -> dict[str, Any]:
    """Turn [[["global", "local"], 6]] and window_size into (None, window), the shortest pattern that repeats.

    attention_layers has the same information for each layer; if the two differ, transformers uses attention_layers.
    """
    types, wanted = theirs["attention_types"], theirs["num_layers"]
    if wanted > MOST["layers"]:
        raise ValueError(f"num_layers ({wanted}) must be at most {MOST['layers']}")
    named = sorted({kind for pattern, _ in types for kind in pattern})
    if (total := sum(len(pattern) * times for pattern, times in types)) != wanted or set(named) - {"global", "local"}:
        raise ValueError(f"attention_types names {total} layers ({', '.join(named)}), num_layers is {wanted}")
    kinds = [kind for pattern, times in types for kind in pattern * times]
    layers = theirs.get("attention_layers", kinds)
    if len(layers) != len(kinds) or set(layers) - {"global", "local"}:
        named = sorted(set(layers))
        raise ValueError(f"attention_layers names {len(layers)} layers ({', '.join(named)}), num_layers is {wanted}")
    windows = [None if kind == "global" else theirs["window_size"] for kind in layers]
    period = next(n for n in range(1, len(kinds) + 1) if all(w == windows[i % n] for i, w in enumerate(windows)))
    return {"windows": tuple(windows[:period])}


def write_attention(config: ModelConfig) -> dict[str, Any]:
    windows = [config.windows[i % len(config.windows)] for i in range(config.layers)]
    sizes = sorted({window for window in windows if window is not None})
    if len(sizes) > 1:
        raise ValueError(
            f"gpt_neo has one window_size, not {' and '.join(map(str, sizes))}; windows=(None, {sizes[0]})"
        )
    kinds = ["global" if window is None else "local" for window in windows]
    return {"attention_types": [[kinds, 1]], "attention_layers": kinds, "window_size": sizes[0] if sizes else 256}


FAMILY = Family(
    model_type="gpt_neo",
    architecture="GPTNeoForCausalLM",
    preset="gpt3-tiny",
    names=names,
    same={
        "vocab_size": "vocab_size",
        "max_position_embeddings": "context",
        "hidden_size": "width",
        "num_layers": "layers",
        "num_heads": "heads",
        "intermediate_size": "mlp_width",
        "layer_norm_epsilon": "norm_eps",
        "embed_dropout": "dropout",
        "resid_dropout": "dropout",  # we have one number; if theirs differ, the later row is used
        "attention_dropout": "attention_dropout",
    },
    words={"activation_function": ACTIVATIONS, "tie_word_embeddings": TIED},
    implied={"norm": ("layer",), "norm_first": (True,), "position": ("learned",), "bias": (True, False)},
    read_rest=read_attention,
    write_rest=write_attention,
    rest=("attention_types", "attention_layers", "window_size", "windows"),
    defaults={
        "intermediate_size": None,
        "layer_norm_epsilon": 1e-5,
        "embed_dropout": 0.0,
        "resid_dropout": 0.0,
        "attention_dropout": 0.0,
        "activation_function": "gelu_new",
        "tie_word_embeddings": True,
        "window_size": 256,
    },
    ignored={"classifier_dropout", "initializer_range"},
    rewrite=without_biases,
    prefix="transformer",
    aliases=gpt2.aliases,
    tables=r"\.attention\.(bias|masked_bias)$",
)
