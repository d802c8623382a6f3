"""A server under 256 clients for minutes: no request fails, every answer is the same again, memory stays flat.

Some clients go away in the middle of an answer, some send what is no request; neither may cost the others anything.
"""

import http.client
import json
import random
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from tiny import Row

import groundup as gu
from groundup.presets import preset

TEXT = "one two three four five six seven, eight nine ten. Größe, été and 十. " * 30
WARM = 60.0
GROWTH = 1.1
"""From WARM seconds on (kernels of every batch size are there), the server's memory may grow by a tenth, no more."""


def served(seconds: float, folder: Path, *, seed: int = 0, clients: int = 256) -> Row:
    """Ask for so many seconds; what failed are answers that are missing or differ, and memory that grows."""
    model, seen, failures = tiny_folder(folder / "model"), Counter[str](), []
    with running(model, folder / "complaint.txt") as (process, port):
        known = {n: _ask(port, n) for n in range(48)}
        for _ in range(2):  # a request that is alone gets one answer
            failures += [f"alone, {n}: two answers" for n in known if _ask(port, n) != known[n]]
        began = time.monotonic()
        end = began + seconds
        threads = [
            threading.Thread(target=_client, args=(port, random.Random(seed + n), end, known, seen, failures))
            for n in range(clients)
        ]
        for thread in threads:
            thread.start()
        time.sleep(min(WARM, seconds))
        early = resident(process.pid)
        for thread in threads:
            thread.join()
        late = resident(process.pid)
        if _ask(port, 0) != known[0]:
            failures.append("after it: another answer")
    if late > GROWTH * early:
        failures.append(f"memory grew from {early / 1e6:.0f} to {late / 1e6:.0f} MB")
    note = f"{clients} clients, {seconds:.0f} s; " + ", ".join(f"{n:,} {what}" for what, n in seen.most_common())
    note += f"; {early / 1e6:.0f} MB once warm, {late / 1e6:.0f} MB at the end"
    details = {"early bytes": early, "late bytes": late, "failures": failures[:20]} | seen
    return Row("m", "a server under clients: answers that differ", seen.total(), len(failures), note, details=details)


def tiny_folder(folder: Path) -> Path:
    """A LLaMA of random weights as a Hugging Face folder."""
    torch.manual_seed(0)
    tokenizer = gu.Tokenizer.train_from_texts(TEXT, 290, specials=("<|endoftext|>",))
    config = preset("llama3-tiny", vocab_size=290, width=32, heads=2, layers=2, context=96, mlp_width=48, kv_heads=1)
    gu.to_hub(gu.CausalLM(config).eval(), folder, tokenizer=tokenizer)
    return folder


@contextmanager
def running(model: Path, complaints: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The process and the port of `groundup serve`, which is told to stop at the end."""
    call = [sys.executable, "-m", "groundup", "serve", str(model), "--port", "0", "--waiting", "512", "--rows", "64"]
    with complaints.open("w") as stream, subprocess.Popen(call, stdout=subprocess.PIPE, stderr=stream, text=True) as it:
        try:
            assert it.stdout is not None
            found = re.search(r"http://127.0.0.1:(\d+)", it.stdout.readline())
            if found is None:
                raise RuntimeError(complaints.read_text())
            yield it, int(found[1])
        finally:
            it.terminate()
            it.wait(60)


def resident(pid: int) -> int:
    """Bytes of memory of a process."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return 1024 * int(found[1])


def _client(port: int, chance: random.Random, end: float, known: dict, seen: Counter, failures: list[str]) -> None:
    while time.monotonic() < end:
        kind = chance.choices(["answers", "gone", "garbage"], [17, 2, 1])[0]
        n = chance.randrange(len(known))
        try:
            if kind == "answers":
                if (answer := _ask(port, n)) != known[n]:
                    failures.append(f"{n}: {answer!r} instead of {known[n]!r}")
            elif kind == "gone":
                _go_away(port, n)
            elif (status := _post(port, b'{"model": ["\xff').status) != 400:
                failures.append(f"garbage: status {status}")
        except (OSError, RuntimeError, http.client.HTTPException) as error:
            failures.append(f"{kind}: {error!r}")
        seen[kind] += 1


def _body(n: int, *, stream: bool = False) -> bytes:
    drawn = dict(temperature=0.0) if n % 2 else dict(temperature=0.8, seed=n)
    body = dict(model="model", prompt="one two three"[: 3 + n % 11], max_tokens=5 + n % 40, stream=stream) | drawn
    return json.dumps(body).encode()


def _post(port: int, body: bytes) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("POST", "/v1/completions", body, {"Content-Type": "application/json", "Connection": "close"})
    return connection.getresponse()


def _ask(port: int, n: int) -> str:
    answer = _post(port, _body(n))
    text = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"status {answer.status}: {text[:200]!r}")
    return json.loads(text)["choices"][0]["text"]


def _go_away(port: int, n: int) -> None:
    """Read the first line of a stream and leave."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("POST", "/v1/completions", _body(n, stream=True), {"Content-Type": "application/json"})
    connection.getresponse().readline()
    connection.close()
