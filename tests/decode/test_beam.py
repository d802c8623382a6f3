import itertools
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import MarianConfig, MarianMTModel
from transformers.modeling_outputs import BaseModelOutput

from groundup.config import ModelConfig
from groundup.decode.beam import beam_search, beam_search_plainly
from groundup.decode.choose import Greedy, by_length, gnmt
from groundup.decode.generate import collect, generate
from groundup.models.causal_lm import CausalLM
from groundup.models.seq2seq import Seq2Seq

START, EOS = 0, 1


def same(ours, expected, *, abs=1e-4):
    """The same answers in the same order, and the same scores."""
    assert [hypothesis.ids for hypothesis in ours] == [hypothesis.ids for hypothesis in expected]
    for a, b in zip(ours, expected, strict=True):
        assert a.score == pytest.approx(b.score, abs=abs)
        assert a.logprob == pytest.approx(b.logprob, abs=abs)


def start(rows: int) -> torch.Tensor:
    return torch.full((rows, 1), START)


@settings(deadline=None, max_examples=150)
@given(
    seed=st.integers(0, 1000),
    vocab_size=st.integers(3, 9),
    beams=st.integers(1, 5),
    limits=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    length_penalty=st.sampled_from([-1.0, 0.0, 0.6, 1.0, 2.0]),
    divisor=st.sampled_from([by_length, gnmt]),
    early_stopping=st.sampled_from([False, True, "never"]),
)
def test_it_is_the_plain_beam_search_for_every_sentence(
    toy, seed, vocab_size, beams, limits, length_penalty, divisor, early_stopping
):
    model = toy(vocab_size, seed=seed)
    options = {
        "beams": beams,
        "eos": EOS,
        "length_penalty": length_penalty,
        "divisor": divisor,
        "early_stopping": early_stopping,
    }
    ours = beam_search(
        model,
        model.begin(list(range(len(limits)))),
        start(len(limits)),
        max_new_tokens=torch.tensor(limits),
        num_return_sequences=beams,
        **options,
    )
    for source, (limit, hypotheses) in enumerate(zip(limits, ours, strict=True)):

        def logprobs(ids, source=source):
            return model.logprobs([START, *ids], source=source)

        same(hypotheses, beam_search_plainly(logprobs, max_new_tokens=limit, **options))
        for hypothesis in hypotheses:  # and the numbers are what they say they are
            logprob = model.logprob([START], hypothesis.ids, source=source)
            assert hypothesis.logprob == pytest.approx(logprob, abs=1e-4)
            assert hypothesis.score == pytest.approx(logprob / divisor(len(hypothesis.ids), length_penalty), abs=1e-4)
            assert hypothesis.ids[-1] == EOS or len(hypothesis.ids) == limit
            assert EOS not in hypothesis.ids[:-1]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("length_penalty", [0.0, 1.0])
def test_a_wide_beam_finds_what_brute_force_finds(toy, seed, length_penalty):
    model, limit = toy(vocab_size=3, seed=seed), 5
    others = [id for id in range(3) if id != EOS]
    answers = [
        [*body, *end]
        for n in range(limit + 1)
        for body in itertools.product(others, repeat=n)
        for end in ([[EOS]] if n < limit else [[]])
    ]
    scored = sorted(
        ((model.logprob([START], ids, source=0) / len(ids) ** length_penalty, ids) for ids in answers), reverse=True
    )
    [found] = beam_search(
        model,
        model.begin([0]),
        start(1),
        beams=len(answers),
        eos=EOS,
        max_new_tokens=limit,
        length_penalty=length_penalty,
        num_return_sequences=len(answers),
    )
    assert [hypothesis.ids for hypothesis in found] == [ids for _, ids in scored], "every answer there is, in order"


