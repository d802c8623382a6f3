"""Write a language model as one GGUF file, which llama.cpp and the programs built on it run: GPT-2 and LLaMA.

llama.cpp has a fixed computation for each architecture, so the model must be exactly one of these two. Its tokenizer is
byte-level BPE with one of the split patterns that llama.cpp knows by name.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from groundup.config import ModelConfig
from groundup.hub import gpt2, llama
from groundup.hub.family import Family
from groundup.hub.names import Table, inside, same, to_theirs, weight_only
from groundup.hub.tokenizer import check_vocabulary, special_ids
from groundup.models.causal_lm import CausalLM
from groundup.models.seq2seq import Seq2Seq
from groundup.nn.positions import Rotary
from groundup.stock import check_stock
from groundup.text.formats import Parts, to_json
from groundup.text.patterns import PATTERNS
from groundup.text.tokenizer import Tokenizer
from groundup.text.vocabulary import BytePair

SPLITS = {
    PATTERNS["gpt2"]: "gpt-2",
    PATTERNS["gpt4"]: "llama-bpe",
    # The same, as it stands in the tokenizer.json of LLaMA 3.
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+": "llama-bpe",
}
"""Split pattern -> llama.cpp's name for it."""
WHOLE_FIRST = "llama-bpe"
"""With this name llama.cpp takes a chunk that is a token without merging."""


def to_gguf(
    model: CausalLM | Seq2Seq, file: str | Path, *, tokenizer: Tokenizer, name: str, licence: str | None = None
) -> Path:
    """Write the file completely or not at all, in float32, and return its path. Needs the package gguf.

    name: what programs show. ValueError for a model or a tokenizer that llama.cpp would compute otherwise.
    """
    try:
        import gguf
    except ImportError:
        raise ValueError("gguf is not installed: pip install 'groundup[gguf]'") from None
    file = Path(file)
    check_stock(model, "to write it as GGUF")
    family = _family(model.config)
    assert isinstance(model, CausalLM), "of the others there is no family"
    check_vocabulary(file, tokenizer, model.config.vocab_size)
    vocabulary = _vocabulary(tokenizer, model.config.vocab_size)
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    writer = gguf.GGUFWriter(unfinished, family.model_type)
    writer.add_name(name)
    if licence is not None:
        writer.add_license(licence)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    _add_shape(writer, model.config)
    vocabulary.add_to(writer, gguf.TokenType)
    for theirs, tensor in tensors(model).items():
        writer.add_tensor(theirs, tensor.numpy())
    try:
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        os.replace(unfinished, file)
    finally:
        unfinished.unlink(missing_ok=True)
    return file


def _family(config: ModelConfig) -> Family:
    """The family that llama.cpp computes alike; ValueError with what the nearest one lacks."""
    if config.encoder_layers is not None:
        raise ValueError("GGUF is written for language models, and this one translates; try --format ctranslate2")
    lacks = {family.model_type: family.differences(config) for family in (gpt2.FAMILY, llama.FAMILY)}
    if config.mlp != "gelu-tanh":  # the only activation of llama.cpp's GPT-2
        others = [one for one in lacks["gpt2"] if not one.startswith("mlp=")]
        lacks["gpt2"] = [f"mlp='gelu-tanh' (it is {config.mlp!r})", *others]
    nearest = min((gpt2.FAMILY, llama.FAMILY), key=lambda family: len(lacks[family.model_type]))
    if missing := lacks[nearest.model_type]:
        raise ValueError(
            f"GGUF is written for GPT-2 and LLaMA, and the nearest, {nearest.model_type}, needs {', '.join(missing)}; "
            f"models trained with --preset {nearest.preset} fit, this one is exported with --format auto"
        )
    return nearest


def names(config: ModelConfig) -> Table:
    """llama.cpp's modules, each made of ours."""
    if config.position == "learned":
        ends = {"position_embd": weight_only("stack.positions.table"), "output_norm": same("stack.norm")}
        layer = {
            "attn_norm": same("attention_norm"),
            "attn_qkv": same("attention.query", "attention.key", "attention.value"),
            "attn_output": same("attention.out"),
            "ffn_norm": same("mlp_norm"),
            "ffn_up": same("mlp.into"),
            "ffn_down": same("mlp.out"),
        }
    else:
        linear = same if config.bias else weight_only
        ends = {"output_norm": weight_only("stack.norm")}
        layer = {
            "attn_norm": weight_only("attention_norm"),
            "attn_q": linear("attention.query"),
            "attn_k": linear("attention.key"),
            "attn_v": linear("attention.value"),
            "attn_output": linear("attention.out"),
            "ffn_norm": weight_only("mlp_norm"),
            "ffn_gate": linear("mlp.gate"),
            "ffn_up": linear("mlp.into"),
            "ffn_down": linear("mlp.out"),
        }
    table = {"token_embd": weight_only("stack.embed"), **ends}
    for i in range(config.layers):
        table |= inside(f"blk.{i}", f"stack.blocks.{i}", layer)
    return table if config.tied == "head" else table | {"output": weight_only("head")}


