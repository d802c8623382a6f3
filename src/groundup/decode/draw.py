"""Answers whose tokens are picked one after the other by a `Choose`: to sampling what `beam_search` is to beams."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from groundup.decode.choose import Choose, Greedy, Picker
from groundup.decode.generate import generate
from groundup.decode.hypotheses import Branch, Hypothesis, Watch
from groundup.decode.protocol import Decoder, State


def draw(
    model: Decoder,
    state: State,
    ids: Tensor,
    *,
    choose: Choose,
    eos: int,
    max_new_tokens: Tensor,
    score: Callable[[float, int], float],
    numbers: Sequence[int],
    each: int = 1,
    watch: Watch | None = None,
) -> list[list[Hypothesis]]:
    """`each` answers to every row of ids (B, T), up to and with the end token or of max_new_tokens (B,) tokens.

    score(ln p, n) is that of an answer of n tokens, ln p being the model's own, before temperature, filters and
    penalties. Answer k to the text of number i draws from stream i * each + k. `watch` is told of every token; it can
    follow one answer a row only.
    """
    assert watch is None or each == 1, "there is one way to go on from"
    B = len(ids)
    rows = torch.arange(B, device=ids.device).repeat_interleave(each)
    state.select(rows)
    streams = [number * each + k for number in numbers for k in range(each)]
    limits = max_new_tokens.repeat_interleave(each).tolist()
    texts: list[list[int]] = [[] for _ in limits]
    totals = [0.0] * len(texts)
    going = set(range(len(texts)))
    columns = generate(
        model, state, ids[rows], choose=_Numbered(choose, streams), max_new_tokens=max(limits), stop_ids=[eos]
    )
    for n, column in enumerate(columns, start=1):
        tokens, logprobs = column.ids.tolist(), column.logprobs.tolist()
        for row in sorted(going):
            texts[row].append(tokens[row])
            totals[row] += logprobs[row]
            ended = tokens[row] == eos or n == limits[row]
            if ended:
                going.remove(row)
            if watch is not None:
                watch(n, row, [Branch(0, tokens[row], totals[row], "finished" if ended else "living")])
        if not going:
            break
    found = [Hypothesis(text, score(total, len(text)), total) for text, total in zip(texts, totals, strict=True)]
    return [found[at : at + each] for at in range(0, len(found), each)]


def check_draw(
    choose: Choose, num_beams: int, each: int, ngram_size: int | None, early_stopping: bool, watch: Watch | None
) -> None:
    """ValueError for what would change nothing beside `choose`, or cannot be had with it."""
    if num_beams != 1:
        raise ValueError(f"num_beams ({num_beams}) must be 1 where choose picks the tokens; leave one of them out")
    if ngram_size is not None:
        raise ValueError(f"no_repeat_ngram_size ({ngram_size}) is part of choose here: give it to Greedy or Sample")
    if early_stopping:
        raise ValueError("early_stopping is for beams; leave it or choose out")
    if each < 1:
        raise ValueError(f"num_return_sequences ({each}) must be at least 1")
    if each > 1 and isinstance(choose, Greedy):
        raise ValueError(f"num_return_sequences ({each}) must be 1 where nothing is drawn; choose with Sample")
    if each > 1 and watch is not None:
        raise ValueError(f"num_return_sequences ({each}) must be 1 where watch follows the answer")


class _Numbered:
    """A choice for rows that have numbers of their own, whatever else is in the batch."""

    def __init__(self, choose: Choose, numbers: Sequence[int]):
        self._choose, self._numbers = choose, numbers

    def begin(self, device: torch.device) -> Picker:
        pick = self._choose.begin(device)
        return lambda logits, ids, rows=None: pick(logits, ids, self._numbers)


class Going:
    """A picker that is under way: its draws go on from one call to the next."""

    def __init__(self, picker: Picker):
        self._picker = picker

    def begin(self, device: torch.device) -> Picker:
        return self._picker
