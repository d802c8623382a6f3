"""The contestants of `groundup bench translate`, each a generator that `groundup.bench.worker` runs."""

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from groundup.batch import Batch
from groundup.bench.shapes import Shape, export, marks, spread, theirs
from groundup.bench.worker import seconds_of
from groundup.machine import cores
from groundup.models.seq2seq import Seq2Seq
from groundup.training.precision import choose_device, choose_precision

STEPS = 4  # training steps in a round
Ways = list[tuple[int, int]]
"""(sentences at once, beams)"""
Write = Callable[[Tensor, int], list[list[int]]]
"""(source (B, S), beams) -> the best answer to each"""


def translator(shape: dict[str, Any]) -> Seq2Seq:
    """Return a model with random weights whose answers never end: special tokens have logit 0, far below the best."""
    model = Shape(**shape).ours()
    assert isinstance(model, Seq2Seq)
    spread(model)
    with torch.no_grad():
        model.head.weight[list(marks().specials.values())] = 0.0
    return model


def translate_ours(
    *, shape: dict[str, Any], ways: Ways, source: int, target: int, compute: str
) -> Iterator[dict[str, Any]]:
    """`decode.beam_search`, as `PairRun.answers` uses it. compute: "float32" or "int8"."""
    from groundup.decode.beam import beam_search
    from groundup.fast.int8 import lighten

    device, specials = choose_device(), marks().specials
    model = translator(shape).to(device)
    if compute == "int8":
        model = lighten(model)

    @torch.inference_mode()
    def write(ids: Tensor, beams: int) -> list[list[int]]:
        start = torch.full((len(ids), 1), specials["<bos>"], device=device)
        state = model.begin(ids.to(device))
        found = beam_search(model, state, start, beams=beams, eos=specials["<eos>"], max_new_tokens=target)
        return [best.ids for [best] in found]

    yield from _rounds(write, ways, source, shape["vocab_size"])


def translate_theirs(*, shape: dict[str, Any], ways: Ways, source: int, target: int) -> Iterator[dict[str, Any]]:
    """`MarianMTModel.generate` with our export."""
    device = choose_device()
    model = theirs(translator(shape)).eval().to(device)

    def write(ids: Tensor, beams: int) -> list[list[int]]:
        ids, ways = ids.to(device), dict(num_beams=beams, do_sample=False)
        mask = torch.ones_like(ids)
        full = model.generate(ids, attention_mask=mask, min_new_tokens=target, max_new_tokens=target, **ways)
        return full[:, 1:].tolist()

    yield from _rounds(write, ways, source, shape["vocab_size"])


def translate_fast(
    *, shape: dict[str, Any], ways: Ways, source: int, target: int, compute: str
) -> Iterator[dict[str, Any]]:
    """CTranslate2 with our export. compute: "float32" or "int8"."""
    import ctranslate2

    from groundup.hub.ctranslate2 import to_ctranslate2

    device = choose_device().type
    with tempfile.TemporaryDirectory() as folder:
        export(translator(shape), Path(folder, "hub"))
        fast = to_ctranslate2(Path(folder, "hub"), Path(folder, "fast"), quantization=compute)
        tokens: list[str] = json.loads((fast / "shared_vocabulary.json").read_text(encoding="utf-8"))
        runner = ctranslate2.Translator(
            str(fast), device=device if device == "cuda" else "cpu", compute_type=compute, intra_threads=cores()
        )
    id_of = {token: id for id, token in enumerate(tokens)}

    def write(ids: Tensor, beams: int) -> list[list[int]]:
        texts = [[tokens[id] for id in row] for row in ids.tolist()]
        found = runner.translate_batch(texts, beam_size=beams, min_decoding_length=target, max_decoding_length=target)
        return [[id_of[token] for token in answer.hypotheses[0]] for answer in found]

    yield from _rounds(write, ways, source, shape["vocab_size"])


def _rounds(write: Write, ways: Ways, source: int, vocab_size: int) -> Iterator[dict[str, Any]]:
    """Warm up, then measure each way. All contestants get the same sentences, without special tokens."""
    random, first = torch.Generator().manual_seed(0), marks().vocab_size
    rows = torch.randint(first, vocab_size, (max(batch for batch, _ in ways), source), generator=random)
    for batch, beams in ways:
        write(rows[:batch], beams)
    yield {}
    while True:
        measured: dict[str, Any] = {}
        for batch, beams in ways:
            began = time.perf_counter()
            measured[f"ids {batch} {beams}"] = write(rows[:batch], beams)
            measured[f"seconds {batch} {beams}"] = time.perf_counter() - began
        yield measured


def train_ours(*, shape: dict[str, Any], precision: str, batch: int, length: int) -> Iterator[dict[str, Any]]:
    """Run STEPS of our training loop in each round."""
    from groundup.training.loop import train

    device, size = choose_device(), Shape(**shape)
    torch.manual_seed(0)
    model = size.ours().to(device)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    pairs = _pairs(size.vocab_size, batch, length)
    steps = train(
        model,
        (Batch((source, target, None), labels) for source, target, labels in pairs),
        steps=10**9,
        lr=1e-4,
        precision=choose_precision(device, precision),
    )
    yield from _steps(lambda: next(steps), parameters)


def train_theirs(*, shape: dict[str, Any], precision: str, batch: int, length: int) -> Iterator[dict[str, Any]]:
    """Run STEPS of the usual training loop with a transformers model in each round."""
    device, size = choose_device(), Shape(**shape)
    torch.manual_seed(0)
    model = theirs(size.ours()).to(device).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
    autocast = choose_precision(device, precision).autocast
    pairs = _pairs(size.vocab_size, batch, length)

    def step() -> None:
        source, target, labels = (part.to(device) for part in next(pairs))
        optimizer.zero_grad(set_to_none=True)
        with autocast():
            loss = model(source, decoder_input_ids=target, labels=labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        loss.item()

    yield from _steps(step, sum(parameter.numel() for parameter in model.parameters()))


def _pairs(vocab_size: int, batch: int, length: int) -> Iterator[tuple[Tensor, ...]]:
    """Yield random sources, targets and the tokens after the targets, (batch, length) each."""
    random = torch.Generator().manual_seed(0)
    while True:
        yield torch.randint(vocab_size, (3, batch, length), generator=random).unbind()


def _steps(step: Callable[[], object], parameters: int) -> Iterator[dict[str, Any]]:
    """Yield the seconds of a step, the mean of STEPS in each round; the first step is not counted."""
    step()
    yield dict(parameters=parameters)
    while True:
        yield {"seconds": seconds_of(step, times=STEPS)}
