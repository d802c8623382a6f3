"""Generate answers whose tokens a `Choose` picks one after the other: the counterpart of `beam_search` for sampling."""

from collections.abc import Collection, Sequence

import torch
from torch import Tensor

from groundup.decode.choose import Choose, Going
from groundup.decode.generate import generate
from groundup.decode.hypotheses import Branch, Hypothesis, Watch
from groundup.decode.protocol import Decoder, State, end_ids


def draw(
    model: Decoder,
    state: State,
    ids: Tensor,
    *,
    choose: Choose,
    eos: int | Collection[int],
    max_new_tokens: Tensor,
    numbers: Sequence[int],
    min_new_tokens: int = 0,
    num_return_sequences: int = 1,
    watch: Watch | None = None,
) -> list[list[Hypothesis]]:
    """Return answers to every row of ids (B, T); each ends with an end token or after max_new_tokens (B,) tokens.

    The score is the mean ln p of a token, by the model itself: before temperature, filters and penalties. Answer k to
    the text of number i draws from stream i * num_return_sequences + k. `watch` is called for every token; it needs
    one answer for each row.
    """
    each, ends = num_return_sequences, end_ids(eos)
    assert watch is None or each == 1, "there is one way to go on from"
    rows = torch.arange(len(ids), device=ids.device).repeat_interleave(each)
    state.select(rows)
    streams = [number * each + k for number in numbers for k in range(each)]
    limits = max_new_tokens.repeat_interleave(each).tolist()
    texts: list[list[int]] = [[] for _ in limits]
    totals = [0.0] * len(texts)
    going = set(range(len(texts)))
    columns = generate(
        model,
        state,
        ids[rows],
        choose=Going(choose.begin(ids.device), streams),
        max_new_tokens=max(limits),
        min_new_tokens=min_new_tokens,
        stop_ids=ends,
    )
    for n, column in enumerate(columns, start=1):
        tokens, logprobs = column.ids.tolist(), column.logprobs.tolist()
        for row in sorted(going):
            texts[row].append(tokens[row])
            totals[row] += logprobs[row]
            ended = tokens[row] in ends or n == limits[row]
            if ended:
                going.remove(row)
            if watch is not None:
                kind = "finished" if ended else "living"
                watch(n, row, [Branch(0, tokens[row], totals[row], kind, totals[row])])
        if not going:
            break
    found = [Hypothesis(text, total / len(text), total) for text, total in zip(texts, totals, strict=True)]
    return [found[at : at + each] for at in range(0, len(found), each)]
