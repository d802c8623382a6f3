"""The files in docs/launch, run as they stand: agents on one machine take the parts of nodes, CPU ranks of GPUs."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

LAUNCH = Path(__file__).parents[2] / "docs" / "launch"
SMALL = (
    "--model.width 32 --model.heads 2 --model.layers 1 --model.mlp-width 64 --model.context 32 --data.batch 4 "
    "--tokenizer.vocab-size 300 --max-minutes None --train.warmup 2 --train.batch-tokens 512 --train.timeout 60 "
    "--train.validate-every 1000 --train.save-every 10 --train.log-every 5 --train.device cpu --train.precision float32"
).split()

pytestmark = [pytest.mark.slow, pytest.mark.posix]


@pytest.fixture
def desk(tmp_path):
    (tmp_path / "text.txt").write_text("".join(f"{n} times {n} is {n * n}.\n" for n in range(2000)))
    return tmp_path


@pytest.fixture
def start(desk):
    """Start a launch file, which torchrun replaces; what runs at the end is told to stop."""
    agents = []

    def start(file, *arguments, log="log", **variables):
        path = f"{desk}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        said = {"PATH": path, "OMP_NUM_THREADS": 1} | variables
        environment = os.environ | {name: str(value) for name, value in said.items()}
        with (desk / log).open("wb") as out:
            agents.append(
                subprocess.Popen(
                    ["bash", str(LAUNCH / file), *arguments],
                    cwd=desk,
                    env=environment,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                )
            )
        return agents[-1]

    yield start
    for agent in agents:
        if agent.poll() is None:
            agent.terminate()
            agent.wait(60)


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def until(true, what, seconds=90):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"{what} did not come about"
        time.sleep(0.1)


def workers(agent):
    return [int(pid) for pid in subprocess.run(["pgrep", "-P", str(agent.pid)], capture_output=True).stdout.split()]


def logged(desk):
    path = desk / "runs" / "corpus" / "metrics.jsonl"
    return len(path.read_text().splitlines()) if path.is_file() else 0


def finished(desk, log="log"):
    said = (desk / log).read_text()
    assert "all 150 steps done" in said, said
    return [int(step) for step in re.findall(r"resumed at step (\d+)", said)]


TRAIN = ["corpus", "text.txt", "--train.steps", "150", *SMALL]


def test_all_processors_of_one_machine(desk, start):
    assert start("one-node.sh", *TRAIN, GPUS=2).wait(120) == 0
    assert finished(desk) == []
    again = start("one-node.sh", *TRAIN, "--train.lr", "0.1", GPUS=2, log="again")
    assert again.wait(120) != 0, "another launch is not this one started again"
    said = (desk / "again").read_text()
    assert "already there" in said
    assert "resumed" not in said


@pytest.mark.parametrize("node", [0, 1])
def test_two_machines_go_on_when_a_process_of_either_dies(desk, start, node):
    port = free_port()
    agents = [
        start("many-nodes.sh", *TRAIN, log=f"log{n}", GPUS=1, NODES=2, MASTER="127.0.0.1", PORT=port) for n in (0, 1)
    ]
    until(lambda: logged(desk) > 3, "a few logged steps")
    os.kill(workers(agents[node])[0], signal.SIGKILL)
    assert [agent.wait(120) for agent in agents] == [0, 0]
    ranks = [(desk / f"log{n}").read_text() for n in (0, 1)]
    said = max(ranks, key=len)
    assert "already there" not in said
    assert "resumed at step" in said
    assert "all 150 steps done" in said


def test_slurm_stops_a_job_in_time_and_goes_on_with_it_from_the_queue(desk, start):
    for name, text in (("scontrol", "echo 127.0.0.1"), ("srun", 'shift; exec "$@"')):
        (desk / name).write_text(f"#!/bin/bash\n{text}\n")
        (desk / name).chmod(0o755)
    job = {"SLURM_JOB_NODELIST": "node1", "SLURM_NNODES": 1, "SLURM_JOB_ID": 4711, "SLURM_CPUS_PER_TASK": 4}
    job |= {"SLURM_GPUS_ON_NODE": 2, "PORT": free_port()}
    agent = start("slurm.sbatch", *TRAIN, **job)
    until(lambda: logged(desk) > 3, "a few logged steps")
    agent.terminate()
    assert agent.wait(120) != 0
    assert "saved; go on with: groundup resume corpus" in (desk / "log").read_text()
    assert start("slurm.sbatch", *TRAIN, log="requeued", **job).wait(120) == 0
    assert len(finished(desk, "requeued")) == 1
    more = start("slurm.sbatch", log="more", RESUME="corpus", **(job | {"SLURM_JOB_ID": 4712}))
    assert more.wait(120) == 0
    assert finished(desk, "more") == [150]
