"""Any model with its own code beside it: transformers computes what we do, and its tools work with it."""

import ast
import dataclasses
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from families import CAUSAL, SEQ2SEQ, build_random
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM

from groundup.config import ModelConfig
from groundup.hub.adapter.configuration import GroundupConfig
from groundup.hub.bundle import CONFIGURATION, MODELING, bundle
from groundup.hub.custom import to_custom
from groundup.hub.files import read_tensors, write_tensors
from groundup.hub.folder import from_hub
from groundup.text.tokenizer import Tokenizer

TEXT = "Where is the station? It is behind the old house, and the house is behind the church. Où est la gare ?"
ALL = {**CAUSAL, **SEQ2SEQ}
SOME = ["modern", "pre-norm", "separate vocabularies"]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.train_from_texts(TEXT, 290, specials=("<pad>", "<bos>", "<eos>"))


@pytest.fixture(scope="module")
def pairs(tokenizer: Tokenizer, tmp_path_factory: pytest.TempPathFactory):
    """A model of ours by its name, and the same as transformers loads it."""
    place = tmp_path_factory.mktemp("custom")

    def load(name: str, **options):
        config = dataclasses.replace(ALL[name], vocab_size=300)
        if config.source_vocab_size:
            config = dataclasses.replace(config, source_vocab_size=295)
        ours, folder = build_random(config), place / name.replace(" ", "_").replace(".", "_")
        if not folder.exists():
            to_custom(ours, folder, tokenizer=tokenizer)  # type: ignore[arg-type]
        auto = AutoModelForSeq2SeqLM if config.encoder_layers else AutoModelForCausalLM
        return ours, auto.from_pretrained(folder, trust_remote_code=True, **options)

    return load


def asked(rows: int = 3, tokens: int = 11) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids, and a mask with padding on the left of one row and on the right of another."""
    ids = torch.randint(290, (rows, tokens), generator=torch.Generator().manual_seed(0))
    mask = torch.ones_like(ids)
    mask[0, :4] = 0
    mask[1, -3:] = 0
    return ids, mask


def both(ours, theirs, ids, mask, **options) -> tuple[torch.Tensor, torch.Tensor]:
    """The logits of both, the first where nothing is padding."""
    with torch.no_grad():
        if theirs.config.is_encoder_decoder:
            return ours(ids, ids, mask), theirs(
                input_ids=ids, attention_mask=mask, decoder_input_ids=ids, **options
            ).logits
        return ours(ids, mask)[mask.bool()], theirs(input_ids=ids, attention_mask=mask, **options).logits[mask.bool()]


@pytest.mark.parametrize("name", ALL)
def test_the_same_logits_and_tensors(pairs, name: str):
    """With padding on either side; every tensor that was loaded is the one that was written."""
    ours, theirs = pairs(name)
    torch.testing.assert_close(*both(ours, theirs, *asked()), atol=1e-5, rtol=1e-5)
    mine = ours.state_dict()
    loaded = {key.removeprefix("model."): value for key, value in theirs.state_dict().items()}
    assert loaded.keys() == mine.keys()
    assert all(torch.equal(loaded[key], mine[key]) for key in mine)


@pytest.mark.parametrize("name", SOME)
@pytest.mark.parametrize("beams", [1, 4])
def test_cached_is_uncached_and_rows_stand_alone(pairs, name: str, beams: int):
    _, theirs = pairs(name)
    ids, mask = asked()
    mask[1] = 1  # a prompt is padded on its left
    how = dict(num_beams=beams, max_new_tokens=9, do_sample=False)
    with_cache = theirs.generate(input_ids=ids, attention_mask=mask, **how)
    assert torch.equal(with_cache, theirs.generate(input_ids=ids, attention_mask=mask, use_cache=False, **how))
    alone = theirs.generate(input_ids=ids[:1, 4:], **how)[0]
    row = with_cache[0] if theirs.config.is_encoder_decoder else with_cache[0, 4:]
    assert row[: len(alone)].tolist() == alone.tolist()
    assert with_cache.max() < 290 + 3, "rows without a token are never written"


@pytest.mark.parametrize("name", SOME)
def test_eager_has_the_maps_and_the_states(pairs, name: str):
    ours, theirs = pairs(name, attn_implementation="eager")
    ids, mask = asked()
    torch.testing.assert_close(*both(ours, theirs, ids, mask), atol=1e-5, rtol=1e-5)
    more = dict(decoder_input_ids=ids) if theirs.config.is_encoder_decoder else {}
    found = theirs(input_ids=ids, attention_mask=mask, output_attentions=True, output_hidden_states=True, **more)
    maps = found.cross_attentions if more else found.attentions
    states = found.decoder_hidden_states if more else found.hidden_states
    assert len(maps) == theirs.config.layers == len(states) - 1
    assert maps[0].shape == (3, theirs.config.heads, 11, 11)
    assert (maps[0][0, :, -1, :4] == 0).all(), "nobody looks at padding"
    torch.testing.assert_close(maps[0][0, :, -1].sum(-1), torch.ones(theirs.config.heads))
    with pytest.raises(ValueError, match="eager"):
        pairs(name)[1](input_ids=ids, output_attentions=True, **more)


@pytest.mark.parametrize("name", SOME)
def test_labels_are_a_loss(pairs, name: str):
    """-100 is passed over; a language model's labels are its ids."""
    _, theirs = pairs(name)
    ids, mask = asked()
    labels = ids.masked_fill(mask == 0, -100)
    found = theirs(input_ids=ids, attention_mask=mask, labels=labels)
    logits, wanted = found.logits, labels
    if not theirs.config.is_encoder_decoder:
        logits, wanted = logits[:, :-1], labels[:, 1:]
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), wanted.flatten())
    torch.testing.assert_close(found.loss, loss)
    shared = theirs(input_ids=ids, attention_mask=mask, labels=labels, num_items_in_batch=100).loss
    torch.testing.assert_close(shared, loss * (wanted != -100).sum() / 100)


