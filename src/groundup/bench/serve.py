"""`groundup serve` beside `transformers serve` with the same weights: tokens a second, and the wait for the first."""

import contextlib
import http.client
import importlib.util
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from groundup.bench.report import Report, Table, machine, ratio

PACKAGES = ("torch", "transformers", "fastapi", "uvicorn")
NEEDS = ("fastapi", "uvicorn", "prometheus_client", "transformers")
RULES = (
    "each client sends its requests one after the other to /v1/completions, as a stream, greedy; tokens/s: all new "
    "tokens over the time until the last client is done; first token: from sending a request to the first piece of its "
    "text. transformers: `transformers serve`, as it is and with --continuous-batching"
)
START = 120  # seconds that a server has to come up
THEIRS = "from transformers.cli.transformers import main; main()"


@dataclass(frozen=True)
class Settings:
    """`groundup serve` beside `transformers serve` on the same exported weights, with more and more clients."""

    clients: tuple[int, ...] = (1, 8, 32, 128)
    """How many clients at once."""
    requests: int = 2
    """Requests of each client, one after the other."""
    prompt: int = 64
    """Words of each prompt; a word is about a token."""
    new: int = 64
    """Tokens to write after each."""
    vocab_size: int = 8192
    layers: int = 6
    width: int = 384
    heads: int = 6
    context: int = 512
    limit: float = 240.0
    """Seconds for a number of clients; a server that takes longer is not asked with more."""
    json: Path | None = None
    """Where to write the figures."""


class Answer(NamedTuple):
    """What a client saw of one request."""

    first: float
    """Seconds until the first piece of text."""
    tokens: int
    text: str


def compare(settings: Settings, say: Callable[[str], None]) -> Report:
    """Each server alone on the machine, each number of clients in turn."""
    missing = [name for name in NEEDS if importlib.util.find_spec(name) is None]
    if missing:
        raise ValueError(f"{', '.join(missing)} is not installed: pip install 'groundup[serve,bench]'")
    report = Report("serve", asdict(settings), machine(PACKAGES), notes=[RULES])
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        model = _model(settings, Path(folder, "model"))
        ours = [sys.executable, "-m", "groundup", "serve", str(model), "--rows", "64", "--waiting", "512", "--port"]
        theirs = [sys.executable, "-c", THEIRS, "serve", str(model), "--port"]
        servers = {
            "ours": ours,
            "transformers": theirs,
            "transformers, batching": [*theirs[:-1], "--continuous-batching", "--port"],
        }
        for name, call in servers.items():
            say(f"{name}: starting")
            rows += _serve_and_ask(name, call, model, settings, lambda line, name=name: say(f"{name}: {line}"))
    best = {
        clients: max(
            (row["tokens/s"] or 0 for row in rows if row["clients"] == clients and row["server"] != "ours"), default=0
        )
        for clients in settings.clients
    }
    for row in rows:
        row["ratio"] = ratio(row["tokens/s"], best[row["clients"]] or None)
    rows.sort(key=lambda row: row["clients"])
    formats = {"tokens/s": ",.0f", "ratio": ".2f", "first p50 ms": ",.0f", "first p99 ms": ",.0f"}
    title = (
        f"serving: {settings.layers} layers, width {settings.width}, {settings.new} new tokens after {settings.prompt}"
    )
    report.tables.append(Table(f"{title}; ratio: to the better of transformers' two", rows, formats))
    return report


def _model(settings: Settings, folder: Path) -> Path:
    """A GPT-2 of random weights as a Hugging Face folder."""
    from groundup.bench.shapes import Shape, spread
    from groundup.data.load import load_texts
    from groundup.hub.folder import to_hub
    from groundup.text.tokenizer import Tokenizer

    sizes = {key: getattr(settings, key) for key in ("layers", "width", "heads", "context", "vocab_size")}
    tokenizer = Tokenizer.train_from_texts("\n".join(load_texts("stdlib"))[:3_000_000], settings.vocab_size)
    to_hub(spread(Shape("gpt2", **sizes).ours()), folder, tokenizer=tokenizer)
    return folder


