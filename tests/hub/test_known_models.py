"""The settings of well-known folders on the Hub, in their own words, and in small the models that they describe."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

import groundup as gu

SMALL_GPT2 = dict(vocab_size=61, n_ctx=24, n_positions=24, n_embd=32, n_layer=2, n_head=4)
SMALL_GPT_NEO = dict(vocab_size=61, max_position_embeddings=24, hidden_size=32, num_layers=2, num_heads=4)
SMALL_LLAMA = dict(vocab_size=61, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4)
SUMMARY = dict(
    summary_activation=None,
    summary_first_dropout=0.1,
    summary_proj_to_labels=True,
    summary_type="cls_index",
    summary_use_proj=True,
)
WRITING = dict(task_specific_params={"text-generation": dict(do_sample=True, max_length=50)})
GPT2 = (
    dict(model_type="gpt2", architectures=["GPT2LMHeadModel"], activation_function="gelu_new", initializer_range=0.02)
    | dict(attn_pdrop=0.1, embd_pdrop=0.1, resid_pdrop=0.1, layer_norm_epsilon=1e-5)
    | dict(bos_token_id=60, eos_token_id=60)
    | SMALL_GPT2
    | SUMMARY
)
LLAMA = (
    dict(model_type="llama", architectures=["LlamaForCausalLM"], hidden_act="silu", initializer_range=0.02)
    | dict(bos_token_id=1, eos_token_id=2, rms_norm_eps=1e-5, torch_dtype="bfloat16", use_cache=True)
    | dict(max_position_embeddings=24, tie_word_embeddings=False)
    | SMALL_LLAMA
)
LLAMA3 = LLAMA | dict(attention_bias=False, attention_dropout=0.0, num_key_value_heads=2, pretraining_tp=1)
LLAMA3 |= dict(rope_theta=500000.0, rope_scaling=None)
SCALED = dict(factor=32.0, high_freq_factor=4.0, low_freq_factor=1.0, original_max_position_embeddings=8)

KNOWN: dict[str, dict[str, Any]] = {
    "gpt2": GPT2 | WRITING,
    "gpt2-medium, gpt2-large": GPT2 | WRITING | dict(n_special=0, predict_special_tokens=True),
    "gpt2-xl": GPT2 | WRITING | dict(output_past=True),
    "distilgpt2": GPT2
    | WRITING
    | dict(_num_labels=1, id2label={"0": "LABEL_0"}, label2id={"LABEL_0": 0}, transformers_version="4.10.0"),
    "DialoGPT": GPT2 | dict(task_specific_params={"conversational": dict(max_length=1000)}),
    "GPT-2 as saved in 2019": GPT2
    | dict(n_special=0, predict_special_tokens=True, output_past=True, pruned_heads={}, use_bfloat16=False)
    | dict(xla_device=None, eos_token_ids=60)
    | dict(finetuning_task=None, is_decoder=False, num_labels=2, output_attentions=False, output_hidden_states=False)
    | dict(torchscript=False, id2label={"0": "LABEL_0", "1": "LABEL_1"}, label2id={"LABEL_0": 0, "LABEL_1": 1}),
    "gpt-neo-125m": SUMMARY
    | dict(model_type="gpt_neo", architectures=["GPTNeoForCausalLM"], activation_function="gelu_new")
    | dict(attention_dropout=0, embed_dropout=0, resid_dropout=0, gradient_checkpointing=False, use_cache=True)
    | dict(attention_layers=["global", "local"], attention_types=[[["global", "local"], 1]], window_size=5)
    | dict(bos_token_id=60, eos_token_id=60, initializer_range=0.02, intermediate_size=None, layer_norm_epsilon=1e-5)
    | SMALL_GPT_NEO,
    "llama-7b, first conversion": {
        **{key: value for key, value in LLAMA.items() if key not in ("max_position_embeddings", "tie_word_embeddings")},
        **dict(architectures=["LLaMAForCausalLM"], bos_token_id=0, eos_token_id=1, pad_token_id=-1),
        **dict(max_sequence_length=2048, rms_norm_eps=1e-6, torch_dtype="float16", transformers_version="4.27.0.dev0"),
    },
    "llama-7b": LLAMA | dict(max_sequence_length=24, pad_token_id=0, rms_norm_eps=1e-6),
    "Llama-2-7b-hf": LLAMA | dict(num_key_value_heads=4, pretraining_tp=1, rope_scaling=None),
    "TinyLlama": LLAMA3 | dict(rope_theta=10000.0),
    "Meta-Llama-3-8B": LLAMA3,
    "Llama-3.2-1B": LLAMA3
    | dict(head_dim=8, mlp_bias=False, tie_word_embeddings=True, rope_scaling=SCALED | dict(rope_type="llama3")),
    "SmolLM2-135M": LLAMA3
    | dict(is_llama_config=True, rope_interleaved=False, tie_word_embeddings=True, rope_theta=100000)
    | dict(_name_or_path="./checkpoints", head_dim=8, mlp_bias=False, initializer_range=0.041666666666666664),
}

KNOWN |= {
    f"LLaMA with {name}": LLAMA3 | settings
    for name, settings in {
        "the marks of tools": {
            "unsloth_fixed": True,
            "unsloth_version": "2024.11.10",
            "transformers.js_config": {"kv_cache_dtype": "fp16"},
            "auto_map": {"AutoConfig": "x--y"},
            "_commit_hash": "0",
            "_attn_implementation_autoset": True,
            "transformers_version": "5.0.0",
            "license": "mit",
            "model_max_length": 24,
        },
        "what is switched off": {
            **dict(sliding_window=None, use_sliding_window=False, quantization_config=None, layer_types=None),
            **dict(cross_attention_hidden_size=None, tie_encoder_decoder=False, head_dim=None, no_such_thing=False),
            **dict(num_key_value_heads=None, attention_dropout=None, rope_scaling=None, partial_rotary_factor=1.0),
        },
        "layers that are all full": dict(layer_types=["full_attention"] * 2, max_window_layers=None),
        "biases of attention alone": dict(attention_bias=True),
        "biases of the feed-forward layers alone": dict(mlp_bias=True),
        "both kinds of rope": {
            **dict(rope_parameters=dict(rope_type="default", rope_theta=500000.0)),
            **dict(rope_scaling=SCALED | dict(rope_type="llama3")),
        },
    }.items()
}
KNOWN["gpt-neo, layers named twice"] = KNOWN["gpt-neo-125m"] | dict(attention_layers=["local", "global"])


@pytest.mark.parametrize("name", KNOWN)
@torch.no_grad()
def test_a_known_folder_computes_what_transformers_computes(name: str, tmp_path: Path):
    """The folder is as transformers writes it, but for config.json, which is the Hub's with smaller numbers."""
    settings = json.dumps(KNOWN[name])
    (tmp_path / "config.json").write_text(settings)
    theirs = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(tmp_path), dtype=torch.float32)
    random = torch.Generator().manual_seed(0)
    for parameter in theirs.parameters():
        parameter.add_(0.2 * torch.randn(parameter.shape, generator=random))
    theirs.save_pretrained(tmp_path)
    (tmp_path / "config.json").write_text(settings)
    theirs = AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32, attn_implementation="eager").eval()
    ids = torch.randint(61, (2, 24), generator=random)
    logits = theirs(ids).logits
    assert logits.std() > 0.1, "these logits say nothing"
    torch.testing.assert_close(gu.from_hub(tmp_path)(ids), logits, atol=1e-5, rtol=1e-5)
