"""The counts that a training keeps while it runs, and the result that it returns at the end."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from groundup.records import finite, make_record, short


@dataclass
class Tally:
    """The state of a training besides weights and optimizer: `state.json` of a checkpoint."""

    step: int = 0
    batches: int | None = None
    """Micro-batches of all ranks so far, which is the number of the next one. None in old checkpoints."""
    skipped: int = 0
    """Steps with a loss or gradient that was not finite."""
    seconds: float = 0.0
    training_seconds: float = 0.0
    tokens: int = 0
    validated: int | None = None
    last_loss: float | None = None
    best_step: int | None = None
    best_loss: float | None = None
    worse: int = 0
    """The number of validations since the best one."""
    since: tuple[float, int, float] = (0.0, 0, 0.0)
    """Summed loss, tokens and seconds since the last log."""
    records: int | None = None
    """Lines of metrics.jsonl so far. None in old checkpoints."""

    @classmethod
    def read(cls, state: Any, *, step: int, file: Path) -> Tally:
        """Check and return the tally in a checkpoint's state. Raises ValueError if its types or its step differ."""
        tally = make_record(cls, state, f"{file}: the state")
        numbers = (tally.seconds, tally.training_seconds, tally.last_loss, tally.best_loss, *tally.since)
        counts = (tally.step, tally.batches, tally.skipped, tally.tokens, tally.worse, tally.records, tally.since[1])
        if tally.step != step or not finite(*numbers) or any(count is not None and count < 0 for count in counts):
            raise ValueError(f"{file}: not the state of a training at step {step}: {short(state)}")
        tally.since = tally.since[0], tally.since[1], tally.since[2]  # JSON has lists only
        return tally

    def improves(self, loss: float) -> bool:
        return self.best_loss is None or loss < self.best_loss

    def judged(self, loss: float) -> bool:
        """Count the validation loss of this step, and return whether it is the best so far."""
        improved = self.improves(loss)
        if improved:
            self.best_step, self.best_loss, self.worse = self.step, loss, 0
        else:
            self.worse += 1
        return improved


@dataclass(frozen=True)
class FitResult:
    """The result of a training: validation losses in nats per token, seconds and target tokens over all resumptions."""

    steps: int
    best_step: int
    best_loss: float
    last_loss: float
    seconds: float
    tokens: int
    tokens_per_second: float
    """The speed while training, without validation and saving."""
    stopped: str
    """The reason why it ended, in words."""

    @classmethod
    def of(cls, tally: Tally, stopped: str) -> FitResult:
        assert tally.best_step is not None, "the last step is always validated"
        assert tally.best_loss is not None
        assert tally.last_loss is not None
        return cls(
            steps=tally.step,
            best_step=tally.best_step,
            best_loss=tally.best_loss,
            last_loss=tally.last_loss,
            seconds=tally.seconds,
            tokens=tally.tokens,
            tokens_per_second=tally.tokens / max(tally.training_seconds, 1e-9),
            stopped=stopped,
        )
