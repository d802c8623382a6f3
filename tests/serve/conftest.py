"""A server with a tiny language model, a translator and a dialogue model, of random weights."""

from collections.abc import Iterator
from typing import cast

import pytest

for package in ("fastapi", "prometheus_client", "uvicorn"):
    pytest.importorskip(package, reason="needs pip install 'groundup[serve]'")

from families import build_random  # noqa: E402
from serving import models, running  # noqa: E402

import groundup as gu  # noqa: E402
from groundup.presets import preset  # noqa: E402
from groundup.run.translator import Translator  # noqa: E402
from groundup.run.writer import Writer  # noqa: E402
from groundup.serve.limits import Limits  # noqa: E402
from groundup.serve.served import Served  # noqa: E402

TEXT = "one two three four five six seven, eight nine ten. Größe, été, 十 and 🙂! " * 30
SMALL = dict(width=32, heads=2, layers=2, context=96)
MARKS = ("<pad>", "<bos>", "<eos>")


@pytest.fixture(scope="session")
def writer() -> Writer:
    tokenizer = gu.Tokenizer.train_from_texts(TEXT, 290, specials=("<|endoftext|>",))
    model = build_random(preset("llama3-tiny", vocab_size=290, **SMALL, mlp_width=48, kv_heads=1))
    return Writer(cast(gu.CausalLM, model), tokenizer)


@pytest.fixture(scope="session")
def translator() -> Translator:
    tokenizer = gu.Tokenizer.train_from_texts(TEXT, 290, specials=MARKS)
    model = build_random(preset("transformer-tiny", vocab_size=290, **SMALL, encoder_layers=1, mlp_width=48))
    return Translator(cast(gu.Seq2Seq, model), tokenizer, tokenizer)


@pytest.fixture(scope="session")
def served(writer: Writer, translator: Translator) -> list[Served]:
    return models(writer, translator, Limits(max_new_tokens=60))


@pytest.fixture(scope="session")
def address(served: list[Served]) -> Iterator[str]:
    with running(served, Limits(max_new_tokens=60)) as where:
        yield where
