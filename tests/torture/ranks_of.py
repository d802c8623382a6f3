"""A few ranks as children of this process: they meet over gloo, and each ends with a number."""

import os
import signal
import socket
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch._dynamo  # torch loads these when first asked for slices; here it has done so before a child is made
import torch.distributed.checkpoint.hf_storage
import torch.distributed.fsdp  # noqa: F401
from tiny import fork, wait

LATE = -signal.SIGALRM


def begin(size: int, function: Callable[[], object], folder: Path) -> list[int]:
    """Start so many ranks that call the function; their process ids. A complaint of rank r is in complaint-r.txt."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return [fork(partial(_rank, r, size, port, function), folder / f"complaint-{r}.txt") for r in range(size)]


def ended(children: list[int], *, seconds: float = 300.0) -> list[int]:
    """The exit code of each, LATE for one that had to be killed after so many seconds."""
    until, codes = time.monotonic() + seconds, {}
    while len(codes) < len(children):
        for child in set(children) - set(codes):
            found, status = os.waitpid(child, os.WNOHANG)
            if found:
                codes[child] = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > until:
                os.kill(child, signal.SIGKILL)
                wait(child)
                codes[child] = LATE
        time.sleep(0.001)
    return [codes[child] for child in children]


def complaints(codes: list[int], folder: Path, allowed: tuple[int, ...]) -> list[str]:
    """What is wrong with how the ranks ended: one that did not in time, or by an exception that nobody expected."""
    wrong = []
    for rank, code in enumerate(codes):
        if code == LATE:
            wrong.append(f"rank {rank} did not end")
        elif code not in allowed:
            file = folder / f"complaint-{rank}.txt"
            last = file.read_text().strip().splitlines()[-1] if file.exists() else "nothing"
            wrong.append(f"rank {rank}: exit code {code}: {last}")
    return wrong


def _rank(rank: int, size: int, port: int, function: Callable[[], object]) -> object:
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(size)}
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    return function()
