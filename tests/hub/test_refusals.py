"""Folders that are not what they say: one line that names the file, the key and both values."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

import groundup as gu
from groundup.hub.files import local_folder

# The settings of opus-mt-en-de that are neither sizes nor ids.
OPUS = dict(
    **dict(activation_function="swish", _num_labels=3, add_bias_logits=False, add_final_layer_norm=False, num_beams=6),
    **dict(classif_dropout=0.0, classifier_dropout=0.0, activation_dropout=0.0, gradient_checkpointing=False),
    **dict(normalize_before=False, normalize_embedding=False, scale_embedding=True, static_position_embeddings=True),
    **dict(bad_words_ids=[[299]], encoder_layerdrop=0.0, decoder_layerdrop=0.0, init_std=0.02, max_length=512),
)


@pytest.fixture
def changed(folders, tmp_path: Path) -> Callable[..., Path]:
    """A copy of a family's folder with other settings, and its tensors as a function makes them."""

    def make(family: str, change: Callable[[dict], Any] | None = None, **settings: Any) -> Path:
        shutil.copytree(folders[family], tmp_path / family)
        file = tmp_path / family / "config.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | settings))
        if change is not None:
            tensors = load_file(tmp_path / family / "model.safetensors")
            save_file({**tensors, **change(tensors)}, tmp_path / family / "model.safetensors")
        return tmp_path / family

    return make


def refusal(folder: Path) -> str:
    with pytest.raises(ValueError) as caught:
        gu.from_hub(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("family", "settings", "words"),
    [
        ("gpt2", dict(scale_attn_by_inverse_layer_idx=True), "scale_attn_by_inverse_layer_idx (True) must be False"),
        ("gpt2", dict(activation_function="mish"), "activation_function ('mish') must be one of gelu_new"),
        ("gpt2", dict(rotary_pct=0.25), "'rotary_pct' (0.25) is a setting of gpt2 not known here"),
        (
            "gpt2",
            dict(quantization_config={"bits": 4}),
            "'quantization_config' ({'bits': 4}) is a setting of gpt2 not known",
        ),
        ("gpt2", dict(quantization_config={"bits": 4}), "quantised weights are not read, get the model as float32"),
        ("llama", dict(sliding_window=64), "'sliding_window' (64)"),
        ("llama", dict(sliding_window=64), "if transformers computes the same without it, take it out of config.json"),
        ("llama", dict(layer_types=["full_attention", "sliding_attention"]), "'layer_types'"),
        ("llama", dict(use_sliding_window=True), "'use_sliding_window' (True)"),
        ("llama", dict(residual_multiplier=0.5), "'residual_multiplier' (0.5)"),
        ("llama", dict(num_hidden_layers=10**9), "layers (1000000000) must be at most 1000"),
        ("llama", dict(num_hidden_layers=999), "it says 999 layers, but there are 21 tensors beside it"),
        ("llama", dict(hidden_size=10**23, head_dim=None), "width (100000000000000000000000) must be at most 1048576"),
        ("llama", dict(max_position_embeddings=10**12), "context (1000000000000) must be at most"),
        (
            "gpt_neo",
            dict(num_layers=10**9, attention_types=[[["global"], 10**9]]),
            "num_layers (1000000000) must be at most 1000",
        ),
        ("gpt_neo", dict(attention_types=[[["global"], 10**12]]), "attention_types names 1000000000000 layers"),
        ("gpt_neo", dict(attention_layers=["global"]), "attention_layers names 1 layers (global), num_layers is 2"),
        ("gpt_neo", dict(attention_types=5), "int"),
        ("gpt2", dict(model_type=["gpt2"]), "model_type ['gpt2'] is none of gpt2, gpt_neo"),
        ("gpt2", dict(model_type=None), "model_type None is none of gpt2, gpt_neo"),
        ("gpt2", dict(pruned_heads={"0": [1]}), "pruned_heads ({'0': [1]}) must be {}"),
        ("gpt2", dict(n_head=5), "heads (5) must divide width (64)"),
        ("gpt2", dict(n_embd="wide"), "width ('wide') must be a whole number"),
        ("gpt2", dict(model_type="mistral"), "model_type 'mistral' is none of gpt2, gpt_neo, llama, marian"),
        ("gpt_neo", dict(num_layers=3), "attention_types names 2 layers (global, local), num_layers is 3"),
        ("gpt_neo", dict(attention_types=[[["global", "strided"], 1]]), "global, strided"),
        ("llama", dict(hidden_act="gelu"), "hidden_act ('gelu') must be one of silu"),
        (
            "llama",
            dict(head_dim=32),
            "head_dim (32) times num_attention_heads (4) must be hidden_size (64): heads here",
        ),
        (
            "llama",
            dict(rope_scaling=dict(type="yarn", factor=4.0, original_max_position_embeddings=16)),
            "rope_type 'yarn'",  # transformers takes it, whatever rope_parameters says
        ),
        ("llama", dict(rope_parameters=dict(rope_type="yarn", rope_theta=1e4)), "rope_type 'yarn'"),
        ("llama", dict(rope_parameters=dict(rope_type="default", partial_rotary_factor=0.5)), "partial_rotary_factor"),
        ("llama", dict(rope_parameters=dict(rope_type="llama3", factor=8.0)), "high_freq_factor"),
        ("llama", dict(rope_interleaved=True), "rope_interleaved (True) must be False"),
        ("marian", dict(max_position_embeddings=10**9), "max_position_embeddings (1000000000) must be at most 1048576"),
        ("marian", dict(normalize_before=True), "normalize_before (True) must be False"),
        ("marian", dict(decoder_ffn_dim=80), "encoder_ffn_dim (72) and decoder_ffn_dim (80)"),
        ("marian", OPUS, "activation_function ('swish') must be one of"),
    ],
)
def test_settings(changed, family, settings, words):
    folder = changed(family, **settings)
    said = refusal(folder)
    assert words in said
    assert said.startswith(f"{folder / 'config.json'}: ")


