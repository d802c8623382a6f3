"""What clients of OpenAI's API get: a completion or a chat completion, whole or in chunks."""

import time
import uuid
from typing import Any

from groundup.serve.job import Part, Told
from groundup.serve.openai_forms import Completion


def usage(read: int, written: int) -> dict[str, int]:
    """How many tokens were read and written."""
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


class Writing:
    """The form of a completion's answer."""

    object, prefix, chunk_object = "text_completion", "cmpl", "text_completion"

    def __init__(self, model: str, asked: Completion | None = None, prompts: list[str] | None = None):
        self.model, self.n = model, 1
        self.id, self.created = f"{self.prefix}-{uuid.uuid4().hex}", int(time.time())
        self.echoed = prompts if asked is not None and asked.echo and prompts is not None else None

    def envelope(self, *, stream: bool = False) -> dict[str, Any]:
        kind = self.chunk_object if stream else self.object
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}

    def whole(self, parts: list[tuple[int, Part]], read: int) -> dict[str, Any]:
        """The answer that is sent at once."""
        texts: dict[int, list[Part]] = {}
        for number, part in parts:
            texts.setdefault(number * self.n + part.number, []).append(part)
        choices = [self.choice(index, texts[index]) for index in sorted(texts)]
        return self.envelope() | {"choices": choices, "usage": usage(read, sum(part.tokens for _, part in parts))}

    def openings(self, texts: int) -> list[dict[str, Any]]:
        """Chunks before the first part."""
        if self.echoed is None:
            return []
        return [self._chunk(index, self.echoed[index // self.n], None, None) for index in range(texts)]

    def chunks(self, number: int, part: Part) -> list[dict[str, Any]]:
        """The chunks that tell of a part."""
        if not part.text and not part.told and part.ended is None:
            return []
        return [self._chunk(number * self.n + part.number, part.text, self.logprobs(part.told, 0), part.ended)]

    def _chunk(self, index: int, text: str, logprobs: Any, ended: str | None) -> dict[str, Any]:
        choice = {"index": index, "text": text, "logprobs": logprobs, "finish_reason": ended}
        return self.envelope(stream=True) | {"choices": [choice]}

    def choice(self, index: int, parts: list[Part]) -> dict[str, Any]:
        start = "" if self.echoed is None else self.echoed[index // self.n]
        told = tuple(told for part in parts for told in part.told)
        text = start + "".join(part.text for part in parts)
        logprobs = self.logprobs(told, len(start))
        return {"index": index, "text": text, "logprobs": logprobs, "finish_reason": parts[-1].ended}

    def logprobs(self, told: tuple[Told, ...], offset: int) -> dict[str, Any] | None:
        """Tokens, their ln p, the likeliest in their places, and where each begins in the text."""
        if not told:
            return None
        offsets = [offset]
        for one in told[:-1]:
            offsets.append(offsets[-1] + len(one.token))
        return {
            "tokens": [one.token for one in told],
            "token_logprobs": [one.logprob for one in told],
            "top_logprobs": [dict(reversed(one.top)) for one in told],  # of tokens that look alike, the likeliest
            "text_offset": offsets,
        }


class Talking(Writing):
    """The form of a chat completion's answer."""

    object, prefix, chunk_object = "chat.completion", "chatcmpl", "chat.completion.chunk"

    def openings(self, texts: int) -> list[dict[str, Any]]:
        return [self._delta(index, {"role": "assistant", "content": ""}, None) for index in range(texts)]

    def chunks(self, number: int, part: Part) -> list[dict[str, Any]]:
        index = number * self.n + part.number
        said = [self._delta(index, {"content": part.text}, None, self.logprobs(part.told, 0))] if part.text else []
        return said + ([self._delta(index, {}, part.ended)] if part.ended else [])

    def choice(self, index: int, parts: list[Part]) -> dict[str, Any]:
        message = {"role": "assistant", "content": "".join(part.text for part in parts), "refusal": None}
        told = tuple(told for part in parts for told in part.told)
        logprobs = self.logprobs(told, 0)
        return {"index": index, "message": message, "logprobs": logprobs, "finish_reason": parts[-1].ended}

    def logprobs(self, told: tuple[Told, ...], offset: int) -> dict[str, Any] | None:
        if not told:
            return None
        return {
            "content": [
                _token(one.token, one.logprob) | {"top_logprobs": [_token(*t) for t in one.top]} for one in told
            ]
        }

    def _delta(self, index: int, delta: dict[str, Any], ended: str | None, logprobs: Any = None) -> dict[str, Any]:
        choice = {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": ended}
        return self.envelope(stream=True) | {"choices": [choice]}


def _token(text: str, logprob: float) -> dict[str, Any]:
    return {"token": text, "logprob": logprob, "bytes": list(text.encode("utf-8", "replace"))}
