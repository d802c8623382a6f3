"""The residual stream: the shortest way from the embedding to the logits goes around sublayers, and is not cut."""

from groundup.doctor.attention import attentions
from groundup.doctor.causality import shaken
from groundup.doctor.finding import Finding
from groundup.doctor.patient import Patient
from groundup.doctor.stream import PRODUCTS, Stream
from groundup.doctor.tape import memory, place

BEFORE, AFTER = 1, 2
"""Products that may stand on the way without being a sublayer: one after the embedding; the head and one before."""


def check_residual(patient: Patient) -> list[Finding]:
    model = shaken(patient)
    logits, tape = patient.taped(model, patient.inputs())
    events = attentions(tape, (patient.time, patient.source_time))
    if not events:
        return []
    stream = Stream(tape)
    last = _last(stream, logits.shape[-1])
    if last is None:
        return []
    way = sorted(stream.way(last))
    steps = tape.steps
    fused = [n for n in way if steps[n].name.startswith("_scaled_dot_product")]
    at = {steps.index(e.step) for e in events}
    products = [n for n in way if steps[n].name in PRODUCTS]
    first, end = min(at), max(at)
    inside = [n for n in products if first < n < end]
    through = [n for n in way if n in at or n in fused] or [n for n in products if _by_weights(stream, n, at)]
    if through:
        seen = (
            f"the shortest way from the embedding to the logits goes through {len(through)} of {len(events)} attentions"
        )
        return [Finding("residual", seen, place(model, steps[through[0]]))]
    spare = [n for n in products if n > end]
    before = [n for n in products if n < first]
    if len(inside) > (0 if len(before) > BEFORE else BEFORE) or len(spare) > AFTER:
        which = inside or spare
        seen = (
            f"the shortest way from the embedding to the logits goes through {len(products)} products: there is no way "
            "around a feed-forward layer"
        )
        return [Finding("residual", seen, place(model, steps[which[0]]))]
    return []


def check_cut(patient: Patient) -> list[Finding]:
    """A detach on the shortest way: what lies before it learns only through the sublayers, or not at all."""
    model = shaken(patient, training=True)
    logits, tape = patient.taped(model, patient.inputs())
    stream, steps = Stream(tape), tape.steps
    for n in stream.way(_last(stream, logits.shape[-1])):
        parent = stream.best[n]
        if parent is None or not steps[n].grad or not any(one.requires_grad for one in steps[parent].live):
            continue
        wrote = set(steps[parent].writes())
        carried = [one for one in steps[n].inputs if memory(one) in wrote]
        if carried and not any(one.requires_grad for one in carried):
            seen = "the way around the sublayers is cut here: no gradient goes back along it"
            return [Finding("no-gradient", seen, place(model, steps[n]))]
    return []


def _by_weights(stream: Stream, n: int, attended: set[int]) -> bool:
    """Whether a product is of attention weights and values."""
    return any(parent is not None and _is_weights(stream, parent, attended) for _, parent in stream.parents[n])


def _is_weights(stream: Stream, n: int, attended: set[int]) -> bool:
    return any(m in attended for m in stream.sources(n, stop=PRODUCTS | {"_softmax"}))


def _last(stream: Stream, vocab: int) -> int | None:
    """The step that made the logits."""
    for n in range(len(stream.tape.steps) - 1, -1, -1):
        step = stream.tape.steps[n]
        if step.live and step.live[0].dim() >= 2 and vocab in step.live[0].shape and stream.deep[n] < 1e9:
            return n
    return None
