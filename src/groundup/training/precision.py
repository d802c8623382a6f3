"""Choose the device and the number format from the hardware that is there, and give the reason in words."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Precision:
    """A number format for the matrix products of one kind of device; weights and sums stay in float32."""

    device: str
    dtype: torch.dtype
    reason: str
    """A sentence for people: what was chosen and why."""

    def autocast(self) -> AbstractContextManager:
        """A context in which matrix products are computed in `dtype`."""
        if self.dtype == torch.float32:
            return nullcontext()
        return torch.autocast(self.device, dtype=self.dtype)


def choose_device(wanted: str = "auto") -> torch.device:
    """Return the device of this name. `auto` tries CUDA, then Apple's MPS, then the CPU. ValueError if it is absent."""
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if wanted == "auto":
        return torch.device("cuda" if cuda else "mps" if mps else "cpu")
    try:
        device = torch.device(wanted)
    except RuntimeError:
        raise ValueError(f"unknown device {wanted!r}; try auto, cpu, cuda or mps") from None
    here = {"cpu": 1, "cuda": torch.cuda.device_count() if cuda else 0, "mps": int(mps)}.get(device.type, 0)
    if (device.index or 0) >= here:
        raise ValueError(f"device {wanted!r} is not here ({here} of kind {device.type}); try auto or cpu")
    return device


def choose_precision(device: torch.device | str, wanted: Precision | str | None = None) -> Precision:
    """Return `float32`, `bfloat16`, or for `auto` (None) bfloat16 if the hardware multiplies it faster."""
    if isinstance(wanted, Precision):
        return wanted
    kind = torch.device(device).type
    has_bfloat16, hardware = _bfloat16(kind)
    if wanted == "float32":
        return Precision(kind, torch.float32, "float32, as asked")
    if wanted == "bfloat16":
        if kind == "cuda" and not has_bfloat16:
            raise ValueError(f"bfloat16 is not supported: {hardware}; try float32")
        return Precision(kind, torch.bfloat16, f"bfloat16 autocast, as asked ({hardware})")
    if wanted not in (None, "auto"):
        raise ValueError(f"unknown precision {wanted!r}; try auto, float32 or bfloat16")
    if has_bfloat16:
        return Precision(kind, torch.bfloat16, f"bfloat16 autocast: {hardware}")
    return Precision(kind, torch.float32, f"float32: {hardware}")


def _bfloat16(kind: str) -> tuple[bool, str]:
    """Return whether this kind of device has fast bfloat16 products, and the reason."""
    if kind == "cuda":
        has = torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False)
        return has, "this GPU has bfloat16" if has else "this GPU has no bfloat16"
    if kind == "cpu":
        for name, question in (("AMX", "_is_amx_tile_supported"), ("AVX512-BF16", "_is_avx512_bf16_supported")):
            # Both functions are private to torch, so a later release may drop them: then the answer is no.
            if hasattr(torch.cpu, question) and getattr(torch.cpu, question)():
                return True, f"this processor has {name}"
        return False, "this processor has no fast bfloat16"
    return False, f"bfloat16 is not fast on {kind}"
