"""A training step of the 2017 Transformer at growing batch sizes: our modules compared with PyTorch's own modules.

LightSeq2 (Wang et al. 2022) has such a table for its fused layers, and reports 1.4 to 2 times the speed of plain
modules. LightSeq2 does not run here: the two columns are our model and `nn.Transformer`, on the device that is there.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from groundup.bench.race import Contestant, race
from groundup.bench.report import Report, Table, machine, ratio

STEPS = 3  # training steps of one contestant in a round
RULES = (
    "both: encoder and decoder of one shape, post-norm, tied embeddings, sinusoids, dropout 0.1, label smoothing 0.1; "
    "forward, backward, clipping to norm 1 and fused AdamW; autocast in bfloat16; as many source as target tokens, no "
    "padding. ours: `groundup.training.train` as `groundup train` runs it. plain: `nn.Transformer`, not compiled"
)


@dataclass(frozen=True)
class Settings:
    """A training step of the 2017 Transformer, compared with plain `nn.Transformer` at growing batch sizes."""

    tokens: tuple[int, ...] = ()
    """Target tokens in a batch; by default 512 to 15,000 on a GPU, 512 and 1,024 on a CPU."""
    length: int = 32
    """Tokens in a sentence, on either side."""
    layers: int | None = None
    """None: the paper's 6 on a GPU, 2 on a CPU; likewise width 512 or 256, heads 8 or 4, tokens 37,000 or 8,000."""
    width: int | None = None
    heads: int | None = None
    vocab_size: int | None = None
    precisions: tuple[Literal["float32", "bfloat16"], ...] = ("bfloat16",)
    """Number formats; bfloat16 is autocast."""
    rounds: int = 3
    """Rounds, in which the contestants take turns; medians are shown."""
    json: Path | None = None
    """File to write the figures to."""


GPU = dict(layers=6, width=512, heads=8, vocab_size=37_000)
CPU = dict(layers=2, width=256, heads=4, vocab_size=8_000)
BATCHES = {"cpu": (512, 1024), "gpu": (512, 1024, 2048, 4096, 8192, 15_000)}


def compare(settings: Settings, say: Callable[[str], None]) -> Report:
    """Measure the milliseconds of a step of both at every batch size, and how many times faster ours is."""
    from groundup.training.precision import choose_device

    device = choose_device()
    defaults = CPU if device.type == "cpu" else GPU
    shape = {name: value if (value := getattr(settings, name)) is not None else defaults[name] for name in defaults}
    if shape["width"] % shape["heads"]:
        raise ValueError(f"heads ({shape['heads']}) must divide width ({shape['width']})")
    batches = settings.tokens or BATCHES["cpu" if device.type == "cpu" else "gpu"]
    if min(batches) < settings.length:
        raise ValueError(f"tokens ({min(batches)}) must hold a sentence of length ({settings.length})")
    report = Report("layers", asdict(settings), machine(("torch",)), notes=[RULES])
    rows = []
    for precision, tokens in itertools.product(settings.precisions, batches):
        count = max(1, tokens // settings.length)
        work: dict[str, Any] = dict(shape=shape, rows=count, length=settings.length, precision=precision)
        contestants = [
            Contestant("ours", f"{__name__}:train_ours", work),
            Contestant("plain", f"{__name__}:train_plain", work),
        ]
        named = f"{precision}, {tokens:,} tokens"
        outcomes = race(contestants, rounds=settings.rounds, say=lambda line, named=named: say(f"{named}: {line}"))
        ours, plain = (outcomes[name].median("seconds") for name in ("ours", "plain"))
        counts = {outcome.facts.get("parameters") for outcome in outcomes.values()} - {None}
        assert len(counts) <= 1, f"not the same model: {counts} parameters"
        rows.append(
            {
                "precision": precision,
                "batch tokens": tokens,
                "ours ms": 1000 * ours if ours else None,
                "plain ms": 1000 * plain if plain else None,
                "ratio": ratio(plain, ours),
                "ours tokens/s": count * settings.length / ours if ours else None,
                "ours MiB": outcomes["ours"].median("device_mib"),
                "plain MiB": outcomes["plain"].median("device_mib"),
                "note": outcomes["ours"].missing or outcomes["plain"].missing,
            }
        )
    formats = {"batch tokens": ",", "ours ms": ".1f", "plain ms": ".1f", "ratio": ".2f", "ours tokens/s": ",.0f"}
    formats |= {"ours MiB": ",.0f", "plain MiB": ",.0f"}
    listed = ", ".join(f"{name.replace('_', ' ')} {value:,}" for name, value in shape.items())
    report.tables.append(Table(f"a training step of an encoder-decoder on {device}: {listed}", rows, formats))
    return report


def train_ours(*, shape: dict[str, int], rows: int, length: int, precision: str) -> Iterator[dict[str, Any]]:
    """Run STEPS of our training loop in each round."""
    import torch

    from groundup.bench.plain import batch
    from groundup.models.seq2seq import Seq2Seq
    from groundup.presets import preset
    from groundup.training.loop import train
    from groundup.training.precision import choose_device, choose_precision

    torch.manual_seed(0)
    device = choose_device()
    config = preset(
        "transformer-base",
        **shape,
        encoder_layers=shape["layers"],
        mlp_width=4 * shape["width"],
        context=length,
    )
    model = Seq2Seq(config).to(device)
    batches = itertools.repeat(batch(shape["vocab_size"], rows, length))
    steps = train(model, batches, steps=10**9, lr=1e-4, smoothing=0.1, precision=choose_precision(device, precision))
    yield from _timed(model, lambda: next(steps))


def train_plain(*, shape: dict[str, int], rows: int, length: int, precision: str) -> Iterator[dict[str, Any]]:
    """Run STEPS of the usual training loop with PyTorch's modules in each round."""
    import torch

    from groundup.bench.plain import Plain, batch
    from groundup.training.precision import choose_device, choose_precision

    torch.manual_seed(0)
    device = choose_device()
    model = Plain(**shape, context=length).to(device).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
    criterion = torch.nn.CrossEntropyLoss(label_smoothing=0.1)
    given = batch(shape["vocab_size"], rows, length)
    autocast = choose_precision(device, precision).autocast

    def step() -> None:
        source, target = (x.to(device) for x in given.inputs if x is not None)
        labels = given.targets.to(device)
        optimizer.zero_grad(set_to_none=True)
        with autocast():
            logits = model(source, target)
            loss = criterion(logits.flatten(0, 1), labels.flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        loss.item()

    yield from _timed(model, step)


def _timed(model: Any, step: Callable[[], object]) -> Iterator[dict[str, Any]]:
    """Take a first step and yield facts about the model; then yield the seconds of one step in each round."""
    import torch

    from groundup.bench.worker import seconds_of

    step()
    yield dict(parameters=sum(p.numel() for p in model.parameters()))
    cuda = torch.cuda.is_available()
    while True:
        seconds = seconds_of(step, times=STEPS)
        yield {"seconds": seconds, "device_mib": torch.cuda.max_memory_allocated() / 2**20 if cuda else None}
