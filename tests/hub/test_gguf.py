"""GGUF files: `gguf` and transformers read back what the model is, and llama.cpp writes the same tokens."""

import dataclasses
from pathlib import Path

import pytest
import torch
from families import CAUSAL, SEQ2SEQ, build_random

import groundup as gu
from groundup.cli.main import main
from groundup.config import ModelConfig
from groundup.hub.gguf import to_gguf
from groundup.publish.inputs import HARD
from groundup.run.save import save_run
from groundup.text.tokenizer import Tokenizer
from groundup.text.vocabulary import BytePair

gguf = pytest.importorskip("gguf", reason="gguf is not installed")
TEXT = (
    "Where is the station? It is behind the old house, and the house is behind the church. Où est la gare ? "
    "I don't know; 1984 was 40 years ago.\n\nWe'll see.   So they'd say, wouldn't they?"
)
HELD = ["gpt2", "llama", "llama2", "llama3", "llama3.1"]


@pytest.fixture(scope="module")
def tokenizers() -> dict[str, Tokenizer]:
    return {pattern: Tokenizer.train_from_texts(TEXT, 300, pattern=pattern) for pattern in ("gpt2", "gpt4", "o200k")}


def config(family: str, **changes) -> ModelConfig:
    return dataclasses.replace(CAUSAL[family], vocab_size=300, context=64, dropout=0.0, **changes)


