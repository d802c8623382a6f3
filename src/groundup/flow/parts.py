"""What stands between reading and training: the parts of a corpus as tokens, and batches made of them."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple, Protocol

from groundup.batch import Batch
from groundup.flow.held_out import Part
from groundup.text.tokenizer import Tokenizer
from groundup.training.micro import Data

FIRST = 16  # batches that a fingerprint covers


class Tokenizers(NamedTuple):
    """The tokenizers of both sides, the same object twice where they share one, as a running text always does."""

    source: Tokenizer
    target: Tokenizer


class Epochs(Data, Protocol):
    """Batches, and how many make an epoch."""

    def __len__(self) -> int: ...


@dataclass(frozen=True)
class Batches:
    """What a model is trained on and validated by."""

    epoch: Epochs
    """The batches as the recipe has them, however many ranks share them."""
    train: Data
    """The same batches as this process takes them."""
    valid: Sequence[Batch]
    about: str
    """How many they are, for people."""

    def fingerprint(self) -> dict[str, Any]:
        """How many batches an epoch has, and a hash of what the first few teach."""
        found = hashlib.sha256()
        for batch in islice(self.epoch.batches(0), FIRST):
            found.update(str(tuple(batch.targets.shape)).encode())
            found.update(batch.targets.numpy().tobytes())
        return {"epoch": len(self.epoch), "first": found.hexdigest()[:16]}


class Parts(Protocol):
    """A corpus, read and dealt out: to learn from, to validate on, to be judged by. Ids are int32 arrays."""

    @property
    def tokenizers(self) -> Tokenizers: ...

    @property
    def held_out(self) -> Mapping[str, Part]:
        """The parts that must never be learnt from, by name."""
        ...

    def describe(self) -> Iterator[str]:
        """Yield a line about each tokenizer."""
        ...
