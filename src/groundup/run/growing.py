"""Show answers while they are generated: the pieces of one answer, and the best answers of a search so far."""

from collections.abc import Callable, Collection, Iterable, Iterator

from groundup.decode.hypotheses import Branch
from groundup.text.tokenizer import Tokenizer


def pieces(ids: Iterable[int], tokenizer: Tokenizer) -> Iterator[str]:
    """Yield the text of the ids, piece by piece, without special tokens and never half a character."""
    stream, hidden = tokenizer.stream(), {*tokenizer.specials.values()}
    for id in ids:
        if id not in hidden and (piece := stream.push(id)):
            yield piece
    if rest := stream.flush():
        yield rest


class Growing:
    """A callback for a search (`watch=` of `PairRun.answers`) that passes the text of its best hypotheses to `show`.

    The best hypothesis of a sentence has the highest score, finished or not. The texts of several sentences are joined.
    """

    def __init__(self, tokenizer: Tokenizer, score: Callable[[float, int], float], show: Callable[[str], None]):
        """score(total, n) is the score of a hypothesis of n tokens, by which the search ranks its answers."""
        self._tokenizer, self._score, self._show = tokenizer, score, show
        self._living: dict[int, list[list[int]]] = {}
        self._finished: dict[int, tuple[float, list[int]]] = {}
        self._texts: dict[int, str] = {}

    def __call__(self, n: int, sentence: int, branches: Collection[Branch]) -> None:
        """Called after step n of a sentence."""
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
            self._texts[sentence] = text.rstrip("\ufffd")  # half a character waits for its other bytes
            self._show(" ".join(text for _, text in sorted(self._texts.items()) if text))
