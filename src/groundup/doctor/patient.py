"""A Transformer to be examined: the author's functions, with what they leave out filled in.

`Patient` knows how to make a fresh model, how to get logits from it, and which lengths and ids are fair to ask for:
special ids are no ordinary words, CONTEXT is a limit, and the lengths of rows and texts are numbers that are no size
of the model, so that an axis can be known by its length.
"""

import contextlib
import copy
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from groundup.doctor.calls import required, seed_all, smaller, tensor_of
from groundup.doctor.tape import Tape, recording

NAMES = ("model", "logits", "batch", "loss", "optimizer", "generate", "tokenizer")
SLOW = 0.5
"""Seconds."""
CONSTANTS = ("VOCAB", "SRC_VOCAB", "CONTEXT", "PAD", "BOS", "EOS", "MASK", "TEXT", "CAUSAL", "PREFIX")


class Unfit(ValueError):
    """The patient cannot be examined as it is given; the message says what to write."""


class Crashed(Exception):
    """The author's code raised an error; `cause` has it."""

    def __init__(self, what: str, cause: BaseException):
        super().__init__(what)
        self.what, self.cause = what, cause


@dataclass(eq=False)
class Patient:
    """The author's functions and constants."""

    make: Callable[[], nn.Module]
    given: Mapping[str, Any] = field(default_factory=dict)
    """Those of NAMES and CONSTANTS that there are."""
    source: str = ""
    """The text of the author's file, "" if it is not known."""
    file: str = ""
    name: str = "model"
    deadline: float = float("inf")
    """When to stop, by `time.monotonic`."""
    told: list[str] = field(default_factory=list)
    """Remarks of those who read the file."""
    first: tuple[nn.Module, nn.Module] | None = None
    """The first model that was made, and a copy of it."""
    slow: bool = False
    """Whether a model takes so long to make that a copy of the first is taken instead."""
    cuts: bool | None = None
    """Whether large batches are made smaller; None before the first."""

    def has(self, name: str) -> bool:
        return self.given.get(name) is not None

    def constant(self, name: str) -> int | None:
        value = self.given.get(name)
        return None if value is None else int(value)

    def left(self) -> float:
        return self.deadline - time.monotonic()

    def run(self, what: str, function: Callable[..., Any], *args: Any) -> Any:
        """Call the author's function; its errors come out as Crashed."""
        try:
            return function(*args)
        except (Unfit, Crashed, KeyboardInterrupt):
            raise
        except BaseException as error:
            raise Crashed(what, error) from error

    def fresh(self, *, training: bool = False) -> nn.Module:
        """A new model, always with the same first weights."""
        if self.first is not None and self.slow:
            return copy.deepcopy(self.first[1]).train(training)
        seed_all(0)
        began = time.monotonic()
        model = self.run("model()", self.make)
        self.slow = time.monotonic() - began > SLOW
        if not isinstance(model, nn.Module):
            raise Unfit(f"model() returns {type(model).__name__}; return the nn.Module")
        if self.first is None:
            with contextlib.suppress(Exception):
                model.to("cpu")
                self.first = model, copy.deepcopy(model)
        elif model is self.first[0]:  # model() gives the same one again and again, which checks have changed
            model = copy.deepcopy(self.first[1])
        return model.to("cpu").train(training)

    @cached_property
    def model(self) -> nn.Module:
        return self.fresh()

    @cached_property
    def seq2seq(self) -> bool:
        """Whether it is an encoder-decoder: logits(model, source, target)."""
        if self.has("logits"):
            return required(self.given["logits"], everything=True) >= 3
        wanted = required(self.model.forward)
        if wanted > 2:
            raise Unfit(
                f"{type(self.model).__name__}.forward needs {wanted} arguments; write `def logits(model, ids)`, or for "
                "an encoder-decoder `def logits(model, source, target)`, that calls it"
            )
        return wanted == 2

    @cached_property
    def causal(self) -> bool:
        value = self.given.get("CAUSAL")
        return True if value is None else bool(value)

    @cached_property
    def special(self) -> frozenset[int]:
        return frozenset(value for name in ("PAD", "BOS", "EOS", "MASK") if (value := self.constant(name)) is not None)

    @cached_property
    def _sizes(self) -> frozenset[int]:
        """All sizes that occur in the model."""
        sizes: set[int] = set()
        for tensor in [*self.model.parameters(), *self.model.buffers()]:
            sizes.update(tensor.shape)
        for module in self.model.modules():
            sizes.update(v for v in vars(module).values() if isinstance(v, int) and not isinstance(v, bool))
        return frozenset(sizes)

    def _pick(self, wanted: tuple[int, ...], *, limit: int | None = None, taken: tuple[int, ...] = ()) -> int:
        limit = limit or max(wanted)
        fair = [n for n in wanted if n <= limit and n not in taken]
        return next((n for n in fair if n not in self._sizes), fair[0] if fair else limit)

    @cached_property
    def rows(self) -> int:
        return self._pick((3, 5, 7))

    @cached_property
    def time(self) -> int:
        """The length of the texts that are tried, of targets in an encoder-decoder."""
        return self._pick((11, 13, 9, 14, 15, 10, 17, 7, 6, 5, 4), limit=self.context, taken=(self.rows,))

    @cached_property
    def source_time(self) -> int:
        lengths = (13, 14, 17, 15, 10, 9, 7, 6, 5, 4)
        return self._pick(lengths, limit=self.context, taken=(self.rows, self.time))

    @cached_property
    def context(self) -> int | None:
        """The longest text that is fair."""
        value = self.constant("CONTEXT")
        if value is not None and value < 4:
            raise Unfit(f"CONTEXT ({value}) leaves nothing to look at; give the doctor a model of at least 8 tokens")
        return value

    @cached_property
    def vocab(self) -> int:
        value = self.constant("VOCAB")
        if value is not None and value < 4:
            raise Unfit(f"VOCAB ({value}) must be at least 4")
        return value or self._guessed(-1)

    @cached_property
    def source_vocab(self) -> int:
        return self.constant("SRC_VOCAB") or self._guessed(0, otherwise=self.vocab)

    def _guessed(self, n: int, *, otherwise: int | None = None) -> int:
        """The rows of an embedding table, the first or the last of those with most rows."""
        tables = [m for m in self.model.modules() if isinstance(m, nn.Embedding)]
        heads = {m.out_features for m in self.model.modules() if isinstance(m, nn.Linear)}
        fitting = [m.num_embeddings for m in tables if m.num_embeddings in heads] if n == -1 else []
        if rows := fitting or [m.num_embeddings for m in tables]:
            return max(rows) if n == -1 else rows[0]
        if otherwise is not None:
            return otherwise
        raise Unfit("the vocabulary's size cannot be seen; write `VOCAB = ...` into the file")

    def ids(self, rows: int, length: int, *, seed: int = 0, source: bool = False) -> Tensor:
        """Ordinary words at random, (rows, length)."""
        vocab = self.source_vocab if source else self.vocab
        words = torch.tensor([n for n in range(vocab) if n not in self.special])
        if len(words) < 2:
            raise Unfit(f"VOCAB ({vocab}) has no two ordinary words beside the special ids {sorted(self.special)}")
        g = torch.Generator().manual_seed(1000 + seed)
        return words[torch.randint(len(words), (rows, length), generator=g)]

    def other(self, ids: Tensor, *, source: bool = False) -> Tensor:
        """Ordinary words that differ from the given ones at every place."""
        drawn = self.ids(*ids.shape, seed=1, source=source)
        words = self.ids(1, 400, seed=2, source=source)[0].unique()
        instead = words[(torch.searchsorted(words, ids.clamp(max=int(words[-1]))) + 1) % len(words)]
        return torch.where(drawn == ids, instead, drawn)

    def inputs(self, *, seed: int = 0) -> tuple[Tensor, ...]:
        """(ids,) or (source, target), ordinary words; a target begins with BOS."""
        target = self.ids(self.rows, self.time, seed=seed)
        if not self.seq2seq:
            return (target,)
        if (bos := self.constant("BOS")) is not None:
            target[:, 0] = bos
        return self.ids(self.rows, self.source_time, seed=seed + 50, source=True), target

    def batch(self, seed: int) -> Any:
        """A training batch of the author's, of few rows if it is large and the loss takes it so."""
        whole = self.run("batch(seed)", self.given["batch"], seed)
        if self.cuts is None:
            self.cuts = False
            few = smaller(self.run("batch(seed)", self.given["batch"], seed))
            if few is not whole and self.has("loss"):
                with contextlib.suppress(Exception), torch.no_grad():
                    self.given["loss"](self.fresh(), few)
                    self.cuts = True
        return smaller(whole) if self.cuts else whole

    def raw(self, model: nn.Module, inputs: tuple[Tensor, ...]) -> Any:
        if self.has("logits"):
            return self.run("logits(...)", self.given["logits"], model, *inputs)
        return self.run("model(ids)", model, *inputs)

    def logits(self, model: nn.Module, inputs: tuple[Tensor, ...], *, seed: int = 0) -> Tensor:
        """Logits (B, T, V) as a tensor; dropout is drawn from the seed."""
        seed_all(seed)
        copies = tuple(one.clone() for one in inputs)
        out = tensor_of(self.raw(model, copies))
        rows, length = inputs[-1].shape
        if out is None:
            raise Unfit("the model returns no tensor of logits; write `def logits(model, ids)` that does")
        if out.dim() == 3 and out.shape[1] == 1 and length > 1 and not self.seq2seq and not self.has("logits"):
            out = tensor_of(self.run("model(ids, targets)", model, *copies, copies[0].clone()))  # as nanoGPT does
            assert out is not None
        if out.dim() == 2 and out.shape[0] == rows * length:
            out = out.view(rows, length, -1)
        if out.dim() != 3 or tuple(out.shape[:2]) != (rows, length):
            raise Unfit(
                f"logits have the shape {tuple(out.shape)} for ids of {rows} rows and {length} tokens; write "
                f"`def logits(model, ids)` so that it returns ({rows}, {length}, vocabulary)"
            )
        return out

    def taped(self, model: nn.Module, inputs: tuple[Tensor, ...], *, seed: int = 0) -> tuple[Tensor, Tape]:
        """Logits, and the tape of how they were computed."""
        with recording(model) as tape:
            out = self.logits(model, inputs, seed=seed)
        return out.detach(), tape
