"""How results depend on each other: who computed what from what, and how many products lie on the shortest way from
the embedding to a result.

In a network with residual connections the shortest way from the embedding to the head has no product on it: it goes
around every sublayer. Where a residual connection is missing, it must go through.
"""

import math
from collections.abc import Iterator

from torch import Tensor

from groundup.doctor.tape import Step, Tape, memory

PRODUCTS = {"mm", "addmm", "bmm", "baddbmm", "convolution", "addmv", "mv", "dot", "addbmm"}
VIEWS = {"view", "_unsafe_view", "reshape", "_reshape_alias", "as_strided", "as_strided_", "clone", "contiguous"}
MOVES = VIEWS | {"transpose", "permute", "t", "expand", "unsqueeze", "squeeze", "slice", "select", "split", "detach"}
MOVES |= {"split_with_sizes", "unbind", "alias", "_to_copy", "unsafe_split", "chunk", "lift_fresh", "narrow"}


class Stream:
    """The dependencies of one tape."""

    def __init__(self, tape: Tape):
        self.tape = tape
        self.depth: dict[int, float] = {}
        """Of a memory: products on the shortest way from an embedding; infinity for what comes from no token."""
        self.made_by: dict[int, int] = {}
        """Of a memory: the step that last wrote it."""
        self.parents: list[list[tuple[int, int | None]]] = []
        """Of a step: what it read, and the step that wrote that."""
        self.best: list[int | None] = []
        """Of a step: the step before it on the shortest way."""
        self.deep: list[float] = []
        """Of a step: the depth of its result."""
        for n, step in enumerate(tape.steps):
            self._add(n, step)

    def _add(self, n: int, step: Step) -> None:
        reads = step.reads()
        self.parents.append([(one, self.made_by.get(one)) for one in reads])
        depths = {one: self.depth.get(one, math.inf) for one in reads}
        begins = (step.name == "embedding" and not _relative(step)) or (
            step.name in ("index", "index_select") and _looked_up(step)
        )
        nearest = min(depths, key=lambda one: depths[one], default=None)
        if begins:
            depth, before = 0.0, None
        else:
            depth = min(depths.values(), default=math.inf)
            before = None if nearest is None or depth == math.inf else self.made_by.get(nearest)
            if step.name.startswith("_scaled_dot_product"):
                depth += 2
            elif step.name in PRODUCTS:
                depth += 1
        self.best.append(before)
        self.deep.append(depth)
        for one in step.writes():
            if one not in reads or step.name.endswith("_") or one not in self.depth:
                self.depth[one] = min(depth, self.depth.get(one, math.inf)) if step.name == "copy_" else depth
                self.made_by[one] = n
            elif step.name in MOVES:
                continue

    def way(self, n: int | None) -> Iterator[int]:
        """The steps of the shortest way from an embedding to step n, the last first."""
        while n is not None:
            yield n
            n = self.best[n]

    def sources(self, n: int, *, stop: set[str]) -> Iterator[int]:
        """The steps that step n was computed from, nearest first, not beyond operations in `stop`."""
        ahead, known = [n], {n}
        while ahead:
            one = ahead.pop(0)
            yield one
            if one != n and self.tape.steps[one].name in stop:
                continue
            for _, parent in self.parents[one]:
                if parent is not None and parent not in known:
                    known.add(parent)
                    ahead.append(parent)

    def readers(self, n: int) -> list[int]:
        """The steps that read what step n wrote."""
        wrote = set(self.tape.steps[n].writes())
        return [m for m in range(n + 1, len(self.tape.steps)) if wrote & set(self.tape.steps[m].reads())]

    def is_parameter(self, tensor: Tensor) -> bool:
        """Whether a tensor was not computed from any token."""
        return self.depth.get(memory(tensor), math.inf) == math.inf


def _relative(step: Step) -> bool:
    """Whether what is looked up are distances, one for each query and key."""
    return any(one.dim() == 2 and one.shape[0] == one.shape[1] for one in step.inputs[1:])


def _looked_up(step: Step) -> bool:
    """Whether an indexing takes rows of a table by token ids."""
    return bool(step.live) and step.inputs[0].dim() == 2 and step.live[0].dim() == 3
