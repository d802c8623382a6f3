"""A conversation with a dialogue run: it remembers as many turns as the context holds, and streams its replies."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from groundup.data.dialogue import join_turns, knows_turns, plain_turn
from groundup.data.normalise import normalise_sentence
from groundup.decode.choose import Beams, Going, Greedy, Strategy
from groundup.run.pairs import PairRun


class Turn(NamedTuple):
    """One turn: a text and its speaker."""

    who: str
    """"you" or the name of the run."""
    text: str


class Conversation:
    """Talk with a run. A run that was trained on single replies (`remembers` is False) reads only the last turn.

    The user's text is plain text: it never becomes a special token or the mark between turns.
    """

    def __init__(
        self,
        run: PairRun,
        *,
        choose: Strategy | None = None,
        max_new_tokens: int | None = None,
        min_new_tokens: int = 0,
    ):
        """`choose` is `Greedy()` (the default), `Beams(...)` or `Sample(...)`, whose draws go on from reply to reply.

        The reply of a beam search comes in one piece. Without max_new_tokens, a reply may have twice the tokens of the
        text that it answers and ten more, within the context.
        """
        self.run, self.choose = run, choose or Greedy()
        self.limits: dict[str, Any] = dict(max_new_tokens=max_new_tokens, min_new_tokens=min_new_tokens)
        self.remembers = knows_turns(run.source)
        self.reset()

    def reset(self) -> None:
        """Forget all turns. A `Sample` with a seed starts its draws again."""
        self.turns: list[Turn] = []
        self.forgotten = 0
        """How many of the oldest turns were dropped because the context was full."""
        self._going = self.choose
        if not isinstance(self.choose, Beams):
            self._going = Going(self.choose.begin(self.run.device))

    def reply(self, text: str) -> Iterator[str]:
        """Yield the answer to `text` in pieces as they come. Both are remembered when the answer has ended.

        Raises ValueError at once for a text without words, a text that is longer than the context, or characters that
        the run's vocabulary lacks; the conversation is then unchanged.
        """
        said = plain_turn(text) if self.remembers else normalise_sentence(text)  # normalised as the training text was
        if not said:
            raise ValueError("there is nothing to answer")
        kept = self._kept([*self.turns, Turn("you", said)])
        return self._remembering(self._answered(kept), kept)

    def ids(self, turns: Sequence[Turn]) -> list[int]:
        """Return the tokens of these turns that the model reads, with the end token."""
        return [*self.run.source.encode(join_turns([turn.text for turn in turns])), self.run.marks.source_eos]

    def _kept(self, turns: list[Turn]) -> list[Turn]:
        """Return the last turns that fit the context together, or only the last one if the run reads one turn."""
        context = self.run.model.config.context
        if (tokens := len(self.ids(turns[-1:]))) > context:
            raise ValueError(f"{tokens} tokens do not fit the context of {context}; say it in fewer words")
        if not self.remembers:
            return turns[-1:]
        first = next(n for n in range(len(turns)) if len(self.ids(turns[n:])) <= context)
        return turns[first:]

    def _remembering(self, pieces: Iterator[str], kept: list[Turn]) -> Iterator[str]:
        text = ""
        for piece in pieces:
            text += piece
            yield piece
        if self.remembers:
            self.forgotten += len(self.turns) + 1 - len(kept)
            self.turns = [*kept, Turn(self.run.folder.name, plain_turn(text))]

    def _answered(self, kept: list[Turn]) -> Iterator[str]:
        said = join_turns([turn.text for turn in kept])
        if isinstance(self._going, Beams):
            return iter(self.run.translate([said], self._going, **self.limits))
        return self.run.stream(said, self._going, **self.limits)