def test_never_stopping_early_finds_the_better_longer_answer(toy):
    """With a large length penalty an answer may improve by growing; only "never" waits for it."""
    scores = {False: [], "never": []}
    for seed in range(20):
        model = toy(vocab_size=4, seed=seed)
        for early_stopping, best in scores.items():
            options = {"eos": EOS, "max_new_tokens": 12, "length_penalty": 2.0, "early_stopping": early_stopping}
            best.append(beam_search(model, model.begin([0]), start(1), beams=2, **options)[0][0].score)
    assert all(waited >= hurried for hurried, waited in zip(*scores.values(), strict=True))
    assert scores["never"] != scores[False]


@pytest.mark.parametrize("no_repeat", [None, 1, 2])
def test_one_beam_is_greedy_search(toy, no_repeat):
    model, sources = toy(vocab_size=8, sharpness=1.0), list(range(20))
    beams = beam_search(
        model,
        model.begin(sources),
        start(20),
        beams=1,
        eos=EOS,
        max_new_tokens=12,
        no_repeat_ngram_size=no_repeat,
    )
    choose = Greedy(no_repeat_ngram_size=no_repeat)
    columns = generate(model, model.begin(sources), start(20), choose=choose, max_new_tokens=12, stop_ids={EOS})
    greedy = collect(columns, {EOS})
    assert [[id for id in best.ids if id != EOS] for [best] in beams] == greedy
    assert len({len(row) for row in greedy}) > 2


def test_no_ngram_comes_twice(toy):
    model = toy(vocab_size=5, sharpness=1.0)
    options = {"beams": 3, "eos": EOS, "max_new_tokens": 14, "num_return_sequences": 3, "length_penalty": 3.0}
    [free] = beam_search(model, model.begin([0]), start(1), **options)
    [found] = beam_search(model, model.begin([0]), start(1), no_repeat_ngram_size=2, **options)

    def repeats(ids):
        pairs = list(itertools.pairwise([START, *ids]))
        return len(pairs) - len(set(pairs))

    assert any(repeats(hypothesis.ids) for hypothesis in free)
    for hypothesis in found:
        assert repeats(hypothesis.ids) == 0
        assert hypothesis.logprob == pytest.approx(model.logprob([START], hypothesis.ids, source=0), abs=1e-4)


def test_where_every_token_is_forbidden_greedy_search_says_the_same(toy):
    model, ids = toy(vocab_size=5), torch.tensor([[0], [3]])
    with pytest.raises(ValueError, match=r"\(1\) forbids each of the 5 tokens after 5; ") as greedy:
        list(generate(model, model.begin([0, 1]), ids, choose=Greedy(no_repeat_ngram_size=1), max_new_tokens=20))
    for beams in (1, 2, 3):
        with pytest.raises(ValueError) as found:
            beam_search(model, model.begin([0, 1]), ids, beams=beams, eos=-1, max_new_tokens=20, no_repeat_ngram_size=1)
        assert str(found.value) == str(greedy.value)
        four = beam_search(
            model, model.begin([0, 1]), ids, beams=beams, eos=-1, max_new_tokens=4, no_repeat_ngram_size=1
        )
        assert [len(one.ids) for (one,) in four] == [4, 4], "what was set aside before that is an answer"


def test_finished_sentences_leave_the_batch_and_memory_moves_only_then(toy):
    model = toy(vocab_size=6)
    state, limits = model.begin([0, 1, 2]), torch.tensor([2, 9, 4])
    beam_search(model, state, start(3), beams=2, eos=EOS, max_new_tokens=limits, early_stopping="never")
    assert model.calls[:2] == [3, 6], "the prompt is read once, not once a beam"
    assert model.calls[2] <= 4
    assert sorted(model.calls[1:], reverse=True) == model.calls[1:]
    assert len(model.calls) <= 9
    assert state.selects == len(set(model.calls[1:])), "one to make the beams, one whenever a sentence leaves"


