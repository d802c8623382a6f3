"""Device and precision are chosen from what there is, with a reason; what is not there is refused."""

import pytest
import torch
from torch import nn

from groundup.training.precision import choose_device, choose_precision


def test_auto_on_a_cpu_follows_the_processor(monkeypatch):
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False, raising=False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True, raising=False)
    assert choose_precision("cpu").dtype == torch.bfloat16
    assert "AVX512-BF16" in choose_precision("cpu").reason
    monkeypatch.delattr(torch.cpu, "_is_avx512_bf16_supported")
    assert choose_precision("cpu").dtype == torch.float32
    assert choose_precision("mps").dtype == torch.float32


def test_a_wish_is_followed():
    x, linear = torch.randn(2, 3), nn.Linear(3, 4)
    with choose_precision("cpu", "bfloat16").autocast():
        assert linear(x).dtype == torch.bfloat16
    with choose_precision("cpu", "float32").autocast():
        assert linear(x).dtype == torch.float32


def test_what_is_not_there_is_refused():
    assert choose_device("cpu") == torch.device("cpu")
    with pytest.raises(ValueError, match=r"'gpu'.*try auto"):
        choose_device("gpu")
    with pytest.raises(ValueError, match=r"cuda:99.*try auto"):
        choose_device("cuda:99")
    with pytest.raises(ValueError, match=r"'half'.*try auto"):
        choose_precision("cpu", "half")
