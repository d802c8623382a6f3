"""Check before a search whether the hypotheses fit into memory."""

import torch

from groundup.machine import installed


def check_room(beams: int, *, vocab_size: int, tokens: int, cached: int, device: torch.device) -> None:
    """Raise ValueError for more beams than the vocabulary has tokens, or than fit into memory with answers of `tokens`.

    cached: how many numbers a token leaves in the caches.
    """
    if beams > vocab_size:
        raise ValueError(f"num_beams ({beams}) must be at most the vocabulary's {vocab_size:,}; try num_beams=4")
    # The logits and three tensors like them; the caches, twice while they grow; the table of beams and slots.
    check_memory("num_beams", beams, each=16 * vocab_size + 8 * tokens * (cached + beams), device=device)


def check_memory(name: str, number: int, *, each: int, device: torch.device) -> None:
    """Raise ValueError if these hypotheses, of about `each` bytes, do not fit into the device's memory."""
    memory = installed(device)
    if number * each > memory:
        raise ValueError(
            f"{name} ({number}) would take about {number * each / 1e6:,.0f} MB of memory, and there are "
            f"{memory / 1e6:,.0f}; try {name}=4"
        )
