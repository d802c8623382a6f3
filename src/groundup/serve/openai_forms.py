"""What clients of OpenAI's API may ask for."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr

from groundup.serve.asking import choice
from groundup.serve.limits import Refused

Number = StrictInt | StrictFloat
Words = StrictStr | list[StrictStr]


class StreamOptions(BaseModel):
    include_usage: StrictBool = False


class Common(BaseModel):
    """What both kinds of completion take. Fields that are not known here are ignored, as clients expect."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    model: StrictStr
    max_tokens: Annotated[StrictInt, Field(ge=1)] | None = None
    temperature: Annotated[Number, Field(ge=0)] | None = None
    top_p: Annotated[Number, Field(gt=0, le=1)] | None = None
    top_k: Annotated[StrictInt, Field(ge=1)] | None = None
    min_p: Annotated[Number, Field(ge=0, le=1)] | None = None
    num_beams: Annotated[StrictInt, Field(ge=1)] | None = None
    n: Annotated[StrictInt, Field(ge=1)] | None = None
    seed: Annotated[StrictInt, Field(ge=0, lt=2**63)] | None = None
    stop: Words | None = None
    stream: StrictBool | None = None
    stream_options: StreamOptions | None = None

    def options(self, *, most: int | None, top: int | None) -> dict[str, Any]:
        """What a `Job` takes."""
        draws = dict(temperature=self.temperature, top_p=self.top_p, top_k=self.top_k, min_p=self.min_p, seed=self.seed)
        if all(value is None for value in draws.values()) and self.num_beams is None and (self.n or 1) > 1:
            draws["temperature"] = 1.0  # several different texts have to be drawn
        stop = (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())
        if "" in stop:
            raise Refused(400, "an empty stop string would stop before the first character; leave it out", param="stop")
        choose = choice(num_beams=self.num_beams, **draws)
        return dict(choose=choose, max_new_tokens=most, stop=stop, n=self.n or 1, top=top)


class Completion(Common):
    prompt: Words
    logprobs: Annotated[StrictInt, Field(ge=0, le=5)] | None = None
    echo: StrictBool | None = None


class TextPart(BaseModel):
    type: Literal["text"]
    text: StrictStr


class Message(BaseModel):
    role: Literal["system", "developer", "user", "assistant"]
    content: StrictStr | list[TextPart]

    @property
    def text(self) -> str:
        return self.content if isinstance(self.content, str) else "".join(part.text for part in self.content)


class Chat(Common):
    messages: Annotated[list[Message], Field(min_length=1)]
    max_completion_tokens: Annotated[StrictInt, Field(ge=1)] | None = None
    logprobs: StrictBool | None = None
    top_logprobs: Annotated[StrictInt, Field(ge=0, le=20)] | None = None
