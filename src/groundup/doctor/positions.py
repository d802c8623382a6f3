"""Positions: absent, drowned, or on the wrong tensor. Texts of one repeated token show them."""

import math
import re

from torch import Tensor, nn

from groundup.doctor.attention import Attended, attentions
from groundup.doctor.causality import shaken
from groundup.doctor.finding import Finding, Place
from groundup.doctor.patient import Patient
from groundup.doctor.source import functions
from groundup.doctor.stream import PRODUCTS, Stream
from groundup.doctor.tape import Tape, differ, place

MEANT = re.compile(r"(^|[._])(pos|pe|wpe|rope|rotary|alibi)([._]|$)|posit|rotary|rope_|_rope|alibi", re.IGNORECASE)
TRAINED = re.compile(r"(^|[._])(pos|pe|wpe)|posit", re.IGNORECASE)
FIRST_USES = {"native_layer_norm", "mm", "addmm", "bmm", "mean", "pow", "var", "var_mean", "_fused_rms_norm"}


def constant_inputs(patient: Patient) -> tuple[Tensor, ...]:
    """Rows of one repeated word each."""
    words = patient.ids(1, 40)[0].unique()[: patient.rows]
    rows = len(words)
    target = words[:, None].expand(rows, patient.time).clone()
    if not patient.seq2seq:
        return (target,)
    source = patient.ids(1, 40, source=True)[0].unique()[:rows]
    return source[:, None].expand(len(source), patient.source_time).clone(), target[: len(source)]


def check_positions(patient: Patient) -> list[Finding]:
    """Whether anything tells the tokens of a text apart by where they stand."""
    model, inputs = shaken(patient), constant_inputs(patient)
    _, tape = patient.taped(model, inputs)
    events = [e for e in attentions(tape, (patient.time, patient.source_time)) if e.weights.shape[-1] > 1]
    found = []
    lengths = [("source", patient.source_time)] if patient.seq2seq else []
    for side, length in [*lengths, ("target", patient.time)]:
        square = [e for e in events if e.weights.shape[-2:] == (length, length)]
        if not square or not all(_uniform(e) for e in square):
            found += [] if not square else _check_rotation(model, square[0], tape)
            continue
        found += _one_sided(model, square[0]) or _absent(patient, model, tape, side)
    return found + (_check_drowned(patient, tape, inputs[0]) if not found else [])


def _one_sided(model: nn.Module, event: Attended) -> list[Finding]:
    """Scores that are the same for all keys but not for all queries: only the queries know where they stand."""
    if event.scores is None:
        return []
    first = event.scores[..., 0]  # the key that every query sees
    by = float((first - first[..., :1]).abs().max())
    if by <= 1e-3 * max(float(first.abs().max()), 1e-6):
        return []
    seen = f"scores of equal tokens vary by {by:.2g} from query to query, and not at all from key to key"
    return [Finding("rotation", seen, place(model, event.step))]


def _uniform(event: Attended) -> bool:
    """Whether each token shares its weight equally among all that it sees."""
    shape = event.weights.shape[-2:]
    weights = event.weights.reshape(-1, *shape)
    allowed = weights > 1e-9
    equal = allowed / allowed.sum(-1, keepdim=True).clamp(min=1)
    return bool(((weights - equal).abs() < 1e-4).all())


def _absent(patient: Patient, model: nn.Module, tape: Tape, side: str) -> list[Finding]:
    """No positions on one side: a mistake if they are meant, or if no mask tells the order."""
    ordered = side == "target" and (patient.causal or patient.seq2seq)
    meant = _meant(model, tape, patient)
    which = f"the {side}" if patient.seq2seq else "a text"
    seen = f"in {which} of one repeated token all attention is spread evenly: no token knows where it stands"
    if meant:
        return [Finding("positions", f"{seen}, though there is {meant[0]}", meant[1])]
    if ordered:
        meaning = "A causal mask tells a little about the order (NoPE), and this can work. Most models have positions."
        return [Finding("positions", seen, severity="note", title="there are no positions", meaning=meaning)]
    return [Finding("positions", seen, place(model, None, module=""))]


