"""The one thread in which models are loaded and run."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from groundup.serve.job import Engine

T = TypeVar("T")


class Worker:
    """Loads models with `do`, then runs their engines in turn, a step of each.

    It is one thread from the beginning, because OpenMP keeps a pool of threads for each thread that calls it, and with
    more threads than cores each of them sleeps at once instead of waiting for the next product. A step of a model of
    ten million weights took 5.6 ms where another thread had loaded the model, and 2.4 ms in the thread that loaded it
    (two cores).
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="groundup-worker")
        self._ready = threading.Event()
        self._stopping = False
        self._running: Future[None] | None = None

    def do(self, work: Callable[[], T]) -> T:
        """Run this in the thread, before `start`, and return what it returns."""
        return self._thread.submit(work).result()

    def start(self, engines: Sequence[Engine]) -> None:
        """Run these engines until `stop`."""
        for engine in engines:
            engine.wake = self._ready.set
        self._running = self._thread.submit(self._run, engines)

    @property
    def alive(self) -> bool:
        return self._running is not None and not self._running.done()

    def stop(self) -> None:
        """End the thread once no engine has work left."""
        self._stopping = True
        self._ready.set()
        self._thread.shutdown(wait=False)

    def _run(self, engines: Sequence[Engine]) -> None:
        while True:
            self._ready.clear()
            worked = [engine.work() for engine in engines]
            for engine in engines:
                engine.flush()
            if not any(worked):
                if self._stopping:
                    return
                self._ready.wait()
