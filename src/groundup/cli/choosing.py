"""The flags that say how the tokens of an answer are chosen, for every verb in which they are taken unless drawn."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from groundup.decode.choose import Greedy, Sample

DRAWING = ("--temperature", "--top-k", "--top-p", "--min-p", "--seed")
NOT_FOR_BEAMS = (*DRAWING, "--repetition-penalty")


@dataclass(frozen=True)
class Choosing:
    """How each token is chosen."""

    temperature: float | None = None
    """Draw the words, below 1 more cautiously, above 1 more wildly; None and no --top-k etc.: the likeliest."""
    top_k: int | None = None
    """Draw from the k likeliest tokens only."""
    top_p: float | None = None
    """Draw from the likeliest tokens only that together hold this probability."""
    min_p: float | None = None
    """Draw from tokens only that are at least this many times as likely as the likeliest."""
    seed: int | None = 0
    """The same seed and the same lines give the same answers. None draws anew each time."""
    repetition_penalty: float | None = None
    """Above 1 makes tokens already in the answer less likely."""
    no_repeat_ngram_size: int | None = None
    """Forbid any n-gram of this many tokens to appear twice in an answer."""

    def choose(self, flags: Collection[str], *, num_beams: int) -> "Greedy | Sample":
        """What the flags say; with beams only no_repeat_ngram_size counts.

        flags: those that were given. ValueError for what cannot be meant, or would change nothing beside the rest.
        """
        from groundup.decode.choose import Greedy, Sample

        useless = [flag for flag in NOT_FOR_BEAMS if flag in flags]
        if num_beams > 1 and useless:
            raise ValueError(f"--num-beams {num_beams} searches for the likeliest answer: leave out {useless[0]}")
        drawn = dict(temperature=self.temperature, top_k=self.top_k, top_p=self.top_p, min_p=self.min_p)
        drawn = {name: value for name, value in drawn.items() if value is not None}
        repetition = dict(repetition_penalty=self.repetition_penalty, no_repeat_ngram_size=self.no_repeat_ngram_size)
        if drawn:
            return Sample(**drawn, **repetition, seed=self.seed)  # type: ignore[arg-type]
        if "--seed" in flags:
            raise ValueError("--seed is for words that are drawn: say --temperature 0.8 as well, or leave it out")
        return Greedy(**repetition)  # type: ignore[arg-type]


def given(arguments: Collection[str]) -> set[str]:
    """The flags among the arguments, as they are written in the help."""
    return {argument.split("=")[0].replace("_", "-") for argument in arguments}
