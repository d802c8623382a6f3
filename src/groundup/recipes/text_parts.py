"""What a language model learns from and is judged by, as tokens: of a text encoded now, or of shards made before."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from groundup.data.catalogue import SOURCES
from groundup.data.shards import Rows, Shards, end_of_text, fingerprint, is_shard_folder
from groundup.data.stream import ShardStream, TokenStream, Windows
from groundup.recipes.naming import naming
from groundup.recipes.recipe import TextData, TextRecipe
from groundup.text.tokenizer import Tokenizer
from groundup.training.micro import micro_batch

_LOOK = 1 << 22  # ids counted in one go


@dataclass(frozen=True)
class TextParts:
    """Tokens of the two parts."""

    tokenizer: Tokenizer
    train: Rows
    valid: NDArray[np.integer]
    streamed: bool
    """Whether they are too many to be shuffled in memory."""

    def stream(self, recipe: TextRecipe) -> TokenStream | ShardStream:
        """What to train on."""
        kind = dict(length=recipe.model.context, batch=recipe.data.batch, seed=recipe.train.seed)
        end = document_end(recipe.data, self.tokenizer)
        with naming(recipe.data.corpus):
            if self.streamed:
                return ShardStream(self.train, **kind, end_of_text=end)
            return TokenStream(self.train[0], **kind, end_of_text=end)

    def held_out(self, recipe: TextRecipe) -> Windows:
        """What to validate on: all of the held-out part, or as many of its first tokens as the recipe says."""
        return held_out_windows(self.valid, recipe, self.tokenizer)


def held_out_windows(ids: NDArray[np.integer], recipe: TextRecipe, tokenizer: Tokenizer) -> Windows:
    """The first `data.valid_tokens` predictions in ids, or all."""
    first = ids if recipe.data.valid_tokens is None else ids[: recipe.data.valid_tokens + 1]
    end = document_end(recipe.data, tokenizer)
    with naming(recipe.data.corpus):
        return Windows(first, length=recipe.model.context, batch=recipe.data.batch, end_of_text=end)


def of_each(recipe: TextRecipe, ranks: int) -> TextData:
    """The data as each of the ranks takes them: in batches small enough for all to make up `train.batch_tokens`.

    ValueError where they cannot.
    """
    if recipe.train.batch_tokens is None:
        return recipe.data
    batch = micro_batch(recipe.train.batch_tokens, context=recipe.model.context, ranks=ranks, most=recipe.data.batch)
    return dataclasses.replace(recipe.data, batch=batch)


def document_end(data: TextData, tokenizer: Tokenizer) -> int | None:
    """The id that parts documents, where a token shall see its own document alone."""
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
    held_out = joined(valid, data.valid_tokens)
    limit = len(held_out) if data.valid_tokens is None else data.valid_tokens + 1
    return TextParts(made_by, train, held_out[:limit], streamed=True)


def joined(rows: Rows, limit: int | None = None) -> NDArray[np.integer]:
    """The ids of several rows as one, without a copy where one is enough for `limit` predictions."""
    if len(rows) == 1 or (limit is not None and len(rows[0]) > limit):
        return np.asarray(rows[0])
    return np.concatenate(rows)


def text_size(ids: NDArray[np.integer], tokenizer: Tokenizer) -> tuple[int, int]:
    """How many bytes and characters the ids stand for; special tokens stand for none."""
    there = {id: token for token, id in tokenizer.vocabulary.ids.items() if id not in tokenizer.specials.values()}
    tokens = [there.get(id, b"") for id in range(tokenizer.vocab_size)]
    counts = np.zeros(tokenizer.vocab_size, np.int64)
    for first in range(0, len(ids), _LOOK):
        counts += np.bincount(ids[first : first + _LOOK], minlength=tokenizer.vocab_size)
    size = np.array([len(token) for token in tokens], np.int64)
    inside = np.array([sum(byte & 0xC0 == 0x80 for byte in token) for token in tokens], np.int64)
    return int(counts @ size), int(counts @ (size - inside))
