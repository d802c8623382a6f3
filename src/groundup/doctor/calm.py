"""Dropout that goes on in use."""

from groundup.doctor.causality import shaken
from groundup.doctor.finding import Finding
from groundup.doctor.patient import Patient
from groundup.doctor.tape import differ, pairs, place

DRAWS = {"native_dropout", "bernoulli_", "bernoulli"}


def check_calm(patient: Patient) -> list[Finding]:
    """After model.eval() the same text gives the same logits."""
    model, inputs = shaken(patient), patient.inputs()
    model.eval()
    (a, one), (b, other) = (patient.taped(model, inputs, seed=seed) for seed in (1, 2))
    if not differ(a, b):
        return []
    drawn = next(
        (s for s, t in pairs(one, other) if s.name in DRAWS and s.outputs and differ(s.outputs[0], t.outputs[0])), None
    )
    if drawn is None:
        return []
    return [
        Finding(
            "mode",
            f"after model.eval() one text gives logits that differ by up to {float((a - b).abs().max()):.2g} each time",
            place(model, drawn),
            title="dropout goes on after model.eval()",
            meaning="A dropout does not listen to model.eval(), so every use of the model is disturbed at random.",
            look_for="`F.dropout(x, p)` without `training=self.training`, `dropout_p=self.dropout`",
            cure="use nn.Dropout, `F.dropout(x, p, self.training)` or `dropout_p=self.p if self.training else 0.0`",
        )
    ]
