"""The complete contents of a recipe: frozen records, which the command line and `recipe.json` use.

No torch here: `groundup --help` reads this file.
"""

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import tyro

from groundup.config import ModelConfig
from groundup.files import write_whole
from groundup.nearest import nearest
from groundup.records import LARGEST, check_types, parse_json, short
from groundup.training.settings import TrainSettings

FORMAT = 1  # of recipe.json
Own = dict[str, str | int | float | bool | None]
"""Settings that a recipe's Python file defines."""


@dataclass(frozen=True, kw_only=True)
class PairData:
    """Sentence pairs, and how they are split.

    No sentence of either side is in two parts, unless a corpus was published so.
    """

    corpus: str = "phrasebook-fr"
    """A named corpus (see `groundup data list`), or a file of pairs: .tsv or .jsonl."""
    other: str | None = None
    """The second of two line-aligned files; `corpus` is the first."""
    reverse: bool = False
    """Swap the two sides: translate from the second language to the first."""
    phrasebook: int = 100_000
    """How many training pairs the built-in phrasebook makes; other corpora are used whole."""
    valid: int | None = None
    """Held-out pairs for validation, which chooses the best checkpoint; None is 1,000, at most a tenth."""
    test: int | None = None
    """Held-out pairs for the final test, used once; None is 1,000, at most a tenth."""
    split_seed: int = 0
    max_length: int = 64
    """Most tokens on either side of a pair; longer pairs are left out and counted."""
    batch_tokens: int = 6144
    """Tokens in a batch, with both sides and padding."""
    memorise: bool = False
    """Hold nothing out: learn the pairs by heart, and evaluate on the same pairs."""

    def __post_init__(self) -> None:
        check_types(self, "data.")
        for name in ("phrasebook", "valid", "test", "max_length", "batch_tokens"):
            if (value := getattr(self, name)) is not None:
                _between(1, 2**31, f"data.{name}", value)
        _between(1, 10**8, "data.phrasebook", self.phrasebook)
        if self.batch_tokens < 2 * self.max_length:
            raise ValueError(
                f"data.batch_tokens ({self.batch_tokens}) must hold a pair of two sides of data.max_length "
                f"({self.max_length}); try --data.batch-tokens {self.max_length * 32}"
            )


@dataclass(frozen=True, kw_only=True)
class TextData:
    """Running text; its last part is held out."""

    corpus: str = "stdlib"
    """A named corpus (see `groundup data list`), a file or folder of text, or a folder of token shards: those of
    `groundup data prepare`, llm.c or build-nanogpt."""
    valid: float = 0.1
    """Share of the text that is held out; if shards have a held-out part, that one is used."""
    valid_tokens: int | None = None
    """Validate on this many tokens, the first held-out ones; None uses all."""
    document_mask: bool = False
    """Let a token see only its own document, if several share a window."""
    batch: int = 16
    """Windows of text in a batch, each as long as the model's context; fewer if all ranks together would take more
    than `train.batch_tokens`."""

    def __post_init__(self) -> None:
        check_types(self, "data.")
        _between(1, 2**31, "data.batch", self.batch)
        if self.valid_tokens is not None:
            _between(1, LARGEST, "data.valid_tokens", self.valid_tokens)
        if not 0 < self.valid < 1:
            raise ValueError(f"data.valid ({self.valid}) is a share, between 0 and 1; try --data.valid 0.1")


@dataclass(frozen=True, kw_only=True)
class TokenizerSettings:
    """The tokenizer, trained on the training part only."""

    kind: Literal["bpe", "characters", "words"] = "bpe"
    """Kind of vocabulary. Words are for pairs only: words met once become <unk>, and spacing is not kept."""
    vocab_size: int = 8000
    """Total size of a byte-pair vocabulary: 256 bytes, merges and special tokens. For words, the largest size."""
    pattern: str = "gpt4"
    """How text is cut before merging: gpt2, gpt4, o200k, none, or a regular expression."""
    shared: bool = True
    """Use one vocabulary for both sides of pairs instead of one for each."""
    pad: int = 1
    """Round the rows of a language model up to a multiple of this; the extra ones are never written."""
    dropout: float = 0.0
    """BPE-dropout while training on pairs: the share of merges to skip (Provilkov et al. 2020 use 0.1)."""

    def __post_init__(self) -> None:
        check_types(self, "tokenizer.")
        _between(1, 2**31, "tokenizer.pad", self.pad)
        _between(1, 2**31, "tokenizer.vocab_size", self.vocab_size)
        if not 0 <= self.dropout < 1:
            raise ValueError(f"tokenizer.dropout ({self.dropout}) must be at least 0 and below 1; try 0.1")
        if self.dropout and self.kind != "bpe":
            raise ValueError(
                f"tokenizer.dropout ({self.dropout}) passes over merges, which {self.kind} have not; use 0"
            )


