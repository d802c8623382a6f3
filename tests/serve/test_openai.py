"""OpenAI's own client gets from the server what the run gives by itself."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from groundup.decode.choose import Sample
from groundup.run.translator import Translator
from groundup.run.writer import Writer

openai = pytest.importorskip("openai", reason="needs pip install openai")
PROMPTS = ["one two", "three four five", "Größe", "nine", "six seven, eight nine ten. été", "十 and 🙂"]


@pytest.fixture(scope="module")
def client(address: str):
    return openai.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0)


def test_it_lists_the_models(client):
    assert [model.id for model in client.models.list()] == ["text", "en-fr", "talk"]
    assert client.models.retrieve("text").owned_by == "groundup"


def test_a_completion_is_the_text_that_the_run_writes(client, writer: Writer):
    answer = client.completions.create(model="text", prompt="one two", max_tokens=20)
    [[expected]] = writer.generate_batch(["one two"], max_new_tokens=20)
    assert answer.choices[0].text == expected.text
    assert answer.choices[0].finish_reason == ("stop" if expected.ended == "stop" else "length")
    assert answer.usage.prompt_tokens == len(writer.prompt_ids("one two"))
    assert answer.usage.completion_tokens == len(expected.ids)


def test_texts_served_together_are_those_served_alone(client, writer: Writer):
    def ask(n: int) -> str:
        options = dict(temperature=0.9, top_p=0.95, seed=n) if n % 2 else {}
        prompt = PROMPTS[n % len(PROMPTS)]
        return client.completions.create(model="text", prompt=prompt, max_tokens=10 + n, **options).choices[0].text

    with ThreadPoolExecutor(12) as pool:
        texts = list(pool.map(ask, range(24)))
    for n, text in enumerate(texts):
        choose = Sample(temperature=0.9, top_p=0.95, seed=n) if n % 2 else None
        [[alone]] = writer.generate_batch([PROMPTS[n % len(PROMPTS)]], choose, max_new_tokens=10 + n)
        assert text == alone.text


def test_a_stream_is_the_same_text_and_ends_with_its_usage(client):
    ask = dict(model="text", prompt="one two", max_tokens=25)
    whole = client.completions.create(**ask)
    chunks = list(client.completions.create(**ask, stream=True, stream_options={"include_usage": True}))
    assert len({chunk.id for chunk in chunks}) == 1
    assert "".join(chunk.choices[0].text for chunk in chunks[:-1]) == whole.choices[0].text
    assert chunks[-2].choices[0].finish_reason == whole.choices[0].finish_reason
    assert chunks[-1].choices == []
    assert chunks[-1].usage == whole.usage


def test_several_prompts_and_several_texts_of_each(client, writer: Writer):
    answer = client.completions.create(model="text", prompt=PROMPTS[:2], n=2, max_tokens=8, temperature=1, seed=5)
    assert [choice.index for choice in answer.choices] == [0, 1, 2, 3]
    for number, prompt in enumerate(PROMPTS[:2]):
        [texts] = writer.generate_batch([prompt], Sample(seed=5), num_return_sequences=2, max_new_tokens=8)
        assert [choice.text for choice in answer.choices[2 * number :][:2]] == [text.text for text in texts]


def test_stop_strings_end_a_text_before_them(client):
    free = client.completions.create(model="text", prompt="one two", max_tokens=40).choices[0].text
    stop = free[12:15]
    whole = client.completions.create(model="text", prompt="one two", max_tokens=40, stop=[stop])
    chunks = client.completions.create(model="text", prompt="one two", max_tokens=40, stop=stop, stream=True)
    assert whole.choices[0].text == free[: free.index(stop)]
    assert whole.choices[0].finish_reason == "stop"
    assert "".join(chunk.choices[0].text for chunk in chunks) == whole.choices[0].text


def test_logprobs_are_the_models_own(client, writer: Writer):
    answer = client.completions.create(model="text", prompt="one two", max_tokens=12, logprobs=3, echo=True)
    [[expected]] = writer.generate_batch(["one two"], max_new_tokens=12)
    found = answer.choices[0].logprobs
    assert found.token_logprobs == pytest.approx(expected.logprobs, abs=1e-5)
    assert all(
        max(top.values()) == pytest.approx(p) for top, p in zip(found.top_logprobs, found.token_logprobs, strict=True)
    )
    assert answer.choices[0].text == "one two" + expected.text
    assert found.text_offset[0] == len("one two")


def test_a_chat_with_a_dialogue_model(client, translator: Translator):
    said = [
        {"role": "system", "content": "be kind"},
        {"role": "user", "content": [{"type": "text", "text": "one two"}]},
    ]
    answer = client.chat.completions.create(model="talk", messages=said, max_completion_tokens=9)
    [expected] = translator.translate(["one two"], max_new_tokens=9)
    assert answer.choices[0].message.content == expected
    chunks = list(client.chat.completions.create(model="talk", messages=said, max_tokens=9, stream=True))
    assert chunks[0].choices[0].delta.role == "assistant"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == expected
    assert chunks[-1].choices[0].finish_reason in ("stop", "length")


def test_a_conversation_is_read_with_its_turns(client, translator: Translator):
    turns = [("user", "one"), ("assistant", "two"), ("user", "three")]
    said = [{"role": role, "content": text} for role, text in turns]
    answer = client.chat.completions.create(model="talk", messages=said, max_tokens=6)
    [expected] = translator.translate(["one ␞ two ␞ three"], max_new_tokens=6)
    assert answer.choices[0].message.content == expected


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        (dict(model="nobody"), "NotFoundError", "no model 'nobody' here; there are text, en-fr, talk"),
        (dict(max_tokens=0), "BadRequestError", "max_tokens: Input should be greater than or equal to 1"),
        (dict(temperature=-1), "BadRequestError", "temperature"),
        (dict(top_p=2), "BadRequestError", "top_p"),
        (dict(stop=""), "BadRequestError", "empty stop string"),
        (dict(n=500), "BadRequestError", r"n \(500\) must be at most 32"),
        (dict(prompt="one " * 500), "BadRequestError", "the model's context is 96"),
        (dict(prompt=[]), "BadRequestError", "there is none"),
        (dict(extra_body={"num_beams": 4}), "BadRequestError", "beam search is for translators"),
        (dict(model="en-fr", logprobs=1), "BadRequestError", "logprobs are for language models"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(client, options: dict, error: str, said: str):
    with pytest.raises(getattr(openai, error), match=said):
        client.completions.create(**dict(model="text", prompt="one") | options)


def test_a_language_model_does_not_chat(client):
    with pytest.raises(openai.BadRequestError, match="use /v1/completions"):
        client.chat.completions.create(model="text", messages=[{"role": "user", "content": "hello"}])
