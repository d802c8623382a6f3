"""Multiple choice: which ending does a language model find likeliest? HellaSwag (Zellers et al. 2019) or your own file.

    score(ending) = sum over its tokens of ln p(token | context and ending so far)

The answer is the ending with the largest score. Three accuracies are usual: `acc` uses the score itself; `acc_norm`
divides it by the ending's characters, as lm-evaluation-harness does; `acc_norm_token` divides it by the ending's
tokens, as the GPT-2 reproductions do (build-nanogpt, llm.c). As in those, a space joins an ending to its context, the
ending is encoded by itself, and the context is as in the file. The harness puts the question's activity label before
the context, so its figures are for other texts; `measure.harness` makes those.

The context of a question is read once for all its endings. HellaSwag with GPT-2 124M then takes 0.65 seconds a question
(one core of an AMD EPYC, float32), against 0.84 in padded batches of contexts with endings, and 1.19 one by one.
"""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

ROWS = 256  # rows of logits at a time: with 50,257 tokens they take 51 MB


class Reader(Protocol):
    """The methods of a `CausalLM` that are used here."""

    head: Callable[[Tensor], Tensor]

    def read(self, ids: Tensor, state: Any, /) -> Tensor: ...

    def begin(self, rows: int = 1, *, prompt_mask: Tensor | None = None) -> Any: ...


@dataclass(frozen=True)
class Question:
    """A context, its possible endings, and the number of the right one."""

    context: str
    endings: tuple[str, ...]
    label: int
    line: int
    """The line of the file, from 1."""
    activity: str | None = None
    parts: tuple[str, str] | None = None
    """What HellaSwag's files also say; see `measure.harness`."""


@dataclass(frozen=True)
class Item:
    """A question as ids. cut: whether the context lost its beginning because it was longer than the model's."""

    context: tuple[int, ...]
    endings: tuple[tuple[int, ...], ...]
    cut: bool = False


@dataclass(frozen=True)
class Accuracy:
    """The share of right answers, 0 .. 1, with half the width of its 95% interval (Wilson 1927)."""

    name: str
    value: float
    margin: float
    questions: int


