"""What our cached decoding writes is what transformers' `generate` writes with the folder that we export."""

from collections import Counter
from collections.abc import Callable

import pytest
import torch
from transformers import PreTrainedModel

from groundup.config import RopeScaling
from groundup.decode.beam import Hypothesis, beam_search
from groundup.decode.choose import Beams, Greedy
from groundup.decode.generate import generate
from groundup.models.causal_lm import CausalLM
from groundup.models.seq2seq import Seq2Seq
from groundup.presets import preset

SHAPE = dict(vocab_size=67, context=24, width=32, layers=2, heads=4)
WRITERS = {  # untied: a random tied model only repeats what it read last
    "gpt2": preset("gpt2", **SHAPE, tied="none"),
    "gpt3": preset("gpt3-small", **SHAPE, windows=(None, 3), tied="none"),
    "llama3.1": preset(
        "llama3.1-8b", **SHAPE | dict(mlp_width=40, kv_heads=2, rope_scaling=RopeScaling(original_context=16))
    ),
}
TRANSLATORS = {
    "one vocabulary": dict(tied="all"),
    "two vocabularies": dict(tied="head", source_vocab_size=53),
    "not tied": dict(tied="none", source_vocab_size=80),
}
NEW, BOS = 12, 65


@pytest.fixture(scope="module", params=WRITERS)
def writers(request: pytest.FixtureRequest, randomise, exported) -> tuple[CausalLM, PreTrainedModel]:
    ours = randomise(CausalLM(WRITERS[request.param]))
    return ours, exported(ours)


@pytest.fixture(scope="module", params=TRANSLATORS)
def translators(request: pytest.FixtureRequest, randomise, exported) -> tuple[Seq2Seq, PreTrainedModel]:
    config = preset("transformer-base", **SHAPE | dict(encoder_layers=2, mlp_width=48) | TRANSLATORS[request.param])
    ours = randomise(Seq2Seq(config))
    return ours, exported(ours)


def prompts() -> tuple[torch.Tensor, torch.Tensor]:
    """Three prompts of 7, 4 and 1 tokens, padded on the left."""
    mask = torch.arange(7) >= torch.tensor([[0], [3], [6]])
    return torch.randint(60, (3, 7)), mask


def sources() -> tuple[torch.Tensor, torch.Tensor]:
    mask = torch.arange(9) < torch.tensor([[9], [5], [1], [8]])
    return torch.randint(50, (4, 9)), mask


def assert_same(found: list[list[Hypothesis]], written: list[list[int]], end: int) -> None:
    """All hypotheses of all rows, best first; theirs are filled up after the end token."""
    expected = [row[: row.index(end) + 1] if end in row else row for row in written]
    assert [hypothesis.ids for row in found for hypothesis in row] == expected


def ended(write: Callable[[int], list[list[int]]], greedy: torch.Tensor) -> tuple[list[list[int]], int]:
    """What is written with an end token that ends an answer early, and that token: of those that greedy texts have."""
    for end in greedy.unique().tolist():
        written = write(end)
        if any(end in row[:-1] for row in written):
            return written, end
    raise AssertionError("no answer ended by itself")


def greedily(ours, state, ids: torch.Tensor) -> torch.Tensor:
    columns = generate(ours, state, ids, choose=Greedy(), max_new_tokens=NEW)
    return torch.stack([column.ids for column in columns], dim=1)


def test_greedy_texts(writers):
    ours, theirs = writers
    ids, mask = prompts()
    expected = theirs.generate(
        ids, attention_mask=mask.long(), max_new_tokens=NEW, do_sample=False, eos_token_id=None, pad_token_id=0
    )
    assert torch.equal(greedily(ours, ours.begin(3, prompt_mask=mask), ids), expected[:, 7:])
    assert len(expected[:, 7:].unique()) > 3, "a model that repeats one token says nothing"


def test_texts_of_beam_search(writers):
    ours, theirs = writers
    ids, mask = prompts()
    options = dict(max_new_tokens=NEW, num_beams=4, num_return_sequences=4, do_sample=False)

    def write(end: int) -> list[list[int]]:
        written = theirs.generate(ids, attention_mask=mask.long(), **options, eos_token_id=end, pad_token_id=end)
        return written[:, 7:].tolist()

    written, end = ended(write, greedily(ours, ours.begin(3, prompt_mask=mask), ids))
    state = ours.begin(3, prompt_mask=mask)
    found = beam_search(ours, state, ids, beams=4, eos=end, max_new_tokens=NEW, num_return_sequences=4)
    assert_same(found, written, end)


def test_greedy_translations(translators):
    ours, theirs = translators
    ids, mask = sources()
    expected = theirs.generate(
        ids, attention_mask=mask.long(), max_new_tokens=NEW, num_beams=1, do_sample=False, eos_token_id=None
    )
    start = torch.full((4, 1), BOS)
    with torch.inference_mode():
        assert torch.equal(greedily(ours, ours.begin(ids, mask), start), expected[:, 1:])


