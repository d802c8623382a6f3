"""Rules: what any strategy can forbid or make less likely, whatever it does with the rest."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from groundup.decode.filters import bad_words, no_repeat_ngram, repetition_penalty


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What every strategy can forbid or make less likely."""

    repetition_penalty: float | None = None
    """Above 1: tokens that were read or written before become less likely (Keskar et al. 2019, 4.1)."""
    no_repeat_ngram_size: int | None = None
    """No sequence of so many tokens comes twice."""
    bad_words_ids: Sequence[Sequence[int]] = ()
    """Sequences of tokens that must not be written; a single token is a sequence of one."""

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
        """Scores (B, V), logits or log-probabilities, after the rules; ids (B, T) is the text so far."""
        if self.repetition_penalty is not None:
            scores = repetition_penalty(scores, ids, self.repetition_penalty)
        if self.no_repeat_ngram_size is not None:
            scores = no_repeat_ngram(scores, ids, self.no_repeat_ngram_size)
        if self.bad_words_ids:
            scores = bad_words(scores, ids, self.bad_words_ids)
        return scores

    @property
    def forbids(self) -> bool:
        """Whether there are rules that can leave no token at all."""
        return self.no_repeat_ngram_size is not None or bool(self.bad_words_ids)

    def all_forbidden(self, vocab_size: int, tokens: int) -> ValueError:
        """What to raise where no token is left after so many."""
        n, words = self.no_repeat_ngram_size, len(self.bad_words_ids)
        bans = [f"no_repeat_ngram_size ({n})"] * (n is not None) + [f"bad_words_ids ({words})"] * (words > 0)
        return ValueError(
            f"{' with '.join(bans) or 'min_new_tokens'} forbids each of the {vocab_size} tokens after {tokens}; "
            "forbid less, or use fewer max_new_tokens"
        )

    def checked(self, logits: Tensor, ids: Tensor) -> Tensor:
        """`apply`; ValueError where a row of (B, V) has no token left."""
        logits = self.apply(logits, ids)
        if self.forbids and logits.isneginf().all(dim=-1).any():
            raise self.all_forbidden(logits.shape[1], ids.shape[1])
        return logits