@pytest.mark.parametrize("name", SOME)
def test_checkpointing_gives_the_same_gradients(pairs, name: str):
    _, theirs = pairs(name)
    ids, _ = asked()
    theirs.train()
    found = []
    for checkpointing in (False, True):
        if checkpointing:
            theirs.gradient_checkpointing_enable()
        theirs.zero_grad()
        theirs(input_ids=ids, labels=ids).loss.backward()
        found.append({key: parameter.grad.clone() for key, parameter in theirs.named_parameters()})
    torch.testing.assert_close(found[0], found[1])


@pytest.mark.parametrize("name", ["gpt2", "modern", "pre-norm", "untied"])
def test_rows_are_added_saved_and_loaded(pairs, name: str, tmp_path: Path):
    """And a few steps of training on the new tokens make the loss fall."""
    _, theirs = pairs(name)
    ids, _ = asked()
    tied = theirs.config.tied
    theirs.resize_token_embeddings(310)
    ids = torch.cat([ids, torch.full((3, 1), 305)], dim=1)
    optimizer = torch.optim.AdamW(theirs.parameters(), lr=3e-3)
    losses = []
    for _ in range(8):
        optimizer.zero_grad()
        loss = theirs(input_ids=ids, labels=ids).loss
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    theirs.save_pretrained(tmp_path / "saved")
    again = type(theirs).from_pretrained(tmp_path / "saved", trust_remote_code=True)
    assert again.config.vocab_size == again.model.config.vocab_size == 310
    assert again.get_output_embeddings().weight.shape[0] == 310
    assert (again.get_output_embeddings().weight is again.get_input_embeddings().weight) == (tied != "none")
    options = dict(decoder_input_ids=ids) if theirs.config.is_encoder_decoder else {}
    with torch.no_grad():
        theirs.eval()
        torch.testing.assert_close(again(input_ids=ids, **options).logits, theirs(input_ids=ids, **options).logits)


def test_one_number_does_not_resize_two_vocabularies(pairs):
    with pytest.raises(ValueError, match="vocabularies of their own"):
        pairs("separate vocabularies")[1].resize_token_embeddings(310)


def test_a_saved_folder_carries_its_code(pairs, tmp_path: Path):
    _, theirs = pairs("modern")
    theirs.save_pretrained(tmp_path / "saved")
    again = AutoModelForCausalLM.from_pretrained(tmp_path / "saved", trust_remote_code=True)
    ids, _ = asked()
    assert torch.equal(again(input_ids=ids).logits, theirs(input_ids=ids).logits)


def test_half_precision_keeps_the_tables(pairs):
    """Sinusoids and angles are made anew, in their own precision, whatever the weights are loaded in."""
    ours, theirs = pairs("transformer", dtype=torch.bfloat16)
    assert theirs.dtype == torch.bfloat16
    mine, half = both(ours, theirs, *asked())
    gap = (mine - half).abs().max()
    assert gap < 0.5


def test_what_would_be_ignored_is_refused(pairs):
    _, theirs = pairs("modern")
    ids, mask = asked()
    for given, words in (
        (dict(position_ids=ids), "takes no position_ids"),
        (dict(attention_mask=mask[:, None, None, :]), "must be .rows, tokens."),
    ):
        with pytest.raises(ValueError, match=words):
            theirs(input_ids=ids, **given)
    with pytest.raises(ValueError, match="fixed length"):
        theirs.generate(input_ids=ids, max_new_tokens=3, cache_implementation="static", do_sample=False)
    with pytest.raises(ValueError, match="decoder_input_ids"):
        pairs("pre-norm")[1](input_ids=ids)
    with pytest.raises(ValueError, match=r"[Ff]lash"):
        pairs("modern", attn_implementation="flash_attention_2")