def test_prompt_padding_is_no_history(toy):
    model = toy(vocab_size=5)
    ids, mask = torch.tensor([[3, 3, 0, 2]]), torch.tensor([[False, False, True, True]])
    options = {"beams": 2, "eos": EOS, "max_new_tokens": 6, "no_repeat_ngram_size": 1}
    [[padded]] = beam_search(model, model.begin([0], mask), ids, **options)
    [[plain]] = beam_search(model, model.begin([0]), ids, **options)
    assert 3 in padded.ids
    assert 3 not in plain.ids


class Marian:
    """Hugging Face's model as a `Decoder`, read anew from the beginning at every step."""

    training = False

    def __init__(self, model: MarianMTModel):
        self.model = model

    def begin(self, source, mask):
        memory = self.model.get_encoder()(source, attention_mask=mask).last_hidden_state
        state = SimpleNamespace(key_mask=None, ids=source[:, :0], memory=memory, mask=mask)

        def select(rows):
            state.ids, state.memory, state.mask = state.ids[rows], state.memory[rows], state.mask[rows]

        state.select = state.reorder = select
        return state

    def step(self, ids, state):
        state.ids = torch.cat([state.ids, ids], dim=1)
        memory = BaseModelOutput(last_hidden_state=state.memory)
        return self.model(
            encoder_outputs=memory, attention_mask=state.mask, decoder_input_ids=state.ids, use_cache=False
        ).logits[:, -1]


@pytest.fixture(scope="module")
def marian() -> MarianMTModel:
    torch.manual_seed(0)
    config = MarianConfig(
        vocab_size=24, d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=32, decoder_ffn_dim=32, max_position_embeddings=40, init_std=0.4,
        pad_token_id=START, decoder_start_token_id=START, eos_token_id=EOS, forced_eos_token_id=None,
        scale_embedding=False,
    )  # fmt: skip
    model = MarianMTModel(config).eval()
    model.final_logits_bias[0, EOS] = 4.0  # answers end, some soon and some late
    return model


@pytest.mark.parametrize("early_stopping", [False, True, "never"])
@pytest.mark.parametrize(("beams", "length_penalty"), [(2, 1.0), (4, 0.6), (4, 2.0), (5, -0.5)])
def test_it_is_transformers_beam_search(marian, beams, length_penalty, early_stopping):
    random = torch.Generator().manual_seed(beams)
    source = torch.randint(2, 24, (12, 7), generator=random)
    mask = torch.arange(7) < torch.randint(2, 8, (12, 1), generator=random)
    for no_repeat in (None, 2):
        expected = marian.generate(
            input_ids=source, attention_mask=mask, num_beams=beams, num_return_sequences=beams, max_new_tokens=12,
            length_penalty=length_penalty, early_stopping=early_stopping, no_repeat_ngram_size=no_repeat or 0,
            return_dict_in_generate=True, output_scores=True, do_sample=False,
        )  # fmt: skip
        model = Marian(marian)
        with torch.no_grad():
            ours = beam_search(
                model, model.begin(source, mask), start(12), beams=beams, eos=EOS, max_new_tokens=12,
                length_penalty=length_penalty, early_stopping=early_stopping, num_return_sequences=beams,
                no_repeat_ngram_size=no_repeat,
            )  # fmt: skip
        flat = [hypothesis for hypotheses in ours for hypothesis in hypotheses]
        assert len({len(hypothesis.ids) for hypothesis in flat}) > 1, "the test needs answers of different lengths"
        for hypothesis, ids, score in zip(flat, expected.sequences[:, 1:], expected.sequences_scores, strict=True):
            assert hypothesis.ids == ids.tolist()[: len(hypothesis.ids)]
            assert set(ids.tolist()[len(hypothesis.ids) :]) <= {EOS}  # its filler where pad is 0
            assert hypothesis.score == pytest.approx(score.item(), abs=1e-4)


def shaken(model):
    """Larger weights than a fresh model's: confident as a trained one, and different at every place."""
    for parameter in model.parameters():
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=0.5)
    return model.eval()


