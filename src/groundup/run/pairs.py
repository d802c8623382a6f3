"""A trained encoder-decoder with its tokenizers: translate, reply, judge, look."""

from collections.abc import Sequence
from functools import cached_property
from typing import Literal, NamedTuple

import torch

from groundup.data.normalise import normalise_sentence
from groundup.decode.beam import Divisor, beam_search, by_length, check_beams
from groundup.decode.hypotheses import Branch, Hypothesis, Watch
from groundup.models.light import lighten
from groundup.models.seq2seq import Seq2Seq
from groundup.recipes.recipe import PairRecipe
from groundup.run.folder import RunFolder
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

    def translate(self, sentences: Sequence[str], **options) -> list[str]:
        """The best answer to each sentence; options as `answers`. An empty sentence has an empty answer."""
        return [found[0].text if found else "" for found in self.answers(sentences, **options)]

    def answers(
        self,
        sentences: Sequence[str],
        *,
        num_beams: int = 1,
        length_penalty: float = 1.0,
        divisor: Divisor = by_length,
        max_new_tokens: int | None = None,
        num_return_sequences: int = 1,
        no_repeat_ngram_size: int | None = None,
        batch: int = 128,
        precision: Literal["float32", "int8"] = "float32",
        watch: Watch | None = None,
    ) -> list[list[Answer]]:
        """The best answers to each sentence, best first; `num_beams=1` is greedy.

        Sentences are normalised as the training text was and decoded in batches of similar length. Without
        max_new_tokens an answer may have twice its source's tokens and ten more, within the context. Of answers whose
        tokens differ but whose text is the same only the best is given, so there may be fewer than
        num_return_sequences. In int8 (CPUs only) answers come about twice as fast, with scores that are not quite the
        model's own. `watch`: see `beam_search`; its sentence numbers are places in `sentences`.
        """
        check_beams(num_beams, num_return_sequences, length_penalty)
        if precision not in ("float32", "int8"):
            raise ValueError(f"precision ({precision}) must be float32 or int8")
        sources = [self._source_ids(sentence) for sentence in sentences]
        order = sorted((i for i, ids in enumerate(sources) if len(ids) > 1), key=lambda i: -len(sources[i]))
        found: list[list[Answer]] = [[] for _ in sentences]
        rows = max(1, batch // max(1, num_beams))
        for chunk in (order[at : at + rows] for at in range(0, len(order), rows)):
            ids, mask = self.pad([sources[i] for i in chunk])
            model = self.model if precision == "float32" else self._light
            with torch.inference_mode():
                hypotheses = beam_search(
                    model,
                    model.begin(ids, mask),
                    torch.full((len(chunk), 1), self.target.special_id(BOS), device=self.device),
                    beams=num_beams,
                    eos=self.target.special_id(EOS),
                    max_new_tokens=self._limits([len(sources[i]) for i in chunk], max_new_tokens),
                    length_penalty=length_penalty,
                    divisor=divisor,
                    num_return_sequences=num_beams,
                    no_repeat_ngram_size=no_repeat_ngram_size,
                    watch=None if watch is None else _renumbered(watch, chunk),
                )
            for i, best in zip(chunk, hypotheses, strict=True):
                found[i] = self._distinct(best)[:num_return_sequences]
        return found

    def refused(self, sentences: Sequence[str]) -> dict[int, str]:
        """The sentences, by their row, that `answers` would refuse (too long, characters never seen), and why."""
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

    def _limits(self, lengths: list[int], max_new_tokens: int | None) -> torch.Tensor:
        most = self.recipe.model.context
        wanted = [2 * length + 10 if max_new_tokens is None else max_new_tokens for length in lengths]
        return torch.tensor([min(most, limit) for limit in wanted])

    @cached_property
    def _light(self) -> Seq2Seq:
        return lighten(self.model)

    def _distinct(self, hypotheses: list[Hypothesis]) -> list[Answer]:
        """Best first, one an answer: tokens can spell the same text in several ways."""
        answers: dict[str, Answer] = {}
        for ids, score, logprob in hypotheses:
            text = self.target.decode(ids, skip_special=True)
            answers.setdefault(text, Answer(text, score, logprob, ids))
        return list(answers.values())


def _renumbered(watch: Watch, numbers: Sequence[int]) -> Watch:
    """Tell `watch` of sentence numbers[i] whatever there is to tell of sentence i."""

    def told(n: int, sentence: int, branches: list[Branch]) -> None:
        watch(n, numbers[sentence], branches)

    return told
