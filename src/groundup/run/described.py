"""The text that is shown when a run is printed."""

from pathlib import Path

from groundup.models.causal_lm import CausalLM
from groundup.models.seq2seq import Seq2Seq


def described(kind: str, path: Path, task: str, model: CausalLM | Seq2Seq, tokenizers: str) -> str:
    """`TextRun(runs/demo: language, 1,234,567 parameters on cpu, context 256, ...)`."""
    parameters = sum(parameter.numel() for parameter in model.parameters())
    device = next(model.parameters()).device
    context = f"context {model.config.context}"
    return f"{kind}({path}: {task}, {parameters:,} parameters on {device}, {context}, {tokenizers})"
