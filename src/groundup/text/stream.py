"""Decode ids one at a time, as a generating model produces them."""

import codecs
from collections.abc import Callable


class TextStream:
    """Decodes ids as they come and never shows half a character: incomplete UTF-8 waits for its other bytes.

    All results of `push` and the final `flush`, joined, equal `Tokenizer.decode` of all the ids.
    """

    def __init__(self, token_bytes: Callable[[int], bytes], between: bytes = b""):
        self._token_bytes = token_bytes
        self._between, self._begun = between, False
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def push(self, id: int) -> str:
        """Add an id and return the text that is now complete; often "", never part of a character."""
        data = self._token_bytes(id)
        data = self._between + data if self._begun else data
        self._begun = True
        return self._decoder.decode(data)

    def flush(self) -> str:
        """Return the rest at the end: U+FFFD if the ids stopped within a character, else ""."""
        return self._decoder.decode(b"", final=True)
