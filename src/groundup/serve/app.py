"""The application: all routes, and what holds for each of them."""

import hmac
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException

from groundup import __version__
from groundup.serve import libretranslate, openai
from groundup.serve.limits import Limits, Refused
from groundup.serve.metrics import Metrics
from groundup.serve.served import Served
from groundup.serve.start_page import start_page

OPEN = ("/health",)
"""Routes that need no key."""


def make_app(served: Sequence[Served], limits: Limits) -> FastAPI:
    """The application for these models, whose engines run while it does. Raises ValueError for two of one name."""
    models = {one.name: one for one in served}
    if len(models) < len(served):
        raise ValueError(f"two models have the same name: {', '.join(one.name for one in served)}; rename one folder")
    metrics = Metrics(served)

    @asynccontextmanager
    async def running(app: FastAPI) -> AsyncIterator[None]:
        for one in served:
            one.engine.start()
        yield
        for one in served:
            one.engine.stop()

    app = FastAPI(title="groundup", version=__version__, lifespan=running, docs_url=None, redoc_url=None)
    app.include_router(openai.routes(models, limits, metrics))
    app.include_router(libretranslate.routes(models, limits, metrics))

    @app.get("/health")
    async def health() -> JSONResponse:
        dead = [one.name for one in served if not one.engine.thread.is_alive()]
        body = {"status": "failed" if dead else "ok", "models": list(models)} | ({"dead": dead} if dead else {})
        return JSONResponse(body, status_code=503 if dead else 200)

    @app.get("/metrics")
    async def tell() -> Response:
        return Response(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    @app.get("/")
    async def page() -> HTMLResponse:
        return HTMLResponse(start_page(served))

    _guard(app, limits, metrics)
    return app


def _guard(app: FastAPI, limits: Limits, metrics: Metrics) -> None:
    """The key, the counters, and errors in OpenAI's form."""

    @app.middleware("http")
    async def watched(request: Request, call: Callable[[Request], Awaitable[Response]]) -> Response:
        began = time.perf_counter()
        try:
            if limits.key is not None and request.url.path not in OPEN:
                _check_key(request, limits.key)
            response = await call(request)
        except Refused as error:
            response = _refusal(error)
        route = getattr(request.scope.get("route"), "path", "other")
        metrics.requests.labels(route, str(response.status_code)).inc()
        metrics.seconds.labels(route).observe(time.perf_counter() - began)
        return response

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


def _check_key(request: Request, key: str) -> None:
    given = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
    if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), key.encode()):
        raise Refused(401, "the key is missing or wrong; send Authorization: Bearer KEY", code="invalid_api_key")


def _refusal(error: Refused) -> Response:
    body: dict[str, Any] = {"message": error.message, "type": error.kind, "param": error.param, "code": error.code}
    # ASCII only: a message may quote half a surrogate pair, which UTF-8 cannot hold.
    text = json.dumps({"error": body})
    return Response(text, status_code=error.status, headers=error.headers, media_type="application/json")
