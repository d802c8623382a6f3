"""Many texts from a trained language model: batches, sliding, beams, log-probabilities, and ids without a token."""

import dataclasses

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

import groundup as gu
from groundup.data.marks import ENDS_OF_TEXT
from groundup.models.causal_lm import CausalLM
from groundup.run.text import TextRun
from groundup.run.writing import Written

PROMPTS = ["two cats", "five old books and red cars.", "", "così è", "two cats", "日本 🙂 six rooms and"]
SAMPLE = gu.Sample(temperature=1.3, top_p=0.95, seed=3)


def judged(run: TextRun, prompt: str, ids: list[int]) -> list[float]:
    """ln p of each id by teacher forcing."""
    whole = torch.tensor([[*run.prompt_ids(prompt), *ids]])
    with torch.inference_mode():
        logprobs = run.model(whole[:, :-1])[0].log_softmax(dim=-1)
    return logprobs[range(-len(ids), 0), ids].tolist()


@pytest.mark.parametrize("slide", [False, True])
@pytest.mark.parametrize("batch", [2, 32])
def test_a_batch_says_what_each_prompt_alone_says(writer: TextRun, slide: bool, batch: int):
    texts = writer.generate_batch(PROMPTS, max_new_tokens=60, slide=slide, batch=batch)
    for prompt, (one,) in zip(PROMPTS, texts, strict=True):
        alone = writer.generate(prompt, max_new_tokens=60, slide=slide)
        assert "".join(alone) == one.text
        assert alone.written.ids == one.ids
        assert alone.written.ended == one.ended == ("length" if slide else "context")
        assert alone.written.logprobs == pytest.approx(one.logprobs, abs=1e-4)
        assert one.text == writer.tokenizer.decode(one.ids)


@pytest.mark.parametrize("choose", [None, SAMPLE], ids=["greedy", "sample"])
def test_log_probabilities_are_the_models_own(writer: TextRun, choose):
    for prompt, (one,) in zip(PROMPTS, writer.generate_batch(PROMPTS, choose=choose, max_new_tokens=12), strict=True):
        assert one.logprobs == pytest.approx(judged(writer, prompt, one.ids), abs=1e-4)
        assert one.logprob == pytest.approx(sum(one.logprobs))
        assert one.mean == pytest.approx(sum(one.logprobs) / 12)


def test_several_texts_of_each_prompt_by_seed_alone(writer: TextRun):
    options = dict(choose=SAMPLE, max_new_tokens=15, num_return_sequences=3)
    texts = writer.generate_batch(PROMPTS, **options)
    assert [len(found) for found in texts] == [3] * len(PROMPTS)
    assert texts == writer.generate_batch(PROMPTS, **options)
    assert len({one.text for found in texts for one in found}) == 3 * len(PROMPTS)
    others = writer.generate_batch([*PROMPTS[:2], "six rooms", *PROMPTS[3:]], batch=4, **options)
    for p in (0, 1, 3, 4, 5):
        assert [one.ids for one in others[p]] == [one.ids for one in texts[p]], "neighbours and batches change nothing"
    anew = dataclasses.replace(SAMPLE, seed=None)
    first, second = (writer.generate_batch(["two"], choose=anew, max_new_tokens=15) for _ in range(2))
    assert first[0][0].ids != second[0][0].ids
    assert writer.generate_batch([]) == []


def test_the_first_text_of_a_batch_is_the_one_that_streams(writer: TextRun):
    streamed = "".join(writer.generate("two", choose=SAMPLE, max_new_tokens=20))
    assert writer.generate_batch(["two", "six"], choose=SAMPLE, max_new_tokens=20)[0][0].text == streamed


