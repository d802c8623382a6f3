"""A request on its way through an engine, and what an engine is."""

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from groundup.decode.choose import Strategy

Ended = Literal["stop", "length"]


class Part(NamedTuple):
    """A piece of one of the texts that a job asks for."""

    index: int
    """Which of the n texts."""
    text: str
    """The piece of text that has become certain; it may be empty."""
    tokens: int = 0
    """How many tokens it took."""
    told: tuple["Told", ...] = ()
    """Its tokens one by one, if the job asked for their probabilities."""
    ended: Ended | None = None
    """Set on the last part of a text."""


class Told(NamedTuple):
    """A token and its probability."""

    token: str
    logprob: float
    top: list[tuple[str, float]]


@dataclass(eq=False)
class Job:
    """One request. The engine's thread calls `deliver` with each part, or once with the error that ended the job."""

    prompt: str
    """A prompt, a sentence, or a conversation as one text."""
    choose: Strategy
    deliver: Callable[[Part | Exception], None]
    max_new_tokens: int | None = None
    stop: tuple[str, ...] = ()
    n: int = 1
    top: int | None = None
    """Tell each token's ln p and this many of the likeliest; None tells nothing."""
    cancelled: bool = field(default=False, init=False)
    """Set by the server when nobody waits for the answer any more; the engine then drops the job at its next step."""


class Busy(Exception):
    """The queue is full."""


class Engine:
    """A model and the thread that runs it. Subclasses say what the thread does in `_serve`."""

    def __init__(self, *, waiting: int):
        """waiting: how many jobs may wait; more are refused with `Busy`."""
        self.jobs: queue.Queue[Job | None] = queue.Queue()
        self.most = waiting
        self.steps = 0
        """Decoding steps since the start, each for all texts of the moment."""
        self.live = 0
        """Texts that are being written at the moment."""
        self.thread = threading.Thread(target=self._run, name="groundup-engine", daemon=True)

    def start(self) -> None:
        self.thread.start()

    def submit(self, job: Job) -> None:
        """Put the job into the queue. Raises Busy if it is full, RuntimeError if the engine has stopped."""
        if not self.thread.is_alive():
            raise RuntimeError("the engine has stopped")
        if self.jobs.qsize() >= self.most:
            raise Busy
        self.jobs.put(job)

    def stop(self) -> None:
        """End the thread once the jobs before this call are done."""
        self.jobs.put(None)

    def check(self, job: Job) -> int:
        """Return how many tokens the model reads of the job's prompt. Raises ValueError if it cannot be read."""
        raise NotImplementedError

    def _run(self) -> None:
        while self._serve():
            pass

    def _serve(self) -> bool:
        """Do the next piece of work; wait if there is none. Return False once `stop` was asked for."""
        raise NotImplementedError
