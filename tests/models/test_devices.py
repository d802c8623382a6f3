"""Models, decoding and measures on a GPU that is only pretended: nothing is left behind on the processor, or takes its
kernels, and the numbers are the same. What only a real GPU can say, its own kernels, is not held here."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from pretend import OnGPU, PretendGPU
from torch import Tensor

from groundup.batch import IGNORE
from groundup.decode.beam import beam_search
from groundup.decode.choose import Greedy, Sample
from groundup.decode.draw import draw
from groundup.decode.generate import collect, generate
from groundup.decode.known import Known
from groundup.decode.sliding import write_texts
from groundup.fast import banded
from groundup.fast.int8 import lighten
from groundup.look.record import record_attention
from groundup.measure.multiple_choice import Item, score
from groundup.nn.attend import Attend, attend_plainly
from groundup.nn.masks import Mask
from groundup.training.loss import cross_entropy

BFLOAT16 = {"device_type": "cuda", "dtype": torch.bfloat16}


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[PretendGPU]:
    monkeypatch.setattr("groundup.decode.generate.WORTH_PACKING", 1)
    with PretendGPU() as gpu:
        yield gpu


@pytest.fixture
def flex_mask() -> Any:
    return banded._block_mask


@pytest.fixture(autouse=True)
def flex(flex_mask: Any, monkeypatch: pytest.MonkeyPatch) -> list[torch.dtype]:
    """The kernel that needs a compiler: what it refuses is refused, and the equation stands in for the rest."""
    calls = []

    def kernel(q: Tensor, k: Tensor, v: Tensor, *, block_mask: tuple[int, torch.device], enable_gqa: bool) -> Tensor:
        assert q.device == k.device == v.device == block_mask[1]
        assert q.dtype == k.dtype == v.dtype
        assert enable_gqa == (q.shape[1] != k.shape[1])
        calls.append(q.dtype)
        return attend_plainly(q, k, v, Mask(causal=True, window=block_mask[0]))

    monkeypatch.setattr(banded, "_compiles", lambda: True)
    monkeypatch.setattr(banded, "_compiled_flex", lambda: kernel)
    monkeypatch.setattr(banded, "_block_mask", lambda T, window, device: (window, device))
    return calls


def here(x: Tensor) -> Tensor:
    assert isinstance(x, OnGPU), "it lies on the processor"
    return x.inner.detach()


def texts(n: int = 3, T: int = 14) -> Tensor:
    return torch.randint(61, (n, T), generator=torch.Generator().manual_seed(1))


def padding(ids: Tensor, *, left: bool) -> Tensor:
    real = torch.arange(ids.shape[1]) < torch.tensor([[ids.shape[1]], [5], [9]])
    return real.flip(1) if left else real


def mistakes(gpu: PretendGPU) -> Iterator[tuple[str, Any]]:
    x, number = torch.ones(2, 3, device="cuda"), torch.tensor(2.0)
    yield "both places", lambda: x + torch.ones(3)
    yield "an index", lambda: x.gather(1, torch.zeros(2, 1, dtype=torch.int64))
    yield "into the other", lambda: number.add_(x.sum())
    yield "a number among tensors", lambda: torch.stack([x.sum(), number])
    yield "a generator", lambda: torch.multinomial(x, 1, generator=torch.Generator())
    yield "numpy", lambda: x.numpy()
    yield "a mask", lambda: x.masked_fill(torch.ones(3, dtype=torch.bool), 0.0)


def test_the_pretended_gpu_refuses_what_a_real_one_does(gpu):
    for what, mistake in mistakes(gpu):
        with pytest.raises((RuntimeError, TypeError)):
            print(what, mistake())
    x = torch.ones(2, 3, device="cuda")
    assert not gpu.waits
    assert x.sum().item() == 6
    assert (x * torch.tensor(2.0)).cpu().tolist() == [[2.0] * 3] * 2
    assert gpu.waits == ["_local_scalar_dense", "cpu"]
    with torch.autocast(**BFLOAT16):
        assert (x @ x.mT).dtype == torch.bfloat16
        assert torch.nn.functional.rms_norm(x.bfloat16(), (3,)).dtype == torch.float32


def test_a_language_model_trains_there_as_it_does_here(gpu, causal):
    ids, model = texts(), copy.deepcopy(causal).train()
    targets = ids.roll(-1, dims=1).masked_fill(ids % 5 == 0, IGNORE)
    ways = {
        "plain": (ids,),
        "padded": (ids, padding(ids, left=True)),
        "documents": (ids, None, (torch.arange(14) // 5).expand(3, -1)),
    }
    expected = {name: _learn(model, inputs, targets) for name, inputs in ways.items()}
    model = copy.deepcopy(causal).train().to("cuda")
    gpu.waits.clear()
    for name, inputs in ways.items():
        loss, gradients = _learn(model, tuple(x if x is None else x.to("cuda") for x in inputs), targets.to("cuda"))
        torch.testing.assert_close(here(loss), expected[name][0], msg=name)
        for (of, here_), there in zip(expected[name][1].items(), gradients.values(), strict=True):
            torch.testing.assert_close(here(there), here_, atol=1e-4, rtol=1e-3, msg=f"{name}: {of}")
    assert gpu.waits == []


def _learn(model: Any, inputs: tuple, targets: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    model.zero_grad()
    loss, _ = cross_entropy(model(*inputs), targets)
    loss.backward()
    return loss, {name: p.grad for name, p in model.named_parameters()}


def test_a_translator_trains_there_as_it_does_here(gpu, seq2seq):
    source, target = texts() % 47, texts().flip(1)
    inputs = source, target, padding(source, left=False)
    expected, wanted = _learn(copy.deepcopy(seq2seq).train(), inputs, target)
    model = copy.deepcopy(seq2seq).train().to("cuda")
    loss, gradients = _learn(model, tuple(x.to("cuda") for x in inputs), target.to("cuda"))
    torch.testing.assert_close(here(loss), expected)
    for name, gradient in gradients.items():
        torch.testing.assert_close(here(gradient), wanted[name], atol=1e-4, rtol=1e-3, msg=name)
    assert gpu.waits == []


@pytest.mark.parametrize("grad", [True, False])
def test_autocast_there_leaves_queries_keys_and_values_in_one_format(gpu, causal, grad):
    """It computes every norm in float32, also those of queries and keys: their products must not."""
    model, seen = copy.deepcopy(causal).to("cuda"), []
    for module in model.modules():
        if isinstance(module, Attend):
            module.register_forward_pre_hook(lambda _, inputs: seen.append({x.dtype for x in inputs[:3]}))
    real = padding(texts(), left=True)
    with torch.set_grad_enabled(grad), torch.autocast(**BFLOAT16):
        logits = model(texts().to("cuda"), real.to("cuda"))
    assert seen == [{torch.bfloat16}] * 3
    with torch.no_grad():
        expected = causal(texts(), real)
    assert (here(logits).float() - expected)[real].abs().max() < 0.3 * expected.std()


@pytest.mark.parametrize("family", ["gpt3", "modern"])
@pytest.mark.parametrize("context", [{}, BFLOAT16])
def test_a_band_goes_to_the_compiled_kernel_there(gpu, variant, flex, family, context):
    here_ = variant(family, width=64)
    model, ids = copy.deepcopy(here_).to("cuda"), texts()
    with torch.no_grad(), torch.autocast("cuda", enabled=bool(context), dtype=torch.bfloat16):
        logits = model(ids.to("cuda"))
        expected = here_(ids)
    assert flex == [torch.bfloat16 if context else torch.float32] * sum(w is not None for w in model.stack.windows)
    assert (here(logits).float() - expected).abs().max() < (0.3 if context else 1e-4) * expected.std()


def test_a_band_needs_no_compiler_there(gpu, variant, flex, monkeypatch):
    monkeypatch.setattr(banded, "_compiles", lambda: False)
    here_ = variant("gpt3", width=64)
    with torch.no_grad():
        logits = copy.deepcopy(here_).to("cuda")(texts().to("cuda"))
        torch.testing.assert_close(here(logits), here_(texts()))
    assert flex == []


def test_the_mask_of_the_compiled_kernel_can_be_trained_on_after_it_served_to_write(flex_mask):
    with torch.inference_mode():
        made = flex_mask(40, 3, torch.device("cpu"))
    assert flex_mask(40, 3, torch.device("cpu")) is made
    assert not made.kv_num_blocks.is_inference()


def test_a_language_model_writes_there(gpu, causal):
    choose = Sample(seed=3, top_k=9, top_p=0.9, min_p=0.01, repetition_penalty=1.2, no_repeat_ngram_size=3)
    prompts, model = [[1, 2, 3, 4, 5, 6, 7, 8], [5, 6], [9, 8, 7]], copy.deepcopy(causal).to("cuda")

    def write(model, device):
        known = Known(model, range(50), vocab_size=61, device=device)
        return [
            (said.text, said.id)
            for said in write_texts(
                known,
                model.begin,
                prompts,
                choose=choose,
                max_new_tokens=20,
                context=24,
                ended=lambda text: False,
                slide=True,
                device=device,
            )
        ]

    there = write(model, torch.device("cuda"))
    assert len(there) == 3 * 20
    assert there == write(causal, torch.device("cpu"))


def test_a_language_model_searches_there(gpu, causal):
    ids, mask, model = texts()[:, :8], padding(texts()[:, :8], left=True), copy.deepcopy(causal).to("cuda")
    how: Any = dict(beams=3, eos=7, max_new_tokens=10, no_repeat_ngram_size=2)
    there = beam_search(model, model.begin(3, prompt_mask=mask.to("cuda")), ids.to("cuda"), **how)
    here_ = beam_search(causal, causal.begin(3, prompt_mask=mask), ids, **how)
    assert [[one.ids for one in row] for row in there] == [[one.ids for one in row] for row in here_]


@pytest.mark.parametrize("way", ["greedy", "beams", "drawn"])
def test_a_translator_answers_there(gpu, seq2seq, way):
    source = texts() % 47
    mask, limits = padding(source, left=False), torch.tensor([9, 5, 7])

    @torch.inference_mode()
    def answers(model: Any, device: str) -> list[list[int]]:
        state, start = model.begin(source.to(device), mask.to(device)), torch.full((3, 1), 1, device=device)
        if way == "greedy":
            columns = generate(model, state, start, choose=Greedy(), max_new_tokens=20, stop_ids=[2], pad=0)
            return collect(columns, [2])
        if way == "beams":
            found = beam_search(model, state, start, beams=3, eos=2, max_new_tokens=limits, num_return_sequences=2)
        else:
            choose = Sample(seed=4, no_repeat_ngram_size=3)
            found = draw(
                model,
                state,
                start,
                choose=choose,
                eos=2,
                max_new_tokens=limits,
                numbers=range(3),
                num_return_sequences=2,
            )
        return [one.ids for row in found for one in row]

    assert answers(copy.deepcopy(seq2seq).to("cuda"), "cuda") == answers(seq2seq, "cpu")


def test_questions_are_scored_there(gpu, causal):
    random = torch.Generator().manual_seed(0)
    ids = iter(torch.randint(61, (200,), generator=random).tolist())
    take = lambda n: tuple(next(ids) for _ in range(n))  # noqa: E731
    items = [Item(take(n), (take(3), take(1), take(5))) for n in (4, 9, 12)]
    there = score(copy.deepcopy(causal).to("cuda"), items, context=24, device="cuda")
    for mine, theirs in zip(there, score(causal, items, context=24), strict=True):
        assert mine == pytest.approx(theirs, rel=1e-4)


def test_attention_is_recorded_from_there(gpu, variant):
    for family in ("gpt3", "modern", "transformer"):
        model, ids = variant(family).to("cuda"), texts().to("cuda")
        with record_attention(model) as maps, torch.no_grad(), torch.autocast(**BFLOAT16):
            model(ids) if family != "transformer" else model(ids, ids)
        assert maps
        for kept in maps.values():
            assert type(kept[0]) is Tensor
            assert kept[0].dtype == torch.float32


def test_eight_bits_are_refused_there_in_a_line(gpu, variant):
    with pytest.raises(ValueError, match="int8 is for CPUs; use device=cpu, or float32 on this device"):
        lighten(variant("gpt2").to("cuda"))
