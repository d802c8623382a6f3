"""A corpus by name or path, with its parts."""

import json

import pytest

from groundup.data.load import load_pairs, load_splits, load_texts, part_size
from groundup.data.split import split_texts
from groundup.data.stdlib import stdlib_texts


def test_a_path_of_the_users_own(tmp_path):
    (tmp_path / "a.txt").write_text("words\n")
    (tmp_path / "a.tsv").write_text("Go.\tVa !\n")
    assert load_texts(tmp_path / "a.txt") == load_texts(str(tmp_path)) == ["words\n"]
    assert load_pairs(str(tmp_path / "a.tsv")) == [("Go.", "Va !")]


def test_one_empty_text_does_not_spoil_a_corpus(tmp_path):
    texts = [letter * 1000 for letter in "abc"]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in [*texts, ""]))
    assert load_texts(tmp_path / "a.jsonl") == texts
    (tmp_path / "folder").mkdir()
    for name, text in zip("abcyz", [*texts, "", "x"], strict=True):
        (tmp_path / "folder" / f"{name}.txt").write_text(text)
    train, valid = split_texts(load_texts(tmp_path / "folder"), valid=0.1)
    assert (list(map(len, train)), list(map(len, valid))) == ([900, 900, 900, 1], [100, 100, 100])


def test_a_name_is_not_mistaken_for_a_path():
    with pytest.raises(FileNotFoundError, match=r"fra\.tsv"):
        load_pairs("fra.tsv")
    with pytest.raises(ValueError, match="did you mean 'fra-eng'"):
        load_pairs("fra-egn")
    with pytest.raises(ValueError, match="tinyshakespeare is running text, and pairs are needed"):
        load_pairs("tinyshakespeare")
    with pytest.raises(ValueError, match="fra-eng is a corpus of pairs, and running text is needed"):
        load_texts("fra-eng")
    with pytest.raises(ValueError, match=r"cannot be aligned with b\.fr"):
        load_pairs("fra-eng", "b.fr")


def test_a_part_that_is_not_there_is_not_passed_over(tmp_path):
    (tmp_path / "a.txt").write_text("words\n")
    for corpus in (tmp_path / "a.txt", "stdlib"):
        with pytest.raises(ValueError, match="has no parts; leave 'valid' out"):
            load_texts(corpus, part="valid")


def test_published_parts_are_kept_as_they_are(data_dir):
    splits = load_splits("multi30k-de-en", valid=1, test=1, seed=0)
    assert (len(splits.valid), len(splits.test)) == (1014, 1000)
    assert splits.test[0] == (
        "Ein Mann mit einem orangefarbenen Hut, der etwas anstarrt.",
        "A man in an orange hat starring at something.",
    )


def test_a_corpus_in_one_piece_is_split(data_dir):
    splits = load_splits("chatterbot", valid=50, test=50, seed=0)
    assert (len(splits.valid), len(splits.test)) == (50, 50)
    assert len(load_pairs("four-pairs")) == 4
    assert len(load_pairs("dailydialog")) > 5000


def test_the_phrasebook_is_built_in():
    splits = load_splits("phrasebook-fr", train=500, valid=50, test=50, seed=0)
    assert len(splits.train) <= 500
    assert splits.test
    assert not {pair.source for pair in splits.train} & {pair.source for pair in splits.test}


def test_the_standard_library_is_a_corpus_of_its_own():
    texts = list(stdlib_texts())
    assert len(texts) > 300
    assert sum(map(len, texts)) > 5_000_000
    assert load_texts("stdlib") == texts  # the same again
    assert any("def dedent(text):" in text for text in texts)
    assert not any("import pytest" in text for text in texts)
    train, valid = split_texts(texts)
    assert sum(map(len, valid)) / sum(map(len, texts)) == pytest.approx(0.1, abs=0.01)
    assert not set(train) & set(valid)


def test_at_most_a_tenth_is_held_out_unless_told(tmp_path):
    (tmp_path / "a.tsv").write_text("".join(f"word {n}\tmot {n}\n" for n in range(2500)))
    splits = load_splits(tmp_path / "a.tsv", valid=None, test=None, seed=0)
    assert list(map(len, splits)) == [2000, 250, 250]
    told = load_splits(tmp_path / "a.tsv", valid=600, test=None, seed=0)
    assert list(map(len, told)) == [1650, 600, 250]
    assert part_size(None, 1_000_000) == 1000
    with pytest.raises(ValueError, match=r"--data\.valid .*--data\.test"):
        load_splits(tmp_path / "a.tsv", valid=2000, test=2000, seed=0)
