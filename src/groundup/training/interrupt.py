"""Ctrl-C and SIGTERM: a training stops between two steps, and an interrupt at any other time is not lost."""

import _thread
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = signal.SIGINT, signal.SIGTERM
GRACE = 1.0
"""Seconds that the main thread has to handle a second signal before a thread ends the process."""

AGAIN = 0.02
"""Seconds after which a Ctrl-C that came during an import is sent again."""


class Interrupted(KeyboardInterrupt):
    """The training was asked to stop, and has saved a checkpoint."""


@contextmanager
def interrupts_kept() -> Iterator[None]:
    """Inside the `with`, a Ctrl-C raises KeyboardInterrupt only where Python does not lose it; elsewhere it is delayed.

    An exception during an import may be lost (torch and numpy import each other from C), and the half-imported module
    then fails much later. An exception in a `__del__` is always lost.
    """
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield  # keep a handler that others have set
        return

    def on_signal(number: int, frame: FrameType | None) -> None:
        if _is_lost(frame):
            again = threading.Timer(AGAIN, _interrupt_main)
            again.daemon = True
            again.start()
        else:
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, on_signal)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _interrupt_main() -> None:
    """Send Ctrl-C again. Use a signal if the system can, because it also ends a waiting system call."""
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None:
        signal.pthread_kill(main, signal.SIGINT)
    else:
        _thread.interrupt_main()


def _is_lost(frame: FrameType | None) -> bool:
    """Whether an exception raised here may not reach the main program."""
    while frame is not None:
        code = frame.f_code
        if code.co_name == "__del__" or code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


@contextmanager
def stop_asked() -> Iterator[threading.Event]:
    """Yield an event that the first Ctrl-C or SIGTERM sets, so that no step is cut short. The second signal raises
    KeyboardInterrupt.

    Python handles signals between two of its own instructions, and one call of torch may take minutes. So a thread
    counts the signals too. If the second is not handled soon, the thread ends the process with exit code 130.
    """
    asked, answered = threading.Event(), threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked  # Python handles signals in the main thread only
        return

    def on_signal(number: int, frame: object) -> None:
        if asked.is_set():
            answered.set()
            raise KeyboardInterrupt
        asked.set()

    reader, writer = os.pipe()
    if os.name == "posix":  # Windows accepts a blocking pipe
        os.set_blocking(writer, False)
    watcher = threading.Thread(target=_watch, args=(reader, answered), daemon=True)
    watcher.start()
    woken = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)  # every signal writes its number there immediately
    before = {number: signal.signal(number, on_signal) for number in SIGNALS}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(woken)
        answered.set()
        os.close(writer)
        watcher.join()
        os.close(reader)


def _watch(reader: int, answered: threading.Event) -> None:
    """Read signals until the pipe is closed. End the process if a second one is not handled in time."""
    count = 0
    while numbers := os.read(reader, 64):
        count += sum(number in SIGNALS for number in numbers)
        if count > 1 and not answered.wait(GRACE):
            shown = "\033[?25h" if sys.stderr.isatty() else ""  # the progress bar hides the cursor
            os.write(2, f"{shown}\ngroundup: stopped at once; the last checkpoint stands\n".encode())
            os._exit(130)
