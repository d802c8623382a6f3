"""What beam search tells while it searches is enough to follow it, and changes nothing."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup.decode.beam import beam_search
from groundup.decode.hypotheses import Branch

START, EOS = 0, 1


def follow(model, source: int, beams: int, limit: int, steps: int):
    """Step by step, every continuation of every living text, sorted, and what the rule makes of the best of them."""
    living = [([], 0.0)]
    for n in range(1, steps + 1):
        continued = [
            (total + logprob, parent, token)
            for parent, (ids, total) in enumerate(living)
            for token, logprob in enumerate(model.logprobs([START, *ids], source=source))
        ]
        best = sorted(continued, reverse=True)[: 2 * beams]
        on = [(total, parent, token) for total, parent, token in best if token != EOS and n < limit][:beams]
        ends = [step for step in best[:beams] if step[2] == EOS or n == limit]
        yield best, on, ends
        living = [([*living[parent][0], token], total) for total, parent, token in on]


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 1000),
    vocab_size=st.integers(3, 9),
    beams=st.integers(1, 4),
    limits=st.lists(st.integers(1, 7), min_size=1, max_size=3),
    early_stopping=st.sampled_from([False, True, "never"]),
)
def test_every_candidate_of_every_step_is_told(toy, seed, vocab_size, beams, limits, early_stopping):
    model, sources = toy(vocab_size, seed=seed), list(range(len(limits)))
    options = {"beams": beams, "eos": EOS, "early_stopping": early_stopping, "num_return_sequences": beams}
    options["max_new_tokens"] = torch.tensor(limits)
    told: dict[int, list[list[Branch]]] = {source: [] for source in sources}

    def watch(n: int, sentence: int, branches: list[Branch]) -> None:
        told[sentence].append(branches)
        assert len(told[sentence]) == n, "every step once"

    found = beam_search(model, model.begin(sources), start(len(limits)), watch=watch, **options)
    assert found == beam_search(model, model.begin(sources), start(len(limits)), **options)
    for source, limit in enumerate(limits):
        steps = told[source]
        assert 1 <= len(steps) <= limit
        followed = follow(model, source, beams, limit, len(steps))
        for n, (branches, (best, on, ends)) in enumerate(zip(steps, followed, strict=True), 1):
            assert [(branch.parent, branch.token) for branch in branches] == [step[1:] for step in best]
            assert [branch.logprob for branch in branches] == pytest.approx([step[0] for step in best], abs=1e-4)
            assert [branch[:2] for branch in branches if branch.kind == "finished"] == [step[1:] for step in ends]
            living = [branch[:2] for branch in branches if branch.kind == "living"]
            assert living == ([] if n == len(steps) else [step[1:] for step in on])


def test_the_answers_can_be_read_off_the_tree(toy):
    model, limit = toy(vocab_size=6, seed=3), 9
    living, finished = {n: [] for n in range(limit + 1)}, []
    living[0] = [[]]

    def watch(n: int, sentence: int, branches: list[Branch]) -> None:
        for branch in branches:
            ids = [*living[n - 1][branch.parent], branch.token]
            if branch.kind == "living":
                living[n].append(ids)
            elif branch.kind == "finished":
                finished.append((branch.logprob / len(ids), ids))

    options = {"beams": 3, "eos": EOS, "max_new_tokens": limit, "num_return_sequences": 3}
    [found] = beam_search(model, model.begin([5]), start(1), watch=watch, **options)
    best = sorted(finished, reverse=True)[:3]
    assert [hypothesis.ids for hypothesis in found] == [ids for _, ids in best]
    assert [hypothesis.score for hypothesis in found] == pytest.approx([score for score, _ in best])


def test_where_there_are_fewer_texts_than_beams_only_real_ones_are_told(toy):
    model, told = toy(vocab_size=2), []
    options = {"beams": 3, "eos": EOS, "max_new_tokens": 4}
    beam_search(model, model.begin([0]), start(1), watch=lambda n, sentence, branches: told.append(branches), **options)
    for branches in told:
        assert all(branch.logprob > -torch.inf for branch in branches)
        assert len([branch for branch in branches if branch.kind == "living"]) <= 1


def start(rows: int) -> torch.Tensor:
    return torch.full((rows, 1), START)
