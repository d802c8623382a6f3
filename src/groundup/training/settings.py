"""The settings of a training, as a user gives them. No torch here: the command line prints its help from this."""

from dataclasses import dataclass
from typing import Literal, get_args

from groundup.records import check_types

ScheduleName = Literal["cosine", "inverse-sqrt", "wsd", "constant"]
OptimizerName = Literal["adamw", "muon"]
PrecisionName = Literal["auto", "float32", "bfloat16"]
CompileName = Literal["auto", "on", "off"]
ParallelName = Literal["auto", "none", "ddp", "fsdp"]
MOST = {"accumulate": 1_000_000, "threads": 1024, "batch_tokens": 2**31, "timeout": 10**7}
"""Upper limits, far above useful values: above them the system kills the process, or a step never ends."""


@dataclass(frozen=True)
class TrainSettings:
    """The settings of a training: `fit` uses them, and `recipe.json` stores them."""

    steps: int | None = None
    """Number of optimizer steps in all; None if only minutes limit the run."""
    lr: float = 1e-3
    """Peak learning rate."""
    optimizer: OptimizerName = "adamw"
    """adamw trains all weights; muon trains the matrices of the layers, and adamw the rest."""
    matrix_lr: float = 0.02
    """Muon's own peak learning rate; it follows the same schedule."""
    schedule: ScheduleName = "cosine"
    """What the learning rate does after the warm-up."""
    warmup: int = 100
    """Steps over which the learning rate rises from zero."""
    floor: float = 0.1
    """Share of the peak learning rate at which cosine and wsd end."""
    decay: float = 0.2
    """Share of the run, at its end, in which wsd lowers the learning rate."""
    weight_decay: float = 0.1
    """Weight decay (multiplied by the learning rate), for matrices and embeddings only."""
    beta2: float = 0.98
    """AdamW's decay rate for the mean of squared gradients; beta1 is 0.9."""
    clip: float | None = 1.0
    """Largest norm of the gradient; None for no clipping."""
    smoothing: float = 0.0
    """Label smoothing: the share of each target spread over the whole vocabulary."""
    accumulate: int = 1
    """Batches in one optimizer step, on each rank."""
    batch_tokens: int | None = None
    """Tokens in one optimizer step over all ranks; sets the number of batches, instead of `accumulate`."""
    precision: PrecisionName = "auto"
    """Number format of the matrix products; auto is bfloat16 where the hardware has it."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:1, mps."""
    parallel: ParallelName = "auto"
    """Under torchrun: ddp puts a whole model on each rank, fsdp a slice of it; auto is ddp there, none elsewhere."""
    timeout: float = 1800.0
    """Seconds that one rank waits for another before it gives up; longer than any validation or save."""
    recompute: bool = False
    """Recompute activations in the backward pass: less memory, about a third more work, the same numbers."""
    chunk_head: int | None = None
    """Tokens whose logits are in memory at a time to compute the loss; None is the whole batch."""
    compile: CompileName = "auto"
    """Compile the model with torch.compile; auto compiles on a GPU if all batches have one shape."""
    skip_nonfinite: int = 0
    """Number of steps with a non-finite loss or gradient to skip in the run before one ends it."""
    threads: int | None = None
    """CPU threads; None is torch's choice."""
    seed: int = 0
    """Seed of the initial weights, the order of the data and dropout."""
    validate_every: int = 500
    """Steps between two validations on held-out text."""
    save_every: int = 500
    """Steps between two checkpoints."""
    log_every: int = 50
    """Steps between two lines of the log."""
    keep: int = 2
    """How many of the latest checkpoints are kept; the best one is kept as well."""
    average: int | None = None
    """Validate and keep the mean of the weights over about this many steps, instead of the last weights."""
    patience: int | None = None
    """Stop after this many validations in a row without improvement; None never stops early."""

    def __post_init__(self) -> None:
        for name, words in (
            ("schedule", get_args(ScheduleName)),
            ("optimizer", get_args(OptimizerName)),
            ("precision", get_args(PrecisionName)),
            ("parallel", get_args(ParallelName)),
            ("compile", get_args(CompileName)),
        ):
            if getattr(self, name) not in words:
                raise ValueError(f"unknown {name} {getattr(self, name)!r}; try one of {', '.join(words)}")
        check_types(self, "train.")
        counts = ("steps", "accumulate", "threads", "validate_every", "save_every", "log_every", "keep", "average")
        for name in (*counts, "patience", "batch_tokens", "chunk_head"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} ({value}) must be at least 1; try --train.{_flag(name)} 1")
        for name, most in MOST.items():
            value = getattr(self, name)
            if value is not None and value > most:
                raise ValueError(f"{name} ({value:,}) must be at most {most:,}; try --train.{_flag(name)} {most}")
        if self.batch_tokens is not None and self.accumulate != 1:
            raise ValueError(
                f"batch_tokens ({self.batch_tokens:,}) decides how many batches make a step; "
                f"try it without accumulate ({self.accumulate})"
            )
        if self.skip_nonfinite < 0:
            raise ValueError(f"skip_nonfinite ({self.skip_nonfinite}) must be at least 0; try --train.skip-nonfinite 0")
        for name, low, high, cure in (
            ("lr", 0.0, float("inf"), 1e-3),
            ("matrix_lr", 0.0, float("inf"), 0.02),
            ("clip", 0.0, float("inf"), 1.0),
            ("beta2", 0.0, 1.0, 0.95),
            ("timeout", 0.0, float("inf"), 1800),
        ):
            value = getattr(self, name)
            if value is not None and not low < value < high:
                raise ValueError(
                    f"{name} ({value}) must lie between {low:g} and {high:g}; try --train.{_flag(name)} {cure}"
                )
        for name, high in (("smoothing", 1.0), ("floor", 1.0), ("weight_decay", float("inf"))):
            value = getattr(self, name)
            if not 0 <= value <= high:
                raise ValueError(f"{name} ({value}) must lie between 0 and {high:g}; try --train.{_flag(name)} 0.1")
        if not 0 < self.decay <= 1:
            raise ValueError(f"decay ({self.decay}) must lie above 0 and be at most 1; try --train.decay 0.2")
        if not 0 <= self.seed < 2**32:
            raise ValueError(f"seed ({self.seed}) must be at least 0 and below 2 ** 32; try --train.seed 0")
        if self.warmup < 0:
            raise ValueError(f"warmup ({self.warmup}) must not be negative; try --train.warmup 0")
        if self.steps is not None and self.warmup > self.steps:
            raise ValueError(
                f"warmup ({self.warmup} steps) is longer than the run ({self.steps} steps); "
                f"try --train.warmup {self.steps // 10}"
            )

    def check_own_loss(self) -> None:
        """Raise ValueError for settings that a user's own loss, given to `fit`, would ignore."""
        if self.smoothing:
            raise ValueError(f"smoothing ({self.smoothing:g}) belongs to the built-in loss, not to your own; use 0")
        if self.chunk_head is not None:
            raise ValueError(f"chunk_head ({self.chunk_head}) computes the built-in loss, not your own; leave it out")


def _flag(name: str) -> str:
    return name.replace("_", "-")