def _meant(model: nn.Module, tape: Tape, patient: Patient) -> tuple[str, Place] | None:
    """What says that positions are meant: a module, a table, or a function that was executed."""
    for name, module in model.named_modules():
        own = [n for n, _ in [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]]
        word = next((n for n in [name.rsplit(".", 1)[-1], type(module).__name__, *own] if n and MEANT.search(n)), None)
        if word is not None and name:
            return f"`{name}` ({type(module).__name__})", place(model, _step_in(tape, name), module=name)
    turned = next((step for step in tape.steps if step.name in ("view_as_complex", "cos", "sin")), None)
    if turned is not None:
        return "a rotation", place(model, turned)
    for function, first, last in functions(patient.source):
        if MEANT.search(function):
            for step in tape.steps:
                if step.file == patient.file and step.line is not None and first <= step.line <= last:
                    return f"`{function}`", place(model, step)
    return None


def _step_in(tape: Tape, path: str):
    return next((step for step in tape.steps if step.module == path and step.line is not None), None)


def _check_rotation(model: nn.Module, event: Attended, tape: Tape) -> list[Finding]:
    """Where only the scores know positions, they must depend on distance alone, and the values on nothing."""
    stream = Stream(tape)
    if event.scores is None or _stream_varies(tape, stream, event):
        return []
    scores = event.scores.reshape(-1, *event.scores.shape[-2:])
    scores = scores - scores.diagonal(0, 1, 2)[..., None]  # what a whole row has in common is nothing to a softmax
    T = scores.shape[-1]
    allowed = event.seen
    spread = float(scores[:, allowed].std())
    if not math.isfinite(spread):
        return []
    for offset in range(T - 1):
        both = allowed.diagonal(-offset)
        line = scores.diagonal(-offset, 1, 2)[:, both]
        by = float((line - line[:, :1]).abs().max()) if line.shape[1] > 1 else 0.0
        if by > 1e-3 * max(spread, 1e-6) + 1e-6:
            seen = f"the scores of equal tokens at the distance {offset} differ by {by:.2g}"
            return [Finding("rotation", seen, place(model, event.step))]
    v = event.values
    if v is not None and v.dim() >= 3 and v.shape[-2] == T and differ(v, v[..., :1, :].expand_as(v), tolerance=1e-4):
        return [
            Finding("rotation", "the values of equal tokens differ from position to position", place(model, event.step))
        ]
    return []


def _stream_varies(tape: Tape, stream: Stream, event: Attended) -> bool:
    """Whether what queries, keys and values are made of differs from position to position already."""
    T = event.weights.shape[-1]
    for n in stream.sources(tape.steps.index(event.step), stop={"mm", "addmm"}):
        step = tape.steps[n]
        if step.name not in PRODUCTS or not any(stream.is_parameter(one) for one in step.inputs):
            continue
        x = next((one for one in step.inputs if not stream.is_parameter(one)), None)
        if x is None or x.numel() % T:
            continue
        x = x.detach()
        grids = [x] if T in x.shape[:-1] else [x.reshape(-1, T, x.shape[-1])] if x.dim() == 2 else []
        for grid in grids:
            axis = next(a for a in range(grid.dim()) if grid.shape[a] == T)
            return differ(grid, grid.narrow(axis, 0, 1).expand_as(grid), tolerance=1e-4)
    return True


def _position_share(tape: Tape, stream: Stream) -> float:
    """How large the positions are beside the words where the stream is first used; inputs are of repeated tokens."""
    for n, step in enumerate(tape.steps):
        if step.name not in FIRST_USES or stream.deep[n] > 1 or not step.inputs:
            continue
        parent = next((p for _, p in stream.parents[n] if p is not None and stream.deep[p] == 0), None)
        if parent is None or not tape.steps[parent].outputs:
            continue
        x = next((tape.steps[p].outputs[0] for p in stream.way(parent) if tape.steps[p].outputs[0].dim() == 3), None)
        if x is None:
            continue
        rows_first = x if x.shape[0] <= x.shape[1] else x.transpose(0, 1)
        words = float(rows_first.mean(1).std(0).mean())
        return float(rows_first.std(1).mean()) / max(words, 1e-12)
    return 1.0


def _check_drowned(patient: Patient, tape: Tape, ids: Tensor) -> list[Finding]:
    model = patient.fresh()
    if any(TRAINED.search(name) for name, _ in model.named_parameters()):
        return []  # they can grow
    _, tape = patient.taped(model, constant_inputs(patient))
    share = _position_share(tape, Stream(tape))
    if not 1e-4 < share < 0.1:
        return []
    at = next((s for s in tape.steps if s.name in ("mul", "mul_", "embedding")), None)
    seen = f"positions vary by {share:.3f} of what words vary by"
    return [Finding("drowned", seen, place(model, at), severity="mild")]
