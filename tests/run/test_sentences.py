"""Sentences end where a reader of the language sees it, and the cutting is linear."""

import pytest
import regex

from groundup.run import sentences as module
from groundup.run.sentences import joined, sentences


@pytest.mark.parametrize(
    "wanted",
    [
        ["I drink tea.", "He reads!", "Where?", "So…", "On"],
        ["我喝茶。", "车站在哪里？", "好！", "他说：「来吧。」", "完"],
        ["मैं चाय पीता हूँ।", "वह पढ़ता है।"],
        ["آپ کہاں ہیں؟", "میں گھر پر ہوں۔"],
        ["أين المحطة؟", "هنا."],
        ["Ես թեյ եմ խմում։", "Նա կարդում է։"],
        ["ሻይ እጠጣለሁ።", "እሱ ያነባል።"],
        ["ខ្ញុំផឹកតែ។", "គាត់អាន។"],
        ["Πού είναι ο σταθμός;", "Εδώ."],
        ["Πού είναι\u037e", "Εδώ."],
        ['"Come here." said he.', "(Now.)", "Good."],
        ["„Komm her.“ sagte er.", "»Ich gehe.«", "Gut."],
        ["« Viens ici. » dit-il.", "« Où\u00a0?\u00a0»", "Bien."],
        ["“Come.”", "‘Go.’", "Fine."],
    ],
)
def test_sentences_end_where_readers_see_it(wanted):
    parts = [part for line in wanted for part in line.replace(". said", ".\0 said").split("\0")]
    text = joined(wanted)
    found = sentences(text)
    assert "".join(found).replace(" ", "") == text.replace(" ", ""), "nothing is lost"
    # A quotation in the middle of a sentence ends one too: nothing is known of grammar.
    assert len(parts) <= len(found) <= len(parts) + 1
    assert found[-1] == wanted[-1]


def test_closing_quotes_stay_and_opening_ones_go_on():
    assert sentences("Er sagt: „Ich gehe.“ „Gut!“ Dann nicht.") == ["Er sagt: „Ich gehe.“", "„Gut!“", "Dann nicht."]
    assert sentences("« Je pars. » « Bon\u202f! » Il part.") == ["« Je pars. »", "« Bon\u202f! »", "Il part."]
    assert sentences("他说：“来吧。”我来了。") == ["他说：“来吧。”", "我来了。"]
    assert sentences("3.14 is a number; e.g.this\r\nis not\ncut") == ["3.14 is a number; e.g.this", "is not", "cut"]


def test_answers_are_joined_as_their_script_does():
    assert joined(["我喝茶。", "他看书。"]) == "我喝茶。他看书。"
    assert joined(["I drink tea.", "He reads."]) == "I drink tea. He reads."


@pytest.mark.parametrize(
    "text", ["word " * 20 + " " * 80_000 + "end", "." * 80_000 + "a", '."' * 40_000, ".)" * 9 + "\n" * 80_000]
)
def test_the_cutting_is_linear(text, monkeypatch):
    """By the engine's own clock: a quadratic search of these texts takes it over half a minute."""
    timed = regex.compile(module._END.pattern, regex.VERBOSE)
    assert sum(1 for _ in timed.finditer(text, timeout=20)) >= 0
    assert sentences(text)
