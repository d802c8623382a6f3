"""Answers while they are made: the pieces of one as they come, and the best that a search has so far."""

from collections.abc import Callable, Collection, Iterable, Iterator

from groundup.decode.hypotheses import Branch
from groundup.text.tokenizer import Tokenizer


def pieces(ids: Iterable[int], tokenizer: Tokenizer) -> Iterator[str]:
    """What the ids say, piece by piece, without special tokens and never half a character."""
    stream, hidden = tokenizer.stream(), {*tokenizer.specials.values()}
    for id in ids:
        if id not in hidden and (piece := stream.push(id)):
            yield piece
    if rest := stream.flush():
        yield rest


class Growing:
    """Listens to a search (`watch=` of `PairRun.answers`) and tells `show` what its best hypotheses say so far.

    The best of a sentence is the one of the highest score, whether finished or not; those of several sentences are
    shown in a row.
    """

    def __init__(self, tokenizer: Tokenizer, score: Callable[[float, int], float], show: Callable[[str], None]):
        """score(total, n) is that of a hypothesis of n tokens: what the search ranks its answers by."""
        self._tokenizer, self._score, self._show = tokenizer, score, show
        self._living: dict[int, list[list[int]]] = {}
        self._finished: dict[int, tuple[float, list[int]]] = {}
        self._texts: dict[int, str] = {}

    def __call__(self, n: int, sentence: int, branches: Collection[Branch]) -> None:
        """Step n of a sentence is over."""
        before = self._living.get(sentence, [[]])
        grown = [(self._score(one.total, n), [*before[one.parent], one.token], one.kind) for one in branches]
        self._living[sentence] = [ids for _, ids, kind in grown if kind == "living"]
        ends = [(score, ids) for score, ids, kind in grown if kind == "finished"]
        if earlier := self._finished.get(sentence):
            ends.append(earlier)
        if ends:
            self._finished[sentence] = max(ends)
        now = [(score, ids) for score, ids, kind in grown if kind == "living"] + ends
        if now:
            text = self._tokenizer.decode(max(now)[1], skip_special=True)
            self._texts[sentence] = text.rstrip("\ufffd")  # half a character, until the rest of it comes
            self._show(" ".join(text for _, text in sorted(self._texts.items()) if text))
