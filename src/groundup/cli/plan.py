"""groundup plan RECIPE: what a training takes in memory, time and money on machines that are not here."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from groundup.cli.parse import parse

if TYPE_CHECKING:
    from groundup.plan.plan import How, Plan
    from groundup.plan.speed import Cluster
    from groundup.plan.work import Work


@dataclass(frozen=True)
class PlanOptions:
    """What a training takes in memory, time and money on machines that are not here; every assumption is printed."""

    what: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="RECIPE|PRESET")]
    """A recipe (groundup train --help) or a preset (gpt2-xl, llama2-7b ...)."""
    devices: tuple[int, ...] = (1,)
    """How many; several numbers make a table."""
    device: str = "h100"
    """Such as h100, a100, l4, rtx-4090; cpu is this machine, measured."""
    per_node: int = 8
    """Devices of a machine."""
    parallel: Literal["auto", "ddp", "fsdp"] = "auto"
    """ddp, a whole model on each; fsdp, a slice of it; auto takes ddp where it fits."""
    recompute: bool = False
    """Keep less and compute it again."""
    tokens: float | None = None
    """Of the whole training, such as 10e9; None is the recipe's, or 20 a parameter."""
    batch_tokens: int | None = None
    """Of a step, all ranks together; None is the recipe's, or 524,288."""
    micro_batch: int | None = None
    """Texts that a rank takes at a time; None is the recipe's, or as many as fit."""
    context: int | None = None
    """Tokens of a text, where it is not the model's own."""
    price: float | None = None
    """Of one device for an hour."""
    efficiency: float | None = None
    """Share of the peak that matrix products reach; None is 0.5 of a data sheet, 0.8 of a measured rate."""
    network: float | None = None
    """GB/s of each device to other machines, in one direction, where it is not what the table says."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"


def main(arguments: list[str]) -> None:
    options = parse(PlanOptions, arguments, prog="groundup plan")
    _check(options)
    from groundup.plan.words import describe, tabulate
    from groundup.plan.work import work

    asked = dict(context=options.context, batch_tokens=options.batch_tokens, tokens=options.tokens)
    job = work(options.what, windows=options.micro_batch, **asked)  # type: ignore[arg-type]
    cluster, how = machines(options)
    if len(options.devices) == 1:
        print(describe(_plan(job, cluster, how), price=options.price))
    else:
        clusters = [replace(cluster, devices=devices) for devices in options.devices]
        print(tabulate(job, clusters, how, price=options.price))


def machines(options: PlanOptions) -> "tuple[Cluster, How]":
    """The machines of the options, the first number of them, and how they are used."""
    from groundup.plan.here import this_cpu
    from groundup.plan.plan import How
    from groundup.plan.speed import Assumptions, Cluster
    from groundup.training.devices import find_device

    assume = Assumptions()
    if options.device == "cpu":
        device, half = this_cpu(options.precision)
        assume = replace(assume, products=0.8)  # of a rate that was measured, not promised
    else:
        device, half = find_device(options.device), options.precision != "float32"
        if not half:
            raise ValueError(f"the sheet of a {device.name} is read for bfloat16; leave --precision float32 out")
    if options.efficiency is not None:
        assume = replace(assume, products=options.efficiency)
    if options.network is not None:
        device = replace(device, network=options.network * 1e9)
    how = How(parallel=options.parallel, recompute=options.recompute, half=half, assume=assume)
    return Cluster(device, options.devices[0], options.per_node), how


def _plan(job: "Work", cluster: "Cluster", how: "How") -> "Plan":
    from groundup.plan.plan import plan

    return plan(job, cluster, how)


def _check(options: PlanOptions) -> None:
    for name in ("per_node", "micro_batch", "batch_tokens", "context"):
        value = getattr(options, name)
        if value is not None and value < 1:
            raise ValueError(f"{name} ({value}) must be at least 1; try --{name.replace('_', '-')} 1")
    if not options.devices or min(options.devices) < 1:
        raise ValueError(f"devices {options.devices} must be at least 1; try --devices 8")
    for name in ("tokens", "price", "network", "efficiency"):
        value = getattr(options, name)
        if value is not None and not 0 < value < float("inf"):
            raise ValueError(f"{name} ({value}) must be above 0")
    if options.efficiency is not None and options.efficiency > 1:
        raise ValueError(f"efficiency ({options.efficiency}) is a share, at most 1; try --efficiency 0.5")
