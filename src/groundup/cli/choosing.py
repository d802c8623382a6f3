"""The flags that say how a text is found, in Hugging Face's names: one dialect for generate, translate and chat."""

import dataclasses
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

if TYPE_CHECKING:
    from groundup.decode.choose import Beams, Greedy, Sample
    from groundup.text.tokenizer import Tokenizer

    S = TypeVar("S", bound=Greedy | Sample | Beams)

DRAWING = ("--temperature", "--top-k", "--top-p", "--min-p", "--seed")
RANKING = ("--length-norm", "--length-penalty")


@dataclass(frozen=True)
class Choosing:
    """How a text is found; each verb has defaults of its own."""

    greedy: bool = False
    """Always the likeliest token: neither drawn nor searched for."""
    temperature: float | None = None
    """Draw the words: below 1 more cautiously, above 1 more wildly."""
    top_k: int | None = None
    """Draw from the k likeliest tokens only."""
    top_p: float | None = None
    """Draw from the likeliest tokens only that together hold this probability."""
    min_p: float | None = None
    """Draw from tokens only that are at least this many times as likely as the likeliest."""
    seed: int | None = 0
    """The same seed and the same lines give the same texts. None draws differently each time."""
    num_beams: int = 1
    """Above 1: beam search for the likeliest text, with this many hypotheses at each step. 1 where words are drawn."""
    length_norm: Literal["average", "gnmt"] = "average"
    """The score of n tokens, the end token included: ln p / n ** length_penalty (average; Wu et al. 2016 take 0.6 to
    0.7), or ln p / ((5 + n) / 6) ** length_penalty (gnmt, their final choice)."""
    length_penalty: float = 1.0
    """Larger favours longer texts; 0 judges by ln p alone."""
    early_stopping: Literal["false", "true", "never"] = "false"
    """When beam search stops: once no living hypothesis beats the worst of num_beams finished ones, judged at its
    present length (false) or at the length most favourable to it (never: exact, slow); or once num_beams are finished
    (true)."""
    repetition_penalty: float | None = None
    """Above 1 makes tokens that were already written (or stand in the prompt) less likely."""
    no_repeat_ngram_size: int | None = None
    """Forbid any n-gram of this many tokens to appear twice."""
    bad_words: tuple[str, ...] = ()
    """Words that must not be written, as the tokenizer spells them, with and without a space before."""
    min_new_tokens: int = 0
    """No text ends before it has this many tokens."""

    def strategy(self, flags: Collection[str], *, scores: bool | None = None) -> "Greedy | Sample | Beams":
        """What the flags say. flags: those that were given; scores: whether they are shown, None if they cannot be.

        ValueError for what cannot be meant, or would change nothing beside the rest.
        """
        from groundup.decode.choose import Greedy, Sample

        drawing = next((flag for flag in DRAWING if flag in flags), None)
        beams = self._beams(flags, drawing)
        rules = dict(repetition_penalty=self.repetition_penalty, no_repeat_ngram_size=self.no_repeat_ngram_size)
        drawn: dict[str, Any] = dict(temperature=self.temperature, top_k=self.top_k, top_p=self.top_p, min_p=self.min_p)
        drawn = {name: value for name, value in drawn.items() if value is not None and not self.greedy and beams == 1}
        if drawing and not drawn:  # the seed alone
            raise ValueError("--seed is for words that are drawn: say --temperature 0.8 as well, or leave it out")
        if drawn.get("temperature") == 0:
            raise ValueError("temperature (0.0) must be above 0; for the likeliest token every time say --greedy")
        early, picked = self.early_stopping, bool(drawn) or self.repetition_penalty is not None
        if beams == 1:
            if early == "true" or (early == "never" and picked):
                raise ValueError(f"--early-stopping {early} is for beams; leave it out")
            if early != "never" and not scores and (useless := next((flag for flag in RANKING if flag in flags), None)):
                what = "" if scores is None else " and for scores that are shown"
                cure = "--num-beams 4" if scores is None else "--scores"
                raise ValueError(f"{useless} is for ranking beams{what}; leave it out, or add {cure}")
        if drawn:
            return Sample(**drawn, **rules, seed=self.seed)  # type: ignore[arg-type]
        if beams == 1 and early != "never":
            return Greedy(**rules)  # type: ignore[arg-type]
        return self.ranking(width=beams, **rules)

    def ranking(self, **more: Any) -> "Beams":
        """The beams that the flags say, which also score answers."""
        from groundup.decode.choose import Beams

        early = {"false": False, "true": True, "never": "never"}[self.early_stopping]
        return Beams(divisor=self.length_norm, length_penalty=self.length_penalty, early_stopping=early, **more)

    def forbidding(self, choose: "S", tokenizer: "Tokenizer") -> "S":
        """The strategy with the bad words in it."""
        from groundup.run.writing import spelled

        return dataclasses.replace(choose, bad_words_ids=spelled(self.bad_words, tokenizer))

    def _beams(self, flags: Collection[str], drawing: str | None) -> int:
        asked = "--num-beams" in flags and self.num_beams != 1
        if self.greedy:
            for flag in ([drawing] if drawing else []) + ["--num-beams"] * asked:
                raise ValueError(
                    f"--greedy takes the likeliest token every time: {flag} would change nothing; leave one of them out"
                )
        if asked and drawing:
            raise ValueError(f"--num-beams {self.num_beams} searches for the likeliest answer: leave out {drawing}")
        return 1 if self.greedy or drawing else self.num_beams


def given(arguments: Collection[str]) -> set[str]:
    """The flags among the arguments, as they are written in the help."""
    return {argument.split("=")[0].replace("_", "-") for argument in arguments}
