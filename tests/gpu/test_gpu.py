"""What only a real GPU can say: its own kernels give the numbers of the processor, and a training there can be resumed.

Skipped where there is none. `GROUNDUP_GPU_TESTS=cpu` runs the same on the processor, to see that the tests work.
"""

import copy
import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from families import CAUSAL, SEQ2SEQ, build_random

from groundup.data.stream import TokenStream
from groundup.decode.beam import beam_search
from groundup.decode.choose import Beams, Greedy, Sample
from groundup.decode.generate import collect, generate
from groundup.fast.attend import QuickAttend
from groundup.models.causal_lm import CausalLM
from groundup.nn.attend import attend_plainly
from groundup.nn.masks import Mask
from groundup.presets import preset
from groundup.training import prepare
from groundup.training.checkpoint import load_checkpoint
from groundup.training.fit import fit
from groundup.training.loop import train
from groundup.training.precision import choose_precision
from groundup.training.settings import TrainSettings

DEVICE = os.environ.get("GROUNDUP_GPU_TESTS", "cuda")
pytestmark = pytest.mark.skipif(DEVICE == "cuda" and not torch.cuda.is_available(), reason="there is no GPU")
CLOSE = dict(atol=2e-4, rtol=2e-4)  # float32; products are added up in another order there


def texts(rows: int = 3, length: int = 14) -> torch.Tensor:
    return torch.randint(61, (rows, length), generator=torch.Generator().manual_seed(1))


def learnt(model: torch.nn.Module, *inputs: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Logits and gradients, brought to the processor."""
    logits = model(*inputs)
    logits.float().logsumexp(-1).sum().backward()
    return logits.detach().cpu(), [p.grad.cpu() for p in model.parameters() if p.grad is not None]


@pytest.mark.parametrize("name", CAUSAL)
def test_language_models_compute_there_what_they_compute_here(name):
    here = build_random(CAUSAL[name])
    there = copy.deepcopy(here).to(DEVICE)
    expected, found = learnt(here, texts()), learnt(there, texts().to(DEVICE))
    torch.testing.assert_close(found, expected, **CLOSE)


@pytest.mark.parametrize("name", SEQ2SEQ)
def test_translators_compute_there_what_they_compute_here(name):
    here = build_random(SEQ2SEQ[name])
    there = copy.deepcopy(here).to(DEVICE)
    source, target = texts() % 47, texts(3, 9)
    expected, found = learnt(here, source, target), learnt(there, source.to(DEVICE), target.to(DEVICE))
    torch.testing.assert_close(found, expected, **CLOSE)


@pytest.mark.parametrize("name", ["gpt2", "llama3"])
def test_a_compiled_model_is_the_eager_one(name):
    eager = build_random(CAUSAL[name]).to(DEVICE)
    compiled = copy.deepcopy(eager)
    prepare.compile_forward(compiled, by_block=False)
    ids = texts().to(DEVICE)
    torch.testing.assert_close(learnt(compiled, ids), learnt(eager, ids), **CLOSE)


@pytest.mark.parametrize(("dtype", "window", "kv_heads"), [(torch.float32, 128, 2), (torch.bfloat16, 32, 4)])
def test_a_band_is_its_equation(dtype, window, kv_heads):
    T, draw = 300, torch.Generator().manual_seed(0)
    q = torch.randn(2, 4, T, 32, generator=draw)
    k, v = torch.randn(2, 2, kv_heads, T, 32, generator=draw)
    results = []
    for attend in (QuickAttend(0.0).eval(), attend_plainly):
        inputs = [x.to(DEVICE, dtype).requires_grad_() for x in (q, k, v)]
        out = attend(*inputs, Mask(causal=True, window=window))
        out.float().square().sum().backward()
        results.append([out.detach().float(), *(x.grad.float() for x in inputs)])  # type: ignore[union-attr]
    close = CLOSE if dtype == torch.float32 else dict(atol=6e-2, rtol=6e-2)
    torch.testing.assert_close(*results, **close)


@pytest.mark.parametrize("name", ["gpt2", "gpt3", "llama3"])
@pytest.mark.parametrize("choose", [Greedy(), Sample(top_k=1, seed=0)])
def test_the_texts_written_there_are_those_written_here(name, choose):
    here = build_random(CAUSAL[name])
    there = copy.deepcopy(here).to(DEVICE)
    written = [
        collect(generate(model, model.begin(3), ids, choose=choose, max_new_tokens=10))
        for model, ids in ((here, texts()), (there, texts().to(DEVICE)))
    ]
    assert written[0] == written[1]


def test_beams_find_there_what_they_find_here():
    here = build_random(SEQ2SEQ["transformer"])
    found = []
    for device in ("cpu", DEVICE):
        model, source = copy.deepcopy(here).to(device), texts().to(device)
        start = torch.ones(3, 1, dtype=torch.long, device=device)
        best = beam_search(model, model.begin(source), start, beams=Beams(3), eos=2, max_new_tokens=8)
        found.append([[(one.ids, round(one.logprob, 2)) for one in several] for several in best])
    assert found[0] == found[1]


def stream() -> TokenStream:
    ids = np.arange(4000) * 7 % 61
    return TokenStream(ids, length=24, batch=4, seed=0)


def model() -> CausalLM:
    torch.manual_seed(3)
    return CausalLM(preset("gpt2-tiny", vocab_size=61, context=24, width=32, layers=2, heads=2))


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_training_there_learns(precision):
    there = model().to(DEVICE)
    chosen = choose_precision(DEVICE, precision)
    losses = [step.loss for step in train(there, stream().batches(), steps=40, lr=1e-2, precision=chosen)]
    assert losses[-1] < 0.5 * losses[0]


def fitted(folder: Path, steps: int, *, resume: bool = False, **changes: Any) -> CausalLM:
    settings = TrainSettings(
        steps=steps,
        lr=3e-3,
        warmup=1,
        schedule="constant",
        validate_every=4,
        save_every=4,
        log_every=4,
        device=DEVICE,
        precision="float32",
        compile="off",
        **changes,
    )
    made, valid = model(), [next(stream().batches())]
    fit(made, stream(), folder=folder, settings=settings, valid=valid, resume=resume, report=io.StringIO())
    return made


@pytest.mark.parametrize("changes", [{}, {"optimizer": "muon"}, {"recompute": True, "chunk_head": 20}])
def test_a_training_that_was_resumed_there_is_the_whole_one(tmp_path, changes):
    whole = fitted(tmp_path / "whole", 8, **changes)
    fitted(tmp_path / "halves", 4, **changes)
    halves = fitted(tmp_path / "halves", 8, resume=True, **changes)
    torch.testing.assert_close(dict(halves.named_parameters()), dict(whole.named_parameters()), atol=2e-3, rtol=2e-3)


def test_what_was_saved_there_loads_here(tmp_path):
    there = fitted(tmp_path, 4)
    saved = load_checkpoint(tmp_path / "checkpoints").model
    for name, parameter in there.named_parameters():
        if name in saved:
            torch.testing.assert_close(saved[name].cpu(), parameter.detach().cpu())
    assert saved