@pytest.mark.parametrize("stop", [".", ["never said", "s a"]])
def test_a_batch_stops_where_a_stream_stops(writer: TextRun, stop):
    for prompt, (one,) in zip(PROMPTS, writer.generate_batch(PROMPTS, max_new_tokens=30, stop=stop), strict=True):
        assert one.text == "".join(writer.generate(prompt, max_new_tokens=30, stop=stop))
        whole = "".join(writer.generate(prompt, max_new_tokens=30))
        words = [stop] if isinstance(stop, str) else stop
        assert (one.ended == "stop") == any(word in whole for word in words)
        if one.ended == "stop":
            *before, _ = one.ids
            assert not any(word in writer.tokenizer.decode(before) for word in words), "not a token more than needed"


def test_prompts_and_stops_may_come_one_by_one(writer: TextRun):
    expected = writer.generate_batch(PROMPTS, stop=["a", "o"], max_new_tokens=12)
    assert sum(one.ended == "stop" for (one,) in expected) > 2
    prompts, stop = iter(PROMPTS), iter(["a", "o"])
    found = writer.generate_batch(prompts, stop=stop, max_new_tokens=12)  # pyright: ignore[reportArgumentType]
    assert texts(found) == texts(expected)
    searched = writer.search(iter(PROMPTS), max_new_tokens=5)  # pyright: ignore[reportArgumentType]
    assert texts(searched) == texts(writer.search(PROMPTS, max_new_tokens=5))


@pytest.mark.parametrize("name", ENDS_OF_TEXT)
def test_it_ends_at_the_end_token(name: str, writer: TextRun, monkeypatch: pytest.MonkeyPatch):
    free = writer.generate_batch(PROMPTS, max_new_tokens=20)
    end = free[0][0].ids[7]
    monkeypatch.setattr(writer, "tokenizer", _ending(writer.tokenizer, end, name))
    texts = writer.generate_batch(PROMPTS[:2], max_new_tokens=20)
    for (one,), (whole,) in zip(texts, free[:2], strict=True):
        at = whole.ids.index(end) if end in whole.ids else 19
        assert one.ids == whole.ids[: at + 1]
    assert texts[0][0].ended == "stop"
    assert texts[0][0].text == writer.tokenizer.decode(texts[0][0].ids[:-1])
    assert "".join(writer.generate(PROMPTS[0], max_new_tokens=20)) == texts[0][0].text


def _ending(tokenizer: gu.Tokenizer, end: int, name: str) -> gu.Tokenizer:
    """The same tokenizer, in whose eyes another id is the end token."""
    other = gu.Tokenizer(tokenizer.vocabulary, tokenizer.pattern, tokenizer.specials)
    other.specials = {name: end}
    return other


