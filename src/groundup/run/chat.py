"""A conversation with a dialogue run: what was said is kept as far as the context allows, replies come as a stream."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from groundup.data.dialogue import join_turns, knows_turns, plain_turn
from groundup.data.normalise import normalise_sentence
from groundup.decode.choose import Beams, Going, Greedy, Strategy
from groundup.run.pairs import PairRun


class Turn(NamedTuple):
    """What was said, and by whom."""

    who: str
    """"you" or the name of the run."""
    text: str


class Conversation:
    """Talk with a run. One that has learnt single replies only (`remembers` is False) hears the last turn alone.

    What a person types is plain text: special tokens and the mark between turns cannot be spoken.
    """

    def __init__(
        self,
        run: PairRun,
        *,
        choose: Strategy | None = None,
        max_new_tokens: int | None = None,
        min_new_tokens: int = 0,
    ):
        """`choose` is `Greedy()` (the default), `Beams(...)` or a `Sample(...)`, whose draws go on from reply to reply.

        A reply that beam search found comes in one piece. Without max_new_tokens a reply may have twice the tokens it
        answers and ten more, within the context.
        """
        self.run, self.choose = run, choose or Greedy()
        self.limits: dict[str, Any] = dict(max_new_tokens=max_new_tokens, min_new_tokens=min_new_tokens)
        self.remembers = knows_turns(run.source)
        self.reset()

    def reset(self) -> None:
        """Forget everything said; a `Sample` with a seed draws from its beginning again."""
        self.turns: list[Turn] = []
        self.forgotten = 0
        """How many of the oldest turns had to go because the context was full."""
        self._going = self.choose
        if not isinstance(self.choose, Beams):
            self._going = Going(self.choose.begin(self.run.device))

    def reply(self, text: str) -> Iterator[str]:
        """The answer to `text`, in pieces as they come; it and the text are remembered when it has ended.

        ValueError, at once, for a text without words, one that alone is longer than the context, or characters that
        the run's vocabulary lacks; the conversation is then as it was before.
        """
        said = plain_turn(text) if self.remembers else normalise_sentence(text)  # as the training text was read
        if not said:
            raise ValueError("there is nothing to answer")
        kept = self._kept([*self.turns, Turn("you", said)])
        return self._remembering(self._answered(kept), kept)

    def ids(self, turns: Sequence[Turn]) -> list[int]:
        """What the model reads of these turns, the end token included."""
        return [*self.run.source.encode(join_turns([turn.text for turn in turns])), self.run.marks.source_eos]

    def _kept(self, turns: list[Turn]) -> list[Turn]:
        """The last turns that fit the context together, or the one that is heard."""
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