def tensors(model: CausalLM) -> dict[str, Tensor]:
    """The tensors of the file by name, in float32."""
    config = model.config
    ours = {name: tensor.detach().cpu().float() for name, tensor in model.state_dict().items()}
    if config.position == "rotary":
        for name, tensor in ours.items():
            if ".attention.query." in name or ".attention.key." in name:
                ours[name] = in_pairs(tensor, config.heads if ".query." in name else config.groups)
    theirs = to_theirs(ours, names(config))
    if isinstance(rotary := model.stack.positions, Rotary) and rotary.scaling is not None:
        plain = Rotary(rotary.head_width, theta=rotary.theta)
        cpu = torch.device("cpu")
        theirs["rope_freqs.weight"] = plain.frequencies(cpu) / rotary.frequencies(cpu)
    return theirs


def in_pairs(tensor: Tensor, heads: int) -> Tensor:
    """Move the rows of each head so that rows i and i + D/2, which are rotated together, stand beside each other."""
    return tensor.unflatten(0, (heads, 2, -1)).transpose(1, 2).flatten(0, 2)


def _add_shape(writer: Any, config: ModelConfig) -> None:
    writer.add_vocab_size(config.vocab_size)
    writer.add_context_length(config.context)
    writer.add_embedding_length(config.width)
    writer.add_block_count(config.layers)
    writer.add_feed_forward_length(config.hidden)
    writer.add_head_count(config.heads)
    if config.position == "learned":
        return writer.add_layer_norm_eps(config.norm_eps)
    writer.add_head_count_kv(config.groups)
    writer.add_layer_norm_rms_eps(config.norm_eps)
    writer.add_rope_dimension_count(config.head_width)
    return writer.add_rope_freq_base(config.rope_theta)


@dataclass(frozen=True)
class Vocabulary:
    """A tokenizer as llama.cpp reads it."""

    split: str
    names: list[str]
    """One a row of the model."""
    merges: list[str]
    control: set[int]
    unused: list[int]
    """Rows without a token: programs of llama.cpp never write them."""
    ids: dict[str, int]
    """bos_token_id, eos_token_id and pad_token_id, where they are."""

    def add_to(self, writer: Any, types: Any) -> None:
        kinds = dict.fromkeys(self.control, types.CONTROL) | dict.fromkeys(self.unused, types.UNUSED)
        writer.add_tokenizer_model("gpt2")  # byte-level BPE
        writer.add_tokenizer_pre(self.split)
        writer.add_token_list(self.names)
        writer.add_token_types([kinds.get(row, types.NORMAL) for row in range(len(self.names))])
        writer.add_token_merges(self.merges)
        for role, id in self.ids.items():
            getattr(writer, f"add_{role}")(id)
        writer.add_add_bos_token(False)
        if self.unused:
            writer.add_array("tokenizer.ggml.suppress_tokens", self.unused)


def _vocabulary(tokenizer: Tokenizer, rows: int) -> Vocabulary:
    """ValueError for a tokenizer that llama.cpp would read otherwise, or not at all."""
    other = "--format auto holds it"
    vocabulary = tokenizer.vocabulary
    if not isinstance(vocabulary, BytePair):
        raise ValueError(f"GGUF holds byte-pair tokenizers, and this one has {vocabulary.kind}; {other}")
    split = SPLITS.get(tokenizer.pattern) if isinstance(tokenizer.pattern, str) else None
    if split is None:
        raise ValueError(
            f"GGUF holds the split patterns gpt2 and gpt4, and the tokenizer has {tokenizer.pattern!r}; {other}"
        )
    if vocabulary.missing:
        lost = len(vocabulary.missing)
        raise ValueError(f"GGUF holds tokenizers with all 256 bytes, and this one lacks {lost}; {other}")
    if vocabulary.whole_first != (split == WHOLE_FIRST):
        for token, id in vocabulary.ids.items():
            if vocabulary.merged(token) != [id]:
                raise ValueError(f"GGUF holds tokens that their merges make, and none make {token!r}; {other}")
    ids = {role: id for role, id in special_ids(tokenizer, translates=False).items() if id is not None}
    if "eos_token_id" not in ids:
        raise ValueError(f"GGUF needs an end-of-text token, and the tokenizer has no special token; {other}")
    data = to_json(Parts(vocabulary, tokenizer.pattern, tokenizer.specials))
    named = {id: name for name, id in data["model"]["vocab"].items()}
    named |= {id: name for name, id in tokenizer.specials.items()}
    return Vocabulary(
        split=split,
        names=[named.get(row, f"<unused-{row}>") for row in range(rows)],
        merges=data["model"]["merges"],
        control={*tokenizer.specials.values()},
        unused=[row for row in range(rows) if row not in named],
        ids=ids,
    )
