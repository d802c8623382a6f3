"""Many clients at once, and the benchmark that counts what they get."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from groundup.bench import serve as bench
from groundup.decode.choose import Sample
from groundup.run.translator import Translator
from groundup.run.writer import Writer
from groundup.serve.limits import Limits

from serving import models, running  # isort: skip

httpx = pytest.importorskip("httpx", reason="needs pip install httpx")


def test_the_benchmark_counts_every_token_of_every_client(address: str):
    settings = bench.Settings(requests=2, prompt=4, new=5)
    port = int(address.rpartition(":")[2])
    name = bench._names(port, Path("somewhere/text"))
    answers = bench._all_clients(port, name, settings, clients=3)
    assert name == "text"
    assert [answer.tokens for answer in answers] == [5] * 6
    row = bench._row("ours", 3, answers, seconds=2.0, wanted=6)
    assert (row["tokens/s"], row["note"]) == (15, None)


@pytest.mark.slow
def test_256_clients_get_the_texts_that_each_would_get_alone(writer: Writer, translator: Translator):
    limits = Limits(waiting=512, max_new_tokens=40)

    def ask(n: int) -> str:
        body = dict(model="text", prompt="one two three"[: 3 + n % 11], max_tokens=5 + n % 30, temperature=0.8, seed=n)
        answer = httpx.post(f"{address}/v1/completions", json=body, timeout=120)
        assert answer.status_code == 200, answer.text
        return answer.json()["choices"][0]["text"]

    with running(models(writer, translator, limits), limits) as address, ThreadPoolExecutor(256) as pool:
        texts = list(pool.map(ask, range(512)))
    for n in range(0, 512, 17):
        choose = Sample(temperature=0.8, seed=n)
        [[alone]] = writer.generate_batch(["one two three"[: 3 + n % 11]], choose, max_new_tokens=5 + n % 30)
        assert texts[n] == alone.text
