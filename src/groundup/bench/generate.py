"""Greedy generation in tokens a second, compared with transformers' `generate` on the same weights and prompts."""

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from groundup.bench.race import Contestant, Outcome, race
from groundup.bench.report import Report, Table, machine, ratio

PACKAGES = ("torch", "transformers", "numpy")
RULES = (
    "tokens/s: new tokens of all rows over the whole call, prompt included. same tokens: the share of positions where "
    "both chose the same token; with random weights many tokens are nearly tied, bfloat16 and int8 may choose the "
    "other one, and the row then differs to its end. int8: of the float32 weights, as generate --precision int8"
)


@dataclass(frozen=True)
class Settings:
    """Greedy generation, compared with transformers' `generate` on the same weights; also compares the tokens."""

    families: tuple[Literal["gpt2", "llama"], ...] = ("gpt2", "llama")
    """Model families."""
    precisions: tuple[Literal["float32", "bfloat16"], ...] = ("float32", "bfloat16")
    """Number formats of the weights."""
    batches: tuple[int, ...] = (1, 32)
    """Numbers of prompts in a batch."""
    prompt: int = 256
    """Tokens of each prompt."""
    new: int = 128
    """Tokens to generate."""
    vocab_size: int = 8192
    layers: int = 6
    width: int = 384
    heads: int = 6
    context: int = 512
    rounds: int = 3
    """Rounds, in which the contestants take turns; medians are shown."""
    json: Path | None = None
    """File to write the figures to."""

    def __post_init__(self) -> None:
        if self.prompt + self.new > self.context:
            raise ValueError(
                f"prompt ({self.prompt}) and new tokens ({self.new}) do not fit the context ({self.context}); "
                f"try --context {self.prompt + self.new}"
            )


def compare(settings: Settings, say: Callable[[str], None]) -> Report:
    """Race the contestants for every family, precision and batch size; with float32 there is an int8 contestant too."""
    report = Report("generate", asdict(settings), machine(PACKAGES), notes=[RULES])
    prompt, new, batches = settings.prompt, settings.new, settings.batches
    size = {key: getattr(settings, key) for key in ("layers", "width", "heads", "context", "vocab_size")}
    rows = []
    for precision, family in itertools.product(settings.precisions, settings.families):
        arguments = dict(
            shape=dict(family=family, **size), precision=precision, batches=batches, prompt=prompt, new=new
        )
        contestants = [
            Contestant("ours", f"{__name__}:generate_ours", arguments),
            Contestant("transformers", f"{__name__}:generate_theirs", arguments, needs=("transformers",)),
        ]
        if precision == "float32":
            light = arguments | dict(precision="int8")
            contestants.insert(1, Contestant("ours, int8", f"{__name__}:generate_ours", light))
        named = f"{family}, {precision}"
        outcomes = race(contestants, rounds=settings.rounds, say=lambda line, named=named: say(f"{named}: {line}"))
        for batch in batches:
            rows += _rows(dict(model=family, precision=precision, batch=batch), outcomes, tokens=batch * new)
    formats = {"tokens/s": ",.0f", "ratio": ".2f", "ms/token": ",.2f", "same tokens": ".1%", "MiB": ",.0f"}
    sizes = f"{size['layers']} layers, width {size['width']}, vocabulary {size['vocab_size']:,}"
    report.tables.append(Table(f"greedy generation: {sizes}, prompt {prompt}, {new} new tokens", rows, formats))
    return report


def _rows(what: dict[str, Any], outcomes: dict[str, Outcome], *, tokens: int) -> list[dict[str, Any]]:
    batch, theirs = what["batch"], outcomes["transformers"]
    rows = []
    for name, outcome in outcomes.items():
        seconds = outcome.median(f"seconds {batch}")
        rows.append(
            what
            | {
                "contestant": name,
                "tokens/s": tokens / seconds if seconds else None,
                "ratio": ratio(theirs.median(f"seconds {batch}"), seconds),
                "ms/token": 1000 * seconds / tokens * batch if seconds else None,
                "same tokens": _same(outcome, theirs, f"ids {batch}"),
                "MiB": outcome.median("peak_mib"),
                "note": outcome.missing,
            }
        )
    return rows


def _same(ours: Outcome, theirs: Outcome, key: str) -> float | None:
    """Return the share of positions with the same token; None if one of them has no result."""
    if not (ours.rounds and theirs.rounds):
        return None
    said = zip(ours.rounds[0][key], theirs.rounds[0][key], strict=True)
    pairs = [pair for rows in said for pair in zip(*rows, strict=True)]
    return sum(a == b for a, b in pairs) / len(pairs)


def generate_ours(
    *, shape: dict[str, Any], precision: str, batches: list[int], prompt: int, new: int
) -> Iterator[dict[str, Any]]:
    """`decode.generate`, with every batch size once a round. precision: of the weights; int8 is made from float32."""
    import torch

    from groundup.bench.shapes import Shape, spread
    from groundup.decode.choose import Greedy
    from groundup.decode.generate import collect, generate
    from groundup.fast.int8 import lighten
    from groundup.training.precision import choose_device

    device = choose_device()
    model: Any = spread(Shape(**shape).ours()).to(device)
    model = lighten(model) if precision == "int8" else model.to(getattr(torch, precision))

    def write(ids: torch.Tensor) -> list[list[int]]:
        return collect(generate(model, model.begin(len(ids)), ids, choose=Greedy(), max_new_tokens=new))

    yield from _rounds(write, shape["vocab_size"], batches, prompt, device)


def generate_theirs(
    *, shape: dict[str, Any], precision: str, batches: list[int], prompt: int, new: int
) -> Iterator[dict[str, Any]]:
    """`model.generate` of transformers, with every batch size once a round."""
    import torch

    from groundup.bench.shapes import Shape, spread, theirs
    from groundup.training.precision import choose_device

    device = choose_device()
    model = theirs(spread(Shape(**shape).ours())).eval().to(device, getattr(torch, precision))

    def write(ids: torch.Tensor) -> list[list[int]]:
        full = model.generate(
            ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=new, pad_token_id=0
        )
        return full[:, ids.shape[1] :].tolist()

    yield from _rounds(write, shape["vocab_size"], batches, prompt, device)


def _rounds(write: Callable, vocab_size: int, batches: list[int], prompt: int, device: Any) -> Iterator[dict]:
    """Warm up, then time each batch size; both contestants get the same prompts."""
    import torch

    random = torch.Generator().manual_seed(0)
    prompts = {batch: torch.randint(vocab_size, (batch, prompt), generator=random).to(device) for batch in batches}
    write(prompts[batches[0]])
    yield {}
    while True:
        measured: dict[str, Any] = {}
        for batch, ids in prompts.items():
            began = time.perf_counter()
            measured[f"ids {batch}"] = write(ids)
            measured[f"seconds {batch}"] = time.perf_counter() - began
        yield measured
