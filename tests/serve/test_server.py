"""What a server owes anybody: right statuses, bounds, and no work for clients who are gone."""

import json
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from serving import models, running

from groundup.run.translator import Translator
from groundup.run.writer import Writer
from groundup.serve.app import make_app
from groundup.serve.limits import Limits
from groundup.serve.served import Served, offer

httpx = pytest.importorskip("httpx", reason="needs pip install httpx")


def until(true: Callable[[], bool]) -> None:
    """Wait until it is true; a test fails if that takes ten seconds."""
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.01)


def test_libretranslates_own_client(address: str, translator: Translator):
    client = pytest.importorskip("libretranslatepy", reason="needs pip install libretranslatepy")
    api = client.LibreTranslateAPI(address)
    [expected] = translator.translate(["one two three"], num_beams=4)
    assert api.translate("one two three", "en", "fr") == expected
    assert api.languages() == [
        {"code": "en", "name": "English", "targets": ["fr"]},
        {"code": "fr", "name": "French", "targets": []},
    ]


def test_a_list_of_texts_lines_and_alternatives(address: str, translator: Translator):
    one, two = (best for best in translator.translate(["one", "two three"], num_beams=4))
    ask = dict(q=["one\n\ntwo three", ""], source="auto", target="fr")
    answer = httpx.post(f"{address}/translate", json=ask).json()
    assert answer["translatedText"] == [f"{one}\n\n{two}", ""]
    assert answer["detectedLanguage"][0]["language"] == "en"
    answer = httpx.post(f"{address}/translate", json=dict(q="one", source="en", target="fr", alternatives=2)).json()
    expected = [found.text for found in translator.answers(["one"], num_beams=4, num_return_sequences=3)[0]]
    assert [answer["translatedText"], *answer["alternatives"]] == expected


@pytest.mark.parametrize(
    ("route", "body", "status"),
    [
        ("/v1/completions", b"", 400),
        ("/v1/completions", b"{", 400),
        ("/v1/completions", b"[]", 400),
        ("/v1/completions", b"\xff\xfe", 400),
        ("/v1/completions", b"[" * 100_000, 400),
        ("/v1/completions", b'{"model": "text"}', 400),
        ("/v1/completions", b'{"model": "text", "prompt": 5}', 400),
        ("/v1/completions", b'{"model": "text", "prompt": "a", "max_tokens": "5"}', 400),
        ("/v1/completions", b'{"model": "text", "prompt": "a", "temperature": NaN}', 400),
        ("/v1/completions", b'{"model": "text", "prompt": "a", "temperature": 1e999}', 400),
        ("/v1/completions", b'{"model": "text", "prompt": "a", "seed": -1}', 400),
        ("/v1/completions", b'{"model": "text", "prompt": "\\ud800"}', 400),
        ("/v1/completions", b'{"model": "\\ud800", "prompt": "a"}', 404),
        ("/v1/completions", b'{"model": "text", "prompt": "' + b"a" * 1_000_001 + b'"}', 413),
        ("/v1/chat/completions", b'{"model": "talk", "messages": []}', 400),
        ("/v1/chat/completions", b'{"model": "talk", "messages": [{"role": "nobody", "content": "a"}]}', 400),
        ("/v1/chat/completions", b'{"model": "talk", "messages": [{"role": "assistant", "content": "a"}]}', 400),
        ("/translate", b'{"q": "a", "source": "en", "target": "xx"}', 400),
        ("/translate", b'{"q": "\\ud800", "source": "en", "target": "fr"}', 400),
        ("/translate", b'{"q": {}, "source": "en", "target": "fr"}', 400),
        ("/translate", b'{"q": "<b>a</b>", "source": "en", "target": "fr", "format": "html"}', 400),
        ("/nowhere", b"{}", 404),
    ],
)
def test_a_wrong_request_is_the_clients_error(address: str, route: str, body: bytes, status: int):
    answer = httpx.post(f"{address}{route}", content=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["message"]
    assert httpx.get(f"{address}/health").json()["status"] == "ok"


@pytest.mark.parametrize(
    "text", ["\x00", "\x1b[31m", "", " ", "\u202e", "\ufeff", "<script>", "<|endoftext|>", "a" * 60]
)
def test_any_text_is_answered(address: str, text: str):
    asked = {"/v1/completions": dict(model="text", prompt=text, max_tokens=3), "/translate": None}
    asked["/translate"] = dict(q=text, source="en", target="fr")
    for route, body in asked.items():
        assert httpx.post(f"{address}{route}", json=body).status_code == 200


def test_a_method_that_a_route_has_not(address: str):
    assert httpx.get(f"{address}/v1/completions").status_code == 405


def test_metrics_count(address: str):
    def tokens() -> float:
        lines = httpx.get(f"{address}/metrics").text.splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith('groundup_tokens_total{model="text"}'))

    before = tokens()
    httpx.post(f"{address}/v1/completions", json=dict(model="text", prompt="one", max_tokens=7))
    assert tokens() == before + 7


