import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup.config import ModelConfig
from groundup.decode.choose import Greedy, Sample
from groundup.decode.generate import WORTH_PACKING, collect, generate, until
from groundup.fast.linear import QuickLinear as Linear
from groundup.models.causal_lm import CausalLM
from groundup.models.seq2seq import Seq2Seq

LLAMA = {"norm": "rms", "mlp": "swiglu", "position": "rotary", "bias": False, "tied": "none", "kv_heads": 2}
GPT3 = {"position": "learned", "windows": (None, 3)}
TRANSFORMER = {"position": "sinusoidal", "norm_first": False, "mlp": "relu", "scale_embedding": True}


def shaken(model):
    """Larger weights than a fresh model's: confident as a trained one, and different at every place."""
    for parameter in model.parameters():
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=0.5)
    return model


def language_model(family: dict) -> CausalLM:
    torch.manual_seed(0)
    model = CausalLM(ModelConfig(vocab_size=31, context=32, width=16, layers=2, heads=4, **family)).eval()
    return shaken(model)


def translator() -> Seq2Seq:
    torch.manual_seed(0)
    config = ModelConfig(vocab_size=31, context=32, width=16, layers=2, encoder_layers=2, heads=4, **TRANSFORMER)
    model = Seq2Seq(config).eval()
    return shaken(model)


def test_greedy_is_the_likeliest_token_every_time(toy):
    model = toy()
    ids, logprobs = zip(
        *generate(model, model.begin([3]), torch.tensor([[0, 2]]), choose=Greedy(), max_new_tokens=6), strict=True
    )
    text = [0, 2]
    for id, logprob in zip(ids, logprobs, strict=True):
        expected = model.logprobs(text, source=3)
        assert expected[id] == max(expected)
        assert logprob.item() == pytest.approx(expected[id], abs=1e-6)
        text.append(id.item())
    assert len(text) == 8


def test_a_row_ends_at_its_stop_id_and_then_yields_padding(toy):
    model, sources, ids = toy(), [0, 1, 2, 3, 4, 5], torch.tensor([[0]] * 6)
    options = {"choose": Sample(seed=2), "max_new_tokens": 30, "stop_ids": {1, 3}}
    columns = list(generate(model, model.begin(sources), ids, pad=2, **options))
    rows = torch.stack([column.ids for column in columns], dim=1).tolist()
    logprobs = torch.stack([column.logprobs for column in columns], dim=1)
    lengths = [next(i for i, id in enumerate(row) if id in {1, 3}) + 1 for row in rows]
    assert len(set(lengths)) > 1, "the test needs rows of different lengths"
    assert len(columns) == max(lengths) == len(model.calls), "not one step more than needed"
    for row, logprob, length, source in zip(rows, logprobs, lengths, sources, strict=True):
        assert row[length:] == [2] * (len(row) - length)
        assert logprob.sum().item() == pytest.approx(model.logprob([0], row[:length], source=source), abs=1e-5)
    whole = [row[: length - 1] for row, length in zip(rows, lengths, strict=True)]
    assert collect(generate(model, model.begin(sources), ids, pad=2, **options), {1, 3}) == whole
    unpadded = collect(generate(model, model.begin(sources), ids, **options), {1, 3})
    assert unpadded == whole, "what a finished row yields changes nothing"


def test_generation_ends_with_the_context(toy):
    model = toy()
    ids = torch.tensor([[0, 1, 2]])
    options = {"choose": Greedy(), "max_new_tokens": 9}
    assert len(list(generate(model, model.begin([0]), ids, limit=4, **options))) == 4
    assert len(list(generate(model, model.begin([0]), ids, limit=40, **options))) == 9
    with pytest.raises(ValueError, match=r"prompt \(3 tokens\) leaves 0 positions of the context \(3\)"):
        generate(model, model.begin([0]), ids, limit=0, **options)  # at once, not at the first token


def test_tokens_come_one_by_one(toy):
    model = toy()
    columns = generate(model, model.begin([0]), torch.tensor([[0]]), choose=Greedy(), max_new_tokens=9)
    assert model.calls == []
    next(columns)
    assert model.calls == [1]


def test_the_same_seed_writes_the_same_text(toy):
    model = toy(vocab_size=40, sharpness=0.5)
    choose = Sample(seed=7)

    def text(choose):
        return collect(generate(model, model.begin([0]), torch.tensor([[0]]), choose=choose, max_new_tokens=20))

    assert text(choose) == text(choose)
    assert text(choose) != text(Sample(seed=8))


def test_penalties_see_prompt_and_text(toy):
    model = toy(vocab_size=6)
    prompt = torch.tensor([[0, 1, 2]])
    columns = generate(model, model.begin([0]), prompt, choose=Greedy(no_repeat_ngram_size=2), max_new_tokens=20)
    text = [0, 1, 2, *collect(columns)[0]]
    pairs = list(itertools.pairwise(text))
    assert len(set(pairs)) == len(pairs)


@pytest.mark.parametrize("family", [LLAMA, GPT3], ids=["llama", "gpt3"])
def test_cached_is_uncached(family):
    model = language_model(family)
    prompt = torch.tensor([[5, 9, 2, 30], [7, 7, 1, 3]])
    ids = prompt
    for column in generate(model, model.begin(2), prompt, choose=Greedy(), max_new_tokens=20):
        with torch.no_grad():
            logprobs = model(ids)[:, -1].log_softmax(dim=-1)
        assert torch.equal(column.ids, logprobs.argmax(dim=-1))
        torch.testing.assert_close(column.logprobs, logprobs.amax(dim=-1), atol=1e-5, rtol=1e-5)
        ids = torch.cat([ids, column.ids[:, None]], dim=1)
    assert ids[:, 4:].unique().numel() > 4, "the test needs a text that varies"


