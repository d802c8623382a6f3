"""groundup serve RUN [RUN ...]: an HTTP server that clients of OpenAI and LibreTranslate can call."""

import importlib.util
import signal
import socket
import sys
from dataclasses import dataclass
from typing import Annotated, Any

import tyro

from groundup.cli.parse import parse

INSTALL = "serving needs pip install 'groundup[serve]'"
TURN = 0.0005
"""Seconds that the thread that answers clients may keep the thread of the models waiting. With Python's own 5 ms, a
step of a small model waits longer than it takes: 1,640 instead of 1,800 tokens/s with 32 clients."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Serve:
    """Serve runs, or Hugging Face folders, over HTTP: /v1/completions, /v1/chat/completions, /translate, /metrics.

    It listens on this machine only, unless --host says otherwise. Ctrl-C or SIGTERM lets running requests finish first.
    """

    runs: Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="RUN [RUN ...]")]
    """Run folders, their names under runs/, or Hugging Face folders of language models."""
    host: str = "127.0.0.1"
    """Address to listen on; 0.0.0.0 is every network of this machine, and wants a key."""
    port: int = 8000
    key: str | None = None
    """Clients must send it as `Authorization: Bearer KEY`. GROUNDUP_KEY in the environment does the same."""
    origins: tuple[str, ...] = ()
    """Web pages of other origins that may call the server, such as https://example.org; none by default."""
    max_new_tokens: int = 512
    """The most tokens of one answer."""
    rows: int = 32
    """Texts that a model writes at a time."""
    waiting: int = 64
    """Requests that may wait for each model; more are answered with 429."""
    max_body: int = 1_000_000
    """Bytes of the largest request."""
    seconds: float = 120.0
    """How long one request may take."""
    grace: int = 30
    """Seconds that running requests have to finish when the server is stopped."""
    checkpoint: str = "best"
    """best, latest or the number of a step."""
    device: str = "auto"
    trust_code: bool = False
    """Execute the Python file of its own that a run was trained with, a copy of which lies in its folder."""


def main(arguments: list[str]) -> None:
    options = parse(Serve, arguments, prog="groundup serve")
    _check(options)
    if any(importlib.util.find_spec(name) is None for name in ("fastapi", "uvicorn", "prometheus_client")):
        raise ValueError(INSTALL)
    import os

    import uvicorn

    from groundup.run.load import which
    from groundup.serve.app import make_app
    from groundup.serve.limits import Limits
    from groundup.serve.served import open_model
    from groundup.serve.worker import Worker

    listening = _bind(options.host, options.port)
    if options.key is not None and not options.key.strip():  # such as --key "$KEY" where KEY is not set
        raise ValueError("--key is empty, so that anybody could use the models; give a key, or leave --key out")
    key = options.key or os.environ.get("GROUNDUP_KEY") or None
    limits = Limits(
        body_bytes=options.max_body,
        waiting=options.waiting,
        rows=options.rows,
        max_new_tokens=options.max_new_tokens,
        seconds=options.seconds,
        key=key,
        origins=options.origins,
    )
    where: dict[str, Any] = dict(
        checkpoint=which(options.checkpoint), device=options.device, trust_code=options.trust_code
    )
    worker = Worker()
    try:
        served = worker.do(lambda: [open_model(run, limits, **where) for run in options.runs])
        app = make_app(served, limits, worker)
    except BaseException:
        worker.stop()
        raise
    host, port = listening.getsockname()[:2]
    print(f"serving {', '.join(options.runs)} on http://{host}:{port}; stop with Ctrl-C", flush=True)
    if options.host not in LOOPBACK and key is None:
        print("anybody who reaches this address can use the models; --key asks for a key", flush=True)
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=options.grace, server_header=False)
    sys.setswitchinterval(TURN)
    for number in (signal.SIGINT, signal.SIGTERM):  # uvicorn drains, then raises the signal again: that is no error
        signal.signal(number, lambda *_: None)
    uvicorn.Server(config).run(sockets=[listening])


def _check(options: Serve) -> None:
    if not options.runs:
        raise ValueError("name at least one run: groundup serve RUN")
    if not 0 <= options.port < 2**16:
        raise ValueError(f"--port ({options.port}) must be between 0 and 65535; 0 takes a free one")
    for name in ("max_new_tokens", "rows", "waiting", "max_body", "grace"):
        if (value := getattr(options, name)) < 1:
            raise ValueError(f"--{name.replace('_', '-')} ({value}) must be at least 1")
    if not 0 < options.seconds < float("inf"):
        raise ValueError(f"--seconds ({options.seconds}) must be above 0")


def _bind(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises ValueError if the port is in use or the address is not this machine's."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(2048)
    except OSError as error:
        raise ValueError(f"cannot listen on {host}:{port}: {error.strerror or error}; try --port 0") from None
    return listening
