"""Questions as lm-evaluation-harness puts them: its own functions and its own run agree, where it is installed."""

import dataclasses
from pathlib import Path

import pytest
from families import build_random

from groundup.hub.custom import to_custom
from groundup.hub.folder import to_hub
from groundup.measure.harness import asked, encode
from groundup.measure.multiple_choice import Question, read_questions, score
from groundup.presets import preset
from groundup.run.questions import answer
from groundup.run.save import save_run
from groundup.text.tokenizer import Tokenizer

HELLASWAG = Question(
    "Do it. then rest",
    ("[substeps] Sit  down [title] Stand.", " walks."),
    1,
    7,
    activity="Home and Garden",
    parts=("[header] How to do [title] Do  it. [step]", "then Rest"),
)
TASK = """\
task: offline
dataset_path: json
dataset_kwargs: {{data_files: {{validation: {path}}}}}
output_type: multiple_choice
validation_split: validation
process_docs: !function docs.process_docs
doc_to_text: "{{{{query}}}}"
doc_to_target: "{{{{label}}}}"
doc_to_choice: "choices"
metric_list: [{{metric: acc}}, {{metric: acc_norm}}]
"""
DOCS = """\
from lm_eval.tasks.hellaswag.utils import preprocess

def process_docs(dataset):
    return dataset.map(lambda doc: {
        "query": preprocess(doc["activity_label"] + ": " + doc["ctx"]),
        "choices": [preprocess(ending) for ending in doc["endings"]],
        "gold": int(doc["label"]),
    })
"""


def test_a_question_gets_its_label_and_loses_its_marks():
    said = asked(HELLASWAG)
    assert said.context == "Home and Garden: How to do. Do it. Then rest"
    assert said.endings == (" Sit down. Stand.", "walks.")
    assert (said.label, said.line) == (1, 7)
    assert asked(dataclasses.replace(HELLASWAG, parts=None)).context == "Home and Garden: Do it. then rest"
    assert asked(dataclasses.replace(HELLASWAG, parts=None, activity=None)).context == "Do it. then rest"


def test_each_ending_keeps_as_much_of_the_query_as_it_leaves_room_for():
    tokenizer = Tokenizer.characters("abcdefgh: ")
    question = Question("abc: def ", ("gh", "g"), 0, 3)
    (item,) = encode(question, tokenizer.encode, context=20)
    assert tokenizer.decode(item.context) == "abc: def"
    assert [tokenizer.decode(ending) for ending in item.endings] == ["  gh", "  g"]
    parts = encode(question, tokenizer.encode, context=10)
    assert [(tokenizer.decode(one.context), one.cut) for one in parts] == [("bc: def", True), ("abc: def", False)]
    with pytest.raises(ValueError, match="line 3: an ending has 4 tokens, the model's context is 3"):
        encode(question, tokenizer.encode, context=3)


class Documents(list):
    def map(self, change):
        return [doc | change(doc) for doc in self]


@pytest.mark.slow
def test_its_own_functions_put_it_so():
    there = pytest.importorskip("lm_eval.tasks.hellaswag.utils", reason="lm-eval is not installed")
    first, second = HELLASWAG.parts or ("", "")
    said = dict(activity_label=HELLASWAG.activity, ctx_a=first, ctx_b=second, endings=HELLASWAG.endings, label="1")
    (doc,) = there.process_docs(Documents([said]))
    ours = asked(HELLASWAG)
    assert (ours.context, list(ours.endings), ours.label) == (doc["query"], doc["choices"], doc["gold"])


SMALL = dict(vocab_size=500, context=120, width=32, layers=2, heads=4)


@pytest.mark.slow
@pytest.mark.parametrize("family", ["gpt2", "llama3", "modern"])
def test_it_chooses_what_we_choose(data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, family: str):
    """200 questions, some of them longer than the context: the same sums for each ending, and the same answers."""
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
        monkeypatch.setenv(name, "1")
    for name in ("HF_HOME", "HF_DATASETS_CACHE"):
        monkeypatch.setenv(name, str(tmp_path / name))
    lm_eval = pytest.importorskip("lm_eval", reason="lm-eval is not installed")
    from lm_eval.models.huggingface import HFLM
    from lm_eval.tasks import TaskManager

    source = data_dir / "hellaswag" / "hellaswag_val.jsonl"
    if not source.is_file():
        pytest.skip("needs HellaSwag in GROUNDUP_DATA/hellaswag")
    short = [one for one in read_questions(source)[0] if max(map(len, one.endings)) < 150][::15][:200]
    tokenizer = Tokenizer.train_from_texts([one.context for one in short], 500)
    lines, path = source.read_text(encoding="utf-8").splitlines(), tmp_path / "questions.jsonl"
    path.write_text("".join(f"{lines[one.line - 1]}\n" for one in short), encoding="utf-8")

    gated = dict(kv_heads=2, mlp_width=40) if family == "llama3" else {}
    model = build_random(preset(f"{family}-tiny", **SMALL, **gated))
    write = to_custom if family == "modern" else to_hub
    folder = write(model, tmp_path / "model", tokenizer=tokenizer)  # type: ignore[arg-type]
    (tmp_path / "offline.yaml").write_text(TASK.format(path=path))
    (tmp_path / "docs.py").write_text(DOCS)
    tasks = TaskManager(include_path=str(tmp_path), include_defaults=False)
    theirs = HFLM(pretrained=str(folder), device="cpu", batch_size=8, trust_remote_code=write is to_custom)
    said = lm_eval.simple_evaluate(theirs, tasks=["offline"], task_manager=tasks, log_samples=True, bootstrap_iters=0)

    found = answer(save_run(model, tmp_path / "run", tokenizer=tokenizer), path, harness=True)  # type: ignore[arg-type]
    assert (found.left_out, found.accuracies[0].questions) == (0, 200)
    assert found.cut > 10
    for accuracy in found.accuracies[:2]:
        assert accuracy.value == pytest.approx(said["results"]["offline"][f"{accuracy.name},none"])
    samples = sorted(said["samples"]["offline"], key=lambda sample: sample["doc_id"])
    for sample, question in zip(samples, map(asked, read_questions(path)[0]), strict=True):
        items = encode(question, tokenizer.encode, context=120)
        ours = [value for row in score(model, items, context=120) for value in row]  # type: ignore[arg-type]
        sums = [float(answered[0][0]) for answered in sample["resps"]]
        assert ours == pytest.approx(sums, abs=2e-3)
        for lengths in ([1] * 4, list(map(len, question.endings))):
            each = [[value / n for value, n in zip(row, lengths, strict=True)] for row in (ours, sums)]
            assert each[0].index(max(each[0])) == each[1].index(max(each[1]))
