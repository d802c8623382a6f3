"""Sentence pairs: read them, encode both sides, make batches of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from groundup.data.batches import PairBatches, Rows
from groundup.data.load import load_pairs, load_splits
from groundup.data.marks import BOS, EOS, PAD, Marks
from groundup.data.pairs import Pair
from groundup.data.split import PairSplits
from groundup.flow.describe import describe_tokenizer
from groundup.flow.naming import naming
from groundup.flow.parts import Batches, Tokenizers
from groundup.flow.redrawn import RedrawnBatches
from groundup.recipes.recipe import PairData, PairRecipe
from groundup.text.tokenizer import Tokenizer

SPECIALS = (PAD, BOS, EOS)


@dataclass(frozen=True)
class PairParts:
    """The pairs of the three parts, encoded when they are first asked for, and once."""

    tokenizers: Tokenizers
    splits: PairSplits
    memorise: bool

    @property
    def held_out(self) -> Mapping[str, Sequence[Pair]]:
        return {} if self.memorise else {"validation": self.splits.valid, "test": self.splits.test}

    @cached_property
    def train(self) -> tuple[Rows, Rows]:
        """The ids of both sides of the pairs to learn from."""
        return encode_pairs(self.splits.train, self.tokenizers)

    @cached_property
    def valid(self) -> tuple[Rows, Rows]:
        """The same of the pairs to validate on."""
        return encode_pairs(self.splits.valid, self.tokenizers)

    def describe(self) -> Iterator[str]:
        for tokenizer, side in {self.tokenizers.source: 0, self.tokenizers.target: 1}.items():  # one line if shared
            texts = [pair[side] for pair in self.splits.valid]
            where = "the pairs to memorise" if self.memorise else "held-out text"
            yield f"tokenizer    {describe_tokenizer(tokenizer, texts, self.valid[side].tokens, where=where)}"


def read(recipe: PairRecipe, known: Tokenizers | None, *, say: Callable[[str], None]) -> PairParts:
    """Read the pairs and deal them out. known: the tokenizers that a training has already; else make them here."""
    splits, memorise = read_splits(recipe.data), recipe.data.memorise
    held_out = "" if memorise else f", {len(splits.valid):,} for validation, {len(splits.test):,} for the test"
    say(f"pairs        {recipe.data.corpus}: {len(splits.train):,} to learn from{held_out}")
    with naming(recipe.data.corpus):
        known = known or train_tokenizers(recipe, splits.train, [*splits.valid, *splits.test])
    return PairParts(known, splits, memorise)


def make_batches(recipe: PairRecipe, parts: PairParts) -> Batches:
    """Pairs of like lengths together; encoded once, or in every epoch again if the recipe asks for BPE-dropout."""
    train = (
        plan_batches(recipe, parts.tokenizers, *parts.train) if not recipe.tokenizer.dropout else redrawn(recipe, parts)
    )
    epoch = train.first if isinstance(train, RedrawnBatches) else train
    about = (
        f"batches      {len(epoch):,} an epoch of {epoch.pairs:,} pairs, {epoch.padding_share:.1%} padding, "
        f"{epoch.dropped:,} pairs too long\n"
    )
    valid = plan_batches(recipe, parts.tokenizers, *parts.valid).fixed()
    return Batches(epoch=epoch, train=train, valid=valid, about=about)


def redrawn(recipe: PairRecipe, parts: PairParts) -> RedrawnBatches:
    """Batches with BPE-dropout."""
    return RedrawnBatches(
        parts.splits.train,
        *parts.tokenizers,
        dropout=recipe.tokenizer.dropout,
        longest=_longest(recipe),
        seed=recipe.train.seed,
        plan=lambda sources, targets, count: plan_batches(recipe, parts.tokenizers, sources, targets, count=count),
    )


def plan_batches(
    recipe: PairRecipe,
    tokenizers: Tokenizers,
    sources: Rows | list[list[int]],
    targets: Rows | list[list[int]],
    *,
    count: int | None = None,
) -> PairBatches:
    """Batches of encoded pairs with the marks of their vocabularies; `count` as in `PairBatches`."""
    return PairBatches(
        sources,
        targets,
        budget=recipe.data.batch_tokens,
        **Marks.of(*tokenizers)._asdict(),
        seed=recipe.train.seed,
        max_length=_longest(recipe),
        count=count,
    )


def encode_pairs(pairs: Sequence[Pair], tokenizers: Tokenizers) -> tuple[Rows, Rows]:
    """The ids of both sides, as arrays from the encoder on."""
    return _encode([pair.source for pair in pairs], tokenizers.source), _encode(
        [pair.target for pair in pairs], tokenizers.target
    )


def _encode(texts: Sequence[str], tokenizer: Tokenizer) -> Rows:
    ids, bounds = tokenizer.encode_joined(texts)
    return Rows(ids, bounds[1:] - bounds[:-1])


def read_splits(data: PairData) -> PairSplits:
    """The pairs in three parts; all three are the same when the task is to memorise."""
    if data.memorise:
        pairs = turned(load_pairs(data.corpus, data.other), data.reverse)
        return PairSplits(pairs, pairs, pairs)
    with naming(data.corpus):
        splits = load_splits(
            data.corpus, data.other, valid=data.valid, test=data.test, seed=data.split_seed, train=data.phrasebook
        )
    return PairSplits(*(turned(part, data.reverse) for part in splits))


def turned(pairs: Sequence[Pair], reverse: bool) -> list[Pair]:
    """The pairs, their sides swapped if `reverse`."""
    return [Pair(pair.target, pair.source) for pair in pairs] if reverse else list(pairs)


def train_tokenizers(recipe: PairRecipe, pairs: Sequence[Pair], held_out: Sequence[Pair] = ()) -> Tokenizers:
    """One tokenizer for both sides or one for each, from the training part only; characters are those of all parts."""
    characters = recipe.tokenizer.kind == "characters"

    def make(texts: list[str]) -> Tokenizer:
        if characters:
            return Tokenizer.characters(texts, specials=SPECIALS)
        if recipe.tokenizer.kind == "words":
            return Tokenizer.words(texts, vocab_size=recipe.tokenizer.vocab_size, specials=SPECIALS)
        return Tokenizer.train_from_texts(
            texts, recipe.tokenizer.vocab_size, pattern=recipe.tokenizer.pattern, specials=SPECIALS
        )

    sides = [[pair[side] for pair in (*pairs, *(held_out if characters else ()))] for side in (0, 1)]
    if recipe.tokenizer.shared:
        shared = make(sides[0] + sides[1])
        return Tokenizers(shared, shared)
    return Tokenizers(make(sides[0]), make(sides[1]))


def _longest(recipe: PairRecipe) -> int:
    return min(recipe.data.max_length, recipe.model.context)
