"""evaluate: intervals, all references, reading along, the worst first, two runs against each other, bad lines named."""

import json
import re
import shutil

import pytest
import sacrebleu

import groundup as gu


def test_the_scores_are_sacrebleus_and_are_kept(home, cli, tmp_path):
    shutil.copytree(home / "runs" / "translator", tmp_path / "copy")
    results = json.loads((tmp_path / "copy/results.json").read_text())
    (tmp_path / "copy/results.json").write_text(json.dumps(results | {"evaluations": []}))  # other tests evaluate too
    said = cli("evaluate", str(tmp_path / "copy"), "--split", "validation", "--num-beams", "1")
    found = {
        r["metric"]: r for r in json.loads((tmp_path / "copy/results.json").read_text())["evaluations"][0]["results"]
    }
    run = gu.load("translator")
    from groundup.flow.pairs import read_splits

    pairs = read_splits(run.recipe.data).valid
    answers, references = run.translate([p.source for p in pairs]), [[p.target for p in pairs]]
    theirs = sacrebleu.metrics.CHRF().corpus_score(answers, references)
    assert found["chrf"]["value"] == pytest.approx(theirs.score)
    assert found["chrf"]["margin"] is None, "eight sentences are too few for an interval"
    assert found["ter"]["value"] == sacrebleu.corpus_ter(answers, references, case_sensitive=True).score
    assert f"chrf          {theirs.score:.2f}  greedy  on validation, 8 pairs" in said.out
    assert "bs:1000" not in said.out
    cli("evaluate", str(tmp_path / "copy"), "--split", "validation", "--num-beams", "1")
    cli("evaluate", str(tmp_path / "copy"), "--num-beams", "1")
    assert len(json.loads((tmp_path / "copy/results.json").read_text())["evaluations"]) == 2


def test_all_references_of_a_source_are_one_row(home, cli, tmp_path):
    rows = [
        ("I see the dog.", "niente."),
        ("I see the dog.", "io vede il cane."),
        ("we eat it all.", "noi mangia tutto."),
    ]
    (tmp_path / "several.tsv").write_text("".join(f"{a}\t{b}\n" for a, b in rows))
    data = ["--data", str(tmp_path / "several.tsv")]
    said = cli("evaluate", "translator", *data, "--num-beams", "1", "--all-references", "--json")
    one, several = json.loads(said.out)[0], json.loads(said.out)[4]
    sources = ["I see the dog.", "we eat it all."]
    answers = cli("translate", "translator", *sources, "--num-beams", "1").out.splitlines()
    theirs = sacrebleu.corpus_bleu(answers, [["niente.", "noi mangia tutto."], ["io vede il cane.", None]])
    assert (one["size"], several["size"]) == (3, 2)
    assert several["value"] == pytest.approx(theirs.score)
    assert "all references" in several["split"]
    assert "nrefs:var" in several["signature"]


def test_the_tutorials_way_is_named_in_the_signature(home, cli, tmp_path):
    run = gu.load("translator")
    (tmp_path / "loud.tsv").write_text(f"I see the dog.\t{run.translate(['I see the dog.'])[0].upper()}\n")
    data = ["--data", str(tmp_path / "loud.tsv"), "--num-beams", "1", "--json"]
    exact = {}
    for flags in ([], ["--lowercase"]):
        found = json.loads(cli("evaluate", "translator", *data, *flags).out)
        exact[len(flags)] = found[3]["value"]
        assert ("case:lc" in found[0]["signature"]) == bool(flags)
    assert exact == {0: 0.0, 1: 100.0}


