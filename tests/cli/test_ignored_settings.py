"""What a recipe would have to ignore is refused, and what a machine cannot hold is said before it is tried."""

import json

import pytest

TALK = ["train", "dialogue", "talk.tsv"]


def test_published_parts_are_not_cut_anew(desk, complaint, cli):
    for recipe in (["multi30k"], ["fra-eng", "multi30k-en-fr"]):
        for flag in ("test", "valid"):
            said = complaint("train", *recipe, f"--data.{flag}", "100")
            assert "has published parts (1,014 and 1,000 pairs)" in said
            assert f"leave --data.{flag} out" in said
    said = cli("train", "fra-eng", "multi30k-de-en", "--data.test", "1000", "--dry-run")
    assert said.code == 0
    data = json.loads(said.out.rsplit("\n}\n", 1)[0] + "}")["data"]
    assert (data["valid"], data["test"]) == (1014, 1000), "what the recipe of the run will say"


def test_the_published_counts_are_those_of_the_corpus(data_dir):
    from groundup.data.catalogue import PUBLISHED, SOURCES
    from groundup.data.load import load_pairs

    assert {name for name, source in SOURCES.items() if {"valid", "test"} <= set(source.files)} == PUBLISHED.keys()
    for name, counts in PUBLISHED.items():
        assert tuple(len(load_pairs(name, part=part)) for part in ("valid", "test")) == counts


def test_nothing_is_held_out_of_what_is_memorised(desk, complaint, cli):
    assert "leave it or --data.test (2) out" in complaint(*TALK, "--data.test", "2")
    assert cli(*TALK, "--data.no-memorise", "--data.test", "2", "--dry-run").code == 0


@pytest.mark.parametrize("flags", [["--tokenizer.vocab-size", "300"], ["--tokenizer.pattern", "gpt2"]])
def test_characters_have_no_size_and_no_merges(desk, complaint, cli, flags):
    said = complaint("train", "shakespeare-char", "text.txt", *flags)
    assert said.startswith(f"{flags[0]} ({flags[1]})")
    assert "leave it out, or add --tokenizer.kind bpe" in said
    assert cli("train", "shakespeare-char", "text.txt", *flags, "--tokenizer.kind", "bpe", "--dry-run").code == 0


@pytest.mark.parametrize("flags", [["vocab-size", "300"], ["pattern", "none"], ["kind", "characters"]])
def test_shards_have_their_tokenizer(desk, complaint, cli, flags):
    tokenizer = ["tokenizer", "train", "text.txt", "280", "--out", "tok"]
    assert cli(*tokenizer).code == 0
    prepare = ["data", "prepare", "text.txt", "--tokenizer", "tok", "--out", "made", "--valid-tokens", "99"]
    assert cli(*prepare).code == 0
    train = ["train", "gpt2-tiny", "made"]
    said = complaint(*train, f"--tokenizer.{flags[0]}", flags[1])
    assert said.startswith(f"--tokenizer.{flags[0]} ({flags[1]}): made holds token shards")
    assert "leave it out, or name the text itself" in said
    assert cli(*train, "--tokenizer.pad", "64", "--dry-run").code == 0, "the rows of the model are not the tokenizer's"
    assert cli("train", "gpt2-tiny", "text.txt", f"--tokenizer.{flags[0]}", flags[1], "--dry-run").code == 0


def test_a_text_that_is_too_short_is_named(desk, complaint):
    (desk / "short.txt").write_text("aab" * 9)
    said = complaint("train", "shakespeare-char", "short.txt", "--train.steps", "1", "--train.warmup", "0")
    assert said.startswith("short.txt: the text has ")
    (desk / "one.txt").write_text("x")
    assert complaint("train", "shakespeare-char", "one.txt").startswith("one.txt: too small to split: 1 characters")
    (desk / "few.tsv").write_text("one\tuno\ntwo\tdue\n")
    assert complaint("train", "translation", "few.tsv").startswith("few.tsv: too small to split: 2 pairs")


def test_translation_asks_for_pairs(desk, complaint, cli):
    said = complaint("train", "translation")
    assert "none is named" in said
    assert "groundup train translation pairs.tsv" in said
    assert complaint("train", "translation", "--dry-run") == said
    assert cli("train", "translation", "--data.corpus", "pairs.tsv", "--dry-run").code == 0


def test_what_the_machine_cannot_hold(desk, complaint, cli, monkeypatch):
    # Seen from below: this very training needs so many bytes, and half of them are not enough.
    text = ["train", "shakespeare-char", "text.txt", "--train.steps", "1", "--train.warmup", "0"]
    monkeypatch.setattr("groundup.plan.here.installed", lambda device: 440_000_000)
    said = complaint(*text, "--data.batch", "64")
    assert "GB and there are 0.4 GB" in said
    cure = int(said.rsplit("--data.batch ", 1)[1])
    assert cure in (1, 2, 4, 8, 16, 32)
    plan = cli(*text, "--data.batch", "64", "--dry-run")
    assert plan.code == 0
    assert plan.err == f"groundup: {said}\n"
    assert cli(*text, "--data.batch", str(cure), "--dry-run").err == ""
    assert "smaller model or a shorter context" in complaint(*text, "--model.width", "1024")


def test_a_dry_run_counts_what_a_batch_takes(desk, cli):
    def batch(*flags: str) -> int:
        said = cli("train", "shakespeare-char", "text.txt", "--dry-run", *flags).out
        return int(said.split("a batch about ")[1].split(" MB")[0].replace(",", ""))

    once = batch("--data.batch", "64")
    assert batch("--data.batch", "640") == pytest.approx(10 * once, rel=0.1)
    assert batch("--data.batch", "64", "--model.context", "1280") == pytest.approx(10 * once, rel=0.1)
    assert batch("--data.batch", "64", "--train.recompute") < once
