"""This machine as a device to plan for: what it gives, measured in half a second."""

import os
import time

import torch

from groundup.training.devices import Device
from groundup.training.flops import measure_products
from groundup.training.precision import choose_precision

LINK, NETWORK = 2e9, 0.1e9  # bytes a second: processes of one machine through gloo, a gigabit network


def this_cpu(precision: str = "auto") -> tuple[Device, bool]:
    """The processor as it is now, its memory all of the machine's; and whether its products are bfloat16."""
    dtype = choose_precision("cpu", precision).dtype
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    peak = measure_products("cpu", dtype)
    return Device("cpu", frozenset(), peak, memory, _bandwidth(), LINK, NETWORK), dtype == torch.bfloat16


def _bandwidth() -> float:
    """Bytes a second that a copy reads and writes, the best of several."""
    source = torch.ones(2**24)  # 64 MiB, more than most caches hold
    target = torch.empty_like(source)
    best = float("inf")
    for _ in range(6):
        began = time.perf_counter()
        target.copy_(source)
        best = min(best, time.perf_counter() - began)
    return 2 * source.nbytes / best
