"""`groundup export`: a trained run as a folder, loaded as the printed lines say, giving the run's own answers."""

import contextlib
import io
import os
import shutil
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest
import torch

import groundup as gu
from groundup.cli.main import main

PAIRS = [f"{a} {b}.\t{c} {d}." for (a, c), (b, d) in product(
    [("I see", "io vedo"), ("you see", "tu vedi"), ("we eat", "noi mangiamo"), ("they buy", "loro comprano")],
    [("the dog", "il cane"), ("the bread", "il pane"), ("the house", "la casa"), ("it all", "tutto"), ("a", "un")],
)]  # fmt: skip
SMALL = (
    "--model.width 32 --model.heads 2 --model.layers 1 --model.mlp-width 64 --tokenizer.vocab-size 280 "
    "--train.steps 60 --train.validate-every 60 --train.save-every 60 --train.warmup 5 --train.lr 1e-2 "
    "--train.threads 1 --max-minutes None"
).split()
PAIR = [*SMALL, *"--model.encoder-layers 1 --data.valid 4 --data.test 4 --data.batch-tokens 512".split()]
OF_2017 = ["--preset", "transformer-tiny"]
TEXT = [*SMALL, *"--model.context 32 --data.batch 4".split()]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    (folder / "pairs.tsv").write_text("\n".join(PAIRS) + "\n")
    (folder / "text.txt").write_text("\n".join(PAIRS * 2) + "\n")
    before = Path.cwd()
    os.chdir(folder)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            main(["train", "translation", "pairs.tsv", "--name", "one", *OF_2017, *PAIR])
            main(["train", "translation", "pairs.tsv", "--name", "two", *OF_2017, *PAIR, "--tokenizer.no-shared"])
            main(["train", "translation", "pairs.tsv", "--name", "modern", *PAIR])
            for name in ("gpt2", "gpt3", "llama3"):
                main(["train", "corpus", "text.txt", "--name", name, "--preset", f"{name}-tiny", *TEXT])
    finally:
        os.chdir(before)
    return folder


@pytest.fixture
def home(trained: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(trained)
    return trained


@pytest.fixture
def export(home: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., dict]:
    """Export a run, run the three or four lines that the verb prints; gives the names they define."""

    def call(run: str, *options: str) -> dict:
        main(["export", run, "--out", f"{run}-hf", *options])
        printed = capsys.readouterr().out
        assert "model.safetensors" in printed
        names: dict = {}
        exec(printed[printed.index("from transformers") :], names)
        return names

    return call


@pytest.mark.parametrize(("run", "kind"), [("gpt2", "GPT2LM"), ("gpt3", "GPTNeo"), ("llama3", "Llama")])
def test_writers(export, run: str, kind: str):
    ours, names = gu.load(run, device="cpu"), export(run, "--inputs", "0")
    assert type(names["model"]).__name__.startswith(kind)
    prompt = names["tokenizer"]("I see", return_tensors="pt")
    written = names["model"].generate(**prompt, max_new_tokens=12, do_sample=False)[0]
    text = names["tokenizer"].decode(written, skip_special_tokens=True)
    assert text == "I see" + "".join(ours.generate("I see", max_new_tokens=12))


@pytest.mark.parametrize("run", ["one", "two"])
@pytest.mark.parametrize("beams", [1, 4])
def test_translators(home: Path, run: str, beams: int, export):
    """A batch of sentences as a user types them: the run's translations, token for token."""
    sentences = ["I see the dog.", "  they  buy it\u00a0all.", "you see the house.", "we eat."]
    ours = gu.load(run, device="cpu")
    names = export_again(home, run, export)
    decoder = names.get("target", names["tokenizer"])
    batch = names["tokenizer"](sentences, return_tensors="pt", padding=True)
    for row, answer in enumerate(ours.answers(sentences, num_beams=beams, max_new_tokens=20)):
        one = {key: value[row : row + 1] for key, value in batch.items()}
        ids = names["model"].generate(**one, num_beams=beams, max_new_tokens=20, do_sample=False)[0]
        assert ids[1:].tolist() == answer[0].ids
        assert decoder.decode(ids, skip_special_tokens=True) == answer[0].text
    together = names["model"].generate(**batch, num_beams=beams, max_new_tokens=20, do_sample=False)
    texts = decoder.batch_decode(together, skip_special_tokens=True)
    assert texts == ours.translate(sentences, num_beams=beams, max_new_tokens=20)


def test_what_no_native_format_holds_goes_with_its_code(home: Path, export):
    """A translator that is pre-norm and rotary: loaded as printed, and it answers as the run does."""
    names = export("modern", "--inputs", "0")
    assert type(names["model"]).__name__ == "GroundupForSeq2SeqLM"
    sentences = ["I see the dog.", "you see the house."]
    batch = names["tokenizer"](sentences, return_tensors="pt", padding=True)
    ids = names["model"].generate(**batch, num_beams=4, max_new_tokens=20)
    texts = names["tokenizer"].batch_decode(ids, skip_special_tokens=True)
    assert texts == gu.load("modern", device="cpu").translate(sentences, num_beams=4, max_new_tokens=20)


def test_both_formats_verified_on_what_was_held_out(home: Path, capsys: pytest.CaptureFixture[str]):
    main(["export", "two", "--out", "both", "--format", "both", "--inputs", "4"])
    said = capsys.readouterr().out
    assert said.count("4 held-out inputs, cached as uncached") == 2
    for kind, architecture in (("native", "MarianMTModel"), ("custom", "GroundupForSeq2SeqLM")):
        names = {path.name for path in (home / "both" / kind).iterdir()}
        assert {"README.md", "LICENSE", "verified.json", "model.safetensors", "target", "pictures"} <= names
        assert architecture in said


def export_again(home: Path, run: str, export) -> dict:
    """The verb writes only into a new folder, so what an earlier test wrote goes away first."""
    shutil.rmtree(home / f"{run}-hf", ignore_errors=True)
    return export(run, "--inputs", "0")


def test_a_folder_of_a_translator_is_read_again(home: Path, export):
    export_again(home, "one", export)
    ours, back = gu.load("one", device="cpu").model, gu.from_hub("one-hf")
    ids = torch.randint(200, (2, 9))
    with torch.no_grad():
        torch.testing.assert_close(back(ids, ids), ours(ids, ids), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["modern", "--out", "x", "--format", "native"],
            "no native format of Hugging Face holds this model: the nearest, marian, needs norm_",
        ),
        (["nothing", "--out", "x"], "no run called 'nothing'"),
        (["gpt2"], "--out"),
        (["gpt2", "--out", "runs"], "runs is not empty"),
        (["gpt2", "--out", "text.txt"], "text.txt is a file"),
        (["gpt2", "--out", "x", "--checkpoint", "first"], "unknown checkpoint 'first'"),
        (["gpt2", "--out", "x", "--format", "onnx"], "--format"),
        (["gpt2", "--out", "x", "--inputs", "-1"], "--inputs (-1) must be at least 0"),
        (["modern", "--out", "x", "--format", "both"], "no native format"),
    ],
)
def test_mistakes(home: Path, capsys, arguments, words):
    with pytest.raises(SystemExit) as stop:
        main(["export", *arguments])
    said = capsys.readouterr().err
    assert stop.value.code == 2
    assert words in said
    assert said.count("\n") == 1
    assert not (home / "x").exists()


