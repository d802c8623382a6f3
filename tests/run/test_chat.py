"""A conversation: what is remembered, what is forgotten, and that a streamed reply is the reply."""

import dataclasses
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groundup.data.dialogue import MARK, SIGN, join_turns
from groundup.decode.choose import Sample
from groundup.decode.named import strategy
from groundup.flow.pairs import SPECIALS
from groundup.flow.train import train
from groundup.models.seq2seq import Seq2Seq
from groundup.presets import preset
from groundup.recipes.recipe import PairData, PairRecipe, TokenizerSettings
from groundup.run.chat import Conversation
from groundup.run.folder import RunFolder
from groundup.run.pairs import PairRun
from groundup.text.tokenizer import Tokenizer
from groundup.training.settings import TrainSettings

NAMES = ["Ann", "Bob", "Cleo", "Dan", "Eve", "Finn"]
ASK, UNKNOWN = "What is my name?", "You did not say."


@pytest.fixture(scope="module")
def talker(tmp_path_factory: pytest.TempPathFactory) -> PairRun:
    """A run that has learnt to remember a name."""
    folder = tmp_path_factory.mktemp("talks")
    talks = [{"context": [f"I am {name}.", f"Hello {name}!", ASK], "responses": [f"It is {name}."]} for name in NAMES]
    talks.append({"context": [ASK], "responses": [UNKNOWN]})
    (folder / "talks.jsonl").write_text("".join(json.dumps(talk) + "\n" for talk in talks))
    recipe = PairRecipe(
        name="talker",
        task="dialogue",
        data=PairData(corpus=str(folder / "talks.jsonl"), memorise=True, max_length=48, batch_tokens=512),
        tokenizer=TokenizerSettings(vocab_size=330),
        model=preset(
            "transformer-tiny", vocab_size=330, context=48, width=64, heads=2, layers=1, encoder_layers=1, mlp_width=128
        ),
        train=TrainSettings(
            steps=200, lr=5e-3, warmup=10, validate_every=200, save_every=200, log_every=200, threads=1
        ),
    )
    return train(recipe, RunFolder(folder / "talker"), say=lambda line: None)


def say(conversation: Conversation, *lines: str) -> list[str]:
    return ["".join(conversation.reply(line)) for line in lines]


def test_what_was_said_is_remembered_until_it_is_reset(talker):
    for name in NAMES:
        conversation = Conversation(talker)
        assert say(conversation, f"I am {name}.", ASK) == [f"Hello {name}!", f"It is {name}."]
        assert [turn.text for turn in conversation.turns] == [f"I am {name}.", f"Hello {name}!", ASK, f"It is {name}."]
        assert [turn.who for turn in conversation.turns] == ["you", "talker"] * 2
        conversation.reset()
        assert conversation.turns == []
        assert say(conversation, ASK) == [UNKNOWN]


LINES = st.lists(st.sampled_from([*(f"I am {name}." for name in NAMES), ASK, "é🙂", "<eos> <pad>", "x\ty"]), max_size=4)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LINES, st.sampled_from([1, 3]), st.sampled_from([None, 2]), st.sampled_from([None, 1, 7]))
def test_a_streamed_reply_is_the_reply(talker, lines, beams, ngram, most):
    choose = strategy(num_beams=beams, no_repeat_ngram_size=ngram)
    conversation = Conversation(talker, choose=choose, max_new_tokens=most)
    for line in lines:
        replied = say(conversation, line)
        source = join_turns([turn.text for turn in conversation.turns[:-1]])
        assert replied == talker.translate([source], num_beams=beams, no_repeat_ngram_size=ngram, max_new_tokens=most)


def test_a_reply_comes_in_pieces(talker):
    pieces = [*Conversation(talker).reply("I am Cleo.")]
    assert "".join(pieces) == "Hello Cleo!"
    assert len(pieces) > 1
    assert all(pieces)


def test_the_oldest_turns_are_dropped_and_no_more_than_must_be(talker):
    conversation, context = Conversation(talker), talker.recipe.model.context
    dropped = 0
    for n in range(12):
        before = conversation.turns
        say(conversation, f"I am {NAMES[n % 6]} and {n}.")
        kept = conversation.turns[:-1]
        assert [*before, kept[-1]][-len(kept) :] == kept
        assert len(conversation.ids(kept)) <= context
        gone = len(before) + 1 - len(kept)
        if gone:
            assert len(conversation.ids([before[gone - 1], *kept])) > context
        dropped += gone
        assert conversation.forgotten == dropped
    assert dropped > 3
    conversation.reset()
    assert conversation.forgotten == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [("word " * 10_000, r"\d{5} tokens do not fit the context of 48"), ("", "nothing to answer"),
     (" \t\u200b ", "nothing to answer"), (SIGN, "nothing to answer")],
)  # fmt: skip
def test_a_wrong_line_leaves_the_conversation_as_it_was(talker, text, message):
    conversation = Conversation(talker)
    say(conversation, "I am Eve.")
    with pytest.raises(ValueError, match=message) as caught:
        conversation.reply(text)
    assert "\n" not in str(caught.value)
    assert say(conversation, ASK) == ["It is Eve."]


