"""Dialogue: what was said so far and the reply to it, spaced as people write, dealt out by whole conversations."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundup.data.dialogue import MARK, SIGN, dialogue_rows, exchanges, join_turns, plain_turn, split_dialogue
from groundup.data.load import load_pairs, load_rows, load_splits
from groundup.data.normalise import normalise_sentence, sentence_key
from groundup.data.pairs import Pair

TURNS = st.lists(st.text("ab .,'’?!sT" + SIGN, max_size=8), min_size=1, max_size=4)


def records(path, *lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("I don ’ t know . Mr.Smith , we ’ Ve met .", "I don't know. Mr. Smith, we've met."),
        ("It' s late . . . isn't it?", "It's late... isn't it?"),
        ("O ’ Connell paid $ 3.50 at 10:30 , O.K. ?", "O'Connell paid $ 3.50 at 10:30, O.K.?"),
        ("The students' union, the '90s and 'yes' , no", "The students' union, the '90s and 'yes', no"),
        (f"one{SIGN}two  \u200b three\n", "one two three"),
        ("e.g. 3.14, U.S.A. or a .txt file :-)", "e.g. 3.14, U.S.A. or a .txt file :-)"),
        (" \t ", ""),
    ],
)
def test_a_turn_is_plain_english(written, plain):
    assert plain_turn(written) == plain


@given(st.text("ab .,'’?!sT\n", max_size=30))
def test_a_plain_turn_stays_as_it_is(text):
    plain = plain_turn(text)
    assert plain_turn(plain) == plain == normalise_sentence(plain)


def test_every_turn_but_the_first_is_a_reply_to_those_before_it(tmp_path):
    path = records(tmp_path / "a.jsonl", {"context": ["Hello .", "", "Hi!", "Well?"], "responses": ["Good.", "Bad."]})
    said = ["Hello.", f"Hello.{MARK}Hi!", f"Hello.{MARK}Hi!{MARK}Well?"]
    expected = [(said[0], "Hi!"), (said[1], "Well?"), (said[2], "Good."), (said[2], "Bad.")]
    assert load_pairs(path) == expected
    assert [row for row in load_rows(path) if row.pair.target] == [(1, pair) for pair in expected]


def test_pairs_in_records_and_columns_are_single_turns(tmp_path):
    path = records(tmp_path / "a.jsonl", {"source": "one", "target": "un"}, {"context": ["Hi."], "responses": ["Yo."]})
    assert [(row.line, row.pair) for row in dialogue_rows(path)] == [(1, ("one", "un")), (2, ("Hi.", "Yo."))]
    (tmp_path / "a.tsv").write_text("Who ?\tMe .\n")
    assert load_pairs(tmp_path / "a.tsv") == [("Who ?", "Me .")]  # as it stands: pairs of any kind are .tsv


@given(TURNS, TURNS)
def test_no_turn_can_pretend_to_be_two(context, responses):
    for source, target in exchanges(context, responses):
        assert SIGN not in target
        assert source.count(SIGN) <= len(context) - 1
        assert join_turns(source.split(MARK)) == source


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ('{"context": "Hi.", "responses": []}', 'line 2: "context" must be a list of strings'),
        ('{"context": ["Hi."], "responses": [1]}', 'line 2: "responses" must be a list of strings'),
        ('{"context": ["Hi."]}', 'line 2: "responses" must be a list of strings'),
        ('{"contexts": ["Hi."]}', 'line 2: no keys "source" and "target", nor two languages .there are: contexts'),
        ('["Hi."]', "line 2: a JSON object is needed"),
        ('{"context": ["Hi."]', "line 2: not JSON"),
    ],
)
def test_a_wrong_line_is_named(tmp_path, record, message):
    path = records(tmp_path / "a.jsonl", {"context": ["a"], "responses": ["b"]})
    path.write_text(path.read_text() + record + "\n")
    with pytest.raises(ValueError, match=message) as caught:
        load_pairs(path)
    assert "\n" not in str(caught.value)


def test_conversations_are_split_whole(tmp_path):
    talks = [{"context": [f"Call {n}?", f"Yes {n}.", f"So {n}?"], "responses": [f"R{n}.", f"S{n}."]} for n in range(40)]
    talks[1]["responses"].append("r0!")  # says the same as a reply of conversation 0
    splits = load_splits(records(tmp_path / "a.jsonl", *talks), valid=20, test=20, seed=3)
    numbers = [{int("".join(filter(str.isdigit, pair.source.split(MARK)[0]))) for pair in part} for part in splits]
    assert sum(map(len, numbers)) == 40 == len(set.union(*numbers))
    assert sum({0, 1} <= part for part in numbers) == 1
    assert (len(splits.valid), len(splits.test)) == (20, 20)


def test_single_turns_are_split_as_pairs_are():
    from groundup.data.split import split_pairs

    pairs = [Pair(f"a{n // 2}", f"b{n}") for n in range(60)]
    assert split_dialogue(pairs, valid=6, test=8, seed=1) == split_pairs(pairs, valid=6, test=8, seed=1)


def test_the_two_corpora_are_one(data_dir):
    daily, bot, both = map(load_pairs, ("dailydialog", "chatterbot", "small-talk"))
    assert both == daily + bot
    lines = (data_dir / "dialogue" / "dailydialogpp_dev.jsonl").read_text().splitlines()
    sizes = [(len(record["context"]), len(record["responses"])) for record in map(json.loads, lines)]
    assert len(sizes) == 1028
    assert 0.99 < len(daily) / sum(turns - 1 + replies for turns, replies in sizes) <= 1
    assert ("What is AI?", "AI is the field of science which concerns itself with building hardware and software that "
            "replicates the functions of the human mind.") in bot  # fmt: skip


def test_replies_written_for_the_corpus_are_plain_already(data_dir):
    """The five responses were typed by people, so a repair that changes many of them is none."""
    lines = (data_dir / "dialogue" / "dailydialogpp_dev.jsonl").read_text().splitlines()
    responses = [response for line in lines for response in json.loads(line)["responses"]]
    context = [turn for line in lines for turn in json.loads(line)["context"]]
    changed, repaired = (sum(plain_turn(text) != normalise_sentence(text) for text in side)
                         for side in (responses, context))  # fmt: skip
    assert changed < 0.002 * len(responses)
    assert repaired > 0.3 * len(context)
    assert not [turn for turn in map(plain_turn, context) if " ' s" in turn or " . " in turn or "' s " in turn]


def test_nothing_leaks_between_the_parts(data_dir):
    splits = load_splits("small-talk", valid=400, test=400, seed=0)
    assert (len(splits.valid), len(splits.test)) == (400, 400)
    openings, contexts, replies = (
        [{sentence_key(what(pair)) for pair in part} for part in splits]
        for what in (lambda p: p.source.split(MARK)[0], lambda p: p.source, lambda p: p.target)
    )
    for keys in (openings, contexts, replies):
        assert not keys[0] & keys[1]
        assert not keys[0] & keys[2]
        assert not keys[1] & keys[2]
    assert any(pair.source.count(MARK) > 2 for pair in splits.test)
