"""Our folders in a process that has no groundup, offline: the same ids of a text, the same logits, the same answers."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from groundup.decode.beam import beam_search
from groundup.models.causal_lm import CausalLM

TEXT = "Where is the old house?"
CODE = """
import json, sys
sys.modules["groundup"] = None
import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

folders, text, out = json.loads(sys.argv[1]), sys.argv[2], sys.argv[3]
said, logits = {}, {}
for family, folder in folders.items():
    auto = AutoModelForSeq2SeqLM if family == "marian" else AutoModelForCausalLM
    model, tokenizer = auto.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    batch = tokenizer([text], return_tensors="pt")
    decoder = {"decoder_input_ids": batch.input_ids} if family == "marian" else {}
    with torch.no_grad():
        logits[family] = model(input_ids=batch.input_ids, **decoder).logits
        ids = model.generate(**batch, num_beams=4, max_new_tokens=10, do_sample=False)[0]
    said[family] = [batch.input_ids[0].tolist(), ids.tolist(), tokenizer.decode(ids, skip_special_tokens=True)]
save_file(logits, out)
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def said(folders, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, dict[str, torch.Tensor]]:
    """What that process said of each family, and its logits."""
    place = tmp_path_factory.mktemp("elsewhere")
    names = json.dumps({family: str(folder) for family, folder in folders.items()})
    run = subprocess.run(
        [sys.executable, "-c", CODE, names, TEXT, str(place / "logits")],
        capture_output=True,
        text=True,
        env=os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
        timeout=300,
        cwd=place,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout.splitlines()[-1]), load_file(Path(place / "logits"))


@pytest.mark.parametrize("family", ["gpt2", "gpt_neo", "llama"])
def test_language_models(models, tokenizers, said, family):
    ours, tokenizer = models[family], tokenizers[family]
    assert isinstance(ours, CausalLM)
    ids, answer, text = said[0][family]
    assert ids == tokenizer.encode(TEXT)
    prompt, end = torch.tensor([ids]), tokenizer.specials["<|endoftext|>"]
    with torch.inference_mode():
        torch.testing.assert_close(said[1][family], ours(prompt), atol=1e-5, rtol=1e-5)
        found = beam_search(ours, ours.begin(1), prompt, beams=4, eos=end, max_new_tokens=10)[0][0].ids
    assert answer == ids + found
    assert text == tokenizer.decode(answer, skip_special=True)


def test_translation(models, tokenizers, said):
    ours, tokenizer = models["marian"], tokenizers["marian"]
    ids, answer, text = said[0]["marian"]
    bos, eos = tokenizer.specials["<bos>"], tokenizer.specials["<eos>"]
    assert ids == [*tokenizer.encode(TEXT), eos]
    source = torch.tensor([ids])
    with torch.inference_mode():
        torch.testing.assert_close(said[1]["marian"], ours(source, source), atol=1e-5, rtol=1e-5)
        start = torch.tensor([[bos]])
        found = beam_search(ours, ours.begin(source), start, beams=4, eos=eos, max_new_tokens=10)[0][0].ids
    assert answer == [bos, *found]
    assert text == tokenizer.decode(found, skip_special=True)
