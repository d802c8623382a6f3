"""Running text: read it, or shards made of it before; make batches of its windows."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from groundup.data.catalogue import SOURCES
from groundup.data.load import load_texts
from groundup.data.marks import ENDS_OF_TEXT, end_of_text
from groundup.data.shards import Rows, Shards, fingerprint, is_shard_folder
from groundup.data.split import split_text, split_texts
from groundup.data.stream import ShardStream, TokenStream, Windows
from groundup.flow.describe import describe_tokenizer, describe_unseen
from groundup.flow.naming import naming
from groundup.flow.parts import Batches, Tokenizers
from groundup.flow.progress import progress
from groundup.plan.here import of_each
from groundup.recipes.recipe import TextData, TextRecipe
from groundup.text.tokenizer import Tokenizer
from groundup.training import launch


@dataclass(frozen=True)
class TextParts:
    """The tokens to learn from and those held out."""

    tokenizer: Tokenizer
    train: Rows
    valid: NDArray[np.integer]
    about: str
    """What to say of the tokenizer."""
    streamed: bool
    """True where the tokens are too many to be shuffled in memory."""

    @property
    def tokenizers(self) -> Tokenizers:
        return Tokenizers(self.tokenizer, self.tokenizer)

    @property
    def held_out(self) -> Mapping[str, NDArray[np.integer]]:
        return {"validation": self.valid}

    def describe(self) -> Iterator[str]:
        yield f"tokenizer    {self.about}"


def read(recipe: TextRecipe, known: Tokenizers | None, *, say: Callable[[str], None]) -> TextParts:
    """Read and encode the text, or open the shards. known: what a training has already; else make a tokenizer here."""
    of_each(recipe, launch.size())  # before anything is read: ranks that cannot share a step are a mistake
    tokenizer = None if known is None else known.target
    if (shards := open_shards(recipe.data)) is not None:
        parts = shard_parts(shards, recipe.data, tokenizer)
        counts = sum(map(len, parts.train)), len(parts.valid)
        say(f"shards       {recipe.data.corpus}: {counts[0]:,} tokens to learn from, {counts[1]:,} held out")
        shards.check(rank=launch.rank(), ranks=launch.size(), watched=partial(progress, what="reading the shards"))
        return parts
    train, valid = read_texts(recipe.data)
    say(
        f"text         {recipe.data.corpus}: {sum(map(len, train)):,} characters to learn from, "
        f"{sum(map(len, valid)):,} held out"
    )
    if recipe.tokenizer.kind == "characters" and (unseen := describe_unseen(train, valid)):
        say(f"{'':12} {unseen}")
    tokenizer = tokenizer or train_tokenizer(recipe, train, valid)
    learn, held_out = encode_texts(train, tokenizer), encode_texts(valid, tokenizer)
    tokens = len(held_out) - (len(valid) if _end_between(valid, tokenizer) is not None else 0)
    return TextParts(tokenizer, [learn], held_out, describe_tokenizer(tokenizer, valid, tokens), streamed=False)


def make_batches(recipe: TextRecipe, parts: TextParts) -> Batches:
    """Windows of the text in an order that (seed, number) decides; smaller micro-batches where ranks share a step."""
    here = dataclasses.replace(recipe, data=of_each(recipe, launch.size()))
    stream = make_stream(recipe, parts)
    about = f"batches      {len(stream):,} an epoch, of {recipe.data.batch} windows of {recipe.model.context} tokens"
    return Batches(
        epoch=stream,
        train=stream.dealt(here.data.batch),
        valid=held_out_windows(parts.valid, here, parts.tokenizer),
        about=f"{about}\n{_describe_share(recipe, here.data.batch)}",
    )


def make_stream(recipe: TextRecipe, parts: TextParts) -> TokenStream | ShardStream:
    """What to train on."""
    kind = dict(length=recipe.model.context, batch=recipe.data.batch, seed=recipe.train.seed)
    end = document_end(recipe.data, parts.tokenizer)
    with naming(recipe.data.corpus):
        if parts.streamed:
            return ShardStream(parts.train, **kind, end_of_text=end)
        return TokenStream(parts.train[0], **kind, end_of_text=end)


def held_out_windows(ids: NDArray[np.integer], recipe: TextRecipe, tokenizer: Tokenizer) -> Windows:
    """The first `data.valid_tokens` predictions in ids, or all."""
    first = ids if recipe.data.valid_tokens is None else ids[: recipe.data.valid_tokens + 1]
    end = document_end(recipe.data, tokenizer)
    with naming(recipe.data.corpus):
        return Windows(first, length=recipe.model.context, batch=recipe.data.batch, end_of_text=end)


def document_end(data: TextData, tokenizer: Tokenizer) -> int | None:
    """The id between documents, where a token may see its own document only."""
    if not data.document_mask:
        return None
    if (end := end_of_text(tokenizer)) is None:
        raise ValueError("data.document_mask needs a tokenizer with an end-of-text token; leave it out")
    return end


def open_shards(data: TextData) -> Shards | None:
    """The shards that the recipe names, or None where it names text."""
    path = Path(data.corpus)
    if path.parts[:1] == ("shards",) and not path.exists():  # where recipes that are for shards expect them
        raise ValueError(
            f"{path}: there is no such folder; make it from parquet, jsonl or text: "
            f"groundup data prepare SOURCE --tokenizer gpt2 --out {path}"
        )
    if data.corpus in SOURCES or not is_shard_folder(data.corpus):
        return None
    return Shards.open(data.corpus)


def shard_parts(shards: Shards, data: TextData, tokenizer: Tokenizer | None = None) -> TextParts:
    """The parts of the shards. tokenizer: the one a training was begun with; ValueError if another made the shards."""
    made_by = shards.load_tokenizer()
    if tokenizer is not None and fingerprint(tokenizer) != fingerprint(made_by):
        raise ValueError(f"{shards.folder}: made by another tokenizer than the one this training was begun with")
    train, valid = shards.parts(data.valid)
    if not train or not valid:
        raise ValueError(f"{shards.folder}: {len(shards):,} tokens are too few to hold out {data.valid:.0%} of them")
    held_out = _joined(valid, data.valid_tokens)
    limit = len(held_out) if data.valid_tokens is None else data.valid_tokens + 1
    ranks = launch.size()
    found = "every shard" if ranks == 1 else f"of the shards one in {ranks}, the others elsewhere,"
    about = f"{made_by.vocab_size:,} tokens; {found} read and found whole"
    return TextParts(made_by, train, held_out[:limit], about, streamed=True)


def read_texts(data: TextData) -> tuple[list[str], list[str]]:
    """Training and held-out texts: of a single text its last part, of several whole ones drawn at random."""
    if open_shards(data) is not None:
        raise ValueError(f"{data.corpus}: token shards, where the text itself is needed")
    texts = load_texts(data.corpus)
    with naming(data.corpus):
        if len(texts) == 1:
            first, last = split_text(texts[0], valid=data.valid)
            return [first], [last]
        splits = split_texts(texts, valid=data.valid)
    return splits.train, splits.valid


def train_tokenizer(recipe: TextRecipe, train: Sequence[str], held_out: Sequence[str] = ()) -> Tokenizer:
    """Byte pairs, from the training text only; or the characters of all text, for the held-out part may have others."""
    if recipe.tokenizer.kind == "characters":
        return Tokenizer.characters([*train, *held_out])
    return Tokenizer.train_from_texts(
        train, recipe.tokenizer.vocab_size, pattern=recipe.tokenizer.pattern, specials=ENDS_OF_TEXT[:1]
    )


def encode_texts(texts: Sequence[str], tokenizer: Tokenizer) -> NDArray[np.int32]:
    """All texts as one row of ids; an end-of-text token follows each of several, where the tokenizer has one."""
    end = _end_between(texts, tokenizer)
    between = [] if end is None else [np.array([end], np.int32)]
    rows = [np.empty(0, np.int32)]
    for text in texts:
        rows += [tokenizer.encode_array(text), *between]
    return np.concatenate(rows)


def _end_between(texts: Sequence[str], tokenizer: Tokenizer) -> int | None:
    return end_of_text(tokenizer) if len(texts) > 1 else None


def _joined(rows: Rows, limit: int | None) -> NDArray[np.integer]:
    """The ids of several rows as one, without a copy where one is enough for `limit` predictions."""
    if len(rows) == 1 or (limit is not None and len(rows[0]) > limit):
        return np.asarray(rows[0])
    return np.concatenate(rows)


def _describe_share(recipe: TextRecipe, batch: int) -> str:
    """Where the batches of each rank are not the recipe's, a line about that; an empty line in any case."""
    if batch == recipe.data.batch:
        return ""
    ranks = f"{launch.size():,} ranks make" if launch.size() > 1 else "1 rank makes"
    return f"{'':12} micro-batches of {batch} windows, so that {ranks} up {recipe.train.batch_tokens:,} tokens\n"
