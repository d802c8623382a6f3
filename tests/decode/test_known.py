"""Ids without a token are never said: not by sampling, not by beams, and the others share all of the probability."""

import math

import pytest
import torch

from groundup.config import ModelConfig
from groundup.decode.beam import beam_search, beam_search_plainly
from groundup.decode.choose import Greedy, Sample
from groundup.decode.generate import generate
from groundup.decode.known import Known
from groundup.fast import linear
from groundup.models.causal_lm import CausalLM

TOKENS = [0, 1, 3, 4]  # of 6: one without a token in the middle, one at the end


def known(toy) -> tuple:
    model = toy(vocab_size=6)
    return model, Known(model, TOKENS, vocab_size=6, device=torch.device("cpu"))


@pytest.mark.parametrize("choose", [Greedy(), Sample(temperature=5.0, seed=1), Sample(top_k=6, seed=2)])
def test_only_tokens_are_said_and_their_probabilities_sum_to_one(toy, choose):
    model, only = known(toy)
    ids = torch.zeros(200, 1, dtype=torch.int64)
    sources = [n % 60 for n in range(200)]
    free = torch.stack([t.ids for t in generate(model, model.begin(sources), ids, choose=choose, max_new_tokens=20)])
    assert set(free.unique().tolist()) == set(range(6)), "without it, all ids are said"
    columns = list(generate(only, model.begin(sources), ids, choose=choose, max_new_tokens=20))
    assert set(torch.stack([column.ids for column in columns]).unique().tolist()) == set(TOKENS)
    total = sum(math.exp(model.logprobs([0], source=7)[token]) for token in TOKENS)
    first = only.step(ids[:1], model.begin([7])).log_softmax(dim=-1)[0]
    for token in TOKENS:
        assert first[token].exp().item() == pytest.approx(math.exp(model.logprobs([0], source=7)[token]) / total)
    assert first[2] == first[5] == -math.inf


@pytest.mark.parametrize("source", range(5))
def test_beams(toy, source):
    model, only = known(toy)

    def logprobs(ids: list[int]) -> list[float]:
        logits = torch.tensor(model.logprobs([0, *ids], source=source))
        return (
            logits.masked_fill(torch.tensor([False, False, True, False, False, True]), -math.inf)
            .log_softmax(dim=-1)
            .tolist()
        )

    expected = beam_search_plainly(logprobs, beams=3, eos=4, max_new_tokens=7)
    found = beam_search(
        only, model.begin([source]), torch.tensor([[0]]), beams=3, eos=4, max_new_tokens=7, num_return_sequences=3
    )[0]
    assert [one.ids for one in found] == [one.ids for one in expected]
    assert [one.score for one in found] == pytest.approx([one.score for one in expected], abs=1e-5)


def test_another_model_says_the_same_tokens(toy):
    model, only = known(toy)
    other = toy(vocab_size=6, seed=1)
    ids = torch.zeros(1, 1, dtype=torch.int64)
    assert only.by(other).step(ids, other.begin([3])).equal(only.only(other.step(ids, other.begin([3]))))
    assert only.step(ids, model.begin([3])).equal(only.only(model.step(ids, model.begin([3])))), "as it was"


def test_the_weights_behind_it_are_packed():
    model = CausalLM(ModelConfig(vocab_size=64, context=48, width=32, layers=1, heads=2)).to(torch.float32).eval()
    only = Known(model, TOKENS, vocab_size=64, device=torch.device("cpu"))
    with linear.packed(only, rows=2):
        assert model.head.packed is not None
    assert model.head.packed is None


def test_a_model_in_training_is_still_seen_to_be(toy):
    model, only = known(toy)
    model.training = True
    with pytest.raises(ValueError, match=r"model.eval\(\)"):
        generate(only, model.begin([0]), torch.tensor([[0]]), choose=Greedy(), max_new_tokens=5)


def test_a_tokenizer_with_more_tokens_than_the_model_is_another_models(toy):
    with pytest.raises(ValueError, match="token 6, the model only 6"):
        Known(toy(vocab_size=6), range(7), vocab_size=6, device=torch.device("cpu"))
