"""A text while it is decoded from ids, and the finished text with its log-probabilities."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from groundup.decode.generate import TextStream, held_back, until
from groundup.text.tokenizer import Tokenizer

Ended = Literal["stop", "length", "context", "not yet"]


@dataclass(frozen=True)
class Written:
    """What a language model wrote after a prompt."""

    text: str
    """The text without the prompt, up to but without the end token or the stop string."""
    ids: list[int]
    """Its tokens; the last one is the token that ended it."""
    logprobs: list[float]
    """ln p of each token given all tokens before it: by the model itself, before temperature, filters and penalties."""
    ended: Ended
    """"stop": by an end token or a stop string. "length": max_new_tokens. "context": it was full.
    "not yet": there is more to come."""

    @property
    def logprob(self) -> float:
        """ln p of the whole text given the prompt."""
        return sum(self.logprobs)

    @property
    def mean(self) -> float:
        """The mean ln p of a token, which can compare texts of unequal length. exp(-mean) is the perplexity.

        0 if there are no tokens.
        """
        return self.logprob / max(1, len(self.logprobs))


class Writing(Iterator[str]):
    """One text while it is written: iterate over its pieces as they come. `written` is the text so far."""

    def __init__(self, stream: TextStream, *, stop_ids: Collection[int], stop: str | Iterable[str], limit: int):
        self._stream, self.stop_ids, self._limit = stream, stop_ids, limit
        self._stop = (stop,) if isinstance(stop, str) else tuple(stop)
        if "" in self._stop:
            raise ValueError("an empty stop string would stop before the first character; leave it out")
        self._text, self._ids, self._logprobs = "", [], []
        self.stopped = self._over = False
        self._pieces: Iterator[str] = iter(())

    def follow(self, tokens: Iterable[tuple[int, float]]) -> "Writing":
        """Write the text of tokens (id, ln p) while this is iterated over."""
        self._pieces = until(self._take(tokens), self._stop)
        return self

    def __next__(self) -> str:
        return next(self._pieces)

    def _take(self, tokens: Iterable[tuple[int, float]]) -> Iterator[str]:
        for token in tokens:
            yield self.add(*token)
        yield self.finish()

    def add(self, id: int, logprob: float) -> str:
        """Add one token and return the text that is now complete. `stopped` says whether it was the last one."""
        self._ids.append(id)
        self._logprobs.append(logprob)
        piece = "" if id in self.stop_ids else self._stream.push(id)
        self._text += piece
        self.stopped = id in self.stop_ids or any(word in self._text for word in self._stop)
        self._over = self.stopped
        return piece

    def finish(self) -> str:
        """Return the rest of the text when no more tokens come: half a character, as U+FFFD."""
        piece = self._stream.flush()
        self._text += piece
        self._over = True
        return piece

    @property
    def certain(self) -> str:
        """The text so far that no later token can take back, without what may be the beginning of a stop string."""
        text = "".join(until([self._text], self._stop))
        return text if self._over else text[: len(text) - held_back(text, self._stop)]

    @property
    def written(self) -> Written:
        """The text so far, with its tokens."""
        ended = "stop" if self.stopped else "length" if len(self._ids) == self._limit else "context"
        text = "".join(until([self._text], self._stop))
        return Written(text, list(self._ids), list(self._logprobs), ended if self._over else "not yet")


def check_list(texts: Sequence[str], name: str, method: str) -> None:
    """Raise ValueError if a string is given for a sequence of strings: Python would use its letters."""
    if isinstance(texts, str):
        raise ValueError(f"{name} is one string; try {method}([text])")


def spelled(words: Sequence[str], tokenizer: Tokenizer) -> list[tuple[int, ...]]:
    """Return words as `bad_words_ids`: the tokens of each, with and without a space before it.

    A model can still write a word in tokens that the tokenizer would not use for it.
    """
    if "" in words:
        raise ValueError("a bad word is empty; leave it out")
    return [ids for word in words for ids in {tuple(tokenizer.encode(text)): 0 for text in (word, f" {word}")}]
