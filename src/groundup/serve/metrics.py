"""What /metrics tells, in the format of Prometheus."""

from collections.abc import Callable, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from groundup.serve.served import Served


class Metrics:
    """Counters of one server, in a registry of its own."""

    def __init__(self, models: Sequence[Served]):
        self.registry = CollectorRegistry()
        here = self.registry
        self.requests = Counter("groundup_requests_total", "Answered requests.", ["route", "status"], registry=here)
        self.refused = Counter(
            "groundup_refused_total", "Requests refused because the queue was full.", ["model"], registry=here
        )
        self.tokens = Counter("groundup_tokens_total", "Tokens written.", ["model"], registry=here)
        self.seconds = Histogram(
            "groundup_request_seconds", "Seconds until a request was answered.", ["route"], registry=here
        )
        waiting = Gauge("groundup_waiting", "Requests that wait.", ["model"], registry=here)
        live = Gauge("groundup_live", "Texts that are being written.", ["model"], registry=here)
        for model in models:
            waiting.labels(model.name).set_function(_number(model.engine.jobs.qsize))
            live.labels(model.name).set_function(_number(lambda engine=model.engine: engine.live))

    def text(self) -> bytes:
        return generate_latest(self.registry)


def _number(read: Callable[[], int]) -> Callable[[], float]:
    return lambda: float(read())
