"""Local attention in O(T * window), compared with the same band as a dense (T, T) mask and with full attention."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from groundup.bench.race import Contestant, race
from groundup.bench.report import Report, Table, machine, ratio

FORMS = {"banded": "banded", "dense mask": "dense", "causal, no window": "causal"}
RULES = (
    "banded: `groundup.fast.banded`. dense mask: PyTorch's kernel with the band as a (T, T) mask, the same result. "
    "causal, no window: the same kernel without a mask, another result, for scale. MiB: peak beyond the inputs"
)


@dataclass(frozen=True)
class Settings:
    """Local attention, whose cost grows with T times the window, compared with the same band as a dense mask."""

    lengths: tuple[int, ...] = (512, 1024, 2048, 4096, 8192)
    """Lengths of the text, T."""
    window: int = 256
    """How many tokens each token sees, itself included."""
    batch: int = 1
    """Texts in a batch."""
    heads: int = 6
    head_width: int = 64
    rounds: int = 3
    """Rounds, in which the contestants take turns; medians are shown."""
    json: Path | None = None
    """File to write the figures to."""


def compare(settings: Settings, say: Callable[[str], None]) -> Report:
    """Measure milliseconds and memory of each form at each length, forward only and with the gradient."""
    report = Report("attention", asdict(settings), machine(("torch",)), notes=[RULES])
    sizes = {key: getattr(settings, key) for key in ("window", "batch", "heads", "head_width")}
    rows = []
    for T in settings.lengths:
        arguments = dict(T=T, **sizes)
        contestants = [
            Contestant(name, f"{__name__}:attend", arguments | dict(form=form)) for name, form in FORMS.items()
        ]
        outcomes = race(contestants, rounds=settings.rounds, say=lambda line, T=T: say(f"T {T:,}: {line}"))
        dense = outcomes["dense mask"]
        for name, outcome in outcomes.items():
            row: dict[str, Any] = {"T": T, "contestant": name}
            for way in ("forward", "both"):
                seconds, label = outcome.median(way), "forward" if way == "forward" else "with gradient"
                row[f"{label} ms"] = 1000 * seconds if seconds is not None else None
                row[f"{label} ratio"] = ratio(dense.median(way), seconds)
                row[f"{label} MiB"] = outcome.facts.get(f"{way} mib")
            rows.append(row | {"note": outcome.missing})
    ways = ("forward", "with gradient")
    formats = {"T": ","} | {f"{way} ms": ",.2f" for way in ways} | {f"{way} ratio": ".2f" for way in ways}
    formats |= {f"{way} MiB": ",.1f" for way in ways}
    title = (
        f"attention, window {settings.window}: batch {settings.batch}, {settings.heads} heads of {settings.head_width}"
    )
    report.tables.append(Table(title, rows, formats))
    return report


def attend(*, form: str, T: int, window: int, batch: int, heads: int, head_width: int) -> Iterator[dict[str, Any]]:
    """Run one form of attention at one length: first measure its memory in a new process, then its time."""
    import torch

    from groundup.bench.worker import now_mib, peak_mib, seconds_of
    from groundup.training.precision import choose_device

    torch.manual_seed(0)
    device = choose_device()
    run = _form(form, window)
    q, k, v = torch.randn(3, batch, heads, T, head_width, device=device).unbind()
    inputs = [x.clone().requires_grad_() for x in (q, k, v)]
    small = [x[:, :, : 2 * window].detach().clone().requires_grad_() for x in inputs]
    run(*small).sum().backward()  # starts thread pools and the like

    def forward() -> None:
        with torch.no_grad():
            run(*inputs)

    def both() -> None:
        torch.autograd.grad(run(*inputs).square().sum(), inputs)

    facts, held = {}, now_mib()
    for way, work in (("forward", forward), ("both", both)):
        work()
        facts[f"{way} mib"] = _peak_on(device) or max(0.0, peak_mib() - held)
    yield facts
    repeats = max(1, 2048 // T)
    while True:
        yield {way: seconds_of(work, times=repeats) for way, work in (("forward", forward), ("both", both))}


def _form(form: str, window: int) -> Callable:
    import torch
    from torch.nn.functional import scaled_dot_product_attention

    if form == "causal":
        return lambda q, k, v: scaled_dot_product_attention(q, k, v, is_causal=True)
    if form == "banded":
        try:
            from groundup.fast.banded import attend_banded
        except ImportError:
            raise ValueError("groundup.fast.banded is not in this version") from None
        return lambda q, k, v: attend_banded(q, k, v, window=window)
    from groundup.nn.masks import visible

    masks: dict[int, Any] = {}  # a model makes its mask once for all its layers

    def dense(q: Any, k: Any, v: Any) -> Any:
        T = q.shape[2]
        if T not in masks:
            at = torch.arange(T, device=q.device)
            masks[T] = visible(at, at, causal=True, window=window)
        return scaled_dot_product_attention(q, k, v, attn_mask=masks[T])

    return dense


def _peak_on(device: Any) -> float | None:
    """Return the peak of an accelerator's memory since the last call, in MiB; None on a CPU."""
    import torch

    if device.type != "cuda":
        return None
    peak = torch.cuda.max_memory_allocated() / 2**20
    torch.cuda.reset_peak_memory_stats()
    return peak
