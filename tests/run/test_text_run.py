"""A trained language model from Python: streaming, stopping, and where it ends."""

import pytest
import torch

import groundup as gu
from groundup.data.marks import ENDS_OF_TEXT
from groundup.fast.int8 import lighten
from groundup.run.text import TextRun

PROMPTS = ["two cats", "five old books and", "così", "日本 🙂"]


def greedy_ids(run: TextRun, prompt: str, count: int) -> list[int]:
    """The likeliest next token of the whole text, again and again: no cache, no stream."""
    ids = run.prompt_ids(prompt)
    with torch.inference_mode():
        for _ in range(count):
            ids.append(int(run.model(torch.tensor([ids]))[0, -1].argmax()))
    return ids[-count:]


def test_loading_gives_back_the_model_that_was_trained(writer: TextRun, monkeypatch):
    # Twice the size of the weights, and of no use here.
    monkeypatch.setattr(
        "groundup.training.checkpoint.restore_optimizer", lambda *_: pytest.fail("the optimizer is read")
    )
    loaded = gu.load(writer.folder.path)
    assert isinstance(loaded, TextRun)
    assert "".join(loaded.generate("two")) == "".join(writer.generate("two"))


@pytest.mark.parametrize("prompt", PROMPTS)
def test_the_stream_is_the_text_of_the_likeliest_tokens(writer: TextRun, prompt: str):
    ids = greedy_ids(writer, prompt, 20)
    assert writer.tokenizer.specials[ENDS_OF_TEXT[0]] not in ids
    pieces = list(writer.generate(prompt, max_new_tokens=20))
    assert "".join(pieces) == writer.tokenizer.decode(ids)
    assert all(pieces)


def test_int8_writes_what_the_model_would_and_is_made_once(writer: TextRun, monkeypatch):
    made = []
    monkeypatch.setattr("groundup.fast.int8.lighten", lambda model: made.append(model) or lighten(model))
    run = TextRun(writer.folder, writer.recipe, writer.model, writer.tokenizer)
    prompt = "two cats and"
    full, light = (run.generate(prompt, max_new_tokens=12, precision=p) for p in ("float32", "int8"))
    assert "".join(light) == "".join(full)
    assert light.written.logprobs != full.written.logprobs
    assert light.written.logprobs == pytest.approx(full.written.logprobs, abs=0.1)
    [[one]] = run.generate_batch([prompt], max_new_tokens=12, precision="int8")
    assert one.text == light.written.text
    assert run.search([prompt], max_new_tokens=12, precision="int8") == run.search([prompt], max_new_tokens=12)
    assert made == [run.model]
    for write in (run.generate, run.generate_batch, run.search):
        with pytest.raises(ValueError, match=r"precision \(int4\) must be float32 or int8"):
            write(["two"], precision="int4")  # pyright: ignore[reportArgumentType]


def test_a_half_character_is_never_streamed(writer: TextRun):
    # "è così" is in every line of the training text, and è and ì are two bytes each.
    text = "".join(writer.generate("two cats and dogs. due gatti e cani.", max_new_tokens=12))
    assert "è così" in text
    for piece in writer.generate("two cats and dogs. due gatti e cani.", max_new_tokens=12):
        assert "\ufffd" not in piece


def test_sampling_repeats_by_seed_and_only_by_seed(writer: TextRun):
    def say(seed: int | None) -> str:
        return "".join(writer.generate("six", choose=gu.Sample(temperature=1.5, seed=seed), max_new_tokens=30))

    assert say(1) == say(1)
    assert say(1) != say(2)
    assert say(None) != say(None)


def test_stop_strings(writer: TextRun):
    whole = "".join(writer.generate("two cats", max_new_tokens=30))
    assert "." in whole
    assert "".join(writer.generate("two cats", max_new_tokens=30, stop=".")) == whole[: whole.index(".")]
    assert "".join(writer.generate("two cats", max_new_tokens=30, stop=["never said", whole[2:5]])) == whole[:2]


def test_it_writes_to_the_end_of_the_context_and_no_further(writer: TextRun):
    context = writer.recipe.model.context
    prompt = "two cats and "
    text = "".join(writer.generate(prompt, choose=gu.Greedy(no_repeat_ngram_size=20), max_new_tokens=10_000))
    room = context - len(writer.prompt_ids(prompt)) + 1
    assert text == writer.tokenizer.decode(greedy_ids(writer, prompt, room))


def test_a_prompt_too_long_is_refused_before_a_word_is_asked_for(writer: TextRun):
    prompt = "two cats and dogs " * 30
    with pytest.raises(ValueError, match=rf"{len(writer.tokenizer.encode(prompt))} tokens.*context is 48"):
        writer.generate(prompt)


def test_between_two_pieces_torch_is_as_it_was(writer: TextRun):
    for _ in writer.generate("two", max_new_tokens=3):
        assert torch.is_grad_enabled()
        assert not torch.is_inference_mode_enabled()


def test_text_is_never_a_special_token(writer: TextRun):
    assert writer.tokenizer.specials[ENDS_OF_TEXT[0]] not in writer.prompt_ids(f"a {ENDS_OF_TEXT[0]} b")
    assert writer.prompt_ids("") == [writer.tokenizer.specials[ENDS_OF_TEXT[0]]]