@pytest.mark.parametrize(("run", "quantization"), [("one", "float32"), ("two", "float32"), ("one", "int8")])
def test_translators_for_ctranslate2(home: Path, capsys: pytest.CaptureFixture[str], run: str, quantization: str):
    """What the verb prints translates as the run does; int8 rounds, so it need only answer."""
    pytest.importorskip("ctranslate2", reason="ctranslate2 is not installed")
    out = f"{run}-{quantization}"
    main(["export", run, "--out", out, "--format", "ctranslate2", "--quantization", quantization])
    printed = capsys.readouterr().out
    with contextlib.redirect_stdout(io.StringIO()) as said:
        exec(printed[printed.index("from ctranslate2") :].replace("A sentence.", "I see the dog."), {})
    if quantization == "float32":
        assert said.getvalue().strip() == gu.load(run, device="cpu").translate(["I see the dog."], num_beams=4)[0]
    else:
        assert said.getvalue().strip()


def test_ctranslate2_is_for_translators(home: Path, capsys: pytest.CaptureFixture[str]):
    for arguments, words in (
        (["gpt2", "--out", "x", "--format", "ctranslate2"], "for translators, and gpt2 is a language model"),
        (["one", "--out", "x", "--quantization", "int8"], "--quantization (int8) is for --format ctranslate2"),
        (["modern", "--out", "x", "--format", "ctranslate2"], "no native format"),
    ):
        with pytest.raises(SystemExit) as stop:
            main(["export", *arguments])
        said = capsys.readouterr().err
        assert (stop.value.code, said.count("\n")) == (2, 1)
        assert words in said
        assert not (home / "x").exists()


@pytest.mark.parametrize(("preset", "native"), [([], False), (OF_2017, True)])
def test_a_dry_run_tells_whether_a_model_can_be_exported(home: Path, capsys, preset: list[str], native: bool):
    main(["train", "translation", "pairs.tsv", "--name", "plan", "--dry-run", *preset, *PAIR])
    said = capsys.readouterr().out
    assert ("to know before training: no native format of Hugging Face holds this model" in said) != native
