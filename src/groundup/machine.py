"""Facts about this machine: processor, cores and memory; and durations in words.

Torch is imported only in functions about a GPU.
"""

import ctypes
import functools
import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

CONTAINER = Path("/sys/fs/cgroup/memory.max")
# From glibc's malloc.h.
TRIM_THRESHOLD, MMAP_MAX = -1, -4


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processor() -> str:
    """Return the processor's name: on Linux from a file, elsewhere from Python's `platform`."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def hardware(device: "torch.device | None" = None) -> str:
    """Return the name of the device; None means the GPU if there is one. For a processor, also the threads in use."""
    import torch

    if device is None and torch.cuda.is_available():
        device = torch.device("cuda")
    if device is not None and device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device is not None and device.type != "cpu":
        return f"{processor()}, {device.type}"
    return f"{processor()}, {torch.get_num_threads()} threads on {os.cpu_count()} cores"


def installed(device: "torch.device | None" = None) -> int:
    """Return the total memory of a GPU, or else of the machine or its container, in bytes; 2**62 if unknown."""
    if device is not None and device.type == "cuda":
        import torch

        return torch.cuda.get_device_properties(device).total_memory
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 1 << 62
    try:
        return min(machine, int(CONTAINER.read_text(encoding="ascii")))
    except (OSError, ValueError):  # there is no such file, or no limit in it
        return machine


def clock(seconds: float) -> str:
    """Format a duration as a clock does: 3:12, or 49:08:51 with hours."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@functools.cache
def keep_memory() -> bool:
    """Make the C library keep freed memory for this process. Returns True if the library supports it (glibc does).

    By default glibc returns large blocks to the system as soon as they are free, and the system clears every page of a
    new block: 28,000 pages in a step of a small translation model, which took 55 of 600 ms. The peak memory stays about
    the same (695 and 701 MiB; with batches of all shapes 1,104 and 1,052), but memory no longer shrinks after the peak.
    """
    try:
        told = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another C library, or none that can be loaded
        return False
    return bool(told(MMAP_MAX, 0) and told(TRIM_THRESHOLD, -1))
