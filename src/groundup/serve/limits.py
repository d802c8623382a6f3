"""What a server lets one client ask for, and how it says no."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bounds that hold for every request."""

    body_bytes: int = 1_000_000
    """The largest body of a request; more is answered with 413."""
    waiting: int = 64
    """Requests that may wait for each model; more are answered with 429 and Retry-After."""
    rows: int = 32
    """Texts that a model writes at a time."""
    max_new_tokens: int = 512
    """The most tokens of one answer, and as many for a request of a language model that does not say."""
    seconds: float = 120.0
    """How long one request may take; then it is answered with 504."""
    key: str | None = None
    """Clients must send it as `Authorization: Bearer KEY`; None asks for none."""
    origins: tuple[str, ...] = ()
    """Web pages of other origins that may call the server (CORS); none by default."""


class Refused(Exception):
    """An answer with an error status."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        headers: dict[str, str] | None = None,
    ):
        super().__init__(message)
        self.status, self.message, self.param, self.code = status, message, param, code
        self.headers = headers or {}

    @property
    def kind(self) -> str:
        """The error's type, in OpenAI's words."""
        kinds = {401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error"}
        return kinds.get(self.status, "invalid_request_error" if self.status < 500 else "server_error")
