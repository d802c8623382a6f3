"""Stopping a training between two steps, so that nothing is cut in half."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Interrupted(KeyboardInterrupt):
    """The training was asked to stop; what it had done is saved."""


@contextmanager
def stop_asked() -> Iterator[threading.Event]:
    """Set by the first Ctrl-C or SIGTERM, so that no step is cut in half; the second raises KeyboardInterrupt."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked  # Python gives signals to the main thread only
        return

    def on_signal(number: int, frame: object) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