def test_reading_along_finds_the_validation_loss_of_the_training(home, cli):
    training = json.loads((home / "runs/translator/results.json").read_text())["training"]
    said = cli("evaluate", "translator", "--split", "validation", "--num-beams", "1", "--teacher-forced", "--json")
    found = {r["metric"]: r for r in json.loads(said.out)}
    assert found["loss"]["value"] == pytest.approx(training["best_validation_loss"], rel=0.02)
    # Token by token, one sentence at a time, by the run's own probabilities.
    run = gu.load("translator")
    from groundup.flow.pairs import read_splits

    right = total = 0
    for pair in read_splits(run.recipe.data).valid:
        ids = [*run.target.encode(pair.target), run.target.special_id("<eos>")]
        right += sum(int(p.argmax()) == id for p, id in zip(run.probabilities(pair.source, ids), ids, strict=True))
        total += len(ids)
    assert found["token-accuracy"]["value"] == pytest.approx(100 * right / total)


def test_the_worst_come_first_with_everything_beside_them(home, cli):
    said = cli("evaluate", "translator", "--data", "pairs.tsv", "--worst", "80", "--num-beams", "1", "--teacher-forced")
    blocks = said.out.split("\nchrF ")[1:]
    scores = [float(block.split()[0]) for block in blocks]
    assert len(scores) == 80
    assert scores == sorted(scores)
    for line in ("source     ", "reference  ", "ours       ", "read along "):
        assert said.out.count(f"  {line}") == 80
    number = int(blocks[0].split("line ")[1].split("\n")[0])
    source, reference = (home / "pairs.tsv").read_text().splitlines()[number - 1].split("\t")
    assert f"  source     {source}\n  reference  {reference}\n" in blocks[0]


def test_the_worst_are_ranked_without_case_where_they_are_judged_so(home, cli, tmp_path):
    """Shouted references are no faults then: the worst is the one of other words."""
    said = gu.load("translator").translate(["I see the dog.", "we eat it all."])
    wanted = [said[0].upper(), f"{said[1]} {said[1]} tutto"]
    (tmp_path / "loud.tsv").write_text(f"I see the dog.\t{wanted[0]}\nwe eat it all.\t{wanted[1]}\n")
    flags = ["--data", str(tmp_path / "loud.tsv"), "--num-beams", "1", "--worst", "2", "--json"]
    first = {}
    for case in ([], ["--lowercase"]):
        rows = json.loads(cli("evaluate", "translator", *flags, *case).out)["worst"]
        first[len(case)] = rows[0]["source"]
        theirs = sacrebleu.CHRF(lowercase=bool(case))
        for row in rows:
            assert row["chrf"] == pytest.approx(theirs.sentence_score(row["ours"], [row["reference"]]).score)
    assert first == {0: "I see the dog.", 1: "we eat it all."}


def test_the_worst_come_as_json_too(home, cli):
    flags = "--data pairs.tsv --num-beams 1 --teacher-forced --worst 5".split()
    said = json.loads(cli("evaluate", "translator", *flags, "--json").out)
    printed = cli("evaluate", "translator", *flags).out
    assert said["results"][0]["metric"] == "bleu"
    assert [f"chrF {row['chrf']:5.1f}" for row in said["worst"]] == re.findall(r"^chrF ..\S+", printed, re.MULTILINE)
    for row in said["worst"]:
        assert all(f"{row[name]}\n" in printed for name in ("place", "source", "reference", "ours", "read along"))


def test_two_runs_on_the_same_pairs(trained, beginner, cli):
    two = [str(beginner), str(trained / "runs" / "translator")]
    said = cli("evaluate", *two, "--data", "pairs.tsv", "--num-beams", "1", "--json")
    found = json.loads(said.out)
    bleu, chrf, ter = found["differences"]
    assert chrf["second"] - chrf["first"] > 3
    assert chrf["p_value"] < 0.05
    for one in (bleu, chrf, ter):
        for side in ("first", "second"):
            assert one[side] == pytest.approx({r["metric"]: r["value"] for r in found[side]}[one["metric"]])
    plain = cli("evaluate", *two, "--data", "pairs.tsv", "--num-beams", "1").out
    assert f"chrf          {chrf['second'] - chrf['first']:+.2f}  p = {chrf['p_value']:.3f}  greedy" in plain


