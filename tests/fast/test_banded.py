"""The band against the dense mask, outputs and gradients; and that nothing on its way is as large as (T, T)."""

from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.attention.flex_attention import create_mask, flex_attention
from torch.utils._python_dispatch import TorchDispatchMode

from groundup.fast import banded
from groundup.fast.attend import QuickAttend
from groundup.fast.banded import attend_banded, attend_flex, band_mod
from groundup.models.causal_lm import CausalLM
from groundup.nn.attend import Attend, attend_plainly
from groundup.nn.masks import Mask, build_mask, visible
from groundup.presets import preset


def qkv(B: int, H: int, G: int, T: int, D: int, *, seed: int = 0, dtype: torch.dtype = torch.float32) -> list[Tensor]:
    random = torch.Generator().manual_seed(seed)
    shapes = (B, H, T, D), (B, G, T, D), (B, G, T, D)
    return [torch.randn(shape, generator=random).to(dtype).requires_grad_() for shape in shapes]


def gradients(out: Tensor, inputs: list[Tensor]) -> tuple[Tensor, ...]:
    weights = torch.randn(out.shape, generator=torch.Generator().manual_seed(99)).to(out.dtype)
    return torch.autograd.grad((out * weights).sum(), inputs)


def dense(T: int, window: int, keys: Tensor | None) -> Mask:
    """The band written out by the one predicate."""
    at = torch.arange(T)
    seen = visible(at, at, causal=True, window=window)
    return Mask(allowed=seen if keys is None else seen & keys[:, None, None, :])


class Largest(TorchDispatchMode):
    """How many numbers the largest tensor has that any operation made, the backward pass included."""

    numel = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **kwargs or {})
        made = out if isinstance(out, tuple | list) else [out]
        self.numel = max(
            [self.numel, *(x.untyped_storage().nbytes() // x.itemsize for x in made if torch.is_tensor(x))]
        )
        return out


def largest(run) -> int:
    with Largest() as seen:
        run()
    return seen.numel


@settings(max_examples=60, deadline=None)
@given(
    B=st.integers(1, 3),
    G=st.integers(1, 2),
    group=st.integers(1, 3),
    T=st.integers(1, 23),
    window=st.integers(1, 25),
    D=st.sampled_from([1, 2, 8]),
    padded=st.sampled_from([None, "left", "right", "holes"]),
    seed=st.integers(0, 2**31),
)
def test_the_band_is_the_dense_mask(B, G, group, T, window, D, padded, seed):
    """Any length, any window, grouped heads, padding anywhere: also rows that see nothing at all."""
    inputs = qkv(B, G * group, G, T, D, seed=seed)
    lengths = torch.randint(0, T + 1, (B, 1), generator=torch.Generator().manual_seed(seed))
    keys = {
        None: None,
        "right": torch.arange(T) < lengths,
        "left": torch.arange(T) >= T - lengths,
        "holes": torch.rand(B, T, generator=torch.Generator().manual_seed(seed)) < 0.6,
    }[padded]
    expected = attend_plainly(*inputs, dense(T, window, keys))
    out = attend_banded(*inputs, window=window, keys=keys)
    torch.testing.assert_close(out, expected, atol=1e-5, rtol=1e-4)
    for a, b in zip(gradients(out, inputs), gradients(expected, inputs), strict=True):
        torch.testing.assert_close(a, b, atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("window", [3, 6, 20], ids=lambda window: f"window {window}")
def test_a_banded_layer_is_a_layer_with_the_mask(dtype: torch.dtype, window: int):
    """Whatever `build_mask` chose, band, dense or nothing: both modules, given the same mask, agree."""
    inputs, T = qkv(2, 4, 2, 14, 8, dtype=dtype), 14
    mask = build_mask(T, causal=True, window=window)
    assert (mask.window is not None) == (2 * window < T)
    expected = attend_plainly(*(x.float() for x in inputs), dense(T, window, None))
    close = dict(atol=1e-5, rtol=1e-4) if dtype == torch.float32 else dict(atol=0.03, rtol=0.03)
    for module in (QuickAttend(), Attend()):
        torch.testing.assert_close(module(*inputs, mask).float(), expected, **close)


def test_nothing_is_as_large_as_all_pairs():
    """Twice the text: no tensor more than twice as large, forward and backward; the dense way makes all T * T."""

    def run(module: nn.Module, T: int) -> int:
        inputs, keys = qkv(1, 2, 1, T, 4), torch.ones(1, T, dtype=torch.bool)
        return largest(lambda: gradients(module(*inputs, build_mask(T, causal=True, window=8, key_mask=keys)), inputs))

    assert run(Attend(), 512) >= 512 * 512
    assert run(QuickAttend(), 512) <= 2 * 512 * 2 * 8  # two heads, 16 keys a query
    assert run(QuickAttend(), 1024) == 2 * run(QuickAttend(), 512)


def test_a_model_of_windows_makes_no_mask_of_all_pairs():
    """The whole model, training: the only thing that could have T * T numbers is not there."""
    T, shape = 1024, dict(vocab_size=5, context=1024, width=8, layers=2, heads=2)
    ids = torch.randint(5, (1, T))

    def run(*windows: int | None) -> int:
        model = CausalLM(preset("gpt3-tiny", **shape, windows=windows))
        return largest(lambda: model(ids).sum().backward())

    assert run(16) < T * T / 8
    assert run(T - 1) >= T * T, "a band wider than half the text is dense, so this measures something"


def test_dropout_draws_for_every_block():
    rows = [x.detach().expand(3000, -1, -1, -1) for x in qkv(1, 1, 1, 6, 2)]
    module, mask = QuickAttend(dropout=0.5), build_mask(6, causal=True, window=2)
    assert mask.window == 2
    plain = attend_plainly(*rows, mask)
    torch.testing.assert_close(module.eval()(*rows, mask), plain)
    dropped = module.train()(*rows, mask)
    assert (dropped[0] != dropped[1]).any()
    torch.testing.assert_close(dropped.mean(0), plain[0], atol=0.1, rtol=0)


@pytest.mark.filterwarnings("ignore:flex_attention called without torch.compile")
@pytest.mark.parametrize("window", [1, 3, 9])
def test_flex_attention_is_told_the_same(window: int, monkeypatch: pytest.MonkeyPatch):
    """What is compiled on a GPU, run uncompiled here: the predicate written out, and the attention it makes."""
    at = torch.arange(9)
    written_out = create_mask(partial(band_mod, window=window), None, None, 9, 9, device="cpu")
    assert torch.equal(written_out[0, 0], visible(at, at, causal=True, window=window))
    monkeypatch.setattr(banded, "_compiled_flex", lambda: flex_attention)
    inputs = [x.detach() for x in qkv(2, 4, 2, 9, 16)]
    expected = attend_banded(*inputs, window=window)
    torch.testing.assert_close(attend_flex(*inputs, window=window), expected, atol=1e-5, rtol=1e-4)
