"""GPT-2, and GPT-3 without its sparse layers: `GPT2LMHeadModel`.

Its linear layers are stored as (inputs, outputs), as in the TensorFlow original. Query, key and value are one matrix.
"""

from groundup.config import ModelConfig
from groundup.hub.family import ACTIVATIONS, TIED, Family
from groundup.hub.names import Table, inside, same, transposed, weight_only

LAYER = {
    "ln_1": same("attention_norm"),
    "attn.c_attn": transposed("attention.query", "attention.key", "attention.value"),
    "attn.c_proj": transposed("attention.out"),
    "ln_2": same("mlp_norm"),
    "mlp.c_fc": transposed("mlp.into"),
    "mlp.c_proj": transposed("mlp.out"),
}


def whole(config: ModelConfig, layer: Table) -> Table:
    """Return the table of names of the model, from the table of one layer."""
    table = {
        "transformer.wte": weight_only("stack.embed"),
        "transformer.wpe": weight_only("stack.positions.table"),
        "transformer.ln_f": same("stack.norm"),
    }
    for i in range(config.layers):
        table |= inside(f"transformer.h.{i}", f"stack.blocks.{i}", layer)
    return table if config.tied == "head" else table | {"lm_head": weight_only("head")}


def aliases(config: ModelConfig) -> dict[str, str]:
    return {"lm_head.weight": "transformer.wte.weight"} if config.tied == "head" else {}


FAMILY = Family(
    model_type="gpt2",
    architecture="GPT2LMHeadModel",
    preset="gpt2-tiny",
    names=lambda config: whole(config, LAYER),
    same={
        "vocab_size": "vocab_size",
        "n_positions": "context",
        "n_embd": "width",
        "n_layer": "layers",
        "n_head": "heads",
        "n_inner": "mlp_width",
        "layer_norm_epsilon": "norm_eps",
        "embd_pdrop": "dropout",
        "resid_pdrop": "dropout",  # we have one number; if theirs differ, the later row is used
        "attn_pdrop": "attention_dropout",
    },
    words={"activation_function": ACTIVATIONS, "tie_word_embeddings": TIED},
    must={
        "scale_attn_weights": True,
        "scale_attn_by_inverse_layer_idx": False,
        "add_cross_attention": False,
    },
    implied={"norm": ("layer",), "norm_first": (True,), "position": ("learned",), "bias": (True, False)},
    defaults={
        "n_inner": None,
        "layer_norm_epsilon": 1e-5,
        "embd_pdrop": 0.1,
        "resid_pdrop": 0.1,
        "attn_pdrop": 0.1,
        "activation_function": "gelu_new",
        "tie_word_embeddings": True,
    },
    ignored={"n_ctx", "n_special", "predict_special_tokens", "reorder_and_upcast_attn", "initializer_range"},
    prefix="transformer",
    aliases=aliases,
    tables=r"\.attn\.(bias|masked_bias)$",
)