def test_no_code_runs_unasked(pairs):
    pairs("gpt2")
    folder = pairs("gpt2")[1].config._name_or_path
    with pytest.raises(ValueError, match="trust_remote_code"):
        AutoModelForCausalLM.from_pretrained(folder, trust_remote_code=False)


def test_the_config_says_all_that_ours_says_and_is_strict():
    ours = {field.name: field.default for field in dataclasses.fields(ModelConfig)}
    theirs = GroundupConfig()
    for name, default in ours.items():
        if default is not dataclasses.MISSING and name != "rope_scaling":
            assert getattr(theirs, name) == default, name
    for wrong, words in (
        (dict(width="wide"), "width"),
        (dict(width=65), "must divide width"),
        (dict(mlp="magic"), "mlp"),
        (dict(tied="none", tie_word_embeddings=True), "tie_word_embeddings"),
        (dict(dropout="much"), "dropout"),
        (dict(heads=4.0), "heads"),
        (dict(hidden_size=66), "must divide width"),
        (dict(rotary_scaling=dict(factor=8.0)), "rotary"),
    ):
        with pytest.raises(ValueError, match=words):
            GroundupConfig(**wrong)
    assert GroundupConfig(hidden_size=96).width == 96


def test_the_files_stand_alone():
    """Without a word of this package, and without a name that is not there."""
    files = bundle()
    assert files.keys() == {CONFIGURATION, MODELING}
    for text in files.values():
        modules = {
            alias.name.split(".")[0] if isinstance(node, ast.Import) else str(node.module).split(".")[0]
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        }
        assert "groundup" not in modules
        assert modules - sys.stdlib_module_names <= {
            "torch",
            "transformers",
            "huggingface_hub",
            "configuration_groundup",
        }
        assert "quicken" not in text
        assert max(map(len, text.splitlines())) <= 124, "a docstring is two longer as a comment"


def test_ruff_finds_nothing_unused_or_missing(tmp_path: Path):
    for name, text in bundle().items():
        (tmp_path / name).write_text(text)
    ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "F,E9", str(tmp_path)]
    done = subprocess.run(ruff, capture_output=True, text=True, env=os.environ)
    assert done.returncode == 0, done.stdout


def test_a_large_model_stands_in_several_files(pairs, tmp_path: Path):
    ours, _ = pairs("gpt2")
    tensors = {key: value.clone() for key, value in ours.state_dict().items()}
    write_tensors(tmp_path, tensors, largest=40_000)
    files = sorted(path.name for path in tmp_path.glob("*.safetensors"))
    assert len(files) > 2
    assert files[0] == f"model-00001-of-{len(files):05}.safetensors"
    read = {name: tensor for name, (_, tensor) in read_tensors(tmp_path).items()}
    assert read.keys() == tensors.keys()
    assert all(torch.equal(read[name], tensors[name]) for name in tensors)


def test_transformers_reads_several_files(pairs, tmp_path: Path):
    ours, theirs = pairs("modern")
    folder = Path(shutil.copytree(theirs.config._name_or_path, tmp_path / "sharded"))
    stored = {name: tensor for name, (_, tensor) in read_tensors(folder).items()}
    (folder / "model.safetensors").unlink()
    write_tensors(folder, stored, largest=20_000)
    again = AutoModelForCausalLM.from_pretrained(folder, trust_remote_code=True)
    torch.testing.assert_close(*both(ours, again, *asked()), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", ALL)
def test_a_folder_is_read_again(pairs, name: str):
    """By `from_hub`, which runs none of its code: the same settings and weights, ties included."""
    ours, theirs = pairs(name)
    back = from_hub(theirs.config._name_or_path)
    assert back.config == ours.config
    assert all(torch.equal(tensor, ours.state_dict()[key]) for key, tensor in back.state_dict().items())
    assert back.state_dict().keys() == ours.state_dict().keys()
    assert (back.head.weight is _embedding(back)) == (ours.config.tied != "none")


def _embedding(model) -> torch.nn.Parameter:
    return (model.decoder if model.config.encoder_layers else model.stack).embed.weight


def test_what_transformers_has_saved_is_read_again(pairs, tmp_path: Path):
    ours, theirs = pairs("pre-norm")
    theirs.save_pretrained(tmp_path)
    ids, mask = asked()
    torch.testing.assert_close(from_hub(tmp_path)(ids, ids, mask), ours(ids, ids, mask))
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"depth_scale": 2.0}))
    with pytest.raises(ValueError, match="depth_scale"):
        from_hub(tmp_path)


def test_settings_of_a_folder_are_ours_again(pairs):
    ours, theirs = pairs("llama3.1")
    config = AutoConfig.from_pretrained(theirs.config._name_or_path, trust_remote_code=True)
    assert config.shape().to_dict() == ours.config.to_dict()
