"""BPE-dropout in training: every epoch cuts all texts in a new way (Provilkov et al. 2020), and makes batches of that.

How epoch n is cut depends on (seed, n) alone, and every epoch is planned as equally many batches, so batch n of a
training is found by division and a resumed training sees what it would have seen.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, cycle, islice
from random import Random

from groundup.batch import Batch
from groundup.data.batches import PairBatches
from groundup.data.pairs import Pair
from groundup.text import patterns
from groundup.text.reading import well_formed
from groundup.text.tokenizer import Tokenizer
from groundup.text.vocabulary import BytePair

VARIANTS = 16
"""How often a word is drawn in one epoch: a rarer one at each of its places, a more frequent one in turns. Drawing is
what costs (some 12 µs a word); this leaves a sixth of it on Multi30k, 1.7 s an epoch, and an eleventh on fra-eng."""

Lists = list[list[int]]
Plan = Callable[[Lists, Lists, int | None], PairBatches]


class RedrawnBatches:
    """Batches of pairs that are encoded again in every epoch, each with as many batches as the first."""

    def __init__(
        self,
        pairs: Sequence[Pair],
        source: Tokenizer,
        target: Tokenizer,
        *,
        dropout: float,
        longest: int,
        seed: int,
        plan: Plan,
    ) -> None:
        """`plan` makes an epoch's batches of encoded sources and targets, in a given number unless that is None.

        Texts that come out with `longest` tokens or more keep their usual ids, so no pair is lost to dropout.
        """
        self._sides = [
            _Side([pair[side] for pair in pairs], tokenizer, dropout, longest)
            for side, tokenizer in enumerate((source, target))
        ]
        self._seed, self._plan = seed, plan
        self.first = plan(*self._drawn(0), None)
        """The first epoch."""

    def batches(self, start: int = 0, every: int = 1) -> Iterator[Batch]:
        """Give batch number `start` and every `every`-th after it, epoch after epoch, without end."""
        size = len(self.first)
        while True:
            epoch = start // size
            planned = self._plan(*self._drawn(epoch), size) if epoch else self.first
            numbers = range(start, (epoch + 1) * size, every)
            yield from islice(planned.batches(start, every), len(numbers))
            start += len(numbers) * every

    def _drawn(self, epoch: int) -> tuple[Lists, Lists]:
        random = Random(f"{self._seed} {epoch}")
        sources, targets = (side.drawn(random) for side in self._sides)
        return sources, targets


class _Side:
    """The texts of one side as lists of words, which is what merges stay within."""

    def __init__(self, texts: list[str], tokenizer: Tokenizer, dropout: float, longest: int) -> None:
        assert isinstance(tokenizer.vocabulary, BytePair), "TokenizerSettings allows dropout to nothing else"
        self.texts, self.tokenizer, self.dropout, self.longest = texts, tokenizer, dropout, longest
        self.merged = tokenizer.vocabulary.merged
        pattern = patterns.compiled(tokenizer.pattern)
        one: dict[str, str] = {}  # a word is kept once, however often it stands in the texts
        self.rows = [[one.setdefault(word, word) for word in patterns.split(well_formed(t), pattern)] for t in texts]
        self.counts = Counter(chain.from_iterable(self.rows))

    def drawn(self, random: Random) -> Lists:
        """The ids of every text, its words cut as `random` has it."""

        def drop() -> bool:
            return random.random() < self.dropout

        cuts = {
            word: cycle([self.merged(word.encode(), drop=drop) for _ in range(min(count, VARIANTS))]).__next__
            for word, count in self.counts.items()
        }
        rows = [[id for word in row for id in cuts[word]()] for row in self.rows]
        return [
            row if len(row) < self.longest else self.tokenizer.encode(text)
            for row, text in zip(rows, self.texts, strict=True)
        ]
