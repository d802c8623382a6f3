"""Positions: the papers' formulas as loops and complex numbers, and Hugging Face's rotary embedding."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup.nn.positions import Learned, Rotary, Sinusoidal, rotate, scale_frequencies, sinusoidal_table


@given(context=st.integers(1, 40), half=st.integers(1, 12))
def test_the_sinusoids_are_the_papers(context: int, half: int):
    """PE[pos, 2i] = sin(pos / 10000^(2i / d_model)), PE[pos, 2i + 1] = cos(the same): section 3.5."""
    width = 2 * half
    table = torch.zeros(context, width)
    for pos in range(context):
        for i in range(half):
            table[pos, 2 * i] = math.sin(pos / 10000 ** (2 * i / width))
            table[pos, 2 * i + 1] = math.cos(pos / 10000 ** (2 * i / width))
    torch.testing.assert_close(sinusoidal_table(context, width), table, atol=1e-6, rtol=0)


@given(context=st.integers(1, 40), half=st.integers(1, 12))
def test_halves_are_a_permutation_of_the_columns(context: int, half: int):
    order = [*range(0, 2 * half, 2), *range(1, 2 * half, 2)]
    interleaved, halves = (sinusoidal_table(context, 2 * half, halves=halves) for halves in (False, True))
    assert torch.equal(interleaved[:, order], halves)


def test_tables_are_added_at_the_positions_asked_for():
    x = torch.randn(2, 3, 8)
    at = torch.tensor([[0, 1, 2], [4, 0, 5]])
    for module, table in [(m := Sinusoidal(9, 8), m.table), (n := Learned(9, 8), n.table.weight)]:
        out, rotation = module(x, at)
        assert rotation is None
        for b in range(2):
            for t in range(3):
                torch.testing.assert_close(out[b, t], x[b, t] + table[at[b, t]])
        same, _ = module(x, torch.tensor([4, 0, 5]))
        torch.testing.assert_close(same[1], out[1])


def test_only_learned_positions_are_stored():
    assert set(Learned(9, 8).state_dict()) == {"table.weight"}
    assert not Sinusoidal(9, 8).state_dict()
    assert not Rotary(8).state_dict()


@settings(deadline=None)
@given(half=st.integers(1, 16), start=st.integers(0, 2000), theta=st.sampled_from([100.0, 10000.0, 500000.0]))
def test_rotation_is_multiplication_by_e_to_the_i_angle(half: int, start: int, theta: float):
    """Su et al. 2021, equation 13: the pair (x[i], x[i + D/2]) is one complex number, turned by position * rate."""
    x = torch.randn(2, 3, 4, 2 * half)
    at = torch.arange(start, start + 4)
    _, rotation = Rotary(2 * half, theta=theta)(x, at)
    rate = theta ** -(torch.arange(half, dtype=torch.float64) / half)
    turned = torch.complex(*x.double().chunk(2, dim=-1)) * torch.exp(1j * at[:, None] * rate)
    expected = torch.cat([turned.real, turned.imag], dim=-1).float()
    torch.testing.assert_close(rotate(x, rotation), expected, atol=3e-3, rtol=0)


@settings(deadline=None)
@given(q_at=st.integers(0, 1000), k_at=st.integers(0, 1000), shift=st.integers(0, 1000))
def test_only_the_distance_matters(q_at: int, k_at: int, shift: int):
    rotary = Rotary(16)
    q, k = torch.randn(2, 1, 1, 1, 16, generator=torch.Generator().manual_seed(q_at))

    def score(q_at: int, k_at: int) -> float:
        turned = [rotate(x, rotary(x, torch.tensor([at]))[1]) for x, at in ((q, q_at), (k, k_at))]
        return float((turned[0] * turned[1]).sum())

    assert score(q_at, k_at) == pytest.approx(score(q_at + shift, k_at + shift), abs=5e-3)


def test_a_different_distance_is_a_different_score():
    rotary, q = Rotary(2), torch.ones(1, 1, 1, 2)  # one pair, turned by one radian a token
    scores = [float((q * rotate(q, rotary(q, torch.tensor([at]))[1])).sum()) for at in range(5)]
    assert scores == pytest.approx([2 * math.cos(distance) for distance in range(5)])


def test_rotation_keeps_lengths_and_position_zero():
    x = torch.randn(2, 3, 50, 8)
    _, rotation = Rotary(8)(x, torch.arange(50))
    torch.testing.assert_close(rotate(x, rotation).norm(dim=-1), x.norm(dim=-1))
    torch.testing.assert_close(rotate(x, rotation)[:, :, 0], x[:, :, 0])
    assert rotate(x, None) is x


def test_a_position_per_row():
    x = torch.randn(2, 3, 4, 8)
    at = torch.tensor([[0, 0, 1, 2], [5, 6, 7, 8]])
    rotary = Rotary(8)
    out = rotate(x, rotary(x, at)[1])
    for b in range(2):
        torch.testing.assert_close(out[b], rotate(x[b : b + 1], rotary(x, at[b])[1])[0])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_a_model_in_half_precision_keeps_exact_angles(dtype: torch.dtype):
    """bfloat16 knows three decimal digits: rates rounded to it would be turns off after a thousand tokens."""
    at = torch.tensor([0, 1, 1000, 4000])
    x = torch.zeros(1, 1, 4, 64)
    _, exact = Rotary(64)(x, at)
    _, half = Rotary(64).to(dtype)(x.to(dtype), at)
    torch.testing.assert_close(half.cos.float(), exact.cos, atol=0.01, rtol=0)
    torch.testing.assert_close(half.sin.float(), exact.sin, atol=0.01, rtol=0)


@pytest.fixture(scope="module")
def llama_rotary():
    """Hugging Face's own rotary module, for a head width and rope settings."""
    from transformers import LlamaConfig
    from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

    def build(head_width: int, **parameters: float | str) -> LlamaRotaryEmbedding:
        return LlamaRotaryEmbedding(
            LlamaConfig(
                hidden_size=2 * head_width,
                num_attention_heads=2,
                max_position_embeddings=131072,
                rope_parameters=parameters,
            )
        )

    return build


