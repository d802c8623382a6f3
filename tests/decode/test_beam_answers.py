"""The answers of a run: texts that differ, and a search that can be followed by the caller's own numbers."""

from collections.abc import Sequence
from types import SimpleNamespace

import pytest
import torch

from groundup.decode.beam import beam_search
from groundup.decode.hypotheses import Branch
from groundup.run.translator import Translator

PAD, BOS, EOS = 0, 1, 2
SPELLED = {3: "a", 4: "b", 5: "ab", 6: "c"}  # "ab" has two spellings


class Letters:
    """A tokenizer whose tokens are the pieces of SPELLED; texts are read letter by letter."""

    vocab_size = 12

    def encode(self, text: str) -> list[int]:
        return [{spelling: id for id, spelling in SPELLED.items()}[letter] for letter in text]

    def decode(self, ids: Sequence[int], *, skip_special: bool) -> str:
        assert skip_special
        return "".join(SPELLED.get(id, "") for id in ids)

    def special_id(self, name: str) -> int:
        return {"<pad>": PAD, "<bos>": BOS, "<eos>": EOS}[name]


def a_run(toy, *, seed: int = 0) -> Translator:
    """A model that knows a source by its length only."""
    model = toy(vocab_size=7, seed=seed, sharpness=1.0)
    begin = model.begin
    model.begin = lambda ids, mask: begin([ids.shape[1]] * len(ids) if mask is None else mask.sum(dim=1).tolist())
    model.parameters = lambda: iter([torch.zeros(1)])
    # As many rows as the most beams asked for.
    model.config = SimpleNamespace(context=20, vocab_size=12, layers=1, width=1)
    return Translator(model, Letters(), Letters())  # pyright: ignore[reportArgumentType]


def test_equal_texts_are_given_once_with_the_better_score(toy):
    fewer = 0
    for seed in range(10):
        run = a_run(toy, seed=seed)
        [answers] = run.answers(["ab"], num_beams=12, num_return_sequences=12, max_new_tokens=4)
        start, state = torch.tensor([[BOS]]), run.model.begin(torch.tensor([[3, 4, EOS]]), None)
        options = {"beams": 12, "eos": EOS, "max_new_tokens": 4, "num_return_sequences": 12}
        [hypotheses] = beam_search(run.model, state, start, **options)
        best: dict[str, float] = {}
        for hypothesis in hypotheses:
            text = run.target.decode(hypothesis.ids, skip_special=True)
            best[text] = max(hypothesis.score, best.get(text, -torch.inf))
        assert [(answer.text, answer.score) for answer in answers] == sorted(best.items(), key=lambda item: -item[1])
        fewer += len(answers) < len(hypotheses)
        [few] = run.answers(["ab"], num_beams=12, num_return_sequences=3, max_new_tokens=4)
        assert few == answers[:3], "filled up from the other beams"
    assert fewer, "the test needs texts that are spelled in two ways"


def test_it_is_told_of_by_the_callers_numbers(toy):
    run, sentences = a_run(toy, seed=1), ["a", "", "abcab", "abc", "ba"]
    together, alone = {}, {}

    def into(tree: dict, number: int | None = None):
        def watch(n: int, sentence: int, branches: list[Branch]) -> None:
            tree.setdefault(sentence if number is None else number, []).append([branch[:2] for branch in branches])

        return watch

    run.answers(sentences, num_beams=2, batch=4, watch=into(together))  # two at a time, the longest first
    for number, sentence in enumerate(sentences):
        run.answers([sentence], num_beams=2, watch=into(alone, number))
    assert together == alone
    assert together.keys() == {0, 2, 3, 4}


def test_the_int8_model_is_made_once_and_used(toy, monkeypatch):
    run, made = a_run(toy, seed=2), []
    monkeypatch.setattr("groundup.fast.int8.lighten", lambda model: made.append(model) or model)
    assert run.answers(["ab"], precision="int8") == run.answers(["ab"])
    run.answers(["ab"], precision="int8")
    assert made == [run.model], "made once"
    with pytest.raises(ValueError, match=r"precision \(int4\) must be float32 or int8"):
        run.answers(["ab"], precision="int4")  # pyright: ignore[reportArgumentType]