@pytest.mark.parametrize("key", ["n_embd", "vocab_size", "model_type"])
def test_a_setting_that_is_missing(changed, key):
    folder = changed("gpt2")
    settings = json.loads((folder / "config.json").read_text())
    settings.pop(key)
    (folder / "config.json").write_text(json.dumps(settings))
    assert key in refusal(folder)


@pytest.mark.parametrize(
    ("family", "change", "settings", "words"),
    [
        ("gpt2", lambda t: {"extra.weight": torch.ones(1)}, {}, ("'extra.weight' is not a tensor of the gpt2",)),
        ("gpt2", lambda t: {}, dict(n_positions=96), ("'transformer.wpe.weight'", "(48, 64)", "(96, 64)")),
        ("gpt2", lambda t: {}, dict(vocab_size=320), ("'transformer.wte.weight'", "(290, 64)", "(320, 64)")),
        ("gpt2", lambda t: {}, dict(n_layer=3), ("'transformer.h.2.ln_1.weight' of shape (64,) is missing (12 of",)),
        ("gpt2", lambda t: {}, dict(n_layer=1), ("'transformer.h.1",)),
        *(
            (
                "gpt2",
                lambda t, kind=kind: {"transformer.ln_f.bias": torch.ones(64).to(kind)},
                {},
                (str(kind), "quantised"),
            )
            for kind in (torch.uint8, torch.int64, torch.bool, torch.complex64, torch.float8_e4m3fn)
        ),
        (
            "marian",
            lambda t: {"model.encoder.embed_positions.weight": torch.zeros(48, 64)},
            {},
            ("'model.encoder.embed_positions.weight' differs from the sinusoids by up to 1",),
        ),
        (
            "marian",
            lambda t: {"model.decoder.embed_positions.weight": torch.zeros(40, 64)},
            {},
            ("'model.decoder.embed_positions.weight' is (40, 64), config.json says (48, 64)",),
        ),
        (
            "llama",
            lambda t: {"lm_head.weight": t["model.embed_tokens.weight"] + 0.5},
            dict(tie_word_embeddings=True),
            ("'lm_head.weight'", "'model.embed_tokens.weight'", "differ by up to 0.5"),
        ),
        ("marian", lambda t: {"final_logits_bias": torch.full((1, 300), 0.25)}, {}, ("final_logits_bias", "0.25")),
    ],
)
def test_tensors(changed, family, change, settings, words):
    said = refusal(changed(family, change, **settings))
    assert all(word in said for word in words), said