@pytest.mark.parametrize("theta", [10000.0, 500000.0])
def test_long_positions_are_hugging_faces_to_the_bit(llama_rotary, theta: float):
    at = torch.tensor([0, 1, 2047, 8191, 100_000, 131_071])
    x = torch.zeros(1, 1, 6, 128)
    cos, sin = llama_rotary(128, rope_type="default", rope_theta=theta)(x, at[None])
    _, ours = Rotary(128, theta=theta)(x, at)
    assert torch.equal(ours.cos, cos[0])
    assert torch.equal(ours.sin[:, 64:], sin[0, :, 64:])
    assert torch.equal(ours.sin[:, :64], -sin[0, :, :64])


@settings(deadline=None, max_examples=50)
@given(
    half=st.integers(1, 64),
    theta=st.sampled_from([10000.0, 500000.0]),
    factor=st.sampled_from([2.0, 8.0, 32.0]),
    low=st.sampled_from([0.5, 1.0, 2.0]),
    high=st.sampled_from([3.0, 4.0, 16.0]),
    original=st.sampled_from([64, 2048, 8192]),
)
def test_frequency_scaling_is_hugging_faces_to_the_bit(llama_rotary, half, theta, factor, low, high, original):
    """The last bit of a rate is a whole 1e-2 of an angle after a hundred thousand tokens."""
    plain = llama_rotary(2 * half, rope_type="default", rope_theta=theta).inv_freq
    theirs = llama_rotary(
        2 * half,
        rope_type="llama3",
        rope_theta=theta,
        factor=factor,
        low_freq_factor=low,
        high_freq_factor=high,
        original_max_position_embeddings=original,
    ).inv_freq
    ours = scale_frequencies(plain, factor=factor, low=low, high=high, original_context=original)
    assert torch.equal(ours, theirs)


def test_a_scaled_rotary_turns_at_the_scaled_rates():
    scaling = dict(factor=8.0, low=1.0, high=4.0, original_context=64)
    _, plain = Rotary(16)(torch.zeros(1), torch.tensor([1]))
    _, scaled = Rotary(16, scaling=scaling)(torch.zeros(1), torch.tensor([1]))
    slowed = scale_frequencies(torch.asin(plain.sin[:, 8:].clamp(0, 1)), **scaling)
    torch.testing.assert_close(torch.asin(scaled.sin[:, 8:]), slowed, atol=1e-6, rtol=1e-5)


def test_scaling_keeps_fast_waves_and_slows_slow_ones():
    frequencies = torch.tensor([1.0, 2 * math.pi / 8192 * 2.5, 1e-6])
    scaled = scale_frequencies(frequencies, factor=8.0, low=1.0, high=4.0, original_context=8192)
    assert scaled[0] == 1.0
    assert frequencies[1] / 8 < scaled[1] < frequencies[1]
    torch.testing.assert_close(scaled[2], torch.tensor(1e-6 / 8))
