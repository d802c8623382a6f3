"""A trained language model with its tokenizer: write on, judge, look."""

from collections.abc import Collection, Iterator, Sequence

import torch

from groundup.decode.beam import Hypothesis, beam_search, check_room
from groundup.decode.choose import Choose, Greedy
from groundup.decode.known import Known
from groundup.decode.protocol import Decoder
from groundup.decode.sliding import Said, pad_left, write_texts
from groundup.models.causal_lm import CausalLM
from groundup.models.light import Precision, Precisions
from groundup.recipes.recipe import TextRecipe
from groundup.run.folder import RunFolder
from groundup.run.writing import Writing, Written, check_list
from groundup.text.tokenizer import Tokenizer

END = "<|endoftext|>"


class TextRun:
    """A run folder with its model in memory. Ids for which the tokenizer has no token are never written."""

    def __init__(self, folder: RunFolder, recipe: TextRecipe, model: CausalLM, tokenizer: Tokenizer):
        self.folder = folder
        self.recipe = recipe
        self.model = model
        self.tokenizer = tokenizer
        self.device = next(model.parameters()).device
        self._precisions = Precisions(model)
        tokens = {*tokenizer.vocabulary.ids.values(), *tokenizer.specials.values()}
        self._known = Known(model, tokens, vocab_size=model.config.vocab_size, device=self.device)
        self._knows_all = len(tokens) == model.config.vocab_size

    def generate(
        self,
        prompt: str = "",
        *,
        choose: Choose | None = None,
        max_new_tokens: int = 200,
        stop: str | Collection[str] = (),
        slide: bool = False,
        precision: Precision = "float32",
    ) -> Writing:
        """What the model writes after the prompt, in pieces of text as they come (`"".join(...)` for all of it).

        choose is `Greedy()` (the default) or a `Sample(...)`. Ends at the end-of-text token, at a stop string, or where
        the context is full; with `slide` it goes on from the last half of the context (see `decode.sliding`), and of a
        prompt longer than the context the end is read. ValueError, at once, for such a prompt without.
        `written`, of what is given back, has the ids, their log-probabilities, and why the text ended.
        int8 (CPUs only) is about 1.5 times as fast; its texts and probabilities are not quite the model's own.
        """
        model = self._decoder(precision)
        ids = self.prompt_ids(prompt, slide=slide)
        writing = self._writing(stop, max_new_tokens)
        said = self._say(model, [ids], [writing], [0], choose=choose, max_new_tokens=max_new_tokens, slide=slide)
        return writing.follow((id, logprob) for _, id, logprob in said)

    def generate_batch(
        self,
        prompts: Sequence[str],
        *,
        choose: Choose | None = None,
        max_new_tokens: int = 200,
        stop: str | Collection[str] = (),
        num_return_sequences: int = 1,
        slide: bool = False,
        batch: int = 32,
        precision: Precision = "float32",
    ) -> list[list[Written]]:
        """num_return_sequences texts after each prompt; options as `generate`, which says the same for one prompt.

        A text does not depend on its neighbours: text n of prompt p is row p * num_return_sequences + n, and a
        `Sample` draws it from a stream of its own, made of (seed, row). So the same seed writes the same texts.
        In int8 a near tie may fall otherwise in other company: a batch is rounded together.
        """
        check_list(prompts, "prompts", "generate_batch")
        model = self._decoder(precision)
        if num_return_sequences < 1:
            raise ValueError(f"num_return_sequences ({num_return_sequences}) must be at least 1")
        if num_return_sequences > 1 and (choose is None or isinstance(choose, Greedy)):
            raise ValueError(
                f"num_return_sequences ({num_return_sequences}) must be 1 where nothing is drawn: "
                "choose with Sample, or use beam search"
            )
        stop = stop if isinstance(stop, str) else list(stop)  # every text looks through it
        ids = [self.prompt_ids(prompt, slide=slide) for prompt in prompts for _ in range(num_return_sequences)]
        writings = [self._writing(stop, max_new_tokens) for _ in ids]
        for rows in _batches(ids, batch):
            texts = [writings[row] for row in rows]
            prompted = [ids[row] for row in rows]
            said = self._say(model, prompted, texts, rows, choose=choose, max_new_tokens=max_new_tokens, slide=slide)
            for text, id, logprob in said:
                texts[text].add(id, logprob)
        for writing in writings:
            writing.finish()
        written = [writing.written for writing in writings]
        return [written[at : at + num_return_sequences] for at in range(0, len(written), num_return_sequences)]

    def search(
        self,
        prompts: Sequence[str],
        *,
        num_beams: int = 4,
        length_penalty: float = 1.0,
        max_new_tokens: int = 200,
        num_return_sequences: int = 1,
        no_repeat_ngram_size: int | None = None,
        batch: int = 32,
        precision: Precision = "float32",
    ) -> list[list[Written]]:
        """The likeliest texts after each prompt that beam search finds (`decode.beam`), best first.

        They end at the end-of-text token or where the context is full: hypotheses do not slide. precision: as for
        `generate`; the log-probabilities of what was found are the model's own in either.
        """
        check_list(prompts, "prompts", "search")
        config = self.recipe.model
        check_room(
            num_beams,
            vocab_size=config.vocab_size,
            tokens=min(max_new_tokens, config.context),
            cached=2 * config.layers * config.width,
            device=self.device,
        )
        model = self._decoder(precision)
        ids = [self.prompt_ids(prompt) for prompt in prompts]
        room = config.context + 1
        found: list[list[Written]] = [[] for _ in ids]
        for rows in _batches(ids, max(1, batch // max(1, num_beams)), fit=room - max_new_tokens):
            padded, mask = pad_left([ids[row] for row in rows], self.device)
            hypotheses = beam_search(
                model,
                self.model.begin(len(rows), prompt_mask=mask),
                padded,
                beams=num_beams,
                eos=self.tokenizer.specials.get(END, -1),
                max_new_tokens=min(max_new_tokens, room - padded.shape[1]),
                length_penalty=length_penalty,
                num_return_sequences=num_return_sequences,
                no_repeat_ngram_size=no_repeat_ngram_size,
            )
            for row, best in zip(rows, hypotheses, strict=True):
                found[row] = [self._reread(ids[row], one, max_new_tokens) for one in best]
        return found

    @torch.inference_mode()
    def probabilities(self, ids: Sequence[int]) -> torch.Tensor:
        """Teacher forcing: the model's distribution after each of the ids, (T, V), in one forward pass."""
        logits = self.model(torch.tensor([ids], device=self.device))[0].float()
        return self._known.only(logits).softmax(dim=-1)

    def prompt_ids(self, prompt: str, *, slide: bool = False) -> list[int]:
        """The prompt's tokens; an empty prompt is the end-of-text token, or a line break for character models.

        ValueError for more than the context; with `slide` they may be any number, and the last of them are given.
        """
        ids = self.tokenizer.encode(prompt)
        if not ids:
            ids = [self.tokenizer.specials[END]] if END in self.tokenizer.specials else self.tokenizer.encode("\n")
        context = self.recipe.model.context
        if len(ids) > context and not slide:
            raise ValueError(
                f"the prompt has {len(ids)} tokens, the model's context is {context}; shorten it, or slide past it"
            )
        return ids[-context:]

    def _say(
        self,
        model: Decoder,
        prompts: list[list[int]],
        writings: list[Writing],
        rows: list[int],
        *,
        choose: Choose | None,
        max_new_tokens: int,
        slide: bool,
    ) -> Iterator[Said]:
        """The tokens of some texts, until their writings have stopped; rows are their numbers to `choose`."""
        return write_texts(
            model,
            self.model.begin,
            prompts,
            choose=choose or Greedy(),
            max_new_tokens=max_new_tokens,
            context=self.recipe.model.context,
            ended=lambda text: writings[text].stopped,
            slide=slide,
            numbers=rows,
            device=self.device,
        )

    def _decoder(self, precision: Precision) -> Decoder:
        """What chooses the tokens; ValueError where it cannot be had."""
        model = self._precisions.of(precision)
        return model if self._knows_all else self._known.by(model)  # type: ignore[return-value]  # a property is enough

    @property
    def _stop_ids(self) -> list[int]:
        return [self.tokenizer.specials[END]] if END in self.tokenizer.specials else []

    def _writing(self, stop: str | Collection[str], limit: int) -> Writing:
        return Writing(self.tokenizer.stream(), stop_ids=self._stop_ids, stop=stop, limit=limit)

    @torch.no_grad()
    def _reread(self, prompt: list[int], found: Hypothesis, limit: int) -> Written:
        """The hypothesis as text, and ln p of its tokens, which beams do not keep, in one pass over all of it."""
        ids = torch.tensor([[*prompt, *found.ids]], device=self.device)
        logprobs = self._known.only(self.model(ids[:, :-1])[0, len(prompt) - 1 :].float()).log_softmax(dim=-1)
        writing = self._writing((), limit)
        for id, logprob in zip(found.ids, logprobs.gather(1, ids[0, len(prompt) :, None])[:, 0].tolist(), strict=True):
            writing.add(id, logprob)
        writing.finish()
        return writing.written


def _batches(ids: list[list[int]], size: int, *, fit: int | None = None) -> list[list[int]]:
    """Row numbers in batches of at most `size`, prompts of similar length together.

    Prompts longer than `fit` stand with others of their own length only.
    """
    order = sorted(range(len(ids)), key=lambda row: -len(ids[row]))
    batches: list[list[int]] = []
    for row in order:
        last = batches[-1] if batches else []
        longest = len(ids[last[0]]) if last else 0
        together = fit is None or longest <= fit or longest == len(ids[row])
        if last and together and len(last) < size:
            last.append(row)
        else:
            batches.append([row])
    return batches
