"""Output that may fail without stopping the work: a full log disk or a dead `tee` loses lines, never a training."""

import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, TypeVar, cast

T = TypeVar("T")


def forgiving(stream: TextIO, other: TextIO | None = None) -> TextIO:
    """Wrap the stream: text that cannot be written is dropped, and the first failure is reported once, on `other`."""
    return cast(TextIO, _Forgiving(stream, other))


class _Forgiving:
    def __init__(self, stream: TextIO, other: TextIO | None = None):
        self.stream, self.other, self.failed = stream, other, False

    def write(self, text: str) -> int:
        self._try(lambda: self.stream.write(text))
        return len(text)

    def flush(self) -> None:
        self._try(self.stream.flush)

    def isatty(self) -> bool:
        return not self.failed and self.stream.isatty()

    def _try(self, work: Callable[[], object]) -> None:
        if self.failed:
            return
        try:
            work()
        except (OSError, ValueError) as error:  # ValueError: the stream is closed
            if isinstance(error, UnicodeError):
                raise
            self.failed = True
            if self.other is not None:
                why = (isinstance(error, OSError) and error.strerror) or error
                with suppress(OSError, ValueError):
                    print(f"groundup: what is printed cannot be written ({why}); going on", file=self.other, flush=True)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@contextmanager
def forgiving_output() -> Iterator[None]:
    """Inside the `with`, a failure of standard output or error raises nothing; each is reported once on the other."""
    out, err = sys.stdout, sys.stderr
    both = _Forgiving(out, err), _Forgiving(err, out)
    sys.stdout, sys.stderr = cast(tuple[TextIO, TextIO], both)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = out, err
        for stream in both:
            stream.flush()
            if stream.failed:
                drop(stream.stream)


@contextmanager
def named_output() -> Iterator[None]:
    """Inside the `with`, an error while printing names standard output; the error of a full disk names no file."""
    out = sys.stdout
    sys.stdout = cast(TextIO, _Named(out))
    try:
        try:
            yield
        except SystemExit:  # after --help
            sys.stdout.flush()
            raise
        sys.stdout.flush()
    finally:
        sys.stdout = out


class _Named:
    def __init__(self, stream: TextIO):
        self.stream = stream

    def write(self, text: str) -> int:
        return self._try(lambda: self.stream.write(text))

    def flush(self) -> None:
        self._try(self.stream.flush)

    def _try(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except OSError as error:
            drop(self.stream)
            raise OSError(error.errno, error.strerror, "standard output") from None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


def open_what_is_closed() -> None:
    """Open the null device for standard input, output or error if the process was started without it.

    Otherwise the next opened file gets its number, and the output of a library is written into that file.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            with suppress(OSError):
                _to_nowhere(number)
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115


def spell_out() -> None:
    """Let standard output and error write a character that their encoding lacks as \\xe9 or \\u4e2d, not raise."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")


def drop(stream: TextIO) -> None:
    """Send the stream's buffered text to the null device, or Python would report the failure again at exit."""
    with suppress(OSError, ValueError):
        _to_nowhere(stream.fileno())


def _to_nowhere(number: int) -> None:
    handle = os.open(os.devnull, os.O_RDWR)
    if handle != number:
        os.dup2(handle, number)
        os.close(handle)
