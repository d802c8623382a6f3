"""Ctrl-C and SIGTERM: a training stops between two steps, and an interrupt at any other moment is not lost."""

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
"""Seconds that the main thread has to answer a second signal itself before the process is ended over its head."""


AGAIN = 0.02
"""Seconds after which a Ctrl-C that came during an import is tried again."""


class Interrupted(KeyboardInterrupt):
    """The training was asked to stop; what it had done is saved."""


@contextmanager
def interrupts_kept() -> Iterator[None]:
    """Within it a Ctrl-C raises KeyboardInterrupt only where that is not lost: elsewhere it is kept for a moment.

    While a module is imported it may be swallowed (torch and numpy import each other from C), and what is then half
    imported fails much later; in a `__del__` it always is.
    """
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield  # somebody else's handler stays
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
    """Ctrl-C once more; where the system can, as a signal, which also ends a system call that waits."""
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
    """Set by the first Ctrl-C or SIGTERM, so that no step is cut in half; the second raises KeyboardInterrupt.

    Python answers signals between two of its own instructions, and one call of torch may take minutes. So a thread
    counts them too, and where the second is not answered soon it ends the process with exit code 130.
    """
    asked, answered = threading.Event(), threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked  # Python gives signals to the main thread only
        return

    def on_signal(number: int, frame: object) -> None:
        if asked.is_set():
            answered.set()
            raise KeyboardInterrupt
        asked.set()

    reader, writer = os.pipe()
    if os.name == "posix":  # Windows takes a pipe as it is
        os.set_blocking(writer, False)
    watcher = threading.Thread(target=_watch, args=(reader, answered), daemon=True)
    watcher.start()
    woken = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)  # every signal writes its number there, at once
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
    """Read signals until the pipe is closed; end the process where a second one is not answered in time."""
    count = 0
    while numbers := os.read(reader, 64):
        count += sum(number in SIGNALS for number in numbers)
        if count > 1 and not answered.wait(GRACE):
            shown = "\033[?25h" if sys.stderr.isatty() else ""  # the progress bar hides the cursor
            os.write(2, f"{shown}\ngroundup: stopped at once; the last checkpoint stands\n".encode())
            os._exit(130)