def test_a_reply_that_is_not_heard_to_its_end_is_not_remembered(talker):
    conversation = Conversation(talker)
    next(conversation.reply("I am Bob."))
    assert conversation.turns == []
    assert say(conversation, ASK) == [UNKNOWN]


def test_the_same_seed_has_the_same_conversation(talker):
    def drawn(seed: int | None) -> list[str]:
        return say(Conversation(talker, choose=Sample(temperature=3.0, seed=seed)), *["I am Dan."] * 3)

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)
    assert drawn(None) != drawn(None)
    conversation = Conversation(talker, choose=Sample(temperature=3.0, seed=1))
    first = say(conversation, *["I am Dan."] * 3)
    conversation.reset()
    assert say(conversation, *["I am Dan."] * 3) == first == drawn(1)
    assert say(Conversation(talker, choose=Sample(top_k=1, seed=5)), "I am Dan.", ASK) == ["Hello Dan!", "It is Dan."]


def test_draws_go_on_from_reply_to_reply(talker):
    single = untaught(Tokenizer.train_from_texts(["a b c"], 262, specials=SPECIALS), talker)
    assert not single.remembers
    single.choose = Sample(temperature=1.0, seed=0)
    single.reset()
    assert len(set(say(single, *["a"] * 6))) > 1


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.sampled_from(["<eos>", "<pad>", "<bos>", SIGN, MARK, "Ann", "\x00", "\x1b[0m", "\ud800"]),
        min_size=1,
        max_size=4,
    )
)
def test_what_is_typed_stays_text(talker, parts):
    conversation = Conversation(talker)
    say(conversation, "Ann " + "".join(parts))
    read = conversation.ids(conversation.turns[:1])
    specials = set(talker.source.specials.values())
    assert [id for id in read if id in specials] == [talker.source.special_id("<eos>")]
    assert SIGN not in talker.source.decode(read)


def untaught(tokenizer: Tokenizer, like: PairRun) -> Conversation:
    """A conversation with a model that has learnt nothing, and this vocabulary."""
    model = dataclasses.replace(like.recipe.model, vocab_size=tokenizer.vocab_size)
    recipe = dataclasses.replace(like.recipe, model=model)
    return Conversation(PairRun(RunFolder(Path("untaught")), recipe, Seq2Seq(model).eval(), tokenizer, tokenizer))


TEXTS = ["Hello there. Who are you?", "I am nobody. Who are you?"]


@pytest.mark.parametrize(
    ("tokenizer", "remembers"),
    [
        (Tokenizer.train_from_texts(TEXTS, 300, specials=SPECIALS), False),
        (Tokenizer.train_from_texts([MARK.join(TEXTS * 9)], 300, specials=SPECIALS), True),
        (Tokenizer.words(TEXTS, min_frequency=1, specials=SPECIALS), False),
        (Tokenizer.words([MARK.join(TEXTS)], min_frequency=1, specials=SPECIALS), True),
        (Tokenizer.characters(TEXTS, specials=SPECIALS), False),
        (Tokenizer.characters([MARK.join(TEXTS)], specials=SPECIALS), True),
    ],
    ids=["bytes", "bytes and mark", "words", "words and mark", "characters", "characters and mark"],
)
def test_the_vocabulary_says_whether_turns_were_learnt(talker, tokenizer, remembers):
    conversation = untaught(tokenizer, talker)
    conversation.max_new_tokens = 2  # however long its nonsense would be, two turns fit the context
    assert conversation.remembers == remembers
    for n in (1, 2):
        say(conversation, "Hello there.")
        assert len(conversation.turns) == (2 * n if remembers else 0)


def test_a_character_never_seen_costs_its_line(talker):
    conversation = untaught(Tokenizer.characters(TEXTS, specials=SPECIALS), talker)
    with pytest.raises(ValueError, match="日"):
        conversation.reply("日本")
    assert len(say(conversation, "Hello there.")) == 1
