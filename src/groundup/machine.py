"""What this machine is: processor, cores, memory, and time as its clock shows it.

Torch is imported only where somebody asks about a GPU.
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
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processor() -> str:
    """The processor's name: Linux keeps it in a file, other systems tell Python."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def hardware(device: "torch.device | None" = None) -> str:
    """The device in words; None means the GPU where there is one. A processor comes with the threads in use."""
    import torch

    if device is None and torch.cuda.is_available():
        device = torch.device("cuda")
    if device is not None and device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device is not None and device.type != "cpu":
        return f"{processor()}, {device.type}"
    return f"{processor()}, {torch.get_num_threads()} threads on {os.cpu_count()} cores"


def installed(device: "torch.device | None" = None) -> int:
    """Bytes of memory that a GPU has, or else the machine or its container, in use or not; 2**62 if unknown."""
    if device is not None and device.type == "cuda":
        import torch

        return torch.cuda.get_device_properties(device).total_memory
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 1 << 62
    try:
        return min(machine, int(CONTAINER.read_text(encoding="ascii")))
    except (OSError, ValueError):  # there is no such file, or no limit in it
        return machine


def clock(seconds: float) -> str:
    """A duration as a clock shows it: 3:12, or 49:08:51 where there are hours."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@functools.cache
def keep_memory() -> bool:
    """Tell the C library to keep what this process frees, for its own use; True if it can be told (glibc can).

    glibc gives large blocks back as soon as they are free, and the system clears every page of a new one: 28,000 pages
    a step of a small translation model, which took 55 of 600 ms. The peak stays what it was (695 and 701 MiB; with
    batches of all shapes 1,104 and 1,052), but what a process holds no longer shrinks afterwards.
    """
    try:
        told = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another C library, or none that can be asked
        return False
    return bool(told(MMAP_MAX, 0) and told(TRIM_THRESHOLD, -1))
