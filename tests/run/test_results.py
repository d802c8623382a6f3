"""results.json: every evaluation is kept, whoever writes beside it; a file that was changed is named."""

import json
import subprocess
import sys
from dataclasses import asdict

import pytest

from groundup.run.results import Result, keep_evaluation, read_results, save_results

RESULT = Result(metric="loss", value=1.5, split="test", size=3, seed=0, seconds=0.1)
TRAINING = {"steps": 4, "best_step": 4}
WRITE = """
import sys
from pathlib import Path
from groundup.run.results import Result, keep_evaluation
for n in range(int(sys.argv[3])):
    result = Result(metric="loss", value=float(n), split="test", size=3, seed=0, seconds=0.1)
    keep_evaluation(Path(sys.argv[1]), [result], how={"by": sys.argv[2], "n": n})
"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "results.json"
    save_results(path, [RESULT], training=TRAINING)
    return path


def test_evaluations_beside_each_other_are_all_kept(path):
    writers = [subprocess.Popen([sys.executable, "-c", WRITE, str(path), str(who), "25"]) for who in range(4)]
    assert [writer.wait(timeout=100) for writer in writers] == [0] * 4
    kept = {(one["how"]["by"], one["how"]["n"]) for one in read_results(path)["evaluations"]}
    assert kept == {(str(who), n) for who in range(4) for n in range(25)}
    assert [file.name for file in path.parent.iterdir()] == ["results.json"]


def test_the_same_evaluation_is_replaced_and_outlives_a_training_that_took_no_step(path):
    for value in (1.0, 2.0):
        keep_evaluation(path, [Result(**{**asdict(RESULT), "value": value})], how={"data": "x"})
    save_results(path, [RESULT], training=TRAINING)
    (kept,) = read_results(path)["evaluations"]
    assert kept["results"][0]["value"] == 2.0
    save_results(path, [RESULT], training=TRAINING | {"steps": 8})
    assert "evaluations" not in read_results(path)


WRONG = [
    "[" * 100_000,
    "",
    "null",
    "[]",
    "{}",
    json.dumps({"training": [], "results": []}),
    json.dumps({"training": {}, "results": {}}),
    json.dumps({"training": {}, "results": [5]}),
    json.dumps({"training": {}, "results": [asdict(RESULT) | {"value": "high"}]}),
    json.dumps({"training": {}, "results": [asdict(RESULT) | {"more": 1}]}),
    json.dumps({"training": {}, "results": [], "evaluations": 5}),
    json.dumps({"training": {}, "results": [], "evaluations": [{"how": {}, "results": [{"p_value": 1}]}]}),
]


@pytest.mark.parametrize("text", WRONG)
def test_a_file_that_was_changed_is_named_and_costs_no_training_its_figures(path, text):
    path.write_text(text)
    with pytest.raises(ValueError, match=r"results\.json: ") as error:
        keep_evaluation(path, [RESULT], how={})
    assert "\n" not in str(error.value)
    assert path.read_text() == text
    save_results(path, [RESULT], training=TRAINING)
    assert read_results(path)["results"] == [asdict(RESULT)]
    assert path.with_name("results.json.damaged").read_text() == text


def test_a_full_disk_names_the_file(path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="No space") as error:
        keep_evaluation(path, [RESULT], how={})
    assert error.value.filename == str(path)
