"""The speed and memory of accelerators, from the makers' public data sheets. No torch here: `groundup plan` reads it.

Peak rates are for dense bfloat16 matrix products with float32 sums; data sheets that quote the rate "with sparsity"
show twice as much. Link speeds are for one direction. The network speed is not from a data sheet: it is what machines
of this kind are usually rented with.
"""

import re
from dataclasses import dataclass

from groundup.nearest import nearest


@dataclass(frozen=True)
class Device:
    """One accelerator: FLOP/s, bytes, and bytes a second."""

    name: str
    words: frozenset[str]
    """The driver's name for this device contains all of these words."""
    peak: float
    """FLOP/s of dense bfloat16 matrix products."""
    memory: float
    """Bytes of memory."""
    bandwidth: float
    """Bytes a second to and from its own memory."""
    link: float
    """Bytes a second to another device of the same node."""
    network: float
    """Bytes a second to other nodes: the node's network speed divided by its devices."""


def _row(name: str, words: str, tflops: float, gb: float, bandwidth: float, link: float, network: float) -> Device:
    return Device(name, frozenset(words.split()), tflops * 1e12, gb * 1e9, bandwidth * 1e9, link * 1e9, network * 1e9)


# TFLOP/s, GB, then GB/s of memory, of NVLink or PCIe, of the network. If two names match, the more specific is first.
DEVICES = (
    _row("b200", "b200", 2250, 180, 7700, 900, 50),
    _row("h200", "h200", 989.5, 141, 4800, 450, 50),
    _row("h100-pcie", "h100 pcie", 756, 80, 2000, 64, 25),
    _row("h100", "h100", 989.5, 80, 3350, 450, 50),
    _row("a100-40gb", "a100 40gb", 312, 40, 1555, 300, 25),
    _row("a100", "a100", 312, 80, 2039, 300, 25),
    _row("l40s", "l40s", 362, 48, 864, 32, 12.5),
    _row("l4", "l4", 121, 24, 300, 32, 6.25),
    _row("a10", "a10", 125, 24, 600, 32, 6.25),
    _row("a6000", "a6000", 154.8, 48, 768, 32, 6.25),
    _row("rtx-5090", "rtx 5090", 209.5, 32, 1792, 64, 6.25),
    _row("rtx-4090", "rtx 4090", 165.2, 24, 1008, 32, 6.25),
    _row("rtx-3090", "rtx 3090", 71, 24, 936, 32, 6.25),
)


def find_device(name: str) -> Device:
    """Return the device with this short name. Raises ValueError that suggests the nearest name."""
    by_name = {device.name: device for device in DEVICES}
    if name.lower() not in by_name:
        hint = nearest(name.lower(), by_name, otherwise="known are cpu, {known}")
        raise ValueError(f"no data sheet of a device {name!r}; {hint}")
    return by_name[name.lower()]


def recognise(driver_name: str) -> Device | None:
    """Return the device for a driver's name such as "NVIDIA A100-SXM4-80GB", or None if it is unknown."""
    said = set(re.findall(r"[a-z0-9]+", driver_name.lower()))
    return next((device for device in DEVICES if device.words <= said), None)
