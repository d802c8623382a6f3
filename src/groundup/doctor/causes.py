"""Which finding is the root: what it explains is not told again."""

from groundup.doctor.catalogue import CATALOGUE
from groundup.doctor.finding import Finding

_USE = {"generate", "generate-slice", "generate-context", "cache", "cache-position", "cache-mask", "overfit", "rate"}
_SIGHT = {"future", "future-unseen", "past", "diagonal", "rows", "norm-axis", "softmax-axis", "positions", "rotation"}
_MIXED = _SIGHT | _USE | {"padding", "drowned", "residual", "no-source", "source-hidden"}

EXPLAINS: dict[str, set[str]] = {
    "crash": _MIXED | {"unused", "first-loss"},
    "hang": set(CATALOGUE),
    "shape": set(CATALOGUE),
    "vocabulary": set(CATALOGUE) - {"not-cleared", "no-step", "special-ids", "tie"},
    "nan": set(CATALOGUE) - {"not-cleared", "no-step", "unregistered"},
    "special-ids": _MIXED | {"padding-loss", "ignored-id", "start-token"},
    "reshape": _MIXED,
    "softmax-axis": _MIXED | {"softmax-twice", "scrambled"},
    "norm-axis": _MIXED,
    "rows": _MIXED,
    "future": (_MIXED - {"diagonal"}) | {"encoder-sees-answer"},
    "diagonal": {"nan", "future", "padding", "positions", "rotation", *_USE},
    "padding": {"positions", "rotation", "no-gradient"},
    "past": {"positions", "rotation", *_USE},
    "no-input": _MIXED | {"unused", "no-gradient", "first-loss"},
    "no-source": {"unused", "positions", "padding", "overfit", "residual"},
    "softmax-twice": {"overfit", "rate", "first-loss", "nll-of-logits", "scrambled"},
    "mode": _USE,
    "nll-of-logits": {"overfit", "rate", "sign", "softmax-twice"},
    "scrambled": {"overfit", "rate", "not-shifted", "shifted-twice", "targets-order"},
    "not-shifted": {"encoder-sees-answer", "padding-loss", "overfit"},
    "ignored-id": {"padding-loss"},
    "unregistered": {"no-gradient", "unused", "not-optimized", "stale", "tie", "padding", "mode", *_USE},
    "no-gradient": {"unused", "overfit", "rate"},
    "positions": {"unused", "drowned", "rotation"},
    "first-loss": {"overfit", "rate"},
    "stale": {"not-optimized", "overfit", "rate"},
    "not-optimized": {"overfit", "rate"},
    "sign": {"overfit", "rate"},
}
_GRAVITY = {"wrong": 0, "mild": 1, "note": 2}


def sort_out(findings: list[Finding]) -> tuple[Finding, ...]:
    """The findings without repetitions and without what others explain, the root cause first."""
    order = list(CATALOGUE)
    ranked = sorted(findings, key=lambda one: (_GRAVITY[one.severity], order.index(one.name)))
    kept: list[Finding] = []
    for finding in ranked:
        known = any(
            finding.name == one.name and (finding.name != "crash" or finding.place == one.place) for one in kept
        )
        if not known and not any(finding.name in EXPLAINS.get(one.name, ()) for one in kept):
            kept.append(finding)
    return tuple(kept)
