"""How this process was started: alone, or by torchrun as one of several. No torch here: the command line uses it."""

import os
import shlex
import sys

from groundup.training.settings import ParallelName


def launched() -> bool:
    """Whether torchrun, or a launcher that sets the same variables, started this process."""
    return {"RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"} <= os.environ.keys()


def rank() -> int:
    """Return this process's number among all processes, from 0."""
    return int(os.environ["RANK"]) if launched() else 0


def size() -> int:
    """Return the number of processes (the world size)."""
    return int(os.environ["WORLD_SIZE"]) if launched() else 1


def local_rank() -> int:
    """Return this process's number on its machine, which is also the number of its GPU."""
    return int(os.environ.get("LOCAL_RANK", "0")) if launched() else 0


def attempt() -> int:
    """Return how often torchrun has restarted these processes."""
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")) if launched() else 0


def restarted() -> bool:
    """Whether torchrun started this process to replace one that failed."""
    return attempt() > 0


def stamp() -> str | None:
    """Return an identifier that all attempts of one launch share: torchrun's run id and the command line.

    On one machine the id of the parent process replaces a missing run id. None if there is neither. `attempt` cannot
    serve for this, because on several machines each counts its own attempts.
    """
    name = os.environ.get("TORCHELASTIC_RUN_ID", "none")
    if name == "none":
        name = f"process {os.getppid()}" if os.environ.get("LOCAL_WORLD_SIZE") == os.environ.get("WORLD_SIZE") else ""
    return shlex.join([name, *sys.argv[1:]]) if launched() and name else None


def restarts() -> bool:
    """Whether torchrun restarts failed workers (--max-restarts > 0)."""
    return launched() and int(os.environ.get("TORCHELASTIC_MAX_RESTARTS", "0")) > 0


def shares_a_store() -> bool:
    """Whether all attempts use one store, which still holds the addresses of dead processes after a restart.

    Raises ValueError on several machines, whose counts of attempts may differ (PyTorch issue 135712).
    """
    if not restarts() or os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True":
        return False
    if os.environ.get("LOCAL_WORLD_SIZE") != os.environ["WORLD_SIZE"]:
        raise ValueError(
            "restarts on several machines need a new store each time; "
            "try TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1 torchrun --rdzv-backend c10d ..."
        )
    return True


def chosen(wanted: ParallelName) -> ParallelName:
    """Resolve `auto`. Raises ValueError if `wanted` does not fit how this process was started."""
    if wanted == "auto":
        return "ddp" if launched() else "none"
    if wanted == "none" and size() > 1:
        raise ValueError(f"parallel none, but torchrun started {size()} processes; try --parallel ddp")
    if wanted != "none" and not launched():
        raise ValueError(
            f"parallel {wanted} needs the processes that torchrun starts; "
            "try torchrun --nproc-per-node 2 -m groundup train ..., or --parallel none"
        )
    return wanted
