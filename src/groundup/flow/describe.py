"""What a training says about its parts before it begins, and about itself afterwards."""

import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from groundup.build import count_parameters
from groundup.config import ModelConfig
from groundup.machine import hardware
from groundup.text.tokenizer import Tokenizer
from groundup.training.fit import FitResult


def describe_tokenizer(tokenizer: Tokenizer, texts: Sequence[str], tokens: int, *, where: str = "held-out text") -> str:
    """Size and how well it packs the texts, in one line; tokens: how many they became; where: what they are."""
    size = sum(len(text.encode()) for text in texts)
    return f"{tokenizer.vocab_size:,} tokens, {size / max(1, tokens):.2f} bytes a token on {where}"


def describe_unseen(train: Sequence[str], held_out: Sequence[str]) -> str:
    """Which characters are in the held-out text alone, and their share of it; empty where there are none."""
    counts = Counter(character for text in held_out for character in text)
    unseen = counts.keys() - set().union(*train)
    if not unseen:
        return ""
    share = sum(counts[character] for character in unseen) / counts.total()
    shown = " ".join(f"{character!r}" for character in sorted(unseen)[:5]) + (" ..." if len(unseen) > 5 else "")
    are, them = ("character is", "it") if len(unseen) == 1 else ("characters are", "them")
    return (
        f"{len(unseen):,} {are} in the held-out text alone ({shown}): {share:.4%} of it. Nothing is learnt of "
        f"{them}, and the held-out loss counts {them}"
    )


def describe_model(model: nn.Module, config: ModelConfig) -> str:
    """A table of the parts and their parameters; tied weights count once, where they first stand, and then say so."""
    counted: set[int] = set()
    rows = []
    for name, child in model.named_children():
        for part, module in list(child.named_children()) or [("", child)]:
            fresh = [p for p in module.parameters() if id(p) not in counted]
            counted |= {id(p) for p in fresh}
            rows.append((f"{name}.{part}".rstrip("."), sum(p.numel() for p in fresh), module))
    heads = "1 head" if config.heads == 1 else f"{config.heads} heads"
    what = f"width {config.width}, {heads}, {config.position} positions, {config.mlp} x {config.hidden}"
    lines = [f"model        {type(model).__name__}: {count_parameters(model):,} parameters; {what}"]
    lines += [
        f"  {name:20} {_shape(module):34} {f'{count:,}' if count else 'tied':>12}"
        for name, count, module in rows
        if count or name == "head"
    ]
    return "\n".join(lines)


def _shape(module: nn.Module) -> str:
    if isinstance(module, nn.ModuleList):
        return f"{len(module)} blocks"
    if isinstance(module, nn.Embedding):
        return f"{module.num_embeddings:,} x {module.embedding_dim}"
    if isinstance(module, nn.Linear):
        return f"{module.in_features} -> {module.out_features:,}"
    return type(module).__name__


def training_record(fitted: FitResult, model: nn.Module, began: float) -> dict[str, Any]:
    """How the training went and on what hardware, for `results.json`. began: perf_counter at the run's start."""
    return {
        "steps": fitted.steps,
        "best_step": fitted.best_step,
        "best_validation_loss": round(fitted.best_loss, 5),
        "last_validation_loss": round(fitted.last_loss, 5),
        "minutes": round(fitted.seconds / 60, 2),
        "minutes_with_preparation": round((time.perf_counter() - began) / 60, 2),
        "target_tokens": fitted.tokens,
        "target_tokens_per_second": round(fitted.tokens_per_second),
        "stopped": fitted.stopped,
        "parameters": count_parameters(model),
        "hardware": hardware(next(model.parameters()).device),
        "torch": torch.__version__,
    }
