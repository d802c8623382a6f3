"""An encoder-decoder with its tokenizers: it translates or replies, many sentences at once or one as a stream."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch

from groundup.data.marks import Marks
from groundup.data.normalise import normalise_sentence
from groundup.decode.beam import beam_search, check_answers
from groundup.decode.choose import Beams, Greedy, Strategy
from groundup.decode.draw import draw
from groundup.decode.generate import generate
from groundup.decode.hypotheses import Branch, Hypothesis, Watch
from groundup.decode.known import Known
from groundup.decode.named import strategy
from groundup.decode.protocol import Decoder
from groundup.decode.room import check_memory, check_room
from groundup.fast.int8 import Precision, Precisions
from groundup.models.seq2seq import Seq2Seq
from groundup.run.chunks import chunks
from groundup.run.growing import pieces
from groundup.run.writing import check_list
from groundup.text.tokenizer import Tokenizer


class Answer(NamedTuple):
    """One translation or reply."""

    text: str
    score: float
    """The score that ranks beams (`Beams.score`); without beams, the mean ln p of a token."""
    logprob: float
    """ln p of the whole answer given the source."""
    ids: list[int]
    """Its tokens, with the end token if it ended by itself."""


class Translator:
    """An encoder-decoder and its tokenizers; one tokenizer if both sides share a vocabulary."""

    def __init__(self, model: Seq2Seq, source: Tokenizer, target: Tokenizer, marks: Marks | None = None):
        """marks: the special tokens that it was trained with; None is <pad>, <bos> and <eos>."""
        self.model = model
        self.source = source
        self.target = target
        self.device = next(model.parameters()).device
        self.marks = marks or Marks.of(source, target)
        self._precisions = Precisions(model)
        self._known = None
        if target.vocab_size < model.config.vocab_size:  # extra rows, which are never written
            tokens = {*target.vocabulary.ids.values(), *target.specials.values()}
            self._known = Known(model, tokens, vocab_size=model.config.vocab_size, device=self.device)

    def translate(self, sentences: Sequence[str], choose: Strategy | None = None, **options) -> list[str]:
        """Return the best answer to each sentence. Options as `answers`. An empty sentence has an empty answer."""
        return [found[0].text if found else "" for found in self.answers(sentences, choose, **options)]

    @torch.inference_mode()
    def answers(
        self,
        sentences: Sequence[str],
        choose: Strategy | None = None,
        *,
        max_new_tokens: int | None = None,
        min_new_tokens: int = 0,
        num_return_sequences: int = 1,
        prefixes: Sequence[str] | None = None,
        batch: int = 128,
        precision: Precision = "float32",
        watch: Watch | None = None,
        **named,
    ) -> list[list[Answer]]:
        """Return the answers to each sentence. `choose` is `Greedy()` (the default), `Sample(...)` or `Beams(...)`.

        Hugging Face's names make a strategy, too: `num_beams=4`, `temperature=0.8` (`decode.named`). Sentences are
        normalised as the training text was and decoded in batches of similar length. Without max_new_tokens an answer
        may have twice its source's tokens and ten more, within the context. `prefixes`, one for each sentence, are how
        the answers begin: they are part of the text, but not of the ids, the score and the limits. In int8 (CPUs only)
        answers come about twice as fast, with scores that are not quite the model's own. `watch`: see `beam_search`;
        its sentence numbers are places in `sentences`.

        Beams give the best answer first, ranked by `Beams.score`. If several answers have the same text, only the best
        is returned, so there may be fewer than num_return_sequences. Sampled answers come in the order in which they
        were drawn, with repeats, and do not depend on other answers: answer k to sentence i draws from a stream made of
        (seed, i * num_return_sequences + k). Their score is the mean ln p of a token.
        """
        check_list(sentences, "sentences", "translate")
        sentences = list(sentences)  # it is iterated more than once
        model, each = self._decoder(precision), num_return_sequences
        by = _checked(strategy(choose, **named), each, watch)
        beams = by.width if isinstance(by, Beams) else each
        found: list[list[Answer]] = [[] for _ in sentences]
        rows = max(1, batch // beams)
        for chunk in chunks(self, sentences, prefixes, rows=rows, most=max_new_tokens, least=min_new_tokens):
            self._check_room(beams, int(chunk.limits.max()), beams=isinstance(by, Beams))
            begun = model, self.model.begin(chunk.source, chunk.mask), chunk.start
            how: dict[str, Any] = dict(eos=self.marks.eos, max_new_tokens=chunk.limits, min_new_tokens=min_new_tokens)
            how["watch"] = None if watch is None else _renumbered(watch, chunk.numbers)
            if isinstance(by, Beams):
                hypotheses = beam_search(*begun, beams=by, num_return_sequences=by.width, **how)
            else:
                hypotheses = draw(*begun, choose=by, numbers=chunk.numbers, num_return_sequences=each, **how)
            for i, (_, *prefix), best in zip(chunk.numbers, chunk.start.tolist(), hypotheses, strict=True):
                answers = [self._answer(hypothesis, prefix) for hypothesis in best]
                found[i] = _distinct(answers)[:each] if isinstance(by, Beams) else answers
        return found

    def stream(
        self,
        sentence: str,
        choose: Strategy | None = None,
        *,
        max_new_tokens: int | None = None,
        min_new_tokens: int = 0,
        **named,
    ) -> Iterator[str]:
        """Yield the answer to one sentence in pieces of text as they come. Options as `answers`, without beams.

        Raises ValueError at once for a sentence that cannot be read. `max_new_tokens`: see `answers`.
        """
        by = strategy(choose, **named)
        if isinstance(by, Beams):
            raise ValueError("beams know their answer only at the end; stream with Greedy or Sample, or use translate")
        ids = self.source_ids(sentence)
        if len(ids) == 1:
            return iter(())
        with torch.no_grad():
            state = self.model.begin(*self.pad([ids]))
        columns = generate(
            self._decoder("float32"),
            state,
            torch.tensor([[self.marks.bos]], device=self.device),
            choose=by,
            max_new_tokens=self.limit(len(ids), max_new_tokens, least=min_new_tokens),
            min_new_tokens=min_new_tokens,
            stop_ids=[self.marks.eos],
        )
        return pieces((int(column.ids) for column in columns), self.target)

    def refused(self, sentences: Sequence[str]) -> dict[int, str]:
        """Return the rows of sentences that `answers` would refuse (too long, unknown characters), with the reason."""
        check_list(sentences, "sentences", "refused")
        reasons = {}
        for row, sentence in enumerate(sentences):
            try:
                self.source_ids(sentence)
            except ValueError as error:
                reasons[row] = str(error)
        return reasons

    def probabilities(self, sentence: str, answer: Sequence[int]) -> torch.Tensor:
        """Teacher forcing: return the model's distribution at each token of the answer, (T, V), in one forward pass."""
        source, mask = self.pad([self.source_ids(sentence)])
        target = torch.tensor([[self.marks.bos, *answer[:-1]]], device=self.device)
        with torch.inference_mode():
            return self.model(source, target, mask)[0].float().softmax(dim=-1)

    def source_pieces(self, sentence: str) -> list[str]:
        """Return the source tokens as printable strings, with the end token."""
        return self.source.pieces(self.source_ids(sentence))

    def pad(self, rows: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Return rows of ids as one tensor (B, S) and its mask, which is None without padding."""
        longest = max(map(len, rows))
        pad = [self.marks.source_pad]
        ids = torch.tensor([row + pad * (longest - len(row)) for row in rows], device=self.device)
        if all(len(row) == longest for row in rows):
            return ids, None
        lengths = torch.tensor([len(row) for row in rows], device=self.device)
        return ids, torch.arange(longest, device=self.device) < lengths[:, None]

    def source_ids(self, sentence: str) -> list[int]:
        """Return the source tokens with the end token. Raises ValueError for more than the context."""
        ids = [*self.source.encode(normalise_sentence(sentence)), self.marks.source_eos]
        if len(ids) > self.model.config.context:
            raise ValueError(
                f"a sentence of {len(ids)} tokens ({sentence[:30]!r}...) does not fit the context of "
                f"{self.model.config.context}; split it into sentences"
            )
        return ids

    def limit(self, length: int, most: int | None, *, least: int = 0, begun: int = 0) -> int:
        """Return how many tokens an answer to a source of `length` tokens may have after its first `begun` tokens."""
        return min(self.model.config.context - begun, max(least, 2 * length + 10) if most is None else most)

    def _decoder(self, precision: Precision) -> Decoder:
        """Return the model that generates, in this precision. Raises ValueError if that is not supported."""
        model = self._precisions.of(precision)
        return model if self._known is None else self._known.by(model)  # type: ignore[return-value]

    def _check_room(self, number: int, tokens: int, *, beams: bool) -> None:
        """Raise ValueError for more beams, or sampled answers, to a sentence than possible."""
        config = self.model.config
        vocab_size, cached = config.vocab_size, 2 * config.layers * config.width
        if beams:
            check_room(number, vocab_size=vocab_size, tokens=tokens, cached=cached, device=self.device)
        else:
            check_memory("num_return_sequences", number, each=16 * vocab_size + 8 * tokens * cached, device=self.device)

    def _answer(self, hypothesis: Hypothesis, prefix: list[int]) -> Answer:
        ids, score, logprob = hypothesis
        return Answer(self.target.decode([*prefix, *ids], skip_special=True), score, logprob, ids)


def _checked(by: Strategy, each: int, watch: Watch | None) -> Strategy:
    """Return the fastest strategy with the result of `by`. Raises ValueError if it cannot give `each` answers."""
    if isinstance(by, Greedy) and each == 1 and by.repetition_penalty is None:
        # One beam is greedy search, and finished sentences leave the batch.
        return Beams(1, no_repeat_ngram_size=by.no_repeat_ngram_size, bad_words_ids=by.bad_words_ids)
    if isinstance(by, Beams):
        check_answers(by, each)
    elif each < 1:
        raise ValueError(f"num_return_sequences ({each}) must be at least 1")
    elif each > 1 and isinstance(by, Greedy):
        raise ValueError(
            f"num_return_sequences ({each}) must be 1 where nothing is drawn; choose with Sample, or num_beams={each}"
        )
    elif each > 1 and watch is not None:
        raise ValueError(f"num_return_sequences ({each}) must be 1 where watch follows the answer")
    return by


def _distinct(answers: list[Answer]) -> list[Answer]:
    """Sort answers, best first, one for each text: different tokens can spell the same text."""
    first: dict[str, Answer] = {}
    for answer in answers:
        first.setdefault(answer.text, answer)
    return list(first.values())


def _renumbered(watch: Watch, numbers: Sequence[int]) -> Watch:
    """Return a `watch` that reports sentence i of a batch as sentence numbers[i]."""

    def told(n: int, sentence: int, branches: list[Branch]) -> None:
        watch(n, numbers[sentence], branches)

    return told
