"""What a training remembers while it goes on, and what it reports when it is over."""

from dataclasses import dataclass


@dataclass
class Tally:
    """What a training remembers besides weights and optimizer state: `state.json` of a checkpoint."""

    step: int = 0
    seconds: float = 0.0
    training_seconds: float = 0.0
    tokens: int = 0
    validated: int | None = None
    last_loss: float | None = None
    best_step: int | None = None
    best_loss: float | None = None
    worse: int = 0
    """Validations since the best one."""
    since: tuple[float, int, float] = (0.0, 0, 0.0)
    """Since the last log: summed loss, tokens, seconds."""


@dataclass(frozen=True)
class FitResult:
    """How a training ended: validation losses in nats a token, wall seconds and target tokens over all resumptions."""

    steps: int
    best_step: int
    best_loss: float
    last_loss: float
    seconds: float
    tokens: int
    tokens_per_second: float
    """While training, validation and saving left out."""
    stopped: str
    """Why it ended, in words."""
