"""The author's own loss on the author's own batch, recorded."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from groundup.doctor.calls import tensor_of
from groundup.doctor.patient import Patient
from groundup.doctor.tape import Step, Tape, recording

SCORES = {"_log_softmax", "_softmax", "mm", "addmm", "bmm", "baddbmm"}
NOTHING = -100
"""In the place of a label that does not count."""


@dataclass(eq=False)
class Lesson:
    """One evaluation of the author's loss on a batch of the author's."""

    patient: Patient
    model: nn.Module
    loss: Tensor
    tape: Tape
    outputs: list[Tensor]
    """What the whole model returned, with gradients kept."""

    @cached_property
    def nll(self) -> Step | None:
        """The operation that picks the labels' log-probabilities."""
        return self.picks[-1] if self.picks else None

    @cached_property
    def picks(self) -> list[Step]:
        """All such operations: there are several where several heads predict."""
        for name in ("nll_loss_forward", "nll_loss2d_forward", "gather"):
            steps = [s for s in self.tape.steps if s.name == name and s.inputs[0].is_floating_point()]
            if steps:
                return steps
        return []

    def of(self, step: Step) -> "Lesson":
        """The same, with the labels of one of `picks`."""
        one = Lesson(self.patient, self.model, self.loss, self.tape, self.outputs)
        one.picks = [step]
        return one

    @cached_property
    def labels(self) -> Tensor | None:
        """Flat, in the order in which they are compared."""
        step = self.nll
        if step is None:
            return self._wanted
        label = next((t for t in step.inputs[1:] if not t.is_floating_point()), None)
        if label is None or not (torch.is_tensor(label)):
            return None
        return label.detach().flatten()

    @cached_property
    def ignored(self) -> int | None:
        step = self.nll
        if step is None:
            return None if self._wanted is None else NOTHING
        if step.name == "gather":
            return None
        numbers = [arg for arg in step.args if isinstance(arg, int) and not isinstance(arg, bool)]
        return numbers[-1] if numbers else None

    @cached_property
    def scores(self) -> tuple[Step, Tensor] | None:
        """The last logits or log-probabilities, and the gradient of the loss there, (rows, V), where no operation picks
        labels: in a KL divergence, a product with one-hot labels, and the like."""
        if self.nll is not None or not isinstance(self.loss, Tensor) or not self.loss.requires_grad:
            return None
        wide = [s for s in self.tape.steps if s.name in SCORES and s.live and s.live[0].requires_grad]
        wide = [s for s in wide if s.live[0].dim() > 1 and s.live[0].shape[-1] == self.patient.vocab]
        if not wide or self.loss.numel() != 1:
            return None
        gradient = torch.autograd.grad(self.loss, wide[-1].live[0], retain_graph=True, allow_unused=True)[0]
        return None if gradient is None else (wide[-1], gradient.detach().flatten(0, -2))

    @cached_property
    def _wanted(self) -> Tensor | None:
        """The labels as the gradient tells them: what each row of scores is pushed up for; NOTHING where it is not."""
        if self.scores is None:
            return None
        gradient = self.scores[1]
        low, label = gradient.min(-1)
        pushed = low < 0
        alone = -low[pushed] > 0.5 * -gradient[pushed].clamp(max=0).sum(-1)
        if not pushed.any() or float(alone.float().mean()) < 0.9:
            return None  # soft labels, as of a teacher
        return torch.where(pushed, label, NOTHING)

    @cached_property
    def line(self) -> Step | None:
        """The operation that compares scores with labels."""
        if self.nll is not None:
            return self.nll
        vocab = self.patient.vocab
        wide = (s for s in reversed(self.tape.steps) if s.live and s.live[0].shape[-1:] == (vocab,))
        return next((s for s in wide if s.line is not None), None)

    @cached_property
    def fed(self) -> list[Tensor]:
        """The ids that were looked up, each (rows, length), in order: of an encoder-decoder source and target."""
        sizes = {self.patient.vocab, self.patient.source_vocab if self.patient.seq2seq else self.patient.vocab}
        found: list[tuple[int, Tensor]] = []
        for step in self.tape.steps:
            if step.name in ("embedding", "index", "index_select") and step.inputs[0].shape[0] >= min(*sizes, 20):
                ids = next((t for t in step.inputs[1:] if not t.is_floating_point() and t.dtype != torch.bool), None)
                if ids is not None and ids.dim() == 2 and ids.shape[0] > 1 and not (ids == ids[:1]).all():
                    found.append((step.inputs[0].shape[0], ids.detach()))
        exact = [ids for rows, ids in found if rows in sizes]
        return exact or [ids for _, ids in found]


def attend_lesson(patient: Patient, seed: int = 0) -> Lesson | None:
    """The author's loss on a batch, recorded; None if there is no loss or no batch."""
    if not (patient.has("loss") and patient.has("batch")):
        return None
    model = patient.fresh()
    batch = patient.batch(seed)
    outputs: list[Tensor] = []

    def keep(_module: nn.Module, _args: object, out: object) -> None:
        tensor = tensor_of(out)
        if tensor is not None and tensor.requires_grad:
            tensor.retain_grad()
            outputs.append(tensor)

    handle = model.register_forward_hook(keep)
    torch.manual_seed(seed)
    try:
        with recording(model) as tape:
            loss = patient.run("loss(model, batch)", patient.given["loss"], model, batch)
    finally:
        handle.remove()
    return Lesson(patient, model, loss, tape, outputs)