def test_the_page_shows_names_as_text(writer: Writer):
    served = [offer("<script>alert(1)</script>", "text", writer, Limits(), languages=None)]
    with running(served, Limits()) as address:
        page = httpx.get(address).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_two_models_of_one_name_are_refused(served: list[Served]):
    with pytest.raises(ValueError, match="same name"):
        make_app([served[0], served[0]], Limits())


def test_a_key_is_asked_for(writer: Writer, translator: Translator):
    limits = Limits(key="geheim")
    with running(models(writer, translator, limits), limits) as address:
        assert httpx.get(f"{address}/v1/models").status_code == 401
        assert httpx.get(f"{address}/v1/models", headers={"Authorization": "Bearer wrong"}).status_code == 401
        assert httpx.get(f"{address}/v1/models", headers={"Authorization": "Bearer geheim"}).status_code == 200
        assert httpx.get(f"{address}/health").status_code == 200


def test_a_browser_asks_for_the_key_and_no_page_of_another_site_can_use_it(writer: Writer, translator: Translator):
    limits = Limits(key="geheim:ö")
    with running(models(writer, translator, limits), limits) as address:
        asked = httpx.get(address).headers["www-authenticate"]
        assert asked.startswith("Basic realm=")
        said = {password: httpx.get(address, auth=("me", password)).status_code for password in ("geheim:ö", "wrong")}
        assert said == {"geheim:ö": 200, "wrong": 401}
        other = {"Sec-Fetch-Site": "cross-site"}
        assert httpx.get(address, auth=("me", "geheim:ö"), headers=other).status_code == 401
        for broken in ("Basic", "Basic %%%", "Basic Z2VoZWlt", ""):
            assert httpx.get(address, headers={"Authorization": broken}).status_code == 401


def test_other_origins_may_not_read_answers_unless_told(address: str, writer: Writer, translator: Translator):
    asked = {"Origin": "https://example.org"}
    assert "access-control-allow-origin" not in httpx.get(f"{address}/v1/models", headers=asked).headers
    limits = Limits(origins=("https://example.org",))
    with running(models(writer, translator, limits), limits) as open_address:
        answer = httpx.get(f"{open_address}/v1/models", headers=asked)
    assert answer.headers["access-control-allow-origin"] == "https://example.org"


class Slow:
    """A model that waits at every step until it may go on."""

    def __init__(self, writer: Writer):
        self.writer, self.pause = writer, 0.02

    def __getattr__(self, name: str):
        return getattr(self.writer.model, name)

    def step(self, ids, state):
        time.sleep(self.pause)
        return self.writer.model.step(ids, state)


def slow_server(writer: Writer, limits: Limits) -> Served:
    served = offer("text", "text", writer, limits, languages=None)
    served.engine.company.model = Slow(writer)  # pyright: ignore[reportAttributeAccessIssue]
    served.engine.stop_ids = []  # pyright: ignore[reportAttributeAccessIssue]
    return served


