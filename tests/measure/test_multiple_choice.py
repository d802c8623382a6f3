"""Endings are scored as transformers' own logits say, however they are batched; and bad lines are named."""

import json
import math
from pathlib import Path

import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from groundup.hub.folder import from_hub
from groundup.measure.multiple_choice import (
    Item,
    Question,
    accuracies,
    encode,
    read_questions,
    score,
    score_plainly,
    wilson,
)
from groundup.models.causal_lm import CausalLM
from groundup.presets import preset
from groundup.text.tokenizer import Tokenizer

V, CONTEXT = 61, 24


@pytest.fixture(scope="module")
def pair(tmp_path_factory) -> tuple[GPT2LMHeadModel, CausalLM]:
    """transformers' random GPT-2, as it would be downloaded, and the same one read by us."""
    torch.manual_seed(0)
    shape = dict(vocab_size=V, n_positions=CONTEXT, n_embd=32, n_layer=2, n_head=4, initializer_range=0.5)
    theirs = GPT2LMHeadModel(GPT2Config(**shape, bos_token_id=V - 1, eos_token_id=V - 1)).eval()
    folder = tmp_path_factory.mktemp("gpt2")
    theirs.save_pretrained(folder)
    ours = from_hub(folder)
    assert isinstance(ours, CausalLM)
    return theirs, ours.eval()


@pytest.fixture(scope="module")
def items() -> list[Item]:
    """Contexts and endings of every length that fits, endings of one token and a single-token context among them."""
    draw = torch.Generator().manual_seed(1)

    def some(low: int, high: int) -> tuple[int, ...]:
        length = int(torch.randint(low, high + 1, (1,), generator=draw))
        return tuple(torch.randint(V, (length,), generator=draw).tolist())

    made = [Item(some(1, 15), tuple(some(1, 9) for _ in range(2 + n % 3))) for n in range(25)]
    return [*made, Item((7,), ((1,), (2,))), Item(some(16, 16), (some(9, 9), some(1, 1)))]


@torch.no_grad()
def oracle(theirs: GPT2LMHeadModel, item: Item) -> list[float]:
    """ln p of each ending from transformers' logits, summed token by token in float64."""
    scores = []
    for ending in item.endings:
        ids = [*item.context, *ending]
        logits = theirs(torch.tensor([ids[:-1]])).logits[0].double()
        at = len(item.context)
        scores.append(sum(float(logits[at + i - 1].log_softmax(-1)[id]) for i, id in enumerate(ending)))
    return scores


@pytest.mark.parametrize("tokens", [1, 60, 4096])
def test_scores_are_those_of_transformers(pair, items, tokens):
    theirs, ours = pair
    done = []
    found = score(ours, items, context=CONTEXT, tokens=tokens, progress=done.append)
    assert sum(done) == len(items)
    assert (len(done) == len(items)) == (tokens == 1)
    for item, row in zip(items, found, strict=True):
        assert row == pytest.approx(oracle(theirs, item), abs=2e-4)
        assert row == pytest.approx(score_plainly(ours, item), abs=2e-4)


def test_what_fills_the_context_alone_is_not_padded_beyond_it(pair):
    """A long context with short endings and a short one with long endings: together longer than the model reads."""
    theirs, ours = pair
    long = Item(tuple(range(CONTEXT)), ((1,), (2,)))
    short = Item((7,), (tuple(range(CONTEXT)), (3,)))
    done = []
    for item, row in zip(
        [long, short], score(ours, [long, short], context=CONTEXT, tokens=4096, progress=done.append), strict=True
    ):
        assert row == pytest.approx(oracle(theirs, item), abs=2e-4)
    assert done == [1, 1]


@pytest.mark.parametrize("family", ["llama3-tiny", "gpt3-tiny", "modern-tiny"])
def test_batches_change_nothing_in_other_families(family, items):
    torch.manual_seed(0)
    heads = {"kv_heads": 2} if family == "llama3-tiny" else {}
    windows = {"windows": (None, 5)} if family == "gpt3-tiny" else {}
    model = CausalLM(preset(family, vocab_size=V, context=CONTEXT, width=32, layers=2, heads=4, **heads, **windows))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.3)
    found = score(model.eval(), items, context=CONTEXT, tokens=200)
    for item, row in zip(items, found, strict=True):
        assert row == pytest.approx(score_plainly(model, item), abs=2e-4)


