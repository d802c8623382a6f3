"""`groundup bench gpu`: every part has its row or its reason, and what fails or hangs does not end the rest."""

import json
from pathlib import Path

import pytest
import torch

from groundup.bench import gpu
from groundup.bench.gpu_parts import Part, parts
from groundup.bench.race import Contestant, race
from groundup.cli.main import main

NAMES = [part.name for part in parts(dry=True)]


def named(name: str) -> Part:
    return next(part for part in parts(dry=True) if part.name == name)


def broken(name: str, job: str, limit: float, **arguments) -> Part:
    return Part(
        name, "broken", (Contestant(name, job, arguments),), limit, lambda outcomes: [outcomes[name].facts["x"]]
    )


def run(path: Path, *more: str) -> tuple[dict, str]:
    main(["bench", "gpu", "--dry", "--rounds", "1", "--json", str(path / "gpu.json"), *more])
    return json.loads((path / "gpu.json").read_text()), (path / "gpu.md").read_text()


def test_what_fails_or_hangs_is_recorded_and_the_rest_goes_on(tmp_path, monkeypatch, capsys):
    wanted = [
        broken("hangs", "subprocess:run", 1, args=["sleep", "600"]),
        broken("fails", "groundup.bench.gpu_jobs:resume", 600, shape={}, steps=1),
        named("training: ours, eager"),
    ]
    monkeypatch.setattr(gpu, "parts", lambda *, dry: iter(wanted))
    monkeypatch.setattr(gpu, "LEAST", 0.1)
    record, page = run(tmp_path)
    ran, training = record["tables"]
    notes = {row["part"]: row["note"] for row in ran["rows"]}
    assert notes["hangs"] == "hangs: failed: took too long"
    assert "TypeError" in notes["fails"]
    assert notes["training: ours, eager"] == "whole"
    (row,) = training["rows"]
    assert row["tokens/s"] * row["ms/step"] == pytest.approx(1000 * row["batch tokens"])
    assert 0 < row.get("of peak", row.get("MFU")) < 1
    assert page.startswith("# groundup bench gpu\n")
    for line in ("| part | seconds | note |", "| hangs |", "| ours, eager |"):
        assert line in page
    assert "ours, eager" in capsys.readouterr().out


def test_when_the_time_is_used_up_nothing_more_is_begun(tmp_path):
    record, _ = run(tmp_path, "--minutes", "0.001")
    (ran,) = record["tables"]
    assert [row["part"] for row in ran["rows"]] == NAMES
    assert {row["note"] for row in ran["rows"]} == {"left out: the time is used up"}


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU, which would be used for nine minutes")
def test_without_a_gpu_it_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        main(["bench", "gpu"])
    assert stop.value.code == 2
    assert "no GPU of CUDA is here" in (said := capsys.readouterr().err)
    assert "groundup bench gpu --dry" in said
    assert not list(tmp_path.iterdir())


def test_the_parts_are_in_order_of_worth_and_fit_the_time():
    assert NAMES[0] == "tests"
    assert [name.split(":")[0] for name in NAMES[1:5]] == ["training"] * 4
    assert NAMES[-2:] == ["generation", "resume"]
    real = list(parts(dry=False))
    assert [part.name.replace("256", "8") for part in real if "layers" not in part.name] == [
        name for name in NAMES if "layers" not in name
    ]
    assert [part.name for part in real if "layers" in part.name][-1] == "layers: 15,000 tokens"
    assert sum(part.limit for part in real if "layers" not in part.name) < 600


def test_a_race_ends_when_its_time_is_over_and_keeps_what_it_has():
    outcome = race([Contestant("slow", "subprocess:run", {"args": ["sleep", "600"]})], rounds=3, limit=1, say=print)
    assert outcome["slow"].missing == "failed: took too long"
    assert outcome["slow"].rounds == []


@pytest.mark.slow
def test_all_parts_work_in_tiny_form(tmp_path):
    record, _ = run(tmp_path, "--minutes", "30")
    ran, *tables = record["tables"]
    assert {row["part"]: row["note"] for row in ran["rows"]} == dict.fromkeys(NAMES, "whole")
    by_title = {table["title"]: table["rows"] for table in tables}
    (tests,) = by_title["tests on the device"]
    assert tests["passed"] > 25
    assert tests["failures"] == ""
    (resume,) = by_title["2n steps beside n, a resume and n more"]
    assert resume["difference"] == 0
    assert resume["loss"] == resume["resumed_loss"]
    assert len(by_title["training, tiny"]) == 4
    assert len(by_title["greedy generation, tiny"]) == 4