@pytest.mark.parametrize("family", HELD)
def test_every_tensor_and_setting_is_read_back(tokenizers, tmp_path: Path, family: str):
    model = build_random(config(family, bias=True, tied="none" if family == "gpt2" else "head"))
    reader = gguf.GGUFReader(to_gguf(model, tmp_path / "a.gguf", tokenizer=tokenizers["gpt4"], name="a b"))
    stored = {tensor.name: torch.tensor(tensor.data.copy()) for tensor in reader.tensors}
    ours, shape, freqs = model.state_dict(), model.config, stored.pop("rope_freqs.weight", None)
    assert (freqs is not None) == (shape.rope_scaling is not None)
    assert sum(map(torch.Tensor.numel, stored.values())) == sum(p.numel() for p in set(model.parameters()))
    places = {"token_embd": "stack.embed", "position_embd": "stack.positions.table", "output_norm": "stack.norm"}
    places |= {"attn_norm": "attention_norm", "attn_output": "attention.out", "ffn_norm": "mlp_norm"}
    places |= {"ffn_up": "mlp.into", "ffn_gate": "mlp.gate", "ffn_down": "mlp.out", "output": "head"}
    places |= {"attn_q": "attention.query", "attn_k": "attention.key", "attn_v": "attention.value"}
    for name, tensor in stored.items():
        *where, module, part = name.split(".")
        before = f"stack.blocks.{where[1]}." if where else ""
        if module == "attn_qkv":
            expected = torch.cat([ours[f"{before}attention.{one}.{part}"] for one in ("query", "key", "value")])
        else:
            expected = ours[f"{before}{places[module]}.{part}"]
        if module in ("attn_q", "attn_k"):  # as llama.cpp's own converter turns the rows of a head
            heads, rows = shape.heads if module == "attn_q" else shape.groups, len(expected)
            expected = torch.from_numpy(
                expected.numpy().reshape(heads, 2, rows // heads // 2, -1).swapaxes(1, 2).reshape(tuple(expected.shape))
            )
        assert torch.equal(tensor, expected), name
    said = {key: reader.get_field(key).contents() for key in reader.fields if not key.startswith("GGUF.")}
    assert said["general.name"] == "a b"
    kind = said["general.architecture"]
    assert kind == ("gpt2" if family == "gpt2" else "llama")
    assert (said[f"{kind}.block_count"], said[f"{kind}.embedding_length"]) == (shape.layers, shape.width)
    assert said[f"{kind}.context_length"] == shape.context
    assert len(said["tokenizer.ggml.tokens"]) == 300


@pytest.mark.parametrize(("family", "pattern"), [("gpt2", "gpt2"), ("llama2", "gpt4")])
def test_transformers_reads_the_same_model_of_it(tokenizers, tmp_path: Path, family: str, pattern: str):
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    pytest.importorskip("accelerate", reason="accelerate is not installed, with which transformers reads GGUF")
    # Of a GPT-2 it does not read the context, and takes 1,024.
    model, tokenizer = build_random(dataclasses.replace(config(family), context=1024)), tokenizers[pattern]
    to_gguf(model, tmp_path / "a.gguf", tokenizer=tokenizer, name="a")
    transformers.utils.logging.disable_progress_bar()
    theirs = transformers.AutoModelForCausalLM.from_pretrained(tmp_path, gguf_file="a.gguf").eval()
    ids = torch.tensor([tokenizer.encode("Where is the old house?")])
    with torch.no_grad():
        torch.testing.assert_close(theirs(ids).logits, model(ids), atol=1e-5, rtol=1e-5)


class Unlike(BytePair):
    """With a token that no merge makes."""

    def __init__(self):
        super().__init__([], ids={bytes([byte]): byte for byte in range(256)} | {b"the": 256})


def refused(model, tokenizer: Tokenizer, place: Path) -> str:
    with pytest.raises(ValueError) as error:
        to_gguf(model, place / "new" / "a.gguf", tokenizer=tokenizer, name="a")
    assert not (place / "new").exists()
    assert "\n" not in str(error.value)
    return str(error.value)


def test_what_llama_cpp_would_compute_otherwise_is_refused(tokenizers, tmp_path: Path):
    for family in ("gpt3", "modern", "transformer-decoder"):
        assert "GGUF is written for GPT-2 and LLaMA" in refused(
            build_random(config(family)), tokenizers["gpt4"], tmp_path
        )
    said = refused(build_random(config("gpt2", mlp="relu")), tokenizers["gpt4"], tmp_path)
    assert "gpt2, needs mlp='gelu-tanh' (it is 'relu')" in said
    assert "translates" in refused(build_random(SEQ2SEQ["transformer"]), tokenizers["gpt4"], tmp_path)


def test_tokenizers_that_it_cannot_hold_are_refused(tokenizers, tmp_path: Path):
    model, split, ends = build_random(config("llama")), tokenizers["gpt4"].pattern, {"<|endoftext|>": 299}
    for tokenizer, words in (
        (Tokenizer.characters(TEXT, specials=("<|endoftext|>",)), "this one has characters"),
        (Tokenizer.words(TEXT, min_frequency=1, specials=("<|endoftext|>",)), "this one has words"),
        (tokenizers["o200k"], "split patterns gpt2 and gpt4"),
        (Tokenizer(BytePair([]), None, ends), "split patterns gpt2 and gpt4"),
        (Tokenizer(BytePair([]), split), "needs an end-of-text token"),
        (Tokenizer(BytePair([], ids={b"a": 0}), split, ends), "lacks 255"),
        (Tokenizer(Unlike(), split, ends), "none make b'the'"),
        (Tokenizer.train_from_texts(TEXT, 310), "the tokenizer has 310 tokens"),
    ):
        assert words in refused(model, tokenizer, tmp_path)


@pytest.fixture
def home(tokenizers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place with runs of two families, whose last rows have no token."""
    monkeypatch.chdir(tmp_path)
    for family, pattern in (("gpt2", "gpt2"), ("llama3.1", "gpt4")):
        model = build_random(dataclasses.replace(config(family), vocab_size=304))
        save_run(model, tmp_path / "runs" / family, tokenizer=tokenizers[pattern])  # type: ignore[arg-type]
    return tmp_path


def test_the_verb_writes_one_file_and_replaces_none(home: Path, capsys: pytest.CaptureFixture[str]):
    main(["export", "gpt2", "--out", "out", "--format", "gguf", "--license", "mit"])
    said = capsys.readouterr().out
    assert [path.name for path in (home / "out").iterdir()] == ["gpt2.gguf"]
    assert "from llama_cpp import Llama" in said
    reader = gguf.GGUFReader(home / "out" / "gpt2.gguf")
    assert reader.get_field("general.license").contents() == "mit"
    assert reader.get_field("tokenizer.ggml.suppress_tokens").contents() == [300, 301, 302, 303]
    before = (home / "out" / "gpt2.gguf").read_bytes()
    with pytest.raises(SystemExit) as stop:
        main(["export", "llama3.1", "--out", "out", "--format", "gguf"])
    assert stop.value.code == 2
    assert "out is not empty" in capsys.readouterr().err
    assert [path.read_bytes() for path in (home / "out").iterdir()] == [before]


def test_without_the_package_one_line_says_what_to_install(home: Path, capsys, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(__import__("sys").modules, "gguf", None)
    with pytest.raises(SystemExit) as stop:
        main(["export", "gpt2", "--out", "out", "--format", "gguf"])
    said = capsys.readouterr().err
    assert (stop.value.code, said.count("\n")) == (2, 1)
    assert "pip install 'groundup[gguf]'" in said
    assert not (home / "out").exists()


@pytest.mark.slow
@pytest.mark.parametrize("family", ["gpt2", "llama3.1"])
def test_llama_cpp_writes_the_same_tokens(home: Path, family: str):
    """After texts of all kinds, whose tokens are the same, too. Its caches are asked to be float32, as ours are."""
    llama_cpp = pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed")
    run = gu.load(family, device="cpu")
    main(["export", family, "--out", "out", "--format", "gguf"])
    how = dict(n_ctx=64, n_threads=1, n_threads_batch=1, verbose=False, type_k=0, type_v=0, logits_all=True)
    model = llama_cpp.Llama(str(home / "out" / f"{family}.gguf"), **how)
    tried = 0
    for text in ["Where is the old house?", "I don't know", *HARD]:
        ids = run.tokenizer.encode(text)
        assert model.tokenize(text.encode(), add_bos=False, special=False) == ids, text
        if not 0 < len(ids) <= 40:
            continue
        tried += 1
        model.reset()
        model.eval(ids)
        with torch.no_grad():
            ours = run.model(torch.tensor([ids]))[0]
        theirs = torch.tensor(model.scores[: len(ids)].copy())
        assert (theirs - ours).abs().max() < (1e-2 if family == "gpt2" else 1e-4), "a table of GELU in half precision"
        written: list[int] = []
        while len(written) < 20 and written[-1:] != [model.token_eos()]:
            written.append(int(model.scores[model.n_tokens - 1][:300].argmax()))
            model.eval(written[-1:])
        assert run.generate_batch([text], max_new_tokens=20)[0][0].ids == written, text
    assert tried > 5
