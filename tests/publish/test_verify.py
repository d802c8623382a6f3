"""What an export computes where nobody has our code is what the run computes; and any change of it is noticed."""

import dataclasses
import json
import shutil

import pytest
import torch
import transformers
from kinds import KINDS, NATIVE
from safetensors.torch import load_file, save_file

from groundup.hub.folder import from_hub
from groundup.publish.inputs import HARD, inputs_for
from groundup.publish.verify import FILE, read_verified, verify


def skip_what_theirs_cannot(kind: str, *, custom: bool) -> None:
    """Until 5.18 their beam search took the number of source tokens for that of target tokens."""
    if kind == "separate" and not custom and tuple(map(int, transformers.__version__.split(".")[:2])) < (5, 18):
        pytest.skip("transformers before 5.18 cannot search with beams where there are two vocabularies")


@pytest.mark.parametrize(("kind", "custom"), [("gpt3", False), ("separate", False), ("dialogue", True)])
def test_an_export_is_its_run(runs, exported, kind: str, custom: bool):
    skip_what_theirs_cannot(kind, custom=custom)
    export = exported(kind, custom=custom)
    verified = verify(runs(kind), export, count=5)
    assert verified.differences == []
    assert verified.logits <= 1e-5
    assert verified.inputs == 5
    assert verified.line.startswith("verified ")
    assert "\n" not in verified.line
    assert read_verified(export.folder) == verified


def test_a_process_that_hangs_is_told_in_one_line(runs, exported, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("groundup.publish.verify.MINUTES", 1e-4)
    with pytest.raises(ValueError, match=r"took over .* minutes; try fewer --inputs"):
        verify(runs("gpt2"), exported("gpt2", custom=False), count=1)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_all_kinds_on_many_inputs(runs, exported, kind: str):
    """Greedy and by four beams, in both formats where there are two; and read again where it is native."""
    for custom in [True, False][: 2 if kind in NATIVE else 1]:
        skip_what_theirs_cannot(kind, custom=custom)
        export = exported(kind, custom=custom)
        verified = verify(runs(kind), export, count=200)
        assert verified.differences == []
        assert verified.inputs == 200
    if kind in NATIVE:
        ids = torch.randint(270, (2, 9))
        ours, back = runs(kind).model, from_hub(export.folder)
        asked = (ids, ids) if ours.config.encoder_layers else (ids,)
        with torch.no_grad():
            torch.testing.assert_close(back(*asked), ours(*asked), atol=1e-5, rtol=1e-5)


@pytest.fixture
def copy(exported, tmp_path):
    """An export that a test may spoil."""

    def make(kind: str, *, custom: bool):
        export = exported(kind, custom=custom)
        return dataclasses.replace(export, folder=shutil.copytree(export.folder, tmp_path / "copy"))

    return make


def test_changed_weights_are_noticed(runs, copy):
    export = copy("modern", custom=True)
    file = export.folder / "model.safetensors"
    tensors = load_file(file)
    tensors["model.stack.blocks.0.attention.query.weight"] += 0.1
    save_file(tensors, file, {"format": "pt"})
    verified = verify(runs("modern"), export, count=3)
    assert any("logits differ" in one for one in verified.differences)
    assert verified.line.startswith("not verified")
    assert json.loads((export.folder / FILE).read_text())["differences"] == verified.differences


def test_a_missing_tensor_and_another_tokenizer_are_noticed(runs, copy):
    export = copy("gpt2", custom=False)
    file = export.folder / "model.safetensors"
    tensors = load_file(file)
    del tensors["transformer.h.0.mlp.c_fc.weight"]
    save_file(tensors, file, {"format": "pt"})
    config = json.loads((export.folder / "tokenizer.json").read_text())
    config["model"]["merges"] = config["model"]["merges"][:-5]
    (export.folder / "tokenizer.json").write_text(json.dumps(config))
    differences = verify(runs("gpt2"), export, count=3).differences
    assert any("transformer.h.0.mlp.c_fc.weight is in no file" in one for one in differences)
    assert any("ids of the source tokenizer differ" in one for one in differences)


def test_a_folder_that_cannot_be_loaded_is_one_line(runs, copy):
    export = copy("modern", custom=True)
    (export.folder / "modeling_groundup.py").write_text("import groundup\n")
    with pytest.raises(ValueError, match="cannot be loaded in a process without groundup") as error:
        verify(runs("modern"), export, count=3)
    assert "\n" not in str(error.value)


def test_inputs_without_a_corpus_are_made_up(runs):
    inputs = inputs_for(runs("gpt2"), 12)
    assert "made-up" in inputs.origin
    assert len(inputs.texts) == len(set(inputs.texts)) == 12
    assert all(any(text in hard for hard in HARD) for text in inputs.texts)
