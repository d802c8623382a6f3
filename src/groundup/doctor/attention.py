"""Where a model attends: the softmax over scores, or PyTorch's fused attention, found on a tape by the lengths of its
axes; and what hides what."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from groundup.doctor.tape import Step, Tape, memory


@dataclass(eq=False)
class Attended:
    """One attention: who gives how much weight to whom, (..., T, S)."""

    step: Step
    weights: Tensor
    scores: Tensor | None
    """What the softmax was given."""
    values: Tensor | None
    fused: bool
    scale: float | None
    """The factor of a fused attention."""

    @property
    def seen(self) -> Tensor:
        """(T, S), where some row and head gives weight."""
        shape = self.weights.shape[-2:]
        return self.weights.reshape(-1, *shape).amax(0) > 1e-9


def attentions(tape: Tape, lengths: tuple[int, ...]) -> list[Attended]:
    """All attentions of a tape, in order. lengths: of the texts that the model was given."""
    found = []
    for n, step in enumerate(tape.steps):
        if not step.outputs:
            continue
        if step.name.startswith("_scaled_dot_product"):
            found.append(_fused(step))
        elif step.name == "_softmax" and step.outputs[0].dim() >= 3:
            weights = step.outputs[0]
            if weights.shape[-1] in lengths and weights.shape[-2] in lengths:
                values = _values(tape.steps[n + 1 :], step)
                found.append(Attended(step, weights, step.inputs[0].detach(), values, False, None))
    return found


def _fused(step: Step) -> Attended:
    q, k, v = (one.detach().float() for one in step.inputs[:3])
    scale = step.kwargs.get("scale") or q.shape[-1] ** -0.5
    causal = any(arg is True for arg in step.args[3:]) or step.kwargs.get("is_causal", False)
    mask = step.kwargs.get("attn_mask")
    if mask is None:
        mask = next((arg for arg in step.args[3:] if isinstance(arg, Tensor)), None)
    if k.shape[-3] != q.shape[-3]:
        k = k.repeat_interleave(q.shape[-3] // k.shape[-3], dim=-3)
    scores = q @ k.transpose(-2, -1) * scale
    if causal:
        scores = scores.masked_fill(torch.ones(scores.shape[-2:]).triu(1).bool(), -math.inf)
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf) if mask.dtype == torch.bool else scores + mask.detach()
    return Attended(step, scores.softmax(-1).nan_to_num(), scores, v, True, scale)


def _values(later: list[Step], softmax: Step) -> Tensor | None:
    """The other operand of the product that first uses the weights."""
    carried = set(softmax.writes())
    for step in later:
        reads = step.reads()
        if not carried & set(reads):
            continue
        if step.name in ("bmm", "mm", "matmul"):
            return next((t.detach() for t in step.inputs if memory(t) not in carried), None)
        carried |= set(step.writes())
    return None


def pattern(seen: Tensor) -> str:
    """What is wrong with who sees whom in a causal self-attention, (T, T)."""
    T = seen.shape[0]
    rows = seen[: T - 1]  # the last one sees all anyway
    ahead, behind = rows.triu(1).any(), seen.tril(-1).any()
    if not ahead:
        return ""
    if rows.triu(1).any(1).all() and not rows.triu(2).any():
        return "each token sees one token too far: the mask's diagonal is off by one"
    if not behind or not seen[1:-1].tril(-1)[:, : T - 2].any():
        return "the mask is upside down: later tokens are seen and earlier ones are hidden"
    if rows.all():
        return "nothing is masked"
    return "some later tokens are not masked"