def test_what_is_compared_with_what():
    """acc takes the sum, acc_norm the mean by character, acc_norm_token by token: each picks another ending here."""
    endings = ("ab", "abcdefghij", "abcd")
    question = Question("context", endings, 0, 1)
    item = Item((1,), ((1,), (1, 2), (1, 2, 3, 4, 5)))
    scores = [-2.0, -3.1, -3.5]  # by character -1.0, -0.31, -0.875; by token -2.0, -1.55, -0.7
    for label, right in ((0, "acc"), (1, "acc_norm"), (2, "acc_norm_token")):
        asked = [Question("context", endings, label, 1)]
        values = {one.name: one.value for one in accuracies(asked, [item], [scores])}
        assert values == {name: float(name == right) for name in ("acc", "acc_norm", "acc_norm_token")}
    assert question.endings[0] == "ab"


def test_the_interval_holds_the_truth_as_often_as_it_says():
    draw = torch.Generator().manual_seed(0)
    n, p, held = 400, 0.3, 0
    for right in (torch.rand(2000, n, generator=draw) < p).sum(dim=1).tolist():
        centre = (right + 1.96**2 / 2) / (n + 1.96**2)
        held += abs(centre - p) <= wilson(right, n)
    assert held / 2000 == pytest.approx(0.95, abs=0.015)
    assert wilson(0, 10) > 0.1


def test_questions_become_tokens_that_fit():
    tokenizer = Tokenizer.characters("abcdefgh ")
    question = Question("abc def", ("gh", " gh"), 1, 3)
    item = encode(question, tokenizer.encode, context=9)
    assert tokenizer.decode(item.context) == "abc def"
    assert [tokenizer.decode(ending) for ending in item.endings] == [" gh", " gh"]
    assert not item.cut
    cut = encode(question, tokenizer.encode, context=6)
    assert tokenizer.decode(cut.context) == " def"
    assert cut.cut
    after_space = encode(Question("abc ", ("gh", "h"), 0, 1), tokenizer.encode, context=9)
    assert tokenizer.decode(after_space.endings[0]) == "gh"
    with pytest.raises(ValueError, match="line 3: an ending has 3 tokens, the model's context is 2"):
        encode(question, tokenizer.encode, context=2)


GOOD = {"ctx": "A man", "endings": ["sits.", "flies."], "label": 0}


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{", "line 2: Expecting property name"),
        ("[1]", "line 2: not a JSON object"),
        (json.dumps({"ctx": "x"}), "line 2: no 'endings' and no 'label'"),
        (json.dumps(GOOD | {"ctx": " "}), "line 2: 'ctx' is no text"),
        (json.dumps(GOOD | {"endings": ["one", 2]}), "line 2: 'endings' is no list of texts"),
        (json.dumps(GOOD | {"endings": ["one"]}), "line 2: 1 endings leave nothing to choose"),
        (json.dumps(GOOD | {"label": 2}), r"line 2: 'label' \(2\) is no number from 0 to 1"),
        (json.dumps(GOOD | {"label": True}), r"line 2: 'label' \(True\) is no number"),
    ],
)
def test_bad_lines_are_named_and_left_out(tmp_path: Path, line: str, complaint: str):
    import re

    path = tmp_path / "mine.jsonl"
    path.write_text(f"{json.dumps(GOOD)}\n{line}\n\n{json.dumps(GOOD | {'label': '1'})}\n", encoding="utf-8")
    questions, faults = read_questions(path)
    assert [(one.line, one.label) for one in questions] == [(1, 0), (4, 1)]
    assert len(faults) == 1
    assert re.search(complaint, faults[0])
    path.write_text(line + "\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"mine\.jsonl: line 1"):
        read_questions(path)


def test_hellaswag_itself(data_dir: Path):
    path = data_dir / "hellaswag" / "hellaswag_val.jsonl"
    if not path.is_file():
        pytest.skip("needs HellaSwag in GROUNDUP_DATA/hellaswag")
    questions, faults = read_questions(path)
    assert (len(questions), faults) == (10_042, [])
    assert all(len(question.endings) == 4 for question in questions)
    some, _ = read_questions(path, limit=100)
    assert len({question.line for question in some}) == 100
    assert some[0].line == 1
    assert some[-1].line > 9_900
    assert math.isclose(sum(question.label == 0 for question in questions) / 10_042, 0.25, abs_tol=0.01)
