"""From a request to a job and back: what the routes of both APIs share."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from groundup.decode.named import strategy
from groundup.serve.job import Busy, Job, Part
from groundup.serve.limits import Limits, Refused
from groundup.serve.metrics import Metrics
from groundup.serve.served import Served
from groundup.text.reading import well_formed

M = TypeVar("M", bound=BaseModel)
AGAIN = "1"
"""Seconds after which a client may ask again when the queue is full."""


async def read(request: Request, form: type[M], limits: Limits) -> M:
    """The body as this form. Raises Refused: 413 for a body that is too large, 400 for one that is not of the form."""
    return checked(form, await read_json(request, limits))


async def read_json(request: Request, limits: Limits) -> Any:
    """The body as JSON; Refused with 413 or 400."""
    body = await read_body(request, limits)
    try:
        return json.loads(body.decode("utf-8"))
    except UnicodeDecodeError:
        raise Refused(400, "the body is not UTF-8") from None
    except (ValueError, RecursionError):
        raise Refused(400, "the body is not JSON") from None


async def read_body(request: Request, limits: Limits) -> bytes:
    """The body's bytes; Refused with 413 as soon as they are too many."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limits.body_bytes:
            raise Refused(413, f"the body is larger than {limits.body_bytes:,} bytes; send less at a time")
    return bytes(body)


def checked(form: type[M], data: Any) -> M:
    """The data as this form; Refused with 400 names the field and what is wrong with it."""
    try:
        return form.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, first["loc"])) or "body"
        raise Refused(400, f"{field}: {first['msg']}", param=field) from None


def choice(**named: Any) -> Any:
    """The strategy that the options mean; Refused with 400. A temperature of 0 is greedy, as clients expect."""
    if named.get("temperature") == 0:
        named |= dict(temperature=None, top_p=None, top_k=None, min_p=None, seed=None)
    try:
        return strategy(None, **named)
    except ValueError as error:
        raise Refused(400, str(error)) from None


class Answers:
    """The parts of several jobs as they come; leaving the context cancels what is not finished."""

    def __init__(self, request: Request, served: Served, limits: Limits, metrics: Metrics):
        self.request, self.served, self.limits, self.metrics = request, served, limits, metrics
        self.arrived: asyncio.Queue[tuple[int, Part | Exception]] = asyncio.Queue()
        self.jobs: list[Job] = []

    def submit(self, prompts: Sequence[str], **options: Any) -> None:
        """Put a job for each prompt into the model's queue.

        Refused: 400 if the model cannot read a prompt, 429 if the queue is full.
        """

        def deliver_to(number: int) -> Callable[[Part | Exception], None]:
            return lambda part: self.arrived.put_nowait((number, part))

        if any(prompt != well_formed(prompt) for prompt in prompts):
            raise Refused(400, "the text holds half of a surrogate pair, which UTF-8 cannot hold")
        self.jobs = [Job(prompt, deliver=deliver_to(number), **options) for number, prompt in enumerate(prompts)]
        try:
            for job in self.jobs:
                self.served.engine.check(job)
            self.served.engine.submit(self.jobs)
        except ValueError as error:
            raise Refused(400, str(error)) from None
        except Busy:
            self.metrics.refused.labels(self.served.name).inc()
            raise Refused(
                429, f"{self.limits.waiting} requests are waiting already; try again", headers={"Retry-After": AGAIN}
            ) from None

    @property
    def read(self) -> int:
        """How many tokens the prompts have."""
        return sum(len(job.ids) for job in self.jobs)

    async def parts(self) -> AsyncIterator[tuple[int, Part]]:
        """(job, part) until all texts of all jobs have ended.

        Refused: 504 when the time is over, 500 if the model failed. Ends silently if the client has gone.
        """
        left, loop = sum(job.n for job in self.jobs), asyncio.get_running_loop()
        late = loop.call_later(self.limits.seconds, self.arrived.put_nowait, (0, TimeoutError()))
        gone = asyncio.ensure_future(_gone(self.request))
        gone.add_done_callback(lambda _: self.arrived.put_nowait((0, ConnectionError())))
        try:
            while left:
                number, part = await self.arrived.get()
                if isinstance(part, ConnectionError):
                    return
                if isinstance(part, Exception):
                    raise self._refusal(part) from part
                self.metrics.tokens.labels(self.served.name).inc(part.tokens)
                left -= part.ended is not None
                yield number, part
        finally:
            late.cancel()
            gone.cancel()
            self.cancel()

    def _refusal(self, error: Exception) -> Refused:
        if isinstance(error, TimeoutError):
            return Refused(504, f"the answer took more than {self.limits.seconds:g} seconds; ask for fewer tokens")
        if isinstance(error, ValueError):
            return Refused(400, str(error))
        logging.getLogger(__name__).error("%s failed", self.served.name, exc_info=error)
        return Refused(500, "the model failed; the server's log says why")

    def cancel(self) -> None:
        """Nobody waits for the answers any more."""
        for job in self.jobs:
            job.cancelled = True


async def _gone(request: Request) -> None:
    """Return when the client has closed its connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


@asynccontextmanager
async def answers(request: Request, served: Served, limits: Limits, metrics: Metrics) -> AsyncIterator[Answers]:
    """`Answers`, cancelled at the end whatever happens."""
    found = Answers(request, served, limits, metrics)
    try:
        yield found
    finally:
        found.cancel()