@pytest.mark.parametrize("length_penalty", [0.0, 1.0])
def test_cached_and_batched_is_uncached_and_alone_in_translation(length_penalty):
    torch.manual_seed(1)
    shape = {"vocab_size": 17, "context": 24, "width": 16, "layers": 2, "encoder_layers": 2, "heads": 4}
    model = shaken(Seq2Seq(ModelConfig(**shape, position="sinusoidal", norm_first=False, mlp="relu")))
    lengths = [6, 2, 4, 3, 6]
    source = torch.randint(2, 17, (5, 6))
    mask = torch.arange(6) < torch.tensor(lengths)[:, None]
    options = {"eos": EOS, "length_penalty": length_penalty}
    with torch.no_grad():
        ours = beam_search(
            model,
            model.begin(source, mask),
            start(5),
            beams=4,
            max_new_tokens=torch.tensor([10, 3, 7, 10, 10]),
            num_return_sequences=4,
            **options,
        )
        for row, limit in enumerate([10, 3, 7, 10, 10]):

            def logprobs(ids, row=row):
                logits = model(source[row : row + 1, : lengths[row]], torch.tensor([[START, *ids]]))
                return logits[0, -1].log_softmax(dim=-1).tolist()

            same(ours[row], beam_search_plainly(logprobs, beams=4, max_new_tokens=limit, **options))


@pytest.mark.parametrize(
    "family", [{"position": "rotary", "kv_heads": 2}, {"position": "learned", "windows": (None, 3)}]
)
def test_a_language_model_continues_padded_prompts_with_beams(family):
    torch.manual_seed(2)
    model = shaken(CausalLM(ModelConfig(vocab_size=17, context=24, width=16, layers=2, heads=4, **family)))
    prompts = [[5, 9, 2, 12], [7], [3, 3, 8]]
    padded = torch.tensor([[0] * (4 - len(prompt)) + prompt for prompt in prompts])
    mask = torch.tensor([[False] * (4 - len(prompt)) + [True] * len(prompt) for prompt in prompts])
    options = {"beams": 3, "eos": EOS, "max_new_tokens": 9}
    with torch.no_grad():
        ours = beam_search(model, model.begin(3, prompt_mask=mask), padded, num_return_sequences=3, **options)
        for prompt, hypotheses in zip(prompts, ours, strict=True):

            def logprobs(ids, prompt=prompt):
                return model(torch.tensor([prompt + ids]))[0, -1].log_softmax(dim=-1).tolist()

            same(hypotheses, beam_search_plainly(logprobs, **options))


def test_gnmt_is_the_papers_formula():
    assert gnmt(1, 0.6) == 1.0
    assert gnmt(7, 1.0) == 2.0
    assert by_length(7, 1.0) == 7.0


def test_mistakes_are_told(toy):
    model = toy()
    good = {"beams": 2, "eos": EOS, "max_new_tokens": 4}
    for wrong, message in [
        ({"beams": 0}, r"num_beams \(0\)"),
        ({"num_return_sequences": 3}, r"num_return_sequences \(3\) .* num_beams \(2\); try num_beams=3"),
        ({"num_return_sequences": 0}, r"num_return_sequences \(0\)"),
        ({"max_new_tokens": 0}, r"max_new_tokens \(0\)"),
        ({"max_new_tokens": torch.tensor([3, 0])}, r"max_new_tokens \(0\)"),
        ({"no_repeat_ngram_size": 0}, r"no_repeat_ngram_size \(0\)"),
    ]:
        with pytest.raises(ValueError, match=message):
            beam_search(model, model.begin([0, 1]), start(2), **{**good, **wrong})
    broken = toy(sharpness=float("nan"))
    with pytest.raises(ValueError, match="not finite"):
        beam_search(broken, broken.begin([0]), start(1), **good)
