"""OpenAI's API, as far as its own client uses it: models, completions, chat completions."""

import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, StreamingResponse

from groundup.serve.asking import Answers, answers, read
from groundup.serve.limits import Limits, Refused
from groundup.serve.metrics import Metrics
from groundup.serve.openai_answers import Talking, Writing, usage
from groundup.serve.openai_forms import Chat, Common, Completion
from groundup.serve.served import Served
from groundup.serve.translating import PairEngine


def routes(models: dict[str, Served], limits: Limits, metrics: Metrics) -> APIRouter:
    """The routes of OpenAI's API for these models."""
    router = APIRouter()

    def find(name: str) -> Served:
        if name not in models:
            raise Refused(
                404, f"no model {name!r} here; there are {', '.join(models)}", param="model", code="model_not_found"
            )
        return models[name]

    @router.get("/v1/models")
    async def list_models() -> dict[str, Any]:
        return {"object": "list", "data": [_model(one) for one in models.values()]}

    @router.get("/v1/models/{name}")
    async def one_model(name: str) -> dict[str, Any]:
        return _model(find(name))

    @router.post("/v1/completions")
    async def complete(request: Request) -> Any:
        asked = await read(request, Completion, limits)
        served = find(asked.model)
        prompts = [asked.prompt] if isinstance(asked.prompt, str) else asked.prompt
        if not prompts:
            raise Refused(400, "prompt: there is none; give a string or a list of strings", param="prompt")
        options = asked.options(most=asked.max_tokens, top=asked.logprobs)
        return await _respond(request, served, asked, prompts, options, Writing(served.name, asked, prompts))

    @router.post("/v1/chat/completions")
    async def chat(request: Request) -> Any:
        asked = await read(request, Chat, limits)
        served = find(asked.model)
        top = (asked.top_logprobs or 0) if asked.logprobs else None
        options = asked.options(most=asked.max_completion_tokens or asked.max_tokens, top=top)
        return await _respond(request, served, asked, [_heard(served, asked)], options, Talking(served.name))

    async def _respond(
        request: Request, served: Served, asked: Common, prompts: list[str], options: dict[str, Any], form: Writing
    ) -> Any:
        form.n = options["n"]
        if not asked.stream:
            async with answers(request, served, limits, metrics) as found:
                found.submit(prompts, **options)
                return JSONResponse(form.whole([part async for part in found.parts()], found.read))
        found = Answers(request, served, limits, metrics)
        found.submit(prompts, **options)  # errors still have a status of their own here
        counted = asked.stream_options is not None and asked.stream_options.include_usage
        return StreamingResponse(_events(found, form, counted=counted), media_type="text/event-stream")

    return router


async def _events(found: Answers, form: Writing, *, counted: bool) -> AsyncIterator[str]:
    """Server-sent events: a chunk for each part, the usage if wanted, and [DONE]."""
    written = 0
    try:
        for opening in form.openings(len(found.jobs) * form.n):
            yield _event(opening)
        async for number, part in found.parts():
            written += part.tokens
            for chunk in form.chunks(number, part):
                yield _event(chunk)
        if counted:
            yield _event(form.envelope(stream=True) | {"choices": [], "usage": usage(found.read, written)})
        yield "data: [DONE]\n\n"
    except Refused as error:
        yield _event({"error": {"message": error.message, "type": error.kind, "param": None, "code": error.code}})
    finally:
        found.cancel()


def _event(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data)}\n\n"


def _model(served: Served) -> dict[str, Any]:
    return {
        "id": served.name,
        "object": "model",
        "created": served.created,
        "owned_by": "groundup",
        "task": served.task,
    }


def _heard(served: Served, asked: Chat) -> str:
    """The prompt that the messages make. Refused with 400 for a model that knows no conversations."""
    turns = [message.text for message in asked.messages if message.role in ("user", "assistant")]
    if asked.messages[-1].role != "user":
        raise Refused(400, "the last message must be the user's", param="messages")
    if isinstance(served.engine, PairEngine):
        return served.engine.conversation(turns) if served.task == "dialogue" else turns[-1]
    raise Refused(
        400,
        f"{served.name} is a language model and was not trained on conversations; use /v1/completions",
        param="model",
    )
