"""What beam search keeps of one sentence: its living and finished hypotheses, and the fate of every candidate."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from math import inf
from typing import Literal, NamedTuple

from torch import Tensor


class Candidate(NamedTuple):
    """A living hypothesis with one more token."""

    total: float
    """What it is ranked by: ln p of all its tokens, or the sum after a repetition penalty."""
    parent: int
    """The place of the hypothesis among the living of the step before, numbered from 0, best first."""
    token: int
    logprob: float
    """ln p of all its tokens by the model itself."""


class Hypothesis(NamedTuple):
    """One answer."""

    ids: list[int]
    """Generated tokens, with the end token where it ended by itself; without the prompt."""
    score: float
    logprob: float
    """ln p(ids | source, prompt) by the model itself, a sum over the tokens."""


class Branch(NamedTuple):
    """What became of a candidate of one step."""

    parent: int
    """The place of its hypothesis among the sentence's living of the step before, numbered from 0, best first."""
    token: int
    logprob: float
    """ln p of all its tokens by the model itself."""
    kind: Literal["living", "finished", "dropped"]
    """Whether it goes on, is set aside as an answer, or neither."""
    total: float
    """What it is ranked by: ln p of all its tokens, or the sum after a repetition penalty."""


Watch = Callable[[int, int, list[Branch]], None]
"""Told each step n (from 1), the number of a sentence that is still searched, and its candidates, best first."""


@dataclass
class Sentence:
    """The bookkeeping of one sentence: the best `beams` finished hypotheses, best first."""

    number: int
    limit: int
    beams: int
    score: Callable[[float, int], float]
    early_stopping: bool
    favourable: int | None
    """The length at which living hypotheses are judged; None is their present one."""
    finished: list[Hypothesis] = field(default_factory=list)

    def step(
        self, n: int, candidates: Iterable[Candidate], texts: Tensor, *, ends: Collection[int], watch: Watch | None
    ) -> list[Branch]:
        """Judge the likeliest continuations of the texts (beams, n - 1), best first, and set aside what is finished.

        Returns those that go on, at most `beams`; none once the sentence is done. ends: the end tokens.
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
        """Whether the living, of n tokens and with totals up to `best`, cannot beat what is finished."""
        if len(self.finished) < self.beams:
            return False
        return self.early_stopping or self.score(best, self.favourable or n) <= self.finished[-1].score
