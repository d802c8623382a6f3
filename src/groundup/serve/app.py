"""The application: all routes, and what holds for each of them."""

import asyncio
import base64
import hmac
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from groundup import __version__
from groundup.serve import libretranslate, openai
from groundup.serve.limits import Limits, Refused
from groundup.serve.metrics import Metrics
from groundup.serve.served import Served
from groundup.serve.start_page import start_page
from groundup.serve.worker import Worker

OPEN = ("/health",)
"""Routes that need no key."""
NO_KEY = Refused(
    401,
    "the key is missing or wrong; send Authorization: Bearer KEY",
    code="invalid_api_key",
    headers={"WWW-Authenticate": 'Basic realm="groundup: any name, and the key as password", charset="UTF-8"'},
)


def make_app(served: Sequence[Served], limits: Limits, worker: Worker | None = None) -> FastAPI:
    """The application for these models, whose engines run while it does. Raises ValueError for two of one name.

    worker: the thread that has loaded the models, and will run them; None makes one.
    """
    worker = worker or Worker()
    models = {one.name: one for one in served}
    if len(models) < len(served):
        raise ValueError(f"two models have the same name: {', '.join(one.name for one in served)}; rename one folder")
    metrics = Metrics(served)

    @asynccontextmanager
    async def running(app: FastAPI) -> AsyncIterator[None]:
        for one in served:
            one.engine.call = asyncio.get_running_loop().call_soon_threadsafe
        worker.start([one.engine for one in served])
        yield
        worker.stop()

    app = FastAPI(title="groundup", version=__version__, lifespan=running, docs_url=None, redoc_url=None)
    app.include_router(openai.routes(models, limits, metrics))
    app.include_router(libretranslate.routes(models, limits, metrics))

    @app.get("/health")
    async def health() -> JSONResponse:
        body = {"status": "ok" if worker.alive else "failed", "models": list(models)}
        return JSONResponse(body, status_code=200 if worker.alive else 503)

    @app.get("/metrics")
    async def tell() -> Response:
        return Response(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    @app.get("/page/{name}")
    async def page_of(name: str) -> HTMLResponse:
        if name not in models or models[name].page is None:
            there = ", ".join(one.name for one in served if one.page is not None) or "none"
            raise Refused(404, f"no page of {name!r} here; there is {there}")
        return HTMLResponse(models[name].page)

    @app.get("/")
    async def page() -> HTMLResponse:
        return HTMLResponse(start_page(served))

    _guard(app, limits, metrics)
    return app


def _guard(app: FastAPI, limits: Limits, metrics: Metrics) -> None:
    """The key, the counters, and errors in OpenAI's form."""

    app.add_middleware(Watched, key=limits.key, metrics=metrics)

    @app.exception_handler(Refused)
    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)
        return _refusal(error)

    @app.exception_handler(HTTPException)
    async def unknown(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        said = {404: f"no such route: {request.url.path}", 405: f"{request.method} is not for {request.url.path}"}
        return _refusal(Refused(error.status_code, said.get(error.status_code, str(error.detail))))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: Exception) -> Response:
        return _refusal(Refused(400, "the request is not valid"))

    if limits.origins:
        app.add_middleware(CORSMiddleware, allow_origins=list(limits.origins), allow_methods=["*"], allow_headers=["*"])


class Watched:
    """Ask every request for the key, and count it. Plain ASGI: FastAPI's own middleware makes each chunk wait."""

    def __init__(self, app: ASGIApp, *, key: str | None, metrics: Metrics):
        self.app, self.key, self.metrics = app, key, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def watching(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            if self.key is not None and scope["path"] not in OPEN and not _has_key(scope, self.key):
                await _refusal(NO_KEY)(scope, receive, watching)
            else:
                await self.app(scope, receive, watching)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            self.metrics.requests.labels(route, str(status)).inc()
            self.metrics.seconds.labels(route).observe(time.perf_counter() - began)


def _has_key(scope: Scope, key: str) -> bool:
    """Whether a request brings the key: as a bearer's token, or from a browser as the password.

    A browser adds a password by itself even if the page of another site makes the request, so such pages are refused.
    """
    headers = dict(scope["headers"])
    kind, _, given = headers.get(b"authorization", b"").partition(b" ")
    if kind.lower() == b"basic":
        if headers.get(b"sec-fetch-site", b"none") not in (b"none", b"same-origin"):
            return False
        try:
            given = base64.b64decode(given, validate=True).partition(b":")[2]
        except ValueError:
            return False
    return hmac.compare_digest(given.strip(), key.encode())


def _refusal(error: Refused) -> Response:
    body: dict[str, Any] = {"message": error.message, "type": error.kind, "param": error.param, "code": error.code}
    # ASCII only: a message may quote half a surrogate pair, which UTF-8 cannot hold.
    text = json.dumps({"error": body})
    return Response(text, status_code=error.status, headers=error.headers, media_type="application/json")
