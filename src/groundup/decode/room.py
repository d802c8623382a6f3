"""Whether memory holds as many hypotheses as were asked for, found out before the search."""

import torch

from groundup.machine import installed


def check_room(beams: int, *, vocab_size: int, tokens: int, cached: int, device: torch.device) -> None:
    """ValueError for more beams than there are tokens, or than memory holds for answers of so many `tokens`.

    cached: numbers that a token leaves behind in the caches.
    """
    if beams > vocab_size:
        raise ValueError(f"num_beams ({beams}) must be at most the vocabulary's {vocab_size:,}; try num_beams=4")
    # Logits and three likenesses of them; caches, twice while they grow; which beam goes through which slots.
    check_memory("num_beams", beams, each=16 * vocab_size + 8 * tokens * (cached + beams), device=device)


def check_memory(name: str, number: int, *, each: int, device: torch.device) -> None:
    """ValueError where so many hypotheses, of about `each` bytes, are more than the device's memory holds."""
    memory = installed(device)
    if number * each > memory:
        raise ValueError(
            f"{name} ({number}) would take about {number * each / 1e6:,.0f} MB of memory, and there are "
            f"{memory / 1e6:,.0f}; try {name}=4"
        )
