"""LibreTranslate's API: POST /translate and GET /languages."""

from typing import Any, Literal
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, StrictStr

from groundup.run.sentences import joined
from groundup.serve.asking import answers, checked, choice, read_body, read_json
from groundup.serve.limits import Limits, Refused
from groundup.serve.metrics import Metrics
from groundup.serve.served import Served
from groundup.serve.translating import PairEngine

BEAMS = 4
LANGUAGES = {"de": "German", "en": "English", "fr": "French", "it": "Italian"}
FORM = "application/x-www-form-urlencoded"


class Translate(BaseModel):
    model_config = ConfigDict(extra="ignore")

    q: StrictStr | list[StrictStr]
    source: StrictStr
    """A code, or auto."""
    target: StrictStr
    format: Literal["text"] = "text"
    alternatives: int = Field(default=0, ge=0, le=BEAMS - 1)


def routes(models: dict[str, Served], limits: Limits, metrics: Metrics) -> APIRouter:
    """The routes of LibreTranslate's API for the translators among these models."""
    router = APIRouter()
    translators = {served.languages: served for served in models.values() if served.languages is not None}

    @router.get("/languages")
    async def languages() -> list[dict[str, Any]]:
        codes = dict.fromkeys(code for pair in translators for code in pair)
        targets = {code: [target for source, target in translators if source == code] for code in codes}
        return [{"code": code, "name": LANGUAGES.get(code, code), "targets": targets[code]} for code in codes]

    @router.post("/translate")
    async def translate(request: Request) -> dict[str, Any]:
        form = request.headers.get("content-type", "").partition(";")[0].strip() == FORM
        data = _from_form(await read_body(request, limits)) if form else await read_json(request, limits)
        asked = checked(Translate, data)
        served = _find(translators, asked)
        texts = [asked.q] if isinstance(asked.q, str) else asked.q
        found = await _translated(request, served, texts, asked.alternatives)
        one = isinstance(asked.q, str)
        best = [text for text, _ in found]
        answer: dict[str, Any] = {"translatedText": best[0] if one else best}
        if asked.alternatives:
            others = [rest for _, rest in found]
            answer["alternatives"] = others[0] if one else others
        if asked.source == "auto":
            language = {"language": served.languages[0], "confidence": 100} if served.languages else {}
            answer["detectedLanguage"] = language if one else [language] * len(texts)
        return answer

    async def _translated(
        request: Request, served: Served, texts: list[str], alternatives: int
    ) -> list[tuple[str, list[str]]]:
        """Each text translated line by line, and its alternatives where it is one sentence."""
        engine = served.engine
        assert isinstance(engine, PairEngine)
        try:
            lines = [[engine.parts(line) for line in text.split("\n")] for text in texts]
        except ValueError as error:
            raise Refused(400, str(error)) from None
        sentences = [part for text in lines for line in text for part in line]
        ways: dict[int, list[str]] = {number: [] for number in range(len(sentences))}
        if sentences:
            async with answers(request, served, limits, metrics) as found:
                found.submit(sentences, choose=choice(num_beams=BEAMS), n=1 + alternatives)
                async for number, part in found.parts():
                    ways[number].append(part.text)
        first = iter(ways.values())
        results = []
        for text in lines:
            said = [[next(first, [""]) for _ in line] for line in text]
            best = "\n".join(joined([way[0] if way else "" for way in line]) for line in said)
            single = said[0][0] if len(said) == 1 and len(said[0]) == 1 else []
            results.append((best, [way for way in single[1:] if way]))
        return results

    return router


def _from_form(body: bytes) -> dict[str, Any]:
    """The fields of a form; several q are a list."""
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, strict_parsing=bool(body), errors="strict")
    except ValueError:
        raise Refused(400, "the form is not UTF-8, or not a form") from None
    fields: dict[str, Any] = dict(pairs)
    texts = [value for name, value in pairs if name == "q"]
    return fields | ({"q": texts} if len(texts) > 1 else {}) | _number(fields)


def _number(fields: dict[str, Any]) -> dict[str, int]:
    given = fields.get("alternatives", "0")
    return {"alternatives": int(given)} if given.isascii() and given.isdigit() and len(given) < 4 else {}


def _find(translators: dict[tuple[str, str], Served], asked: Translate) -> Served:
    for (source, target), served in translators.items():
        if asked.target == target and asked.source in (source, "auto"):
            return served
    known = ", ".join(f"{source} to {target}" for source, target in translators) or "none"
    raise Refused(400, f"{asked.source} to {asked.target} is not supported; there is {known}", param="target")
