"""Make a run one HTML file: the model's numbers, its tokenizers, and the scripts that run it in a browser.

The page loads nothing and sends nothing, and its content security policy has the browser hold it to that: no network at
all, and no script but the one whose SHA-256 it names.
"""

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from groundup.data.dialogue import knows_turns
from groundup.data.marks import end_of_text
from groundup.models.causal_lm import CausalLM
from groundup.models.seq2seq import Seq2Seq
from groundup.page import scripts
from groundup.page.template import filled
from groundup.page.tokens import tokenizer_data
from groundup.page.weights import BYTES, Precision, choose_precision, pack
from groundup.stock import check_stock
from groundup.text.tokenizer import Tokenizer

LARGEST = 64_000_000
"""The largest page, in bytes. Browsers, those of phones too, open this readily."""


class Named(Protocol):
    """A run folder."""

    @property
    def path(self) -> Path: ...

    @property
    def name(self) -> str: ...

    @property
    def samples(self) -> Path: ...


class Run(Protocol):
    """What the page needs of a `PairRun` or a `TextRun`. The first also has `source`, `target` and `marks`, the second
    `tokenizer`."""

    model: Any
    recipe: Any

    @property
    def folder(self) -> Named: ...


def build(run: Run, *, precision: Precision | None = None, examples: Sequence[str] = ()) -> str:
    """Return the page of a run as HTML.

    precision: how the numbers are kept; None is float16, or int8 for a larger model. examples: texts that it proposes.
    Raises ValueError for a model that is too large for a page or has parts of the user's own, and for a tokenizer whose
    pattern browsers read otherwise.
    """
    check_stock(run.model, "to make a page")
    size = sum(parameter.numel() for parameter in run.model.parameters())
    precision = choose_precision(size) if precision is None else precision
    _check_size(size, precision, name=run.folder.name)
    numbers, table = pack(run.model.state_dict(keep_vars=True), precision)
    data = dict(
        task=run.recipe.task,
        precision=precision,
        parameters=size,
        config=run.model.config.to_dict(),
        tensors=table,
        examples=[*examples],
        **(_of_text(run) if isinstance(run.model, CausalLM) else _of_pairs(run)),
    )
    return filled(
        "page.html",
        title=run.folder.name,
        data=data,
        modules=scripts.APP,
        more="worker-src blob:; ",
        WEIGHTS=base64.b64encode(numbers).decode(),
        ENGINE="\n" + scripts.joined(scripts.WORKER),
    )


def _of_pairs(run: Any) -> dict[str, Any]:
    shared = run.source is run.target
    tokenizers = [run.target] if shared else [run.source, run.target]
    spare = run.target.vocab_size < run.model.config.vocab_size
    return dict(
        tokenizers=[tokenizer_data(tokenizer) for tokenizer in tokenizers],
        marks=run.marks._asdict(),
        unknown=_unknown(run.target, run.model) if spare else [],
        remembers=run.recipe.task == "dialogue" and knows_turns(run.source),
        longest=run.recipe.data.max_length,  # a line with so many tokens is cut into sentences
    )


def _of_text(run: Any) -> dict[str, Any]:
    tokenizer: Tokenizer = run.tokenizer
    return dict(
        tokenizers=[tokenizer_data(tokenizer)],
        unknown=_unknown(tokenizer, run.model),
        end=end_of_text(tokenizer),
        empty=run.prompt_ids("")[0],
    )


def _unknown(tokenizer: Tokenizer, model: CausalLM | Seq2Seq) -> list[int]:
    """Return the ids that are no tokens; the page never writes them."""
    known = {*tokenizer.vocabulary.ids.values(), *tokenizer.specials.values()}
    return [id for id in range(model.config.vocab_size) if id not in known]


def _check_size(numbers: int, precision: Precision, *, name: str) -> None:
    def size(one: str) -> float:
        return numbers * BYTES[one] * 4 / 3  # base64

    if precision in BYTES and size(precision) > LARGEST:
        smaller = [one for one in BYTES if size(one) <= LARGEST]
        cure = f"--precision {smaller[0]} takes {size(smaller[0]) / 1e6:,.0f}" if smaller else "export it instead"
        raise ValueError(
            f"a page of {name} in {precision} would take {size(precision) / 1e6:,.0f} MB, and browsers open "
            f"{LARGEST / 1e6:,.0f} readily; {cure}" + ("" if smaller else f": groundup export {name} --out FOLDER")
        )
