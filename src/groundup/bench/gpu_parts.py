"""The parts of `groundup bench gpu`, the most useful first: their jobs, time limits and rows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from groundup.bench import generate, gpu_jobs, layers
from groundup.bench.race import Contestant, Outcome
from groundup.bench.report import ratio

Rows = list[dict[str, Any]]
Outcomes = dict[str, Outcome]

GPT2 = dict(family="gpt2", layers=12, width=768, heads=12, context=1024, vocab_size=50_304)
TINY = dict(family="gpt2", layers=1, width=32, heads=2, context=32, vocab_size=64)
TINY_LAYERS = dict(layers=1, width=32, heads=2, vocab_size=64)
# On a CPU compilation would take longer than everything else, and threads of such small jobs wait for each other.
UNCOMPILED = {"TORCH_COMPILE_DISABLE": "1", "OMP_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Part:
    """Jobs that take turns, each in its own process."""

    name: str
    table: str
    """The title of the table for its rows."""
    contestants: tuple[Contestant, ...]
    limit: float
    """The most seconds for all rounds together."""
    rows: Callable[[Outcomes], Rows]


def parts(*, dry: bool) -> Iterator[Part]:
    """Yield all parts. dry: with tiny sizes, for any device, however slow."""
    for part in (_tests(dry), *_training(dry), *_layers(dry), _generation(dry), _resume(dry)):
        yield replace(part, limit=600) if dry else part


def _job(
    module: Any, function: str, arguments: dict[str, Any], *, dry: bool, name: str = "", needs: str = ""
) -> Contestant:
    return Contestant(
        name or function,
        f"{module.__name__}:{function}",
        arguments,
        needs=(needs,) if needs else (),
        environment=UNCOMPILED if dry else {},
    )


def _tests(dry: bool) -> Part:
    job = _job(gpu_jobs, "tests", dict(device="cpu" if dry else "cuda"), dry=dry, name="tests")

    def rows(outcomes: Outcomes) -> Rows:
        return [outcomes["tests"].facts] if outcomes["tests"].missing is None else []

    return Part(
        "tests", "tests on the device", (job,), 150, lambda outcomes: [_without_memory(row) for row in rows(outcomes)]
    )


def _training(dry: bool) -> Iterator[Part]:
    shape, table = (TINY, "training, tiny") if dry else (GPT2, "training gpt2-124m, context 1,024, bfloat16")
    window = 8 if dry else 256
    for name, function, more, seconds in (
        ("ours, compiled", "train_ours", dict(compiled=True), 80),
        ("transformers, compiled", "train_theirs", dict(compiled=True), 80),
        ("ours, eager", "train_ours", dict(compiled=False), 40),
        (f"ours, compiled, every other layer a band of {window}", "train_ours", dict(compiled=True, window=window), 80),
    ):
        needs = "transformers" if function == "train_theirs" else ""
        arguments = dict(shape=shape, batch=2 if dry else None, **more)
        job = _job(gpu_jobs, function, arguments, dry=dry, name=name, needs=needs)
        yield Part(
            f"training: {name}", table, (job,), seconds, lambda outcomes, name=name: [_trained(name, outcomes[name])]
        )


def _trained(name: str, outcome: Outcome) -> dict[str, Any]:
    seconds, facts = outcome.median("seconds"), outcome.facts
    pace = facts["tokens"] / seconds if seconds else None
    return {
        "contestant": name,
        "batch tokens": facts.get("tokens"),
        "parameters": facts.get("parameters"),
        "tokens/s": pace,
        "ms/step": 1000 * seconds if seconds else None,
        facts.get("unit", "MFU"): pace * facts["flops"] / facts["peak"] if pace else None,
        "MiB": outcome.median("device_mib"),
        "note": outcome.missing,
    }


def _layers(dry: bool) -> Iterator[Part]:
    shape, length = (TINY_LAYERS, 8) if dry else (layers.GPU, 32)
    title = "a training step of the 2017 Transformer beside nn.Transformer" + (
        ", tiny" if dry else ", base size, bfloat16"
    )
    for tokens in (32,) if dry else layers.BATCHES["gpu"]:
        work = dict(shape=shape, rows=tokens // length, length=length, precision="bfloat16")
        jobs = tuple(_job(layers, f"train_{who}", work, dry=dry, name=who) for who in ("ours", "plain"))

        def rows(outcomes: Outcomes, tokens: int = tokens) -> Rows:
            ours, plain = (outcomes[name].median("seconds") for name in ("ours", "plain"))
            row = {"batch tokens": tokens, "ours ms": ours and 1000 * ours, "plain ms": plain and 1000 * plain}
            note = outcomes["ours"].missing or outcomes["plain"].missing
            return [row | {"ratio": ratio(plain, ours), "tokens/s": tokens / ours if ours else None, "note": note}]

        yield Part(f"layers: {tokens:,} tokens", title, jobs, 30, rows)


def _generation(dry: bool) -> Part:
    shape, batches = (TINY, (1, 2)) if dry else (GPT2, (1, 32))
    new = 4 if dry else 128
    arguments = dict(shape=shape, precision="bfloat16", batches=batches, prompt=8 if dry else 256, new=new)
    jobs = (
        _job(generate, "generate_ours", arguments, dry=dry, name="ours"),
        _job(generate, "generate_theirs", arguments, dry=dry, name="transformers", needs="transformers"),
    )

    def rows(outcomes: Outcomes) -> Rows:
        return [
            {
                "contestant": name,
                "batch": batch,
                "tokens/s": batch * new / seconds if seconds else None,
                "ratio": ratio(outcomes["transformers"].median(f"seconds {batch}"), seconds),
                "note": outcome.missing,
            }
            for batch in batches
            for name, outcome in outcomes.items()
            for seconds in [outcome.median(f"seconds {batch}")]
        ]

    return Part("generation", f"greedy generation, {'tiny' if dry else 'gpt2-124m, bfloat16'}", jobs, 80, rows)


def _resume(dry: bool) -> Part:
    job = _job(gpu_jobs, "resume", dict(shape=TINY, steps=2 if dry else 20), dry=dry, name="resume")

    def rows(outcomes: Outcomes) -> Rows:
        return [_without_memory(outcomes["resume"].facts)] if outcomes["resume"].missing is None else []

    return Part("resume", "2n steps beside n, a resume and n more", (job,), 60, rows)


def _without_memory(facts: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in facts.items() if key != "peak_mib"}
