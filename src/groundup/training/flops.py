"""How many FLOPs a training token costs, and what share of the hardware's peak rate a training reaches.

    FLOPs of a token = 6 N + 12 C K        forward and backward

N is the number of weights in matrices that every token is multiplied with (the head counts, embeddings do not). C is
the width. K is the number of keys that a query sees, averaged over a text as long as the context and summed over the
layers: (T + 1) / 2 in a causal layer, fewer in a layer with a window. Recomputation (activation checkpointing) is not
counted. This is MFU, the model FLOPs utilisation of Chowdhery et al. 2022 (appendix B, which counts attention as if it
were not causal).

For an encoder-decoder only 6 N is counted, with as many source as target tokens: its texts are short.
"""

import time
from dataclasses import dataclass
from functools import cache

import torch
from torch import nn

from groundup.fast.products import product
from groundup.training.devices import recognise
from groundup.training.precision import Precision

SECONDS = 0.3  # how long to measure


def matrix_parameters(model: nn.Module) -> int:
    """Return N of the formula above. Works on the meta device."""
    return sum(module.weight.numel() for module in model.modules() if isinstance(module, nn.Linear))


def flops_per_token(model: nn.Module) -> float:
    """Return the FLOPs of forward and backward for one (target) token. The model's `config` gives its shape."""
    config = model.config  # pyright: ignore[reportAttributeAccessIssue]
    flops = 6.0 * matrix_parameters(model)  # pyright: ignore[reportArgumentType]
    if config.encoder_layers is not None:  # pyright: ignore
        return flops
    windows = [config.windows[i % len(config.windows)] for i in range(config.layers)]  # pyright: ignore
    keys = sum(mean_keys(config.context, window) for window in windows)  # pyright: ignore
    return flops + 12 * config.width * keys  # pyright: ignore


def mean_keys(T: int, window: int | None) -> float:
    """How many keys a query of a causal text of T tokens sees on average."""
    w = T if window is None else min(window, T)
    return w - w * (w - 1) / (2 * T)


@dataclass(frozen=True)
class Yardstick:
    """The peak rate that a training's speed is compared with."""

    per_token: float
    """FLOPs that one token costs."""
    peak: float
    """FLOP/s of all devices together."""
    unit: str
    """"MFU" if the peak is from a data sheet, "of peak" if it was measured."""
    note: str
    """A sentence with both figures, for people."""

    def share(self, tokens_per_second: float) -> float:
        return tokens_per_second * self.per_token / self.peak


def yardstick(
    model: nn.Module, precision: Precision, *, device: torch.device | None = None, ranks: int = 1
) -> Yardstick | None:
    """Take the device's rate from its data sheet, or measure it. None for a model without our `config`."""
    if not hasattr(model, "config"):
        return None
    device, per_token = device or next(model.parameters()).device, flops_per_token(model)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    sheet = recognise(name) if precision.dtype == torch.bfloat16 else None
    peak = ranks * (measure_products(device, precision.dtype) if sheet is None else sheet.peak)
    rate = f"{peak / 1e12:,.0f} TFLOP/s" if peak >= 1e13 else f"{peak / 1e9:,.0f} GFLOP/s"
    many = f", {ranks} together" if ranks > 1 else ""
    source = "matrix products measured just now" if sheet is None else f"data sheet of the {sheet.name}"
    unit = "of peak" if sheet is None else "MFU"
    format = str(precision.dtype).removeprefix("torch.")
    note = f"a token costs {per_token / 1e6:,.1f} MFLOP; 100% {unit} is {rate} ({format}, {source}{many})"
    return Yardstick(per_token, peak, unit, note)


def measure_products(device: torch.device | str, dtype: torch.dtype, *, seconds: float = SECONDS) -> float:
    """Return the FLOP/s of the fastest of many products of two square matrices: the most that the hardware gives.

    A process measures once for each device, format and number of threads.
    """
    return _measured(torch.device(device), dtype, seconds, torch.get_num_threads())


@cache
def _measured(device: torch.device, dtype: torch.dtype, seconds: float, threads: int) -> float:
    side = 1024 if device.type == "cpu" else 8192
    random = torch.Generator(device).manual_seed(0)  # does not change the training's random numbers
    a, b = torch.randn(2, side, side, device=device, generator=random).to(dtype)

    def timed() -> float:
        began = time.perf_counter()
        product(a, b)[0, 0].item()  # waits for the device
        return time.perf_counter() - began

    timed()
    until, best = time.perf_counter() + seconds, timed()
    while time.perf_counter() < until:
        best = min(best, timed())
    return 2 * side**3 / best
