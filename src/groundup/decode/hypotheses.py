"""The state of beam search for one sentence: its living and finished hypotheses, and what happens to each candidate."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from math import inf
from typing import Literal, NamedTuple

from torch import Tensor


class Candidate(NamedTuple):
    """A living hypothesis extended by one token."""

    total: float
    """What it is ranked by: ln p of all its tokens, or the sum after a repetition penalty."""
    parent: int
    """The index of the hypothesis among the living ones of the step before, from 0, best first."""
    token: int
    logprob: float
    """ln p of all its tokens by the model itself."""


class Hypothesis(NamedTuple):
    """One finished answer."""

    ids: list[int]
    """The generated tokens without the prompt; with the end token if the answer ended by itself."""
    score: float
    logprob: float
    """ln p(ids | source, prompt) by the model itself, a sum over the tokens."""


class Branch(NamedTuple):
    """A candidate of one step, and whether it is kept."""

    parent: int
    """The index of its hypothesis among the living ones of the step before, from 0, best first."""
    token: int
    logprob: float
    """ln p of all its tokens by the model itself."""
    kind: Literal["living", "finished", "dropped"]
    """Whether it stays alive, is a finished answer, or is dropped."""
    total: float
    """What it is ranked by: ln p of all its tokens, or the sum after a repetition penalty."""


Watch = Callable[[int, int, list[Branch]], None]
"""A callback for each step n (from 1): it gets n, the number of a sentence, and its candidates, best first."""


@dataclass
class Sentence:
    """The best `beams` finished hypotheses of one sentence, best first."""

    number: int
    limit: int
    beams: int
    score: Callable[[float, int], float]
    early_stopping: bool
    favourable: int | None
    """The length for which living hypotheses are scored; None is their present length."""
    finished: list[Hypothesis] = field(default_factory=list)

    def step(
        self, n: int, candidates: Iterable[Candidate], texts: Tensor, *, ends: Collection[int], watch: Watch | None
    ) -> list[Branch]:
        """Take the likeliest continuations of the texts (beams, n - 1), best first, and store the finished ones.

        Returns those that stay alive, at most `beams`; none once the sentence is done. ends: the end tokens.
        """
        branches = self._judge(n, candidates, ends)
        for branch in branches:
            if branch.kind == "finished":
                self._set_aside([*texts[branch.parent].tolist(), branch.token], branch)
        living = [branch for branch in branches if branch.kind == "living"]
        if not living or self._hopeless(n, living[0].total):
            branches = [branch._replace(kind="dropped") if branch in living else branch for branch in branches]
            living = []
        if watch is not None:
            watch(n, self.number, branches)
        return living

    def _judge(self, n: int, candidates: Iterable[Candidate], ends: Collection[int]) -> list[Branch]:
        branches, living = [], 0
        for place, (total, parent, token, logprob) in enumerate(candidates):
            if total == -inf:
                break
            if token in ends or n == self.limit:
                kind = "finished" if place < self.beams else "dropped"
            else:
                kind = "living" if living < self.beams else "dropped"
                living += 1
            branches.append(Branch(parent, token, logprob, kind, total))
        return branches

    def _set_aside(self, ids: list[int], branch: Branch) -> None:
        self.finished.append(Hypothesis(ids, self.score(branch.total, len(ids)), branch.logprob))
        self.finished.sort(key=lambda hypothesis: -hypothesis.score)
        del self.finished[self.beams :]

    def _hopeless(self, n: int, best: float) -> bool:
        """Whether no living hypothesis (n tokens, totals up to `best`) can beat the finished ones."""
        if len(self.finished) < self.beams:
            return False
        return self.early_stopping or self.score(best, self.favourable or n) <= self.finished[-1].score
