"""The tree of a beam search: every branch adds up, leads back to the start, and ends in the answers."""

import pytest
import torch

from groundup.config import ModelConfig
from groundup.decode.beam import beam_search
from groundup.decode.choose import by_length
from groundup.decode.hypotheses import Branch
from groundup.look.beams import Watched, beam_tree
from groundup.models.seq2seq import Seq2Seq

BOS, EOS = 0, 1


def pieces(ids: list[int]) -> list[str]:
    return [str(id) for id in ids]


def mean(total: float, n: int) -> float:
    return total / by_length(n, 1.0)


def test_a_tree_by_hand():
    steps = [
        [Branch(0, 5, -0.1, "living", -0.1), Branch(0, 6, -1.0, "living", -1.0), Branch(0, 7, -3.0, "dropped", -3.0)],
        [Branch(1, 1, -1.5, "finished", -1.5), Branch(0, 8, -2.0, "living", -2.0), Branch(1, 8, -2.5, "living", -2.5)],
        [Branch(1, 1, -2.6, "finished", -2.6), Branch(0, 9, -2.7, "dropped", -2.7)],
    ]
    tree = beam_tree(steps, answers=[[6, 1], [6, 8, 1]], pieces=pieces, score=mean)
    assert [node.parent for node in tree] == [None, None, None, 1, 0, 1, 5, 4]
    assert [node.step for node in tree] == [1, 1, 1, 2, 2, 2, 3, 3]
    assert [node.token for node in tree] == ["5", "6", "7", "1", "8", "8", "1", "9"]
    assert [node.logprob for node in tree] == pytest.approx([-0.1, -1.0, -3.0, -0.5, -1.9, -1.5, -0.1, -0.7])
    assert [node.score for node in tree[2:5]] == pytest.approx([-3, -0.75, -1])
    assert [node.answer for node in tree] == [None, None, None, 0, None, None, 1, None]


@pytest.mark.parametrize("beams", [1, 2, 4])
def test_branches_of_a_real_search_are_what_the_model_says_of_them(beams):
    torch.manual_seed(beams)
    config = ModelConfig(vocab_size=12, context=16, width=16, layers=1, heads=2, encoder_layers=1)
    model, source = Seq2Seq(config).eval(), torch.tensor([[3, 4, 5]])
    with torch.no_grad():
        watched = Watched()
        (found,) = beam_search(
            model, model.begin(source, None), torch.tensor([[BOS]]), beams=beams, eos=EOS, max_new_tokens=8,
            num_return_sequences=beams, watch=watched,
        )  # fmt: skip
        tree = beam_tree(watched.steps, answers=[h.ids for h in found], pieces=pieces, score=mean)
        assert len(tree) > beams
        for number, node in enumerate(tree):
            branch, at = [], number
            while at is not None:
                assert tree[at].step == node.step - len(branch)
                branch.insert(0, at)
                at = tree[at].parent
            ids = [int(tree[i].token) for i in branch]
            logprobs = model(source, torch.tensor([[BOS, *ids[:-1]]]), None)[0].log_softmax(-1)
            each = [float(logprobs[place, id]) for place, id in enumerate(ids)]
            assert [tree[i].logprob for i in branch] == pytest.approx(each, abs=1e-4)
            assert node.total == pytest.approx(sum(each), abs=1e-4)
            if node.answer is not None:
                assert (ids, node.score) == (found[node.answer].ids, pytest.approx(found[node.answer].score))
        assert sorted(node.answer for node in tree if node.answer is not None) == list(range(len(found)))
