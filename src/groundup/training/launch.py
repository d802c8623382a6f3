"""How this process was started: alone, or by torchrun as one of several. No torch here: the command line asks."""

import os
import shlex
import sys

from groundup.training.settings import ParallelName


def launched() -> bool:
    """Whether torchrun, or something that speaks as it does, started this process."""
    return {"RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"} <= os.environ.keys()


def rank() -> int:
    """This process's number among all."""
    return int(os.environ["RANK"]) if launched() else 0


def size() -> int:
    """How many processes there are."""
    return int(os.environ["WORLD_SIZE"]) if launched() else 1


def place() -> int:
    """This process's number on its machine: the GPU it takes."""
    return int(os.environ.get("LOCAL_RANK", "0")) if launched() else 0


def attempt() -> int:
    """How often torchrun has started these processes again."""
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")) if launched() else 0


def restarted() -> bool:
    """Whether torchrun started this process in place of one that failed."""
    return attempt() > 0


def stamp() -> str | None:
    """What all attempts of one launch share, and no other launch: its name for torchrun, and what it was told to do.

    Over several machines `attempt` counts on each by itself, so it cannot tell. On one, the process that starts the
    others stands for a name. None where there is neither.
    """
    name = os.environ.get("TORCHELASTIC_RUN_ID", "none")
    if name == "none":
        name = f"process {os.getppid()}" if os.environ.get("LOCAL_WORLD_SIZE") == os.environ.get("WORLD_SIZE") else ""
    return shlex.join([name, *sys.argv[1:]]) if launched() and name else None


def restarts() -> bool:
    """Whether torchrun would."""
    return launched() and int(os.environ.get("TORCHELASTIC_MAX_RESTARTS", "0")) > 0


def shares_a_store() -> bool:
    """Whether all attempts meet at one store, which forgets nothing in between: the addresses of dead processes too.

    ValueError over several machines, whose counts of attempts may differ (PyTorch issue 135712).
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
    """`auto` resolved; ValueError where what is wanted does not fit how this process was started."""
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
