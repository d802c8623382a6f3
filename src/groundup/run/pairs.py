"""A trained encoder-decoder with its tokenizers: translate, reply, judge, look."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch

from groundup.data.normalise import normalise_sentence
from groundup.decode.beam import Divisor, EarlyStopping, beam_search, by_length, check_beams, check_memory, check_room
from groundup.decode.choose import Choose, Greedy
from groundup.decode.draw import check_draw, draw
from groundup.decode.generate import generate
from groundup.decode.hypotheses import Branch, Hypothesis, Watch
from groundup.models.light import Precision, Precisions
from groundup.models.seq2seq import Seq2Seq
from groundup.recipes.recipe import PairRecipe
from groundup.run.folder import RunFolder
from groundup.run.growing import pieces
from groundup.run.writing import check_list
from groundup.text.tokenizer import Tokenizer

PAD, BOS, EOS = "<pad>", "<bos>", "<eos>"


class Answer(NamedTuple):
    """One translation or reply."""

    text: str
    score: float
    """ln p divided by the length penalty's divisor: what beams are ranked by."""
    logprob: float
    """ln p of the whole answer given the source."""
    ids: list[int]
    """Its tokens, the end token included where it ended by itself."""


class PairRun:
    """A run folder with its model in memory."""

    def __init__(self, folder: RunFolder, recipe: PairRecipe, model: Seq2Seq, source: Tokenizer, target: Tokenizer):
        self.folder = folder
        self.recipe = recipe
        self.model = model
        self.source = source
        self.target = target
        self.device = next(model.parameters()).device
        self._precisions = Precisions(model)

    def translate(self, sentences: Sequence[str], **options) -> list[str]:
        """The best answer to each sentence; options as `answers`. An empty sentence has an empty answer."""
        return [found[0].text if found else "" for found in self.answers(sentences, **options)]

    @torch.inference_mode()
    def answers(
        self,
        sentences: Sequence[str],
        *,
        num_beams: int = 1,
        choose: Choose | None = None,
        length_penalty: float = 1.0,
        divisor: Divisor = by_length,
        early_stopping: EarlyStopping = False,
        max_new_tokens: int | None = None,
        num_return_sequences: int = 1,
        no_repeat_ngram_size: int | None = None,
        batch: int = 128,
        precision: Precision = "float32",
        watch: Watch | None = None,
    ) -> list[list[Answer]]:
        """The best answers to each sentence, best first; `num_beams=1` is greedy.

        Sentences are normalised as the training text was and decoded in batches of similar length. Without
        max_new_tokens an answer may have twice its source's tokens and ten more, within the context. Scores are
        ln p / divisor(n, length_penalty), divisor being `by_length` or `gnmt`; `decode.beam` has their formulas, and
        what early_stopping does. Of answers whose tokens differ but whose text is the same only the best is given, so
        there may be fewer than num_return_sequences. In int8 (CPUs only) answers come about twice as fast, with scores
        that are not quite the model's own. `watch`: see `beam_search`; its sentence numbers are places in `sentences`.

        With `choose`, a `Sample(...)` or a `Greedy(...)`, there are no beams: it picks token after token. Answers are
        then in the order in which they were drawn, repeats included, and none depends on its neighbours: answer k to
        sentence i draws from a stream made of (seed, i * num_return_sequences + k).
        """
        check_list(sentences, "sentences", "translate")
        sentences = list(sentences)  # gone through more than once
        model = self._precisions.of(precision)
        check_beams(num_beams, num_return_sequences if choose is None else 1, length_penalty)
        if choose is None:
            each = num_beams
            how: dict[str, Any] = dict(
                beams=num_beams,
                num_return_sequences=num_beams,
                length_penalty=length_penalty,
                divisor=divisor,
                early_stopping=early_stopping,
                no_repeat_ngram_size=no_repeat_ngram_size,
            )
        else:
            each = num_return_sequences
            check_draw(choose, num_beams, each, no_repeat_ngram_size, early_stopping is not False, watch)
            how = dict(choose=choose, each=each, score=lambda p, n: p / divisor(n, length_penalty))
        found: list[list[Answer]] = [[] for _ in sentences]
        for chunk, ids, mask, limits in self._batches(sentences, max(1, batch // each), max_new_tokens):
            self._check_room(each, max(limits), beams=choose is None)
            start = torch.full((len(chunk), 1), self.target.special_id(BOS), device=self.device)
            begun = model, model.begin(ids, mask), start
            how["eos"], how["max_new_tokens"] = self.target.special_id(EOS), torch.tensor(limits)
            how["watch"] = None if watch is None else _renumbered(watch, chunk)
            hypotheses = beam_search(*begun, **how) if choose is None else draw(*begun, numbers=chunk, **how)
            for i, best in zip(chunk, hypotheses, strict=True):
                answers = [self._answer(hypothesis) for hypothesis in best]
                found[i] = answers if choose else _distinct(answers)[:num_return_sequences]
        return found

    def stream(
        self, sentence: str, *, choose: Choose | None = None, max_new_tokens: int | None = None
    ) -> Iterator[str]:
        """The answer to one sentence in pieces of text as they come; choose is `Greedy()` (None) or a `Sample(...)`.

        ValueError, at once, for a sentence that cannot be read. `max_new_tokens`: see `answers`.
        """
        ids = self._source_ids(sentence)
        if len(ids) == 1:
            return iter(())
        with torch.no_grad():
            state = self.model.begin(*self.pad([ids]))
        columns = generate(
            self.model,
            state,
            torch.tensor([[self.target.special_id(BOS)]], device=self.device),
            choose=choose or Greedy(),
            max_new_tokens=self._limit(len(ids), max_new_tokens),
            stop_ids=[self.target.special_id(EOS)],
        )
        return pieces((int(column.ids) for column in columns), self.target)

    def refused(self, sentences: Sequence[str]) -> dict[int, str]:
        """The sentences, by their row, that `answers` would refuse (too long, characters never seen), and why."""
        check_list(sentences, "sentences", "refused")
        reasons = {}
        for row, sentence in enumerate(sentences):
            try:
                self._source_ids(sentence)
            except ValueError as error:
                reasons[row] = str(error)
        return reasons

    def probabilities(self, sentence: str, answer: Sequence[int]) -> torch.Tensor:
        """Teacher forcing: the model's distribution at each token of the answer, (T, V), in one forward pass."""
        source, mask = self.pad([self._source_ids(sentence)])
        target = torch.tensor([[self.target.special_id(BOS), *answer[:-1]]], device=self.device)
        with torch.inference_mode():
            return self.model(source, target, mask)[0].float().softmax(dim=-1)

    def source_pieces(self, sentence: str) -> list[str]:
        """The source tokens as printable strings, the end token included."""
        return self.source.pieces(self._source_ids(sentence))

    def pad(self, rows: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Rows of ids as one tensor (B, S) and its mask, None where nothing is padded."""
        longest = max(map(len, rows))
        pad = self.source.special_id(PAD)
        ids = torch.tensor([row + [pad] * (longest - len(row)) for row in rows], device=self.device)
        if all(len(row) == longest for row in rows):
            return ids, None
        lengths = torch.tensor([len(row) for row in rows], device=self.device)
        return ids, torch.arange(longest, device=self.device) < lengths[:, None]

    def _source_ids(self, sentence: str) -> list[int]:
        ids = [*self.source.encode(normalise_sentence(sentence)), self.source.special_id(EOS)]
        if len(ids) > self.recipe.model.context:
            raise ValueError(
                f"a sentence of {len(ids)} tokens ({sentence[:30]!r}...) does not fit the context of "
                f"{self.recipe.model.context}; split it into sentences"
            )
        return ids

    def _batches(
        self, sentences: Sequence[str], rows: int, max_new_tokens: int | None
    ) -> Iterator[tuple[list[int], torch.Tensor, torch.Tensor | None, list[int]]]:
        """Numbers, ids, mask and limits of sentences with words, at most `rows` of similar length at a time."""
        sources = [self._source_ids(sentence) for sentence in sentences]
        order = sorted((i for i, ids in enumerate(sources) if len(ids) > 1), key=lambda i: -len(sources[i]))
        for chunk in (order[at : at + rows] for at in range(0, len(order), rows)):
            limits = [self._limit(len(sources[i]), max_new_tokens) for i in chunk]
            yield chunk, *self.pad([sources[i] for i in chunk]), limits

    def _limit(self, length: int, max_new_tokens: int | None) -> int:
        return min(self.recipe.model.context, 2 * length + 10 if max_new_tokens is None else max_new_tokens)

    def _check_room(self, number: int, tokens: int, *, beams: bool) -> None:
        """ValueError for more beams, or drawn answers, to a sentence than there can be."""
        vocab_size, cached = self.recipe.model.vocab_size, 2 * self.recipe.model.layers * self.recipe.model.width
        if beams:
            check_room(number, vocab_size=vocab_size, tokens=tokens, cached=cached, device=self.device)
        else:
            check_memory("num_return_sequences", number, each=16 * vocab_size + 8 * tokens * cached, device=self.device)

    def _answer(self, hypothesis: Hypothesis) -> Answer:
        ids, score, logprob = hypothesis
        return Answer(self.target.decode(ids, skip_special=True), score, logprob, ids)


def _distinct(answers: list[Answer]) -> list[Answer]:
    """Best first, one a text: tokens can spell the same one in several ways."""
    first: dict[str, Answer] = {}
    for answer in answers:
        first.setdefault(answer.text, answer)
    return list(first.values())


def _renumbered(watch: Watch, numbers: Sequence[int]) -> Watch:
    """Tell `watch` of sentence numbers[i] whatever there is to tell of sentence i."""

    def told(n: int, sentence: int, branches: list[Branch]) -> None:
        watch(n, numbers[sentence], branches)

    return told