def test_a_full_queue_says_when_to_come_again(writer: Writer):
    limits = Limits(rows=1, waiting=2, max_new_tokens=40)
    with running([slow_server(writer, limits)], limits) as address, ThreadPoolExecutor(8) as pool:
        ask = dict(model="text", prompt="one", max_tokens=40)
        answers = list(pool.map(lambda _: httpx.post(f"{address}/v1/completions", json=ask, timeout=60), range(8)))
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) == {200, 429}
    assert statuses.count(200) >= 3
    busy = next(answer for answer in answers if answer.status_code == 429)
    assert int(busy.headers["retry-after"]) >= 1
    assert busy.json()["error"]["type"] == "rate_limit_error"


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_goes_away_costs_at_most_four_tokens_more(writer: Writer, stream: bool):
    limits = Limits(max_new_tokens=90)
    served = slow_server(writer, limits)
    with running([served], limits) as address:
        host, port = address.removeprefix("http://").split(":")
        body = json.dumps(dict(model="text", prompt="one", max_tokens=90, stream=stream)).encode()
        head = f"POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        with socket.create_connection((host, int(port))) as wire:
            wire.sendall(head + body)
            until(lambda: served.engine.steps >= 3)
        gone = served.engine.steps
        until(lambda: served.engine.live == 0)
        assert served.engine.steps <= gone + 4


def test_a_request_cut_in_the_middle_leaves_the_server_well(address: str):
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as wire:
        wire.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\n{")
    assert httpx.get(f"{address}/health").json()["status"] == "ok"


def test_a_request_that_takes_too_long_is_ended(writer: Writer):
    limits = Limits(seconds=0.1)
    served = slow_server(writer, limits)
    with running([served], limits) as address:
        answer = httpx.post(f"{address}/v1/completions", json=dict(model="text", prompt="one", max_tokens=90))
        assert answer.status_code == 504
        until(lambda: served.engine.live == 0)


def test_a_text_of_more_sentences_than_may_wait_is_translated(translator: Translator):
    limits = Limits(waiting=3)
    served = offer("en-fr", "translation", translator, limits, languages=("en", "fr"))
    with running([served], limits) as address:
        answer = httpx.post(f"{address}/translate", json=dict(q="one\n" * 9, source="en", target="fr"), timeout=60)
    assert answer.status_code == 200, answer.text
    assert answer.json()["translatedText"].count("\n") == 9


def test_no_more_texts_are_written_at_a_time_than_there_are_rows(writer: Writer):
    limits = Limits(rows=4, max_new_tokens=12)
    served, most = slow_server(writer, limits), []
    slow = served.engine.company.model  # pyright: ignore[reportAttributeAccessIssue]
    step = slow.step
    slow.step = lambda ids, state: most.append(len(ids)) or step(ids, state)
    ask = dict(model="text", prompt="one", max_tokens=12, n=3, temperature=1.0, seed=1)
    with running([served], limits) as address, ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: httpx.post(f"{address}/v1/completions", json=ask, timeout=60), range(3)))
    assert [len(answer.json()["choices"]) for answer in answers] == [3, 3, 3]
    assert max(most) <= 4


def test_a_model_that_fails_is_a_500_and_the_next_request_is_answered(writer: Writer, caplog):
    served = offer("text", "text", writer, Limits(), languages=None)
    company = served.engine.company  # pyright: ignore[reportAttributeAccessIssue]
    with running([served], Limits()) as address:
        ask = dict(model="text", prompt="one", max_tokens=3)
        right, company.model = company.model, None
        assert httpx.post(f"{address}/v1/completions", json=ask).status_code == 500
        assert "text failed" in caplog.text, "the answer points to the log"
        company.model = right
        assert httpx.post(f"{address}/v1/completions", json=ask).status_code == 200
