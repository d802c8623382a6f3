"""Training speed in tokens a second, ours and transformers' at the same shape, and its share of the peak rate."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from groundup.bench.race import Contestant, Outcome, race
from groundup.bench.report import Report, Table, machine, ratio

PACKAGES = ("torch", "transformers", "numpy")
STEPS = 2  # training steps of one contestant in a round
FLOPS = "FLOPs a token: 6 x matrix parameters (head included) + 6 x layers x width x context (causal attention)"
RULES = (
    "both: forward, backward, gradient clipping to norm 1, fused AdamW; dropout 0. ours: `groundup.training.train`, as "
    "`groundup train` runs it. transformers: its class with its defaults (SDPA) and `labels=`"
)


@dataclass(frozen=True)
class Settings:
    """Training tokens a second, compared with transformers' model of the same shape, and the share of the peak rate."""

    families: tuple[Literal["gpt2", "llama"], ...] = ("gpt2", "llama")
    """Model families."""
    precisions: tuple[Literal["float32", "bfloat16"], ...] = ("float32", "bfloat16")
    """Number formats; bfloat16 is autocast."""
    vocab_sizes: tuple[int, ...] = (65,)
    """Vocabulary sizes; one model for each."""
    layers: int = 6
    width: int = 384
    heads: int = 6
    context: int = 256
    """Tokens in a row."""
    batch: int = 16
    """Rows in a step."""
    rounds: int = 3
    """Rounds, in which the contestants take turns; medians are shown."""
    matmul: int = 2048
    """Side of the square matrices whose product measures the peak rate."""
    json: Path | None = None
    """File to write the figures to."""


def compare(settings: Settings, say: Callable[[str], None]) -> Report:
    """Measure tokens a second of both contestants in turn, for every family, precision and vocabulary size."""
    report = Report("train", asdict(settings), machine(PACKAGES), notes=[FLOPS, RULES])
    sizes = dict(layers=settings.layers, width=settings.width, heads=settings.heads, context=settings.context)
    rows = []
    for vocab_size, precision, family in itertools.product(
        settings.vocab_sizes, settings.precisions, settings.families
    ):
        shape = dict(family=family, vocab_size=vocab_size, **sizes)
        arguments = dict(shape=shape, precision=precision, batch=settings.batch)
        contestants = [
            Contestant("matrix product", f"{__name__}:multiply", dict(precision=precision, size=settings.matmul)),
            Contestant("ours", f"{__name__}:train_ours", arguments),
            Contestant("transformers", f"{__name__}:train_theirs", arguments, needs=("transformers",)),
        ]
        named = f"{family}, {precision}, vocabulary {vocab_size:,}"
        outcomes = race(contestants, rounds=settings.rounds, say=lambda line, named=named: say(f"{named}: {line}"))
        peak = max(record["flops"] for record in outcomes.pop("matrix product").rounds)
        what = dict(model=family, precision=precision, vocabulary=vocab_size)
        rows += _rows(what, outcomes, tokens=settings.batch * settings.context, peak=peak)
    formats = {"vocabulary": ",", "parameters": ",", "tokens/s": ",.0f", "ms/step": ",.0f", "ratio": ".2f"}
    formats |= {"of peak": ".0%", "peak GFLOP/s": ",.0f", "MiB": ",.0f"}
    title = f"training: {_listed(sizes)}, batch {settings.batch}"
    report.tables.append(Table(title, rows, formats))
    return report


def _listed(sizes: dict[str, int]) -> str:
    return ", ".join(f"{name} {size}" for name, size in sizes.items())


def _rows(what: dict[str, Any], outcomes: dict[str, Outcome], *, tokens: int, peak: float | None) -> list[dict]:
    """Return one row for each contestant. Asserts that both have the same number of parameters."""
    theirs = outcomes["transformers"].median("seconds")
    counts = {outcome.facts["parameters"] for outcome in outcomes.values() if "parameters" in outcome.facts}
    assert len(counts) <= 1, f"not the same model: {counts} parameters"
    flops = next((outcome.facts["flops"] for outcome in outcomes.values() if "flops" in outcome.facts), None)
    rows = []
    for name, outcome in outcomes.items():
        seconds = outcome.median("seconds")
        pace = tokens / seconds if seconds else None
        rows.append(
            what
            | {
                "contestant": name,
                "parameters": outcome.facts.get("parameters"),
                "tokens/s": pace,
                "ratio": ratio(theirs, seconds),
                "ms/step": 1000 * seconds if seconds else None,
                "of peak": pace * flops / peak if pace and flops and peak else None,
                "peak GFLOP/s": peak / 1e9 if peak else None,
                "MiB": outcome.median("peak_mib"),
                "note": outcome.missing,
            }
        )
    return rows


def train_ours(*, shape: dict[str, Any], precision: str, batch: int) -> Iterator[dict[str, Any]]:
    """Run STEPS of our training loop in each round."""
    import numpy as np
    import torch

    from groundup.bench.shapes import Shape, matrix_parameters
    from groundup.bench.worker import seconds_of
    from groundup.data.stream import TokenStream
    from groundup.training.loop import train
    from groundup.training.precision import choose_device, choose_precision

    torch.manual_seed(0)
    device = choose_device()
    size = Shape(**shape)
    model = size.ours().to(device)
    ids = np.random.default_rng(0).integers(size.vocab_size, size=64 * batch * size.context)
    stream = TokenStream(ids, length=size.context, batch=batch, seed=0)
    steps = train(model, stream.batches(), steps=10**9, lr=1e-4, precision=choose_precision(device, precision))
    next(steps)
    per_token = 6 * matrix_parameters(model) + 6 * size.layers * size.width * size.context
    yield dict(parameters=sum(p.numel() for p in model.parameters()), flops=per_token, **asdict(size))
    while True:
        yield {"seconds": seconds_of(lambda: next(steps), times=STEPS)}


def train_theirs(*, shape: dict[str, Any], precision: str, batch: int) -> Iterator[dict[str, Any]]:
    """Run STEPS of the usual training loop with a transformers model in each round."""
    import torch

    from groundup.bench.shapes import Shape, theirs
    from groundup.bench.worker import seconds_of
    from groundup.training.precision import choose_device, choose_precision

    torch.manual_seed(0)
    device = choose_device()
    size = Shape(**shape)
    model = theirs(size.ours()).to(device).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
    autocast = choose_precision(device, precision).autocast

    def step() -> None:
        ids = torch.randint(size.vocab_size, (batch, size.context)).to(device)
        optimizer.zero_grad(set_to_none=True)
        with autocast():
            loss = model(ids, labels=ids).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        loss.item()

    step()
    yield dict(parameters=sum(p.numel() for p in model.parameters()), attention=model.config._attn_implementation)
    while True:
        yield {"seconds": seconds_of(step, times=STEPS)}


def multiply(*, precision: str, size: int) -> Iterator[dict[str, Any]]:
    """Measure the best rate of a product of two square matrices in this format: the most that the hardware gives."""
    import torch

    from groundup.bench.worker import seconds_of
    from groundup.training.precision import choose_device, choose_precision

    device = choose_device()
    dtype = choose_precision(device, precision).dtype
    a, b = torch.randn(2, size, size, device=device).to(dtype)

    def product() -> None:
        (a @ b)[0, 0].item()

    product()
    yield {}
    while True:
        yield {"flops": 2 * size**3 / min(seconds_of(product) for _ in range(5))}