def _serve_and_ask(
    name: str, call: Sequence[str], model: Path, settings: Settings, say: Callable[[str], None]
) -> list[dict[str, Any]]:
    """A row for each number of clients. Whatever fails is a row, too."""
    rows, failed = [], None
    try:
        with _running(call) as port:
            known = _names(port, model)
            _ask(port, known, settings, client=0)  # loads the model and warms up
            for clients in settings.clients:
                say(f"{clients} clients")
                began = time.perf_counter()
                answers = _all_clients(port, known, settings, clients)
                seconds = time.perf_counter() - began
                rows.append(_row(name, clients, answers, seconds, wanted=clients * settings.requests))
                if seconds > settings.limit:
                    break
    except (OSError, RuntimeError, ValueError, http.client.HTTPException) as error:
        failed = f"failed: {' '.join(str(error).split())[:120]}"
    there = {row["clients"] for row in rows}
    empty = {"tokens/s": None, "first p50 ms": None, "first p99 ms": None}
    note = failed or f"not asked: over {settings.limit:.0f} s with fewer"
    return rows + [{"clients": n, "server": name} | empty | {"note": note} for n in settings.clients if n not in there]


def _row(name: str, clients: int, answers: list[Answer], seconds: float, *, wanted: int) -> dict[str, Any]:
    first = sorted(answer.first for answer in answers)
    return {
        "clients": clients,
        "server": name,
        "tokens/s": sum(answer.tokens for answer in answers) / seconds,
        "first p50 ms": 1000 * statistics.median(first) if first else None,
        "first p99 ms": 1000 * first[min(len(first) - 1, int(0.99 * len(first)))] if first else None,
        "note": None if len(answers) == wanted else f"{wanted - len(answers)} of {wanted} requests failed",
    }


def _all_clients(port: int, model: str, settings: Settings, clients: int) -> list[Answer]:
    answers: list[Answer] = []

    def client(number: int) -> None:
        for _ in range(settings.requests):
            with contextlib.suppress(OSError, RuntimeError, ValueError, http.client.HTTPException):
                answers.append(_ask(port, model, settings, client=number))

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def _ask(port: int, model: str, settings: Settings, *, client: int) -> Answer:
    """One request as a stream. Raises RuntimeError for an answer that is none."""
    prompt = " ".join(str((client * 7 + n) % 300) for n in range(settings.prompt // 2))
    ask = dict(model=model, prompt=prompt, max_tokens=settings.new, temperature=0, stream=True)
    ask |= {"stream_options": {"include_usage": True}}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=settings.limit)
    began, first, text, tokens, pieces = time.perf_counter(), None, "", None, 0
    with contextlib.closing(connection):
        connection.request("POST", "/v1/completions", json.dumps(ask), {"Content-Type": "application/json"})
        response = connection.getresponse()
        if response.status != 200:
            raise RuntimeError(f"status {response.status}: {response.read(200).decode(errors='replace')}")
        for line in response:
            if not line.startswith(b"data: ") or line.startswith(b"data: [DONE]"):
                continue
            chunk = json.loads(line[6:])
            tokens = (chunk.get("usage") or {}).get("completion_tokens", tokens)
            piece = "".join(choice.get("text") or "" for choice in chunk.get("choices", []))
            pieces += bool(chunk.get("choices"))
            if piece and first is None:
                first = time.perf_counter() - began
            text += piece
    if first is None:
        raise RuntimeError("an answer without text")
    return Answer(first, settings.new if tokens is None else tokens, text)


@contextlib.contextmanager
def _running(call: Sequence[str]) -> Iterator[int]:
    """The server's port once it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error", "GOMP_SPINCOUNT": "2000"}
    quiet = dict(stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    process = subprocess.Popen([*call, str(port)], env=environment, **quiet)  # pyright: ignore[reportCallIssue, reportArgumentType]
    try:
        end = time.monotonic() + START
        while not _answers(port):
            if process.poll() is not None:
                raise RuntimeError(f"the server ended with exit code {process.returncode}")
            if time.monotonic() > end:
                raise RuntimeError(f"the server was not up within {START} s")
            time.sleep(0.2)
        yield port
    finally:
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    try:
        return _get(port, "/health")[0] == 200
    except OSError:
        return False


def _names(port: int, model: Path) -> str:
    """What the server calls the model: its own name for it, or the folder that it was started with."""
    status, body = _get(port, "/v1/models")
    known = [one["id"] for one in json.loads(body).get("data", [])] if status == 200 else []
    return next((name for name in (str(model), model.name) if name in known), str(model))


def _get(port: int, route: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with contextlib.closing(connection):
        connection.request("GET", route)
        response = connection.getresponse()
        return response.status, response.read()
