"""Exercise 1: byte-pair encoding (handbook, chapter 1). Fill in the three functions; then run `make exercise N=1`."""

Pair = tuple[str, str]


def count_pairs(words: dict[tuple[str, ...], int]) -> dict[Pair, int]:
    """Count how often two pieces are neighbours.

    words: the pieces of a word -> how often the word occurs. {("h", "u", "g"): 10} gives
    {("h", "u"): 10, ("u", "g"): 10}. In ("a", "a", "a") the pair ("a", "a") occurs twice.
    """
    raise NotImplementedError


def merge(pieces: tuple[str, ...], pair: Pair) -> tuple[str, ...]:
    """Join every occurrence of the pair to one piece, from left to right.

    merge(("h", "u", "g"), ("u", "g")) gives ("h", "ug"); merge(("a", "a", "a"), ("a", "a")) gives ("aa", "a").
    """
    raise NotImplementedError


def learn(words: dict[str, int], merges: int) -> list[Pair]:
    """Learn merges: join the most frequent pair everywhere, and repeat. words: a word -> how often it occurs.

    Of pairs that are equally frequent take the greatest one, as Python compares tuples. Stop early when every word is
    one piece.
    """
    raise NotImplementedError
