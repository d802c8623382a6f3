"""Rules: what every strategy can forbid or make less likely, however it then chooses."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from groundup.decode.filters import bad_words, no_repeat_ngram, repetition_penalty


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The options of every strategy that forbid tokens or make them less likely."""

    repetition_penalty: float | None = None
    """Above 1: tokens that were read or written before become less likely (Keskar et al. 2019, 4.1)."""
    no_repeat_ngram_size: int | None = None
    """No sequence of this many tokens is written twice."""
    bad_words_ids: Sequence[Sequence[int]] = ()
    """Sequences of tokens that must not be written; a single token is a sequence of length 1."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "bad_words_ids", tuple(tuple(word) for word in self.bad_words_ids))
        penalty, n = self.repetition_penalty, self.no_repeat_ngram_size
        if penalty is not None and not 0 < penalty < math.inf:
            raise ValueError(f"repetition_penalty ({penalty}) must be above 0; 1 changes nothing, try 1.2")
        if n is not None and n < 1:
            raise ValueError(f"no_repeat_ngram_size ({n}) must be at least 1; try 3")
        if not all(word and min(word) >= 0 for word in self.bad_words_ids):
            raise ValueError("bad_words_ids holds an empty word or a negative id; leave it out")

    def apply(self, scores: Tensor, ids: Tensor) -> Tensor:
        """Apply the rules to scores (B, V), which are logits or log-probabilities. ids (B, T): the text so far."""
        if self.repetition_penalty is not None:
            scores = repetition_penalty(scores, ids, self.repetition_penalty)
        if self.no_repeat_ngram_size is not None:
            scores = no_repeat_ngram(scores, ids, self.no_repeat_ngram_size)
        if self.bad_words_ids:
            scores = bad_words(scores, ids, self.bad_words_ids)
        return scores

    @property
    def forbids(self) -> bool:
        """Whether there are rules that may forbid every token."""
        return self.no_repeat_ngram_size is not None or bool(self.bad_words_ids)

    def all_forbidden(self, vocab_size: int, tokens: int) -> ValueError:
        """Return the error to raise if no token is left after this many tokens."""
        n, words = self.no_repeat_ngram_size, len(self.bad_words_ids)
        bans = [f"no_repeat_ngram_size ({n})"] * (n is not None) + [f"bad_words_ids ({words})"] * (words > 0)
        return ValueError(
            f"{' with '.join(bans) or 'min_new_tokens'} forbids each of the {vocab_size} tokens after {tokens}; "
            "forbid less, or use fewer max_new_tokens"
        )

    def checked(self, logits: Tensor, ids: Tensor) -> Tensor:
        """Apply the rules. Raises ValueError if a row of (B, V) has no token left."""
        logits = self.apply(logits, ids)
        if self.forbids and logits.isneginf().all(dim=-1).any():
            raise self.all_forbidden(logits.shape[1], ids.shape[1])
        return logits
