"""Folders there and back: every tensor, and every form that folders come in."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

import groundup as gu
from groundup.data.normalise import normalise_sentence

FAMILIES = ("gpt2", "gpt_neo", "llama", "marian")


def auto(family: str) -> type:
    return AutoModelForSeq2SeqLM if family == "marian" else AutoModelForCausalLM


@pytest.mark.parametrize("family", FAMILIES)
def test_transformers_holds_what_the_file_holds(folders, family):
    theirs = auto(family).from_pretrained(folders[family])
    state = theirs.state_dict()
    written = load_file(folders[family] / "model.safetensors")
    assert all(torch.equal(state[name], tensor) for name, tensor in written.items())
    learned = {name for name, _ in theirs.named_parameters() if "embed_positions" not in name}
    assert learned <= written.keys(), "transformers would make up the rest"


@pytest.mark.parametrize("family", FAMILIES)
def test_there_and_back(models, folders, tokenizers, family, tmp_path: Path, logits):
    """What comes back computes the same, and goes out again as the same bytes."""
    back = gu.from_hub(folders[family])
    assert (logits(back) - logits(models[family])).abs().max() < 1e-5
    assert not back.training
    gu.to_hub(back, tmp_path, tokenizer=gu.tokenizer_from_hub(folders[family]))
    for file in folders[family].iterdir():
        assert (tmp_path / file.name).read_bytes() == file.read_bytes(), file.name
    assert gu.tokenizer_from_hub(folders[family]).encode("the house") == tokenizers[family].encode("the house")


@pytest.mark.parametrize("family", FAMILIES)
def test_folders_of_transformers_own(folders, family, tmp_path: Path, logits):
    """Its `save_pretrained`, with every setting it knows, in bfloat16, in many shards."""
    theirs = auto(family).from_pretrained(folders[family], dtype=torch.bfloat16)
    theirs.save_pretrained(tmp_path, max_shard_size="40KB")
    assert len(list(tmp_path.glob("*.safetensors"))) > 2
    rounded = gu.from_hub(folders[family])
    rounded.load_state_dict({name: t.bfloat16().float() for name, t in rounded.state_dict().items()})
    assert torch.equal(logits(gu.from_hub(tmp_path)), logits(rounded))


def test_old_files_of_gpt2(folders, tmp_path: Path, logits):
    """As on the Hub: names without their beginning, causal masks, the tied head once more, settings left out."""
    shutil.copytree(folders["gpt2"], tmp_path, dirs_exist_ok=True)
    tensors = load_file(tmp_path / "model.safetensors")
    old = {name.removeprefix("transformer."): tensor for name, tensor in tensors.items()}
    old |= {"h.0.attn.bias": torch.ones(1, 1, 48, 48), "lm_head.weight": tensors["transformer.wte.weight"].clone()}
    save_file(old, tmp_path / "model.safetensors")
    settings = json.loads((tmp_path / "config.json").read_text())
    for key in ("n_inner", "tie_word_embeddings", "activation_function", "layer_norm_epsilon", "resid_pdrop"):
        settings.pop(key)
    settings |= dict(n_ctx=48, summary_type="cls_index", task_specific_params={"text-generation": {"max_length": 50}})
    (tmp_path / "config.json").write_text(json.dumps(settings))
    assert torch.equal(logits(gu.from_hub(tmp_path)), logits(gu.from_hub(folders["gpt2"])))


def test_old_settings_of_llama(folders, tmp_path: Path, logits):
    shutil.copytree(folders["llama"], tmp_path, dirs_exist_ok=True)
    settings = json.loads((tmp_path / "config.json").read_text())
    rope = settings.pop("rope_parameters")
    settings |= dict(rope_theta=rope.pop("rope_theta"), rope_scaling=rope, pretraining_tp=1, torch_dtype="float32")
    settings.pop("head_dim")
    (tmp_path / "config.json").write_text(json.dumps(settings))
    assert torch.equal(logits(gu.from_hub(tmp_path)), logits(gu.from_hub(folders["llama"])))
    assert auto("llama").from_pretrained(tmp_path).config.rope_parameters["rope_theta"] == 500000.0


def test_sentences_are_normalised_as_pairs_are(folders, tokenizers):
    theirs, ours = AutoTokenizer.from_pretrained(folders["marian"]), tokenizers["marian"]
    odd = [
        "  the\u00a0 house\t is ",
        "l’église “est”\u202f!",
        "e\u0301 \u200bthe\u00adold",
        "",
        "a\u2003\u3000b\u001c c\ufeff",
        "‚‛‘„‟",
    ]
    for text in odd:
        assert theirs(text).input_ids == [*ours.encode(normalise_sentence(text)), ours.specials["<eos>"]]


def test_two_tokenizers(models, tmp_path: Path, tokenizers):
    """The source's in the folder, the target's in `target`: what transformers loads from where the report says."""
    source = gu.Tokenizer.train_from_texts("a house is a house", 270, specials=("<pad>", "<bos>", "<eos>"))
    config = gu.ModelConfig.from_dict(models["marian"].config.to_dict() | dict(source_vocab_size=275, tied="head"))
    ours = gu.Seq2Seq(config).eval()
    gu.to_hub(ours, tmp_path, tokenizer=tokenizers["marian"], source_tokenizer=source)
    assert AutoTokenizer.from_pretrained(tmp_path)("a house").input_ids == [
        *source.encode("a house"),
        source.specials["<eos>"],
    ]
    target = AutoTokenizer.from_pretrained(tmp_path, subfolder="target")
    assert target.decode(tokenizers["marian"].encode("the church")) == "the church"
    theirs = AutoModelForSeq2SeqLM.from_pretrained(tmp_path).eval()
    ids = torch.randint(270, (2, 7))
    torch.testing.assert_close(theirs(ids, decoder_input_ids=ids).logits, ours(ids, ids), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_gpt_neo_in_other_precisions(kind: torch.dtype, tmp_path: Path):
    """Heads of 12: the queries' factor is no power of two, and must not be rounded to a half precision."""
    torch.manual_seed(0)
    config = gu.preset(
        "gpt3-small", vocab_size=61, context=24, width=48, layers=2, heads=4, windows=(None, 5), bias=False
    )
    ours = gu.CausalLM(config).eval().to(kind)
    gu.to_hub(ours, tmp_path / "folder")
    ids = torch.randint(61, (2, 20))
    exact = gu.CausalLM(config).eval().double()
    exact.load_state_dict(ours.state_dict())
    theirs = AutoModelForCausalLM.from_pretrained(tmp_path / "folder").eval()
    with torch.no_grad():
        torch.testing.assert_close(theirs.double()(ids).logits, exact(ids), atol=1e-5, rtol=1e-5)
        theirs.to(kind).save_pretrained(tmp_path / "theirs")
        back = gu.from_hub(tmp_path / "theirs").double()
        torch.testing.assert_close(back(ids), theirs.double()(ids).logits, atol=1e-5, rtol=1e-5)
