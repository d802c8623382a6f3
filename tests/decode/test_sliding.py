"""Many texts at once, each to the end of its context or past it: held against full forward passes without a cache."""

import pytest
import torch

from groundup.config import ModelConfig
from groundup.decode.choose import Choose, Greedy, Sample
from groundup.decode.sliding import Said, write_texts
from groundup.models.causal_lm import CausalLM

FAMILIES = {
    "llama": {"norm": "rms", "mlp": "swiglu", "position": "rotary", "bias": False, "tied": "none", "kv_heads": 2},
    "gpt3": {"position": "learned", "windows": (None, 3), "tied": "none"},
}
V = 31
PROMPTS = [[5], [9, 2, 30, 4, 5], [7, 7, 1, 6, 6, 3, 2, 9, 1, 30, 12], [7, 7, 1]]
LONG = [[3, 14, 15, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4, 6, 2, 6, 4], *PROMPTS]


def model_of(family: str, context: int = 12) -> CausalLM:
    """Confident as a trained model, and different at every place."""
    torch.manual_seed(0)
    model = CausalLM(ModelConfig(vocab_size=V, context=context, width=16, layers=2, heads=4, **FAMILIES[family]))
    for parameter in model.parameters():
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=0.5)
    return model.eval()


@torch.no_grad()
def plainly(model: CausalLM, prompt: list[int], count: int, *, slide: bool) -> tuple[list[int], list[float]]:
    """Greedily, by one full forward pass over the window for each token: no cache, no batch, no padding."""
    context = model.config.context
    window, ids, logprobs = prompt[-context:], [], []
    for _ in range(count):
        if len(window) > context:
            if not slide:
                break
            window = window[-max(1, context // 2) :]
        logprob, id = model(torch.tensor([window]))[0, -1].log_softmax(dim=-1).max(dim=-1)
        window = [*window, int(id)]
        ids.append(int(id))
        logprobs.append(float(logprob))
    return ids, logprobs


def write(model: CausalLM, prompts: list[list[int]], choose: Choose, new: int, **options) -> list[list[Said]]:
    options = {"ended": lambda text: False, **options}
    texts: list[list[Said]] = [[] for _ in prompts]
    for said in write_texts(
        model, model.begin, prompts, choose=choose, max_new_tokens=new, context=model.config.context, **options
    ):
        texts[said.text].append(said)
    return texts


def ids_of(texts: list[list[Said]]) -> list[list[int]]:
    return [[said.id for said in text] for text in texts]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("slide", "context"), [(False, 12), (True, 12), (True, 11), (True, 2), (True, 1)])
def test_every_text_is_what_full_forward_passes_over_its_own_window_give(family, slide, context):
    model = model_of(family, context)
    prompts = LONG if slide else PROMPTS
    texts = write(model, prompts, Greedy(), 40, slide=slide)
    for prompt, text in zip(prompts, texts, strict=True):
        ids, logprobs = plainly(model, prompt, 40, slide=slide)
        assert [said.id for said in text] == ids
        assert [said.logprob for said in text] == pytest.approx(logprobs, abs=1e-4)
        assert len(text) == (40 if slide else context - len(prompt) + 1)
    if context > 2:
        assert len({said.id for text in texts for said in text}) > 6, "the test needs texts that vary"


def test_half_a_context_is_read_again_once_in_half_a_context():
    model, read = model_of("llama", 12), []

    class Counting:
        training = False

        def step(self, ids, state, /):
            read.append(ids.shape[1])
            return model.step(ids, state)

    list(
        write_texts(
            Counting(),
            model.begin,
            [[1, 2, 3]],
            choose=Greedy(),
            max_new_tokens=12 - 3 + 1 + 4 * 7,
            context=12,
            slide=True,
            ended=lambda text: False,
        )
    )
    assert [length for length in read if length > 1] == [3, 6, 6, 6, 6]
    assert len(read) == 12 - 3 + 1 + 4 * 7, "one step for each token, none besides"


@pytest.mark.parametrize("slide", [False, True])
def test_what_is_drawn_depends_on_the_seed_and_the_row_and_on_no_neighbour(slide):
    model, choose = model_of("gpt3"), Sample(temperature=2.0, top_p=0.98, seed=5)
    together = ids_of(write(model, PROMPTS, choose, 30, slide=slide))
    assert together == ids_of(write(model, PROMPTS, choose, 30, slide=slide))
    for row, prompt in enumerate(PROMPTS):
        assert ids_of(write(model, [prompt], choose, 30, slide=slide, numbers=[row])) == [together[row]]
    backwards = ids_of(write(model, PROMPTS[::-1], choose, 30, slide=slide, numbers=[3, 2, 1, 0]))
    assert backwards == together[::-1]
    for others in ([Sample(temperature=2.0, top_p=0.98, seed=6)], [Sample(temperature=2.0, top_p=0.98)] * 2):
        assert together not in [ids_of(write(model, PROMPTS, other, 30, slide=slide)) for other in others]
    same = ids_of(write(model, [[4, 5]] * 6, choose, 20, slide=slide))
    assert len(set(map(tuple, same))) == 6, "texts of one prompt differ"


def test_the_first_text_is_the_one_that_generate_draws():
    from groundup.decode.generate import collect, generate

    model, choose = model_of("llama"), Sample(temperature=2.0, seed=9)
    columns = generate(model, model.begin(1), torch.tensor([[1, 2]]), choose=choose, max_new_tokens=11)
    assert ids_of(write(model, [[1, 2]], choose, 11)) == collect(columns)


@pytest.mark.parametrize("slide", [False, True])
def test_a_text_that_has_ended_says_nothing_more_and_the_others_go_on(slide):
    model = model_of("llama")
    free = ids_of(write(model, PROMPTS, Greedy(), 30, slide=slide))
    lengths, said = [3, 30, 1, 17], [0] * 4

    def ended(text: int) -> bool:
        said[text] += 1
        return said[text] == lengths[text]

    texts = ids_of(write(model, PROMPTS, Greedy(), 30, slide=slide, ended=ended))
    assert texts == [text[:length] for text, length in zip(free, lengths, strict=True)]


def test_penalties_go_on_over_a_slide():
    model = model_of("llama")
    texts = write(model, PROMPTS, Greedy(no_repeat_ngram_size=1), 30, slide=True)
    for prompt, text in zip(PROMPTS, ids_of(texts), strict=True):
        whole = prompt + text
        for at in range(len(prompt), len(whole)):
            assert whole[at] not in whole[max(0, at - 6) : at], "half a context, at least, is always seen"


def test_no_prompts_and_mistakes():
    model = model_of("llama")
    assert write(model, [], Greedy(), 5) == []
    with pytest.raises(ValueError, match=r"22 tokens.*context is 12"):
        write(model, LONG, Greedy(), 5)
    with pytest.raises(ValueError, match=r"max_new_tokens \(0\)"):
        write(model, PROMPTS, Greedy(), 0)
    with pytest.raises(ValueError, match="at least 1 token"):
        write(model, [[], [1]], Greedy(), 5)