@pytest.mark.parametrize("family", [LLAMA, GPT3], ids=["llama", "gpt3"])
@pytest.mark.parametrize("choose", [Greedy(), Greedy(repetition_penalty=1.5, no_repeat_ngram_size=2)])
def test_a_batch_is_its_rows_alone(family, choose):
    model = language_model(family)
    prompts = [[5], [9, 2, 30, 4, 5], [7, 7, 1]]
    padded = torch.tensor([[0] * (5 - len(prompt)) + prompt for prompt in prompts])
    mask = torch.tensor([[False] * (5 - len(prompt)) + [True] * len(prompt) for prompt in prompts])
    options = {"choose": choose, "max_new_tokens": 15, "stop_ids": {0}}
    together = collect(generate(model, model.begin(3, prompt_mask=mask), padded, **options), {0})
    alone = [collect(generate(model, model.begin(1), torch.tensor([p]), **options), {0})[0] for p in prompts]
    assert together == alone


def test_greedy_translation_is_uncached_greedy_translation():
    model = translator()
    source = torch.tensor([[4, 8, 15, 2], [16, 23, 2, 0]])
    mask = torch.tensor([[True] * 4, [True, True, True, False]])
    target = torch.ones(2, 1, dtype=torch.int64)
    for column in generate(model, model.begin(source, mask), target, choose=Greedy(), max_new_tokens=12):
        with torch.no_grad():
            assert torch.equal(column.ids, model(source, target, mask)[:, -1].argmax(dim=-1))
        target = torch.cat([target, column.ids[:, None]], dim=1)
    alone = collect(generate(model, model.begin(source[1:, :3]), target[1:, :1], choose=Greedy(), max_new_tokens=12))
    assert alone == target[1:, 1:].tolist(), "padding and neighbours change nothing"


def test_mistakes_are_told(toy):
    model, ids = toy(), torch.tensor([[0]])
    with pytest.raises(ValueError, match=r"max_new_tokens \(0\)"):
        generate(model, model.begin([0]), ids, choose=Greedy(), max_new_tokens=0)
    with pytest.raises(ValueError, match="at least 1 token"):
        generate(model, model.begin([0]), ids[:, :0], choose=Greedy(), max_new_tokens=5)
    model.training = True
    with pytest.raises(ValueError, match=r"model.eval\(\)"):
        generate(model, model.begin([0]), ids, choose=Greedy(), max_new_tokens=5)
    broken = toy(sharpness=float("nan"))
    with pytest.raises(ValueError, match="not finite"):
        next(generate(broken, broken.begin([0]), ids, choose=Greedy(), max_new_tokens=5))


words = st.text("abc", min_size=1, max_size=4)


@settings(deadline=None, max_examples=300)
@given(st.text("abc", max_size=20), st.lists(words, max_size=3), st.lists(st.integers(0, 20)))
def test_stop_strings_do_not_depend_on_how_the_text_is_cut(text, stop, cuts):
    cuts = sorted(min(cut, len(text)) for cut in cuts)
    pieces = [text[a:b] for a, b in itertools.pairwise([0, *cuts, len(text)])]
    ends = [n for n in range(len(text) + 1) if any(text[:n].endswith(word) for word in stop)]
    if ends:  # the first n characters are the fewest that contain a stop string: of those, the longest goes
        expected = text[: ends[0] - max(len(word) for word in stop if text[: ends[0]].endswith(word))]
    else:
        expected = text
    streamed = list(until(pieces, stop))
    assert "".join(streamed) == expected
    assert "" not in streamed


def test_only_what_may_become_a_stop_string_is_held_back():
    pieces = iter(["Yes", ".", " Us", "e it", "\nUs", "er: no"])
    stream = until(pieces, ["\nUser:"])
    assert [next(stream) for _ in range(4)] == ["Yes", ".", " Us", "e it"]
    assert list(stream) == []
    assert list(until(["a\nUs"], ["\nUser:"])) == ["a", "\nUs"], "held back, and given at the end"


def test_what_was_generated_may_be_trained_on_and_written_on():
    """Steps run in inference mode, whose tensors neither gradients nor later writes may touch; none of it is left."""
    model = language_model(LLAMA)
    prompt, state = torch.tensor([[5, 9, 2]]), model.begin()
    columns = list(generate(model, state, prompt, choose=Greedy(), max_new_tokens=4))
    ids = torch.stack([column.ids for column in columns], dim=1)
    text = torch.cat([prompt, ids], dim=1)
    with torch.no_grad():
        after = model.step(ids[:, -1:], state)
        torch.testing.assert_close(after, model(text)[:, -1], atol=1e-5, rtol=1e-5)
    torch.nn.functional.cross_entropy(model(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten()).backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_long_generation_with_packed_weights_is_the_short_one():
    """From WORTH_PACKING tokens on the weights are read from a copy, which nobody sees afterwards."""
    model = CausalLM(ModelConfig(vocab_size=31, context=64, width=16, layers=2, heads=4, **LLAMA)).eval()
    shaken(model)
    prompt = torch.tensor([[5, 9, 2, 30], [7, 7, 1, 3]])
    assert WORTH_PACKING > 20

    def ids(n: int) -> list[list[int]]:
        return collect(generate(model, model.begin(2), prompt, choose=Greedy(), max_new_tokens=n))

    assert [row[:20] for row in ids(WORTH_PACKING)] == ids(20)
    assert not any(isinstance(module, Linear) and module.packed for module in model.modules())
