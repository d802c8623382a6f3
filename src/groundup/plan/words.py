"""Describe a plan in words, and several plans as a table."""

from collections.abc import Sequence
from dataclasses import fields

from groundup.bench.report import Table
from groundup.plan.memory import RESERVE
from groundup.plan.plan import How, Plan, plan
from groundup.plan.speed import Assumptions, Cluster
from groundup.plan.work import Work


def describe(found: Plan, *, price: float | None = None) -> str:
    """Describe one plan in a screenful of text, with its assumptions."""
    work, cluster, step = found.work, found.cluster, found.step
    many = (
        "" if cluster.devices == 1 else f" in {cluster.nodes} node{'s' if cluster.nodes > 1 else ''}, {found.parallel}"
    )
    parts = ", ".join(f"{field.name} {_gb(getattr(found.memory, field.name))}" for field in fields(found.memory))
    times = f"products {_s(step.products)}, memory {_s(step.traffic)}, optimizer {_s(step.optimizer)}"
    if step.launches > step.products + step.traffic + step.optimizer:
        times += f", less than launching the operations, {_s(step.launches)}"
    if cluster.devices > 1:
        times += f", network {_s(step.network)} of which {_s(step.exposed)} is not hidden"
    micro = f"{found.micro_batches} micro-batch{'es' if found.micro_batches > 1 else ''}"
    rows = {
        "": f"{work.name} on {cluster.devices:,} x {cluster.device.name}{many}",
        "model": f"{work.parameters:,} parameters, {work.flops / 1e9:,.3g} GFLOP a token, "
        f"context {work.config.context:,}",
        "a step": f"{found.batch_tokens:,} tokens: {cluster.devices:,} rank{'s' if cluster.devices > 1 else ''} x "
        f"{micro} x {found.windows} x {work.config.context:,}" + (", recomputed" if found.how.recompute else ""),
        "memory": f"{_gb(found.memory.total)} of {_gb(cluster.device.memory)} a rank: {parts}",
        "time": f"{_s(step.total)} a step: {times}",
        "speed": f"{found.tokens_per_second:,.0f} tokens/s, {found.mfu:.0%} of {cluster.devices:,} x "
        f"{_rate(cluster.device.peak)}",
        "training": f"{found.tokens / found.batch_tokens:,.0f} steps, {_tokens(found.tokens)} tokens: "
        f"{_long(found.seconds)}{_cost(found, price)}",
        "assumed": assumed(cluster, found.how.assume),
    }
    return "\n".join(f"{name:12} {text}" if name else f"{text}\n" for name, text in rows.items())


def tabulate(work: Work, clusters: Sequence[Cluster], how: How, *, price: float | None = None) -> Table | str:
    """Make a table with one row for each number of devices. If a plan does not fit, its row says what would."""
    rows = []
    for cluster in clusters:
        row: dict = {"devices": cluster.devices}
        try:
            found = plan(work, cluster, how)
        except ValueError as error:
            rows.append(row | {"parallel": None, "note": str(error)})
            continue
        row |= {
            "parallel": found.parallel,
            "micro-batches": f"{found.micro_batches} x {found.windows}",
            "GB a rank": found.memory.total / 1e9,
            "s a step": found.step.total,
            "tokens/s": found.tokens_per_second,
            "MFU": found.mfu,
            "training": _long(found.seconds),
            "cost": None if price is None else price * cluster.devices * found.seconds / 3600,
        }
        rows.append({key: value for key, value in row.items() if key != "cost" or price is not None})
    formats = {"devices": ",", "GB a rank": ".1f", "s a step": ".3f", "tokens/s": ",.0f", "MFU": ".0%", "cost": ",.0f"}
    device = clusters[0].device
    title = (
        f"{work.name}, {work.parameters:,} parameters, {_tokens(work.tokens)} tokens in steps of "
        f"{work.batch_tokens:,}, context {work.config.context:,}, on {device.name}"
        + (", recomputed" if how.recompute else "")
    )
    return f"{Table(title, rows, formats)}\n\nassumed      {assumed(clusters[0], how.assume)}"


def assumed(cluster: Cluster, assume: Assumptions) -> str:
    """List every figure that was assumed or measured, not computed."""
    device, (fixed, share) = cluster.device, RESERVE
    source = "measured just now" if device.name == "cpu" else "the data sheet"
    return (
        f"{_rate(device.peak)} and {device.bandwidth / 1e9:,.0f} GB/s of memory ({source}), "
        f"{device.link / 1e9:,.3g} GB/s within a node of {cluster.per_node}, {device.network / 1e9:,.3g} GB/s a device "
        f"between nodes; {assume}; {fixed / 1e9:g} GB and {share:.0%} of a device stay free; validation, checkpoints "
        "and restarts are not counted"
    )


def _cost(found: Plan, price: float | None) -> str:
    if price is None:
        return ""
    hours = found.cluster.devices * found.seconds / 3600
    return f", {hours:,.1f} device hours, {price * hours:,.0f} at {price:g} each"


def _gb(size: float) -> str:
    return (
        f"{size / 1e9:,.0f} GB" if size >= 9.95e9 else f"{size / 1e9:.1f} GB" if size >= 5e7 else f"{size / 1e6:.0f} MB"
    )


def _s(seconds: float) -> str:
    return f"{seconds:,.2f} s" if seconds >= 0.995 else f"{1000 * seconds:.3g} ms"


def _rate(flops: float) -> str:
    return f"{flops / 1e12:,.0f} TFLOP/s" if flops >= 1e13 else f"{flops / 1e9:,.0f} GFLOP/s"


def _tokens(count: float) -> str:
    return f"{count / 1e9:,.1f}B" if count >= 1e9 else f"{count / 1e6:,.1f}M"


def _long(seconds: float) -> str:
    if seconds < 5400:
        return f"{seconds / 60:,.1f} minutes"
    return f"{seconds / 3600:,.1f} hours" if seconds < 48 * 3600 else f"{seconds / 86400:,.1f} days"
