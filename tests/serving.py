"""A server in a thread of the test, and what it serves."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import uvicorn

from groundup.run.translator import Translator
from groundup.run.writer import Writer
from groundup.serve.app import make_app
from groundup.serve.limits import Limits
from groundup.serve.served import Served, offer


def models(writer: Writer, translator: Translator, limits: Limits) -> list[Served]:
    return [
        offer("text", "text", writer, limits, languages=None),
        offer("en-fr", "translation", translator, limits, languages=("en", "fr")),
        offer("talk", "dialogue", translator, limits, languages=None),
    ]


@contextlib.contextmanager
def running(served: list[Served], limits: Limits) -> Iterator[str]:
    """The address of a server with these models, until the context is left."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(make_app(served, limits), log_level="error", timeout_graceful_shutdown=2))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
