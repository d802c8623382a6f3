"""A request on its way through an engine, and what an engine is."""

import queue
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from groundup.decode.choose import Strategy

Ended = Literal["stop", "length"]


class Part(NamedTuple):
    """A piece of one of the texts that a job asks for."""

    number: int
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
    """One request. `deliver` is called with each part, or once with the error that ended the job (`Engine.flush`)."""

    prompt: str
    """A prompt, a sentence, or a conversation as one text."""
    choose: Strategy
    deliver: Callable[[Part | Exception], None]
    max_new_tokens: int | None = None
    stop: tuple[str, ...] = ()
    n: int = 1
    top: int | None = None
    """Tell each token's ln p and this many of the likeliest; None tells nothing."""
    ids: list[int] = field(default_factory=list, init=False)
    """The tokens of the prompt, once `Engine.check` has read it."""
    cancelled: bool = field(default=False, init=False)
    """Set by the server when nobody waits for the answer any more; the engine then drops the job at its next step."""


class Busy(Exception):
    """The queue is full."""


class Engine:
    """A model and the jobs that it is asked to do. Subclasses say in `work` what is done next."""

    def __init__(self, *, waiting: int):
        """waiting: where so many jobs wait, a request is refused with `Busy`."""
        self.jobs: queue.Queue[Job] = queue.Queue()
        self.most = waiting
        self.steps = 0
        """Decoding steps since the start, each for all texts of the moment."""
        self.live = 0
        """Texts that are being written at the moment."""
        self.wake: Callable[[], None] = lambda: None
        """How to tell the thread that runs the engine that there is work."""
        self.call: Callable[[Callable[[], None]], object] = lambda work: work()
        """How to run something where answers are waited for: an event loop's `call_soon_threadsafe`."""
        self._held: Job | None = None
        """A job that was taken from the queue and has to wait for its turn."""
        self._told: list[tuple[Job, Part | Exception]] = []

    def submit(self, jobs: Sequence[Job]) -> None:
        """Put the jobs of one request into the queue, all or none, however many they are. Raises Busy if it is full."""
        if self.jobs.qsize() >= self.most:
            raise Busy
        for job in jobs:
            self.jobs.put(job)
        self.wake()

    def tell(self, job: Job, part: "Part | Exception") -> None:
        """Deliver a part with the next `flush`."""
        self._told.append((job, part))

    def flush(self) -> None:
        """Deliver all that was told: once a step, since waking the event loop costs as much as writing a token."""
        told, self._told = self._told, []
        if told:
            with suppress(RuntimeError):  # the event loop is closed: the server has stopped
                self.call(lambda: _deliver(told))

    def check(self, job: Job) -> None:
        """Read the job's prompt into `job.ids`. Raises ValueError if it, or what is asked for, cannot be."""
        raise NotImplementedError

    def work(self) -> bool:
        """Do the next piece of work, and return whether there was any. Called by one thread only."""
        raise NotImplementedError

    def next_job(self, fits: Callable[[Job], bool]) -> Job | None:
        """Take the next job that somebody still waits for; None if there is none, or if it does not fit yet."""
        while self._held is None or self._held.cancelled:
            try:
                self._held = self.jobs.get_nowait()
            except queue.Empty:
                self._held = None
                return None
        if not fits(self._held):
            return None
        job, self._held = self._held, None
        return job


def _deliver(told: list[tuple[Job, Part | Exception]]) -> None:
    for job, part in told:
        job.deliver(part)