def test_damaged_files(changed):
    folder = changed("gpt2")
    weights = folder / "model.safetensors"
    whole = weights.read_bytes()
    for length in (0, 5, 100, len(whole) // 2, len(whole) - 1):
        weights.write_bytes(whole[:length])
        assert refusal(folder).startswith(f"{weights}: damaged")
    weights.unlink()
    assert "no model.safetensors" in refusal(folder)
    (folder / "pytorch_model.bin").touch()
    assert "pytorch_model.bin is a pickle" in refusal(folder)
    assert f"M.from_pretrained('{folder}').save_pretrained('NEW')" in refusal(folder)
    (folder / "model.safetensors.index.json").write_text('{"weight_map": {"a": "../../elsewhere.safetensors"}}')
    assert "'../../elsewhere.safetensors'" in refusal(folder)
    (folder / "model.safetensors.index.json").write_text('{"weight_map": {"a": "gone.safetensors"}}')
    assert "gone.safetensors" in refusal(folder)
    (folder / "config.json").write_text("{")
    assert "config.json: damaged, it is not JSON" in refusal(folder)
    for deep in ("[" * 100_000, '{"a":' * 100_000):
        (folder / "config.json").write_text(deep)
        assert "config.json: damaged, it is JSON nested too deeply to be read" in refusal(folder)
    (folder / "config.json").write_text("[]")
    assert "config.json is not a JSON object" in refusal(folder)


def header(**tensors: Any) -> bytes:
    """The beginning of a safetensors file with this header, and 64 bytes of numbers."""
    text = json.dumps(tensors).encode()
    return len(text).to_bytes(8, "little") + text + bytes(64)


ROW = dict(dtype="F32", shape=[4], data_offsets=[0, 16])


@pytest.mark.parametrize(
    "content",
    [
        bytes(8),
        bytes(64),
        (2**62).to_bytes(8, "little") + b"{}",
        (2).to_bytes(8, "little") + b"{}",
        (9).to_bytes(8, "little") + b"not JSON!",
        (2).to_bytes(8, "little") + b"[]",
        (100_000).to_bytes(8, "little") + b"[" * 100_000,
        header(a=ROW, b=ROW),
        header(a=ROW, b=ROW | dict(data_offsets=[8, 24])),
        header(a=ROW | dict(data_offsets=[-16, 0])),
        header(a=ROW | dict(data_offsets=[16, 0])),
        header(a=ROW | dict(shape=[-4])),
        header(a=ROW | dict(shape=[2**62, 2**62])),
        header(a=ROW | dict(shape=[1.5])),
        header(a=ROW | dict(dtype="F31")),
        header(a=ROW | dict(data_offsets=[0, 10**30])),
        header(a=5),
        header(a=ROW),
    ],
)
def test_weights_that_are_none(changed, content: bytes):
    """Headers empty, huge, overlapping, negative, not JSON: one line that names the file, or what it lacks."""
    folder = changed("gpt2")
    (folder / "model.safetensors").write_bytes(content)
    said = refusal(folder)
    assert said.startswith(str(folder))
    assert any(word in said for word in ("damaged", "tensors beside it", "is not a tensor", "is missing"))


def test_what_is_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(ValueError, match=r"has no config\.json"):
        gu.from_hub(tmp_path)
    (tmp_path / "recipe.json").touch()
    with pytest.raises(ValueError, match=r"it is a run: groundup\.load"):
        gu.from_hub(tmp_path)
    for name in (tmp_path / "gone", str(tmp_path / "gone"), "./gone", "a/b/c", ""):
        with pytest.raises(ValueError, match="there is no folder"):
            local_folder(name)
    with pytest.raises(ValueError, match="nobody/nothing-of-the-kind, and the Hub did not give it"):
        gu.from_hub("nobody/nothing-of-the-kind")
    monkeypatch.setitem(__import__("sys").modules, "huggingface_hub", None)
    with pytest.raises(ValueError, match=r"pip install 'groundup\[hub\]'"):
        gu.from_hub("gpt2")


def test_too_many_tokens(models, folders, tokenizers, tmp_path: Path):
    larger = gu.Tokenizer.characters("".join(map(chr, range(400, 700))), specials=["<|endoftext|>"])
    with pytest.raises(ValueError, match="tokenizer has 301 tokens, the model's vocab_size is 290"):
        gu.to_hub(models["gpt2"], tmp_path / "out", tokenizer=larger)
    assert not (tmp_path / "out").exists()
    shutil.copytree(folders["gpt2"], tmp_path / "in")
    larger.save(tmp_path / "in")
    with pytest.raises(ValueError, match="in: the tokenizer has 301 tokens"):
        gu.tokenizer_from_hub(tmp_path / "in")


def test_a_split_pattern_that_their_engine_reads_otherwise(models, tmp_path: Path):
    for pattern in (r"\w+|\W", "^.+", r"(?<a>x)", r"\X"):
        tokenizer = gu.Tokenizer.train_from_texts("the house", 259, pattern=pattern)
        with pytest.raises(ValueError, match=r"reads the tokenizer's split pattern .* otherwise than ours"):
            gu.to_hub(models["gpt2"], tmp_path / "out", tokenizer=tokenizer)
        assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (dict(norm_first=True), "marian, needs norm_first=False (it is True)"),
        (dict(position="learned"), "needs position='sinusoidal-halves' or 'sinusoidal' (it is 'learned')"),
        (dict(kv_heads=2), "needs kv_heads=None (it is 2)"),
    ],
)
def test_translators_that_no_format_holds(models, tokenizers, tmp_path: Path, changes, words):
    config = gu.ModelConfig.from_dict(models["marian"].config.to_dict() | changes)
    with pytest.raises(ValueError) as caught:
        gu.to_hub(gu.Seq2Seq(config), tmp_path / "out", tokenizer=tokenizers["marian"])
    assert words in str(caught.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (dict(norm="rms"), "gpt2, needs norm='layer' (it is 'rms')"),
        (dict(position="rotary"), "gpt2, needs position='learned' (it is 'rotary')"),
        (dict(qk_norm=True), "needs qk_norm=False (it is True)"),
        (dict(windows=(3, 5)), "gpt_neo has one window_size, not 3 and 5"),
    ],
)
def test_writers_that_no_format_holds(models, tmp_path: Path, changes, words):
    config = gu.ModelConfig.from_dict(models["gpt2"].config.to_dict() | changes)
    with pytest.raises(ValueError) as caught:
        gu.to_hub(gu.CausalLM(config), tmp_path / "out")
    assert words in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_bias_of_queries_that_cannot_move(models, tmp_path: Path):
    """Where the queries' matrix has lost a direction, its bias in that direction has nowhere to go."""
    model = gu.CausalLM(models["gpt_neo"].config)
    query = model.stack.blocks[1].attention.query
    with torch.no_grad():
        query.weight[3] = 0
        query.bias[3] = 0.5
    with pytest.raises(ValueError, match=r"blocks.1.attention.query cannot carry it.*--model.bias False"):
        gu.to_hub(model, tmp_path / "out")


def test_a_translator_without_its_tokenizer(models, tokenizers, tmp_path: Path):
    with pytest.raises(ValueError, match="exported with its tokenizer"):
        gu.to_hub(models["marian"], tmp_path / "out")
    with pytest.raises(ValueError, match=r"needs special tokens <pad>, <bos> and <eos>; .* has: <\|endoftext\|>"):
        gu.to_hub(models["marian"], tmp_path / "out", tokenizer=tokenizers["gpt2"])
    assert not (tmp_path / "out").exists()
