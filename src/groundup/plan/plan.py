"""Plan a training for given machines: whether it fits, what it costs, and if it does not fit, what would."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from groundup.plan.memory import RESERVE, Memory, Parallel, memory
from groundup.plan.speed import Assumptions, Cluster, StepTime, step_time
from groundup.plan.work import Work
from groundup.training.micro import micro_batch

Wanted = Literal["auto", "ddp", "fsdp"]


@dataclass(frozen=True)
class How:
    """The choices besides the work and the machines."""

    parallel: Wanted = "auto"
    """auto: a whole model on every rank if that fits, else slices."""
    recompute: bool = False
    half: bool = True
    """Whether products are in bfloat16 and not in float32."""
    assume: Assumptions = field(default_factory=Assumptions)


@dataclass(frozen=True)
class Plan:
    """A way to run a training, with its memory and time."""

    work: Work
    cluster: Cluster
    how: How
    parallel: Parallel
    windows: int
    """Texts in a micro-batch on one rank."""
    micro_batches: int
    memory: Memory
    step: StepTime

    @property
    def batch_tokens(self) -> int:
        """Tokens of a step, which has whole micro-batches on every rank."""
        return self.cluster.devices * self.micro_batches * self.windows * self.work.config.context

    @property
    def tokens_per_second(self) -> float:
        return self.batch_tokens / self.step.total

    @property
    def mfu(self) -> float:
        """Model FLOPs utilisation: the share of the peak rate of all devices."""
        peak = self.cluster.device.peak * self.cluster.devices
        return self.tokens_per_second * self.work.flops / peak

    @property
    def seconds(self) -> float:
        """Time of the whole training, without validation and checkpoints."""
        if self.work.minutes is not None:
            return 60 * self.work.minutes
        return self.work.tokens / self.tokens_per_second

    @property
    def tokens(self) -> float:
        """Tokens of the whole training."""
        return self.seconds * self.tokens_per_second


def plan(work: Work, cluster: Cluster, how: How) -> Plan:
    """Plan the work on the cluster. ValueError with a cure if it does not fit, or if ranks cannot share a step."""
    if work.rows < cluster.devices:
        raise ValueError(
            f"a step of {work.batch_tokens:,} tokens is {work.rows:,} texts of {work.config.context:,}, too few for "
            f"{cluster.devices:,} devices; try --batch-tokens {cluster.devices * work.config.context}"
        )
    if (found := fitting(work, cluster, how)) is not None:
        return found
    best = min(_tried(work, cluster, how), key=lambda one: one.memory.total)
    raise ValueError(
        f"{work.name} needs {best.memory.total / 1e9:,.1f} GB on each rank ({best.parallel}, {best.windows} x "
        f"{work.config.context:,} tokens at a time), "
        f"one {cluster.device.name} has room for {room(cluster) / 1e9:,.1f}; " + _cure(work, cluster, how)
    )


def room(cluster: Cluster) -> float:
    """Return the bytes of a device that a training may use."""
    fixed, share = RESERVE
    return cluster.device.memory * (1 - share) - fixed


def fitting(work: Work, cluster: Cluster, how: How) -> Plan | None:
    """Return the first way to run the work that fits, or None."""
    return next((one for one in _tried(work, cluster, how) if one.memory.total <= room(cluster)), None)


def _tried(work: Work, cluster: Cluster, how: How) -> Iterator[Plan]:
    """Yield whole models before slices and, if the micro-batch is not given, powers of two from 64 down."""
    ways: tuple[Parallel, ...] = ("ddp", "fsdp") if how.parallel == "auto" else (how.parallel,)
    sizes = [work.windows] if work.windows is not None else [1 << n for n in range(6, -1, -1)]
    for way in ways if cluster.devices > 1 else ("none",):
        for size in dict.fromkeys(_at_a_time(work, cluster.devices, size) for size in sizes):
            yield _one(work, cluster, how, way, size)


def _at_a_time(work: Work, devices: int, most: int) -> int:
    """Return the texts of a micro-batch as the training would choose them. Raises ValueError if the training would."""
    if not work.exact:
        return min(most, work.rows // devices)
    return micro_batch(work.batch_tokens, context=work.config.context, ranks=devices, most=most, flag="--batch-tokens")


def _one(work: Work, cluster: Cluster, how: How, parallel: Parallel, windows: int) -> Plan:
    micro_batches = -(-work.rows // (cluster.devices * windows))
    tokens = windows * work.config.context
    shared: dict[str, Any] = dict(tokens=tokens, parallel=parallel, recompute=how.recompute, half=how.half)
    held = memory(work, accumulates=micro_batches > 1, ranks=cluster.devices, **shared)
    takes = step_time(work, cluster, micro_batches=micro_batches, assume=how.assume, **shared)
    return Plan(work, cluster, how, parallel, windows, micro_batches, held, takes)


def _cure(work: Work, cluster: Cluster, how: How) -> str:
    """Return the smallest change that makes it fit, as command-line options."""
    several = cluster.devices > 1
    for recompute in (how.recompute, True):
        for parallel in (how.parallel, "fsdp") if several else (how.parallel,):
            changed = replace(how, recompute=recompute, parallel=parallel)
            for windows in (work.windows, None):
                if (found := fitting(replace(work, windows=windows), cluster, changed)) is not None:
                    said = [] if windows == work.windows else [f"--micro-batch {found.windows}"]
                    said += [] if recompute == how.recompute else ["--recompute"]
                    said += [] if parallel == how.parallel else ["--parallel fsdp"]
                    return f"it fits with {' '.join(said)}"
    changed = replace(how, recompute=True, parallel="fsdp")
    for devices in (1 << n for n in range(1, 13)):
        if cluster.devices < devices <= work.rows and work.rows % devices == 0:
            larger = replace(cluster, devices=devices)
            if (found := fitting(replace(work, windows=1), larger, changed)) is not None:
                return f"it fits with --devices {devices} --parallel fsdp --recompute --micro-batch 1"
    return f"it fits no number of them up to {min(4096, work.rows):,}; take devices with more memory"