def test_runs_that_cannot_be_compared(home, complaint):
    message = complaint("evaluate", "translator", "talker")
    assert "translator and talker have different test pairs (8 and 4, 0 in common); judge both with" in message
    assert "writer is a language model" in complaint("evaluate", "translator", "writer")
    assert "writer is a language model" in complaint("evaluate", "writer", "translator")
    assert "leave --teacher-forced out" in complaint("evaluate", "writer", "--teacher-forced")
    for same in ("talker", "runs/talker", "./runs/talker/", str(home / "runs" / "writer" / ".." / "talker")):
        assert "talker is compared with itself" in complaint("evaluate", "talker", same)
    assert "worst (-1)" in complaint("evaluate", "translator", "--worst", "-1")


def test_the_part_to_choose_by_and_the_part_to_report(home, cli, complaint):
    from groundup.flow.pairs import read_splits

    run = gu.load("translator")
    splits = read_splits(run.recipe.data)
    for flags, pairs in (
        ([], splits.test),
        (["--split", "test"], splits.test),
        (["--split", "validation"], splits.valid),
    ):
        found = json.loads(cli("evaluate", "translator", *flags, "--num-beams", "1", "--json").out)
        answers = run.translate([pair.source for pair in pairs])
        theirs = sacrebleu.corpus_chrf(answers, [[pair.target for pair in pairs]])
        assert {r["metric"]: r for r in found}["chrf"]["value"] == pytest.approx(theirs.score)
        assert {r["split"] for r in found} == {flags[1] if flags else "test"}
    assert cli("evaluate", "writer", "--split", "validation").out == cli("evaluate", "writer").out
    assert "holds out validation only" in complaint("evaluate", "writer", "--split", "test")


def test_a_long_source_is_answered_as_translate_answers_it(home, cli, tmp_path):
    long = "I see the dog. we eat it all. " * 30
    answer = cli("translate", "translator", long, "--num-beams", "1").out.strip()
    assert answer.count("vede il cane.") == 30
    (tmp_path / "long.tsv").write_text(f"{long}\t{answer}\n")
    said = cli("evaluate", "translator", "--data", str(tmp_path / "long.tsv"), "--num-beams", "1", "--json")
    assert said.err == ""
    assert {r["metric"]: r["value"] for r in json.loads(said.out)}["exact-match"] == 100


def test_bad_lines_cost_themselves_and_are_named(home, cli, tmp_path):
    rows = [
        "I see the dog.\tio vede il cane.",
        "",
        "   \tspazi",
        "word " * 3000 + "\tlungo",
        "nulla\t ",
        "we eat.\tmangia.",
    ]
    (tmp_path / "bad.tsv").write_text("\n".join(rows) + "\n")
    said = cli("evaluate", "translator", "--data", str(tmp_path / "bad.tsv"), "--num-beams", "1", "--teacher-forced")
    assert said.code == 0
    named = said.err.splitlines()
    for number, why in ((2, "either side"), (3, "the left"), (5, "the right")):
        assert any(f"bad.tsv, line {number}: no text on {why}; left out" in line for line in named)
    assert any("bad.tsv, line 4: a sentence of" in line and "counts as wrong" in line for line in named)
    assert len(named) == 4
    assert ", 3 pairs" in said.out.splitlines()[0]  # three of the six have two sides
    assert "token-accuracy" in said.out
    assert ", 2 pairs" in next(line for line in said.out.splitlines() if line.startswith("token-accuracy"))


def test_many_bad_lines_are_not_a_flood(home, cli, tmp_path):
    (tmp_path / "bad.tsv").write_text("I see the dog.\tio vede il cane.\n" + "\tx\n" * 500)
    said = cli("evaluate", "translator", "--data", str(tmp_path / "bad.tsv"), "--num-beams", "1")
    assert len(said.err.splitlines()) == 11
    assert "and 490 more such lines" in said.err
