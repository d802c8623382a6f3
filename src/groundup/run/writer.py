"""A language model with its tokenizer: it continues one text or many, as a stream or by beam search."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import fields

import torch

from groundup.data.marks import end_of_text
from groundup.decode.beam import beam_search
from groundup.decode.choose import Beams, Choose, Greedy, Strategy
from groundup.decode.hypotheses import Hypothesis
from groundup.decode.known import Known
from groundup.decode.named import strategy
from groundup.decode.protocol import Decoder
from groundup.decode.room import check_room
from groundup.decode.sliding import Said, pad_left, write_texts
from groundup.fast.int8 import Precision, Precisions
from groundup.models.causal_lm import CausalLM
from groundup.run.chunks import by_length
from groundup.run.writing import Writing, Written, check_list
from groundup.text.tokenizer import Tokenizer


class Writer:
    """A language model and its tokenizer. Ids for which the tokenizer has no token are never written."""

    def __init__(self, model: CausalLM, tokenizer: Tokenizer):
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
        choose: Strategy | None = None,
        *,
        max_new_tokens: int = 200,
        min_new_tokens: int = 0,
        stop: str | Collection[str] = (),
        stop_ids: Collection[int] = (),
        slide: bool = False,
        precision: Precision = "float32",
        **named,
    ) -> Writing:
        """Yield the model's continuation of the prompt in pieces of text as they come (`"".join(...)` for all of it).

        choose is `Greedy()` (the default) or a `Sample(...)`; Hugging Face's names make one, too (`temperature=0.8`).
        The text ends at the end-of-text token or one of stop_ids, none of which comes before min_new_tokens; at a stop
        string; or when the context is full. With `slide` it continues from the last half of the context (see
        `decode.sliding`), and only the end of a prompt longer than the context is read; without `slide`, such a prompt
        is a ValueError at once. `written` of the result has the ids, their log-probabilities, and why the text ended.
        int8 (CPUs only) is about 1.5 times as fast; its texts and probabilities are not quite the model's own.
        """
        by = strategy(choose, **named)
        if isinstance(by, Beams):
            raise ValueError("beams know their text only at the end; use generate_batch([prompt], Beams(...))")
        model = self.decoder(precision)
        ids = self.prompt_ids(prompt, slide=slide)
        limits = dict(max_new_tokens=max_new_tokens, min_new_tokens=min_new_tokens)
        writing = Writing(self.tokenizer.stream(), stop_ids=self._ends(stop_ids), stop=stop, limit=max_new_tokens)
        said = self._say(model, [ids], [writing], [0], choose=by, slide=slide, **limits)
        return writing.follow((id, logprob) for _, id, logprob in said)

    def generate_batch(
        self,
        prompts: Sequence[str],
        choose: Strategy | None = None,
        *,
        max_new_tokens: int = 200,
        min_new_tokens: int = 0,
        stop: str | Collection[str] = (),
        stop_ids: Collection[int] = (),
        num_return_sequences: int = 1,
        slide: bool = False,
        batch: int = 32,
        precision: Precision = "float32",
        **named,
    ) -> list[list[Written]]:
        """Return num_return_sequences texts after each prompt. Options as `generate`, which gives the same for one.

        A text does not depend on other texts: text n of prompt p is row p * num_return_sequences + n, and a `Sample`
        draws it from its own stream, made of (seed, row). So the same seed writes the same texts. In int8, two nearly
        tied tokens may be decided differently in another batch, because a batch is rounded together.

        `Beams` give the likeliest texts that they find, best first (`decode.beam`). These end at the end-of-text token
        or one of stop_ids, and when the context is full: hypotheses neither slide nor look for stop strings. The
        log-probabilities of the results are the model's own in either precision.
        """
        check_list(prompts, "prompts", "generate_batch")
        by, each = strategy(choose, **named), num_return_sequences
        model = self.decoder(precision)
        stop = (stop,) if isinstance(stop, str) else tuple(stop)  # every text reads it
        limits = dict(max_new_tokens=max_new_tokens, min_new_tokens=min_new_tokens)
        ids = [self.prompt_ids(prompt, slide=slide) for prompt in prompts]
        if isinstance(by, Beams):
            if stop or slide:
                raise ValueError("beams neither look for stop strings nor slide; leave stop and slide out")
            return self._search(model, ids, by, each=each, ends=self._ends(stop_ids), batch=batch, **limits)
        if each < 1:
            raise ValueError(f"num_return_sequences ({each}) must be at least 1")
        if each > 1 and isinstance(by, Greedy):
            raise ValueError(
                f"num_return_sequences ({each}) must be 1 where nothing is drawn: choose with Sample, or use Beams"
            )
        ids = [one for one in ids for _ in range(each)]
        ends = self._ends(stop_ids)
        writings = [Writing(self.tokenizer.stream(), stop_ids=ends, stop=stop, limit=max_new_tokens) for _ in ids]
        for rows in by_length(ids, batch):
            texts = [writings[row] for row in rows]
            said = self._say(model, [ids[row] for row in rows], texts, rows, choose=by, slide=slide, **limits)
            for text, id, logprob in said:
                texts[text].add(id, logprob)
        for writing in writings:
            writing.finish()
        written = [writing.written for writing in writings]
        return [written[at : at + each] for at in range(0, len(written), each)]

    def search(self, prompts: Sequence[str], *, num_beams: int = 4, **options) -> list[list[Written]]:
        """`generate_batch` by beam search; other options as there, or fields of `Beams`."""
        own = {field.name for field in fields(Beams)} & options.keys()
        by = Beams(num_beams, **{name: options.pop(name) for name in own})
        return self.generate_batch(prompts, by, **options)

    def _search(
        self,
        model: Decoder,
        prompts: list[list[int]],
        by: Beams,
        *,
        each: int,
        ends: Collection[int],
        batch: int,
        max_new_tokens: int,
        min_new_tokens: int,
    ) -> list[list[Written]]:
        config = self.model.config
        check_room(
            by.width,
            vocab_size=config.vocab_size,
            tokens=min(max_new_tokens, config.context),
            cached=2 * config.layers * config.width,
            device=self.device,
        )
        room = config.context + 1
        found: list[list[Written]] = [[] for _ in prompts]
        for rows in by_length(prompts, max(1, batch // by.width), fit=room - max_new_tokens):
            padded, mask = pad_left([prompts[row] for row in rows], self.device)
            most = min(max_new_tokens, room - padded.shape[1])
            hypotheses = beam_search(
                model,
                self.model.begin(len(rows), prompt_mask=mask),
                padded,
                beams=by,
                eos=ends,
                max_new_tokens=most,
                min_new_tokens=min(min_new_tokens, most),
                num_return_sequences=each,
            )
            for row, best in zip(rows, hypotheses, strict=True):
                found[row] = [self._reread(prompts[row], one, ends, max_new_tokens) for one in best]
        return found

    @torch.inference_mode()
    def probabilities(self, ids: Sequence[int]) -> torch.Tensor:
        """Teacher forcing: return the model's distribution after each of the ids, (T, V), in one forward pass."""
        logits = self.model(torch.tensor([ids], device=self.device))[0].float()
        return self._known.only(logits).softmax(dim=-1)

    def opening(self, prompt: str) -> str:
        """Return the prompt, or "" if the vocabulary lacks some of its characters."""
        try:
            self.tokenizer.encode(prompt)
        except ValueError:
            return ""
        return prompt

    def prompt_ids(self, prompt: str, *, slide: bool = False) -> list[int]:
        """The prompt's tokens; an empty prompt is the end-of-text token, or for character models a line break, a space
        or the first character there is.

        ValueError for more than the context; with `slide` they may be any number, and the last of them are given.
        """
        ids = self.tokenizer.encode(prompt)
        if not ids:
            known = self.tokenizer.vocabulary.ids
            first = next((known[token] for token in (b"\n", b" ") if token in known), min(known.values()))
            ids = [first if (end := end_of_text(self.tokenizer)) is None else end]
        context = self.model.config.context
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
        choose: Choose,
        max_new_tokens: int,
        min_new_tokens: int,
        slide: bool,
    ) -> Iterator[Said]:
        """Yield the tokens of some texts until their `Writing` objects have stopped. rows: numbers for `choose`."""
        return write_texts(
            model,
            self.model.begin,
            prompts,
            choose=choose,
            max_new_tokens=max_new_tokens,
            min_new_tokens=min_new_tokens,
            stop_ids=writings[0].stop_ids,
            context=self.model.config.context,
            ended=lambda text: writings[text].stopped,
            slide=slide,
            numbers=rows,
            device=self.device,
        )

    def decoder(self, precision: Precision = "float32") -> Decoder:
        """Return the model that generates, in this precision. Raises ValueError if that is not supported."""
        model = self._precisions.of(precision)
        return model if self._knows_all else self._known.by(model)  # type: ignore[return-value]  # a property is enough

    def _ends(self, stop_ids: Collection[int]) -> set[int]:
        """Return the end-of-text token, if there is one, and the caller's stop ids."""
        end = end_of_text(self.tokenizer)
        return {*stop_ids, *([] if end is None else [end])}

    @torch.no_grad()
    def _reread(self, prompt: list[int], found: Hypothesis, ends: Collection[int], limit: int) -> Written:
        """Return the hypothesis as text with ln p of its tokens, computed in one pass: beams do not keep them."""
        ids = torch.tensor([[*prompt, *found.ids]], device=self.device)
        logprobs = self._known.only(self.model(ids[:, :-1])[0, len(prompt) - 1 :].float()).log_softmax(dim=-1)
        writing = Writing(self.tokenizer.stream(), stop_ids=ends, stop=(), limit=limit)
        for id, logprob in zip(found.ids, logprobs.gather(1, ids[0, len(prompt) :, None])[:, 0].tolist(), strict=True):
            writing.add(id, logprob)
        writing.finish()
        return writing.written