def test_translations_of_beam_search(translators):
    ours, theirs = translators
    ids, mask = sources()
    start, options = torch.full((4, 1), BOS), dict(max_new_tokens=NEW, num_return_sequences=4)

    def write(end: int) -> list[list[int]]:
        own = dict(attention_mask=mask.long(), num_beams=4, do_sample=False, eos_token_id=end)
        return theirs.generate(ids, **own, **options)[:, 1:].tolist()

    with torch.inference_mode():
        written, end = ended(write, greedily(ours, ours.begin(ids, mask), start))
        found = beam_search(ours, ours.begin(ids, mask), start, beams=4, eos=end, **options)
    assert_same(found, written, end)


RULES = {  # in the words of transformers
    "the end is put off": dict(min_new_tokens=6),
    "repetition costs": dict(repetition_penalty=1.7),
    "repetition pays": dict(repetition_penalty=0.8),
    "words are forbidden": dict(bad_words_ids=[[7], [11, 12], [3, 4, 5]]),
    "all at once": dict(min_new_tokens=3, repetition_penalty=1.3, bad_words_ids=[[7], [9]], no_repeat_ngram_size=2),
}


def split(rules: dict) -> tuple[dict, dict]:
    """What belongs to a strategy, and the rest."""
    least = {name: value for name, value in rules.items() if name == "min_new_tokens"}
    return {name: value for name, value in rules.items() if name not in least}, least


def likely(greedy: torch.Tensor) -> tuple[list[int], list[list[int]]]:
    """Three end tokens and some bad words that matter: tokens of the greedy texts."""
    tokens = [id for id, _ in Counter(greedy.flatten().tolist()).most_common()]
    pairs = [row[:2] for row in greedy.tolist()]
    return tokens[1:4], [tokens[:1], *pairs]


@pytest.mark.parametrize("rules", RULES.values(), ids=RULES)
@pytest.mark.parametrize("beams", [1, 4])
def test_texts_by_rules(writers, rules, beams):
    ours, theirs = writers
    ids = torch.randint(60, (4, 6))  # of equal length: transformers penalises the padding, too
    ends, words = likely(greedily(ours, ours.begin(4), ids))
    rules = rules | (dict(bad_words_ids=words) if "bad_words_ids" in rules else {})
    own, least = split(rules)
    expected = theirs.generate(
        ids, max_new_tokens=NEW, num_beams=beams, num_return_sequences=beams, do_sample=False, eos_token_id=ends,
        pad_token_id=66, attention_mask=torch.ones_like(ids), **rules,
    )[:, 6:].tolist()  # fmt: skip
    if beams == 1:
        options = dict(choose=Greedy(**own), max_new_tokens=NEW, stop_ids=ends, **least)
        columns = generate(ours, ours.begin(4), ids, **options, pad=66)
        found = torch.stack([column.ids for column in columns], dim=1).tolist()
        assert found == expected
        return
    search = Beams(beams, **own)
    hypotheses = beam_search(
        ours, ours.begin(4), ids, beams=search, eos=ends, max_new_tokens=NEW, num_return_sequences=beams, **least
    )
    flat = [one for row in hypotheses for one in row]
    for one, theirs_ids in zip(flat, expected, strict=True):
        n = len(one.ids)
        assert one.ids == theirs_ids[:n]
        assert set(theirs_ids[n:]) <= {66}
        assert n > least.get("min_new_tokens", 0) or one.ids[-1] not in ends
    for row, one in ((row, one) for row, several in enumerate(hypotheses) for one in several):
        logits = ours(torch.cat([ids[row], torch.tensor(one.ids)])[None])[0, 5:-1]
        logprobs = logits.log_softmax(dim=-1)[range(len(one.ids)), one.ids]
        assert one.logprob == pytest.approx(logprobs.sum().item(), abs=1e-3), "the model's own, whatever the rules"


@pytest.mark.parametrize("rules", RULES.values(), ids=RULES)
def test_translations_by_rules_with_several_ends(translators, rules):
    ours, theirs = translators
    ids, mask = sources()
    start = torch.full((4, 1), BOS)
    with torch.inference_mode():
        ends, words = likely(greedily(ours, ours.begin(ids, mask), start))
        rules = rules | (dict(bad_words_ids=words) if "bad_words_ids" in rules else {})
        own, least = split(rules)
        expected = theirs.generate(
            ids, attention_mask=mask.long(), num_beams=4, num_return_sequences=4, do_sample=False, max_new_tokens=NEW,
            eos_token_id=ends, pad_token_id=66, length_penalty=0.6, **rules,
        )[:, 1:].tolist()  # fmt: skip
        found = beam_search(
            ours, ours.begin(ids, mask), start, beams=Beams(4, length_penalty=0.6, **own), eos=ends,
            max_new_tokens=NEW, num_return_sequences=4, **least,
        )  # fmt: skip
    for one, theirs_ids in zip((one for row in found for one in row), expected, strict=True):
        assert one.ids == theirs_ids[: len(one.ids)]
        assert set(theirs_ids[len(one.ids) :]) <= {66}
