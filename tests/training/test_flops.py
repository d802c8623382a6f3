"""A token's arithmetic is PyTorch's own count, and devices are known by the names their drivers give."""

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from groundup.build import on_meta
from groundup.models.causal_lm import CausalLM
from groundup.models.seq2seq import Seq2Seq
from groundup.presets import preset
from groundup.training.devices import DEVICES, find_device, recognise
from groundup.training.flops import flops_per_token, matrix_parameters, mean_keys, measure_products, yardstick
from groundup.training.precision import choose_precision

SHAPE = dict(vocab_size=97, context=32, width=32, layers=2, heads=4)


def counted(model, *inputs) -> int:
    """FLOPs of matrix products, forward and backward, as torch counts them while they run."""
    counter = FlopCounterMode(display=False)
    with counter, sdpa_kernel(SDPBackend.MATH):  # it looks into no fused kernel
        model(*inputs).sum().backward()
    return counter.get_total_flops()


@pytest.mark.parametrize("name", ["gpt2-tiny", "llama3-tiny", "modern-tiny"])
def test_as_torch_counts(name):
    """Torch counts attention as if it were not causal: (T, T) products where half are seen."""
    grouped = {"kv_heads": 2} if name == "llama3-tiny" else {}
    config = preset(name, **SHAPE, **grouped)
    model = CausalLM(config)
    T, C, L = config.context, config.width, config.layers
    ids = torch.randint(97, (3, T))
    hidden = 12 * L * C * (T - mean_keys(T, None))
    assert 3 * T * (flops_per_token(model) + hidden) == pytest.approx(counted(model, ids), rel=1e-6)


def test_an_encoder_decoder_costs_its_matrices():
    config = preset("transformer-tiny", **SHAPE)
    model = Seq2Seq(config)
    T = 8
    ids = torch.randint(97, (2, T))
    attention = 3 * 12 * config.layers * config.width * T  # encoder, decoder, cross: not in our count
    assert 2 * T * (flops_per_token(model) + attention) == pytest.approx(counted(model, ids, ids), rel=0.15)


@pytest.mark.parametrize("window", [None, 1, 5, 16, 40])
def test_mean_keys(window):
    T = 16
    by_hand = sum(min(t, T if window is None else window) for t in range(1, T + 1)) / T
    assert mean_keys(T, window) == pytest.approx(by_hand)


def test_the_published_model():
    """GPT-2 124M: 85.0M numbers in the blocks and 38.6M in the head; 6 N + attention is 0.80 GFLOP a token."""
    model = on_meta(preset("gpt2"))
    assert matrix_parameters(model) == 12 * 12 * 768 * 768 + 50257 * 768
    assert flops_per_token(model) == pytest.approx(0.798e9, rel=0.005)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("NVIDIA H100 80GB HBM3", "h100"),
        ("NVIDIA H100 PCIe", "h100-pcie"),
        ("NVIDIA H200", "h200"),
        ("NVIDIA A100-SXM4-80GB", "a100"),
        ("NVIDIA A100-SXM4-40GB", "a100-40gb"),
        ("NVIDIA A100-PCIE-40GB", "a100-40gb"),
        ("NVIDIA L4", "l4"),
        ("NVIDIA L40S", "l40s"),
        ("NVIDIA GeForce RTX 4090", "rtx-4090"),
        ("NVIDIA RTX A6000", "a6000"),
        ("NVIDIA GeForce GTX 1080 Ti", None),
        ("Tesla T4", None),
    ],
)
def test_names_of_drivers(said, name):
    found = recognise(said)
    assert (found.name if found else None) == name


def test_short_names():
    assert {find_device(device.name) for device in DEVICES} == set(DEVICES)
    with pytest.raises(ValueError, match="no data sheet of a device 'h10'; did you mean 'h100'"):
        find_device("h10")


def test_the_yardstick_of_this_machine_is_measured():
    model = CausalLM(preset("gpt2-tiny", **SHAPE))
    found = yardstick(model, choose_precision("cpu", "float32"), ranks=2)
    assert found is not None
    assert found.unit == "of peak"
    assert "float32, matrix products measured just now, 2 together" in found.note
    assert found.share(found.peak / found.per_token) == pytest.approx(1.0)
    assert yardstick(torch.nn.Linear(2, 2), choose_precision("cpu", "float32")) is None
    assert 1e9 < measure_products("cpu", torch.float32, seconds=0.05) < 1e13
