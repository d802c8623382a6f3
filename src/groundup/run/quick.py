"""Text in one line from a model and a tokenizer, without a run."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, overload

from torch import nn

from groundup.data.marks import Marks
from groundup.decode.choose import Strategy
from groundup.models.causal_lm import CausalLM
from groundup.models.seq2seq import Seq2Seq
from groundup.run.translator import Translator
from groundup.run.writer import Writer
from groundup.text.tokenizer import Tokenizer


@overload
def write(
    model: CausalLM, tokenizer: Tokenizer, prompt: str = "", choose: Strategy | None = None, **options: Any
) -> str: ...
@overload
def write(
    model: CausalLM, tokenizer: Tokenizer, prompt: Sequence[str], choose: Strategy | None = None, **options: Any
) -> list[str]: ...
def write(
    model: CausalLM, tokenizer: Tokenizer, prompt: str | Sequence[str] = "", choose: Strategy | None = None, **options
) -> str | list[str]:
    """Return the prompt and the model's continuation. A list of prompts gives a list of texts.

    choose: `gu.Greedy()` (the default), `gu.Sample(temperature=0.8, seed=0)` or `gu.Beams(4)`. Options as
    `run.generate_batch`: max_new_tokens (200), stop, slide, and Hugging Face's names (temperature=0.8). The model
    writes without dropout, and is left in the mode in which it was.
    """
    prompts = [prompt] if isinstance(prompt, str) else [*prompt]
    with _without_dropout(model):
        written = Writer(model, tokenizer).generate_batch(prompts, choose, **options)
    texts = [one + best.text for one, (best, *_) in zip(prompts, written, strict=True)]
    return texts[0] if isinstance(prompt, str) else texts


@overload
def translate(  # pyright: ignore[reportOverlappingOverload]
    model: Seq2Seq, tokenizer: Tokenizer, sentences: str, choose: Strategy | None = None, **o: Any
) -> str: ...
@overload
def translate(
    model: Seq2Seq, tokenizer: Tokenizer, sentences: Sequence[str], choose: Strategy | None = None, **options: Any
) -> list[str]: ...
def translate(
    model: Seq2Seq,
    tokenizer: Tokenizer,
    sentences: str | Sequence[str],
    choose: Strategy | None = None,
    *,
    source_tokenizer: Tokenizer | None = None,
    marks: Marks | None = None,
    **options,
) -> str | list[str]:
    """Return the best answer to a sentence, or to each of a list. Options as `run.translate` (num_beams=4).

    tokenizer: of both sides, or of the target where there is a source_tokenizer. marks: the special tokens that the
    model was trained with; None are <pad>, <bos> and <eos>. The model answers without dropout, and is left in the mode
    in which it was.
    """
    several = [sentences] if isinstance(sentences, str) else [*sentences]
    with _without_dropout(model):
        answers = Translator(model, source_tokenizer or tokenizer, tokenizer, marks).translate(
            several, choose, **options
        )
    return answers[0] if isinstance(sentences, str) else answers


@contextmanager
def _without_dropout(model: nn.Module) -> Iterator[None]:
    """Put the model into eval mode; restore the mode of every module at the end."""
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training