def read_questions(path: str | Path, *, limit: int | None = None) -> tuple[list[Question], list[str]]:
    """Read the questions of a .jsonl of {"ctx", "endings", "label"}, and return them with a message for each bad line.

    limit: use this many, spread evenly over the file, because its beginning and end may differ. Raises ValueError if no
    question is left.
    """
    if limit is not None and limit < 1:
        raise ValueError(f"limit ({limit}) must be at least 1 question")
    questions, faults = [], []
    with Path(path).open(encoding="utf-8", errors="replace", newline="\n") as lines:
        for number, line in enumerate(lines, 1):
            try:
                if line.strip():
                    questions.append(_question(json.loads(line), number))
            except RecursionError:
                faults.append(f"{path}: line {number}: JSON nested too deep; left out")
            except ValueError as error:
                faults.append(f"{path}: line {number}: {error}; left out")
    if not questions:
        raise ValueError(faults[0] if faults else f"{path}: there are no questions in it")
    if limit is not None and limit < len(questions):
        questions = [questions[i * len(questions) // limit] for i in range(limit)]
    return questions, faults


def _question(said: Any, line: int) -> Question:
    if not isinstance(said, dict):
        raise ValueError("not a JSON object")
    if missing := [key for key in ("ctx", "endings", "label") if key not in said]:
        raise ValueError(f"no {' and no '.join(map(repr, missing))}")
    context, endings, label = said["ctx"], said["endings"], said["label"]
    if not isinstance(context, str) or not context.strip():
        raise ValueError("'ctx' is no text")
    if not isinstance(endings, list) or not all(isinstance(one, str) and one.strip() for one in endings):
        raise ValueError("'endings' is no list of texts")
    if len(endings) < 2:
        raise ValueError(f"{len(endings)} endings leave nothing to choose")
    label = int(label) if isinstance(label, str) and label.isdigit() else label  # the published file quotes it
    if not isinstance(label, int) or isinstance(label, bool) or not 0 <= label < len(endings):
        raise ValueError(f"'label' ({label!r}) is no number from 0 to {len(endings) - 1}")
    activity, first, second = (said.get(key) for key in ("activity_label", "ctx_a", "ctx_b"))
    activity = activity if isinstance(activity, str) else None
    parts = (first, second) if isinstance(first, str) and isinstance(second, str) else None
    return Question(context, tuple(endings), label, line, activity, parts)


def encode(question: Question, encoder: Callable[[str], Sequence[int]], *, context: int) -> Item:
    """Encode the question so that it fits a model's context. Raises ValueError if an ending alone does not."""
    parted = question.context[-1:].isspace()
    texts = [one if parted or one[:1].isspace() else f" {one}" for one in question.endings]
    endings = tuple(tuple(encoder(text)) for text in texts)
    longest = max(map(len, endings))
    if not min(map(len, endings)) or longest > context:
        raise ValueError(
            f"line {question.line}: an ending has {longest} tokens, the model's context is {context}; shorten it"
        )
    before = tuple(encoder(question.context))
    kept = before[-(context + 1 - longest) :]  # the last token of an ending is predicted, not read
    if not kept:
        raise ValueError(f"line {question.line}: its context has no tokens")
    return Item(kept, endings, cut=len(kept) < len(before))


def whole(parts: Sequence[Item]) -> Item:
    """A question whose endings were encoded in several items, as one."""
    return Item(parts[0].context, tuple(ending for part in parts for ending in part.endings))


@torch.inference_mode()
def score_plainly(model: Callable[[Tensor], Tensor], item: Item) -> list[float]:
    """Return the score of each ending; context and ending are read together, one ending after the other."""
    scores = []
    for ending in item.endings:
        ids = torch.tensor([[*item.context, *ending]])
        log_p = model(ids[:, :-1])[0].float().log_softmax(dim=-1)[-len(ending) :]
        scores.append(log_p.gather(1, torch.tensor(ending)[:, None]).sum().item())
    return scores


def score(
    model: Reader,
    items: Sequence[Item],
    *,
    context: int,
    device: torch.device | str = "cpu",
    tokens: int = 1024,
    progress: Callable[[int], object] = lambda done: None,
) -> list[list[float]]:
    """`score_plainly` of all items, in batches of at most `tokens`, padding included. Each calls `progress(items)`."""
    scores: list[list[float]] = [[] for _ in items]
    for numbers in _batches(items, tokens=tokens, context=context):
        for number, found in zip(numbers, _score([items[n] for n in numbers], model, device), strict=True):
            scores[number] = found
        progress(len(numbers))
    return scores


def _batches(items: Sequence[Item], *, tokens: int, context: int) -> Iterator[list[int]]:
    """Yield batches of item numbers with contexts of similar length, longest first. Padded, they fit both limits."""
    batch: list[int] = []
    before = after = rows = 0
    for number in sorted(range(len(items)), key=lambda n: -len(items[n].context)):
        item = items[number]
        head = max(before, len(item.context))
        tail, wide = max(after, *map(len, item.endings)), rows + len(item.endings)
        if batch and (head + tail - 1 > context or (len(batch) + 1) * head + wide * tail > tokens):
            yield batch
            batch, head = [], len(item.context)
            tail, wide = max(map(len, item.endings)), len(item.endings)
        batch.append(number)
        before, after, rows = head, tail, wide
    if batch:
        yield batch


@torch.inference_mode()
def _score(items: Sequence[Item], model: Reader, device: torch.device | str) -> list[list[float]]:
    """Read the contexts once, padded on the left; read the endings, padded on the right, from copies of their state."""
    longest = max(len(item.context) for item in items)
    ids = torch.tensor([[0] * (longest - len(item.context)) + [*item.context] for item in items], device=device)
    real = torch.tensor([[i >= longest - len(item.context) for i in range(longest)] for item in items], device=device)
    state = model.begin(len(items), prompt_mask=None if bool(real.all()) else real)

    last = model.read(ids, state)[:, -1:]  # (questions, 1, C)
    rows = torch.tensor([n for n, item in enumerate(items) for _ in item.endings], device=device)
    state.select(rows)
    endings = [ending for item in items for ending in item.endings]
    width = max(map(len, endings))
    padded = torch.tensor([[*ending, *[0] * (width - len(ending))] for ending in endings], device=device)
    x = (
        last[rows] if width == 1 else torch.cat([last[rows], model.read(padded[:, :-1], state)], dim=1)
    )  # (endings, width, C)
    said = torch.tensor([[i < len(ending) for i in range(width)] for ending in endings], device=device)
    log_p = torch.zeros(said.shape, device=device)
    log_p[said] = _log_p(model, x[said], padded[said])
    sums = iter(log_p.sum(dim=1).tolist())
    return [[next(sums) for _ in item.endings] for item in items]


def _log_p(model: Reader, x: Tensor, ids: Tensor) -> Tensor:
    """Return ln p of ids (N,) after hidden states x (N, C), with the head computed for ROWS of them at a time."""
    parts = zip(x.split(ROWS), ids.split(ROWS), strict=True)
    return torch.cat([-F.cross_entropy(model.head(h).float(), i, reduction="none") for h, i in parts])


def accuracies(
    questions: Sequence[Question], items: Sequence[Item], scores: Sequence[Sequence[float]]
) -> list[Accuracy]:
    """Return acc, acc_norm and acc_norm_token. If two endings have the same score, the first one is the answer."""
    lengths: dict[str, Callable[[int, int], int]] = {
        "acc": lambda q, e: 1,
        "acc_norm": lambda q, e: len(questions[q].endings[e]),
        "acc_norm_token": lambda q, e: len(items[q].endings[e]),
    }
    found = []
    for name, length in lengths.items():
        right = 0
        for q, row in enumerate(scores):
            each = [value / length(q, e) for e, value in enumerate(row)]
            right += each.index(max(each)) == questions[q].label
        found.append(Accuracy(name, right / len(scores), wilson(right, len(scores)), len(scores)))
    return found


def wilson(right: int, of: int) -> float:
    """Return half the width of Wilson's 95% score interval of a binomial share, which is valid near 0 and 1 too."""
    z, p = 1.959964, right / of
    return z / (1 + z * z / of) * math.sqrt(p * (1 - p) / of + z * z / (4 * of * of))