@dataclass(frozen=True, kw_only=True)
class PairRecipe:
    """Translation or dialogue: pairs for an encoder-decoder."""

    name: str
    task: Literal["translation", "dialogue"] = "translation"
    data: PairData = field(default_factory=PairData)
    tokenizer: TokenizerSettings = field(default_factory=TokenizerSettings)
    model: ModelConfig
    train: TrainSettings = field(default_factory=TrainSettings)
    max_minutes: float | None = None
    """End the training, its schedule included, after this many minutes."""
    num_beams: int = 4
    """Beams of the final evaluation, which also decodes greedily."""
    show: Literal["translations", "listing", "conversations"] | None = None
    """What to show at the end: translations (ten test sentences with 1, 2 and 3 beams, and a page about attention),
    a listing (sources, targets and answers below each other), or conversations (replies in ten test conversations,
    and scores for replies); None shows nothing."""
    based_on: tyro.conf.Suppress[str | None] = None
    """The named recipe that this is, whatever the run is called."""
    code: tyro.conf.Suppress[str | None] = None
    """The SHA-256 of the Python file that makes its model, its loss or its end; None where groundup's own do."""
    own: tyro.conf.Suppress[Own] = field(default_factory=dict)
    """What that file's `model(config, **own)` is told besides."""

    def __post_init__(self) -> None:
        check_types(self)
        _between(1, 10_000, "num_beams", self.num_beams)
        if self.tokenizer.pad != 1:
            raise ValueError(
                f"--tokenizer.pad {self.tokenizer.pad} is for language models; {self.name} learns from pairs"
            )


@dataclass(frozen=True, kw_only=True)
class TextRecipe:
    """Language modelling: text for a decoder-only model."""

    name: str
    task: Literal["language"] = "language"
    data: TextData = field(default_factory=TextData)
    tokenizer: TokenizerSettings = field(default_factory=TokenizerSettings)
    model: ModelConfig
    train: TrainSettings = field(default_factory=TrainSettings)
    max_minutes: float | None = None
    """End the training, its schedule included, after this many minutes."""
    init_from: str | None = None
    """The Hugging Face folder whose weights the training starts from; None starts from random weights."""
    sample: str | None = None
    """Write a continuation of this text at the end, and with `questions` at every validation; None writes none."""
    questions: int | None = None
    """Answer this many HellaSwag questions at every validation, if they are available; None answers none."""
    based_on: tyro.conf.Suppress[str | None] = None
    """The named recipe that this is, whatever the run is called."""
    code: tyro.conf.Suppress[str | None] = None
    """The SHA-256 of the Python file that makes its model, its loss or its end; None where groundup's own do."""
    own: tyro.conf.Suppress[Own] = field(default_factory=dict)
    """What that file's `model(config, **own)` is told besides."""

    def __post_init__(self) -> None:
        check_types(self)
        if self.tokenizer.kind == "words" or self.tokenizer.dropout:
            flag = "kind words" if self.tokenizer.kind == "words" else f"dropout {self.tokenizer.dropout:g}"
            raise ValueError(f"--tokenizer.{flag} is for pairs; {self.name} learns from running text, leave it out")
        if self.questions is not None:
            _between(1, 10**6, "questions", self.questions)


Recipe = PairRecipe | TextRecipe


def save_recipe(recipe: Recipe, path: Path) -> None:
    """Write all settings, with defaults, as JSON; completely or not at all, since other ranks may be reading."""
    text = json.dumps({"format": FORMAT, **dataclasses.asdict(recipe)}, indent=2, ensure_ascii=False)
    write_whole(path, text + "\n")


def load_recipe(path: Path) -> Recipe:
    """Read the JSON of `save_recipe`. Raises ValueError with the file and what is wrong in it."""
    try:
        values = parse_json(path.read_bytes())
        if not isinstance(values, dict) or values.pop("format", None) != FORMAT:
            raise ValueError(f"its format is not {FORMAT}")
        kind = TextRecipe if values["task"] == "language" else PairRecipe
        values["model"] = ModelConfig.from_dict(_object("model", values["model"]))
        values["data"] = _record(TextData if kind is TextRecipe else PairData, values["data"])
        values["tokenizer"] = _record(TokenizerSettings, values["tokenizer"])
        values["train"] = _record(TrainSettings, values["train"])
        return _record(kind, values)
    except KeyError as error:
        raise ValueError(f"{path}: not a recipe: it lacks {error}") from None
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}: not a recipe: {error}") from error


def _record(cls: type, values: dict[str, Any]) -> Any:
    known = [field.name for field in dataclasses.fields(cls)]
    for key in _object(cls.__name__, values):
        if key not in known:
            hint = nearest(key, known, otherwise="leave it out, or name one of {known}")
            raise ValueError(f"unknown setting {key!r}; {hint}")
    return cls(**values)


def _object(name: str, values: Any) -> dict[str, Any]:
    if not isinstance(values, dict):
        raise ValueError(f"{name} ({short(values)}) must be an object")
    return values


def _between(least: int, most: int, name: str, value: int) -> None:
    if not least <= value <= most:
        bound, words = (least, "least") if value < least else (most, "most")
        raise ValueError(f"{name} ({value}) must be at {words} {bound}; try --{name.replace('_', '-')} {bound}")