def test_sliding_reads_the_end_of_a_long_prompt_and_goes_on(writer: TextRun):
    context = writer.recipe.model.context
    long = "two cats and dogs. due gatti e cani. " * 20
    one = writer.generate_batch([long], max_new_tokens=100, slide=True)[0][0]
    window, ids = writer.tokenizer.encode(long)[-context:], []
    for _ in range(100):
        window = window if len(window) <= context else window[-(context // 2) :]
        with torch.inference_mode():
            ids.append(int(writer.model(torch.tensor([window]))[0, -1].argmax()))
        window = [*window, ids[-1]]
    assert one.ids == ids
    assert "".join(writer.generate(long, max_new_tokens=100, slide=True)) == writer.tokenizer.decode(ids)
    with pytest.raises(ValueError, match="context is 48"):
        writer.generate_batch(["two", long])


@pytest.fixture(scope="module")
def theirs(writer: TextRun, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("exported")
    gu.to_hub(writer.model, folder, tokenizer=writer.tokenizer)
    return AutoModelForCausalLM.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)


@pytest.mark.parametrize("penalty", [0.0, 1.0, 2.0])
def test_beams_are_those_of_transformers(writer: TextRun, theirs, penalty: float):
    model, _ = theirs
    end = writer.tokenizer.specials[ENDS_OF_TEXT[0]]
    options = dict(num_beams=4, num_return_sequences=4, max_new_tokens=14, length_penalty=penalty)
    for prompt, found in zip(PROMPTS, writer.search(PROMPTS, **options), strict=True):
        ids = writer.prompt_ids(prompt)
        expected = model.generate(
            torch.tensor([ids]), do_sample=False, eos_token_id=end, pad_token_id=end, early_stopping=False, **options
        )[:, len(ids) :].tolist()
        assert [one.ids for one in found] == [row[: row.index(end) + 1] if end in row else row for row in expected]
        for one in found:
            assert one.logprobs == pytest.approx(judged(writer, prompt, one.ids), abs=1e-4)
            assert one.ended == ("stop" if one.ids[-1] == end else "length")


def test_beams_go_to_the_end_of_each_context(writer: TextRun):
    context = writer.recipe.model.context
    together = writer.search(PROMPTS, num_beams=2, max_new_tokens=1000)
    for prompt, (one,) in zip(PROMPTS, together, strict=True):
        assert [one.ids] == [found.ids for found in writer.search([prompt], num_beams=2, max_new_tokens=1000)[0]]
        assert one.ended == "stop" or len(one.ids) == context - len(writer.prompt_ids(prompt)) + 1
    assert any(one.ended == "context" for (one,) in together)


def padded(run: TextRun, rows: int) -> TextRun:
    """The run with a model of more rows than there are tokens, each of which it would love to say."""
    config = dataclasses.replace(run.recipe.model, vocab_size=run.recipe.model.vocab_size + rows, tied="none")
    model = CausalLM(config).eval()
    weights = dict(run.model.state_dict())
    embed = weights["stack.embed.weight"]
    head = weights.get("head.weight", embed)
    weights["stack.embed.weight"] = torch.cat([embed, torch.zeros(rows, embed.shape[1])])
    weights["head.weight"] = torch.cat(
        [
            head,
            3 * head[-rows:],
        ]
    )
    model.load_state_dict(weights)
    return TextRun(run.folder, dataclasses.replace(run.recipe, model=config), model, run.tokenizer)


def test_ids_without_a_token_are_never_written(writer: TextRun):
    wide = padded(writer, 200)
    with torch.inference_mode():
        first = [int(wide.model(torch.tensor([wide.prompt_ids(prompt)]))[0, -1].argmax()) for prompt in PROMPTS]
    assert max(first) >= writer.tokenizer.vocab_size, "without the mask, such ids would be said"
    same = dict(max_new_tokens=20)
    assert texts(wide.generate_batch(PROMPTS, **same)) == texts(writer.generate_batch(PROMPTS, **same))
    hot = gu.Sample(temperature=9.0, seed=1)
    drawn = {id for (one,) in wide.generate_batch(PROMPTS, choose=hot, slide=True) for id in one.ids}
    assert len(drawn) > writer.tokenizer.vocab_size / 2
    assert max(drawn) < writer.tokenizer.vocab_size
    assert texts(wide.search(PROMPTS, **same)) == texts(writer.search(PROMPTS, **same))
    for (one,), (other,) in zip(wide.search(PROMPTS, **same), writer.search(PROMPTS, **same), strict=True):
        assert one.logprobs == pytest.approx(other.logprobs, abs=1e-4), "tokens share all of the probability"


def texts(found: list[list[Written]]) -> list[list[str]]:
    return [[one.text for one in several] for several in found]


def test_mistakes(writer: TextRun):
    with pytest.raises(ValueError, match=r"num_return_sequences \(0\)"):
        writer.generate_batch(PROMPTS, choose=SAMPLE, num_return_sequences=0)
    with pytest.raises(ValueError, match=r"num_return_sequences \(2\).*Sample"):
        writer.generate_batch(PROMPTS, num_return_sequences=2)
    with pytest.raises(ValueError, match=r"num_return_sequences \(5\).*num_beams \(4\)"):
        writer.search(PROMPTS, num_return_sequences=5)
    with pytest.raises(ValueError, match="empty stop string"):
        writer.generate("two", stop="")
    for new in (0, -1):
        for write in (writer.generate_batch, writer.search):
            with pytest.raises(ValueError, match=rf"max_new_tokens \({new}\)"):
                write(PROMPTS, max_new_tokens=new)
