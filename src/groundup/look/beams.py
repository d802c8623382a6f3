"""A beam search as a tree: every candidate of every step, its parent, and whether it was kept, finished or dropped."""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, Protocol

Kind = Literal["living", "finished", "dropped"]


class Branch(Protocol):
    """What a search reports about a candidate: see `groundup.decode.beam.Branch`."""

    @property
    def parent(self) -> int: ...

    @property
    def token(self) -> int: ...

    @property
    def logprob(self) -> float: ...

    @property
    def total(self) -> float: ...

    @property
    def kind(self) -> Kind: ...


class Candidate(NamedTuple):
    """A node of the tree: one token, at the end of the branch that leads to it."""

    step: int
    """The step of the search, from 1."""
    parent: int | None
    """The number of the candidate before it, None at the first step."""
    token: str
    """The token in printable form."""
    logprob: float
    """ln p of this token, given the tokens before it."""
    total: float
    """ln p of the whole branch."""
    score: float
    """The number that ranks answers: the total after the length penalty."""
    kind: Kind
    answer: int | None
    """The rank of the answer that ends here, 0 for the best; None if no answer ends here."""


class Watched:
    """A callback that keeps the steps of the search for one sentence: `watch=` of `beam_search`."""

    def __init__(self) -> None:
        self.steps: list[Sequence[Branch]] = []

    def __call__(self, n: int, sentence: int, branches: Sequence[Branch]) -> None:
        """Keep the candidates of step n."""
        assert n == len(self.steps) + 1, "one sentence, step after step"
        self.steps.append(branches)


def beam_tree(
    steps: Sequence[Sequence[Branch]],
    *,
    answers: Sequence[Sequence[int]],
    pieces: Callable[[list[int]], list[str]],
    score: Callable[[float, int], float],
) -> list[Candidate]:
    """Return the candidates in order of steps, and within a step the likeliest first.

    answers: the ids that the search returned, best first. score(total, n) is the score of a branch of n tokens.
    """
    tree: list[Candidate] = []
    ids: list[list[int]] = []  # by candidate: the ids of its whole branch
    places = {tuple(answer): place for place, answer in enumerate(answers)}
    living: list[int] = []
    for n, branches in enumerate(steps, start=1):
        going: list[int] = []
        for branch in branches:
            parent = living[branch.parent] if n > 1 else None
            before, total = ([], 0.0) if parent is None else (ids[parent], tree[parent].total)
            if branch.kind == "living":
                going.append(len(tree))
            ids.append([*before, branch.token])
            tree.append(
                Candidate(
                    step=n,
                    parent=parent,
                    token=pieces([branch.token])[0],
                    logprob=branch.logprob - total,
                    total=branch.logprob,
                    score=score(branch.total, n),
                    kind=branch.kind,
                    answer=places.get(tuple(ids[-1])) if branch.kind == "finished" else None,
                )
            )
        living = going
    return tree
