"""Texts that join and leave a batch are the texts that they would be alone."""

import random
from typing import Any, cast

import pytest
import torch
from families import CAUSAL, build_random

from groundup.decode.choose import Choose, Greedy, Sample
from groundup.decode.company import Company, Text
from groundup.decode.generate import collect, generate

CONTEXT = 24


def alone(model: Any, prompt: list[int], choose: Choose, tokens: int) -> list[int]:
    tokens = min(tokens, CONTEXT - len(prompt) + 1)
    columns = generate(model, model.begin(1), torch.tensor([prompt]), choose=choose, max_new_tokens=tokens)
    [ids] = collect(columns)
    return ids


@pytest.mark.parametrize("family", CAUSAL)
def test_texts_that_come_and_go_say_what_they_say_alone(family: str):
    model = cast(Any, build_random(CAUSAL[family]))
    dice = random.Random(family)
    wanted = {}
    for n in range(14):
        prompt = [dice.randrange(61) for _ in range(dice.randint(1, 20))]
        choose = Greedy() if n % 2 else Sample(temperature=0.9, seed=n)
        text = Text(list(prompt), choose.begin(torch.device("cpu")))
        wanted[text] = (len(prompt), alone(model, prompt, choose, tokens := dice.randint(1, 24)), tokens)
    company, waiting, sizes = Company(model, model.begin, context=CONTEXT), list(wanted), set()
    while waiting or company.texts:
        coming, waiting = waiting[: (k := dice.randint(0, 3))], waiting[k:]
        if company.texts:
            company.step()
        if coming:
            company.join(coming)
        sizes.add(len(company.texts))
        company.leave([text for text in company.texts if text.written >= wanted[text][2] or company.full(text)])
    assert len(sizes) > 3, "they were not together"
    for text, (start, ids, _) in wanted.items():
        assert text.ids[start:] == ids


def test_rows_of_one_picker_draw_from_streams_of_their_own():
    model = cast(Any, build_random(CAUSAL["gpt2"]))
    company = Company(model, model.begin, context=CONTEXT)
    pick = Sample(seed=3).begin(torch.device("cpu"))
    texts = [Text([5, 6], pick, number) for number in range(3)]
    company.join(texts)
    for _ in range(8):
        company.step()
    assert len({tuple(text.ids) for text in texts}) == 3
    assert texts[0].ids[2:] == alone(model, [5, 6], Sample(seed=3), 9)


def test_it_tells_the_likeliest_tokens_with_their_probabilities():
    model = cast(Any, build_random(CAUSAL["llama"]))
    company = Company(model, model.begin, context=CONTEXT)
    [token] = company.join([Text([1, 2, 3], Greedy().begin(torch.device("cpu")), top=4)])
    expected = model(torch.tensor([[1, 2, 3]]))[0, -1].log_softmax(-1).topk(4)
    assert [id for id, _ in token.top] == expected.indices.tolist()
    assert [p for _, p in token.top] == pytest.approx(expected.values.tolist(), abs=1e-5)
    assert token.id == token.top[0][0]


def test_no_text_ends_before_its_least_length():
    model = cast(Any, build_random(CAUSAL["gpt2"]))
    first = alone(model, [7], Greedy(), 1)[0]
    company = Company(model, model.begin, context=CONTEXT)
    [token] = company.join([Text([7], Greedy().begin(torch.device("cpu")), min_new_tokens=1, stop_ids=[first])])
    assert token.id != first


@pytest.mark.parametrize("length", [0, CONTEXT + 1])
def test_a_prompt_that_cannot_be_read_joins_nobody(length: int):
    model = cast(Any, build_random(CAUSAL["gpt2"]))
    company = Company(model, model.begin, context=CONTEXT)
    with pytest.raises(ValueError, match=f"{length} tokens.*at most {CONTEXT}"):
        company.join([Text([1], Greedy().begin(torch.device("cpu"))), Text([1] * length, lambda *_: torch.zeros(1))])
    assert not company.texts
