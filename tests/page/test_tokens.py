"""The tokenizer in the page gives the ids of the one in Python."""

import random
import unicodedata
from pathlib import Path

import pytest
from javascript import ask, encoded, needs_node

from groundup.data.dialogue import join_turns, plain_turn
from groundup.data.normalise import normalise_sentence
from groundup.page.browser_pattern import browser_pattern
from groundup.page.tokens import tokenizer_data
from groundup.text import patterns
from groundup.text.reading import well_formed
from groundup.text.tokenizer import Tokenizer
from groundup.text.vocabulary import BytePair

pytestmark = needs_node
TEXT = (
    Path(__file__).read_text(encoding="utf-8")
    + "L'été, qu'est-ce que c'est ? I'm, they'LL, we've. 我不知道。 Привет, мир! 12345 "
)
HARD = [
    "",
    " ",
    "  \n\n \t x",
    "\ufeffhello\ufeff",
    "a\u0085b\u2028c\u00a0d\u200be",
    "don't DON'T don'ſ it'ſ l'Été",
    "x\ud800y\udc00z\ud83d\ude00",
    "\x00\x01\x1c\x1f\x7f",
    "e\u0301 é \u1e9b\u0323",
    "مرحبا بالعالم שלום",
    "👩‍👩‍👧‍👦🇫🇷",
    "1234567 ①②③ ٠١٢٣ Ⅷ",
    "a" * 300,
    "ab" * 200 + " " * 50,
    "CamelCaseWORDS andNotÀÉÎ ǅungla",
    "<|endoftext|><pad></script><!--",
    "\r\n\r\n \r x\r\n",
    "K\u212a'S'Ll",
]
ALPHABET = [
    *"abcdeéßſK \n\r\t'’-.,!?0129",
    *"   '''",
    "\u0301",
    "\u00a0",
    "\u0085",
    "\ufeff",
    "我",
    "😀",
    "م",
    "\u200d",
    "\ud800",
]


def strings(many: int) -> list[str]:
    draw = random.Random(0)
    any_character = lambda: chr(draw.choice([draw.randrange(0x110000), draw.randrange(0x3000)]))  # noqa: E731
    return [
        "".join(draw.choice(ALPHABET) if draw.random() < 0.9 else any_character() for _ in range(draw.randrange(24)))
        for _ in range(many)
    ]


def newer(text: str) -> bool:
    """Whether it has characters newer than Python: `regex` and a browser may know other versions of Unicode."""
    return any(unicodedata.category(character) == "Cn" for character in text)


TEXTS = [text for text in HARD + strings(10_000) if not newer(text)]


@pytest.mark.parametrize("pattern", ["gpt2", "gpt4", "o200k", "none"])
def test_byte_pairs(pattern):
    tokenizer = Tokenizer.train_from_texts([TEXT], vocab_size=500, pattern=pattern, specials=("<pad>", "<bos>"))
    assert encoded(tokenizer, TEXTS) == [tokenizer.encode(text) for text in TEXTS]


def test_several_splits_one_after_the_other():
    vocabulary = Tokenizer.train_from_texts([TEXT], vocab_size=400, specials=()).vocabulary
    tokenizer = Tokenizer(vocabulary, (r"\p{N}", patterns.PATTERNS["gpt2"] or ""))
    assert encoded(tokenizer, TEXTS) == [tokenizer.encode(text) for text in TEXTS]


def test_a_vocabulary_from_elsewhere():
    """Ids in another order, a token that no merge makes, chunks that are tokens, and bytes that are missing."""
    learnt = Tokenizer.train_from_texts([TEXT], vocab_size=400, specials=()).vocabulary
    assert isinstance(learnt, BytePair)
    ids = {token: 1000 - n for n, token in enumerate(learnt.ids)} | {b"whole": 7}
    pattern = patterns.PATTERNS["gpt2"]
    whole = Tokenizer(BytePair(learnt.merges, ids=ids, whole_first=True), pattern, {"<s>": 0})
    texts = ["whole wholes", *TEXTS]
    assert encoded(whole, texts) == [whole.encode(text) for text in texts]
    known = {token: id for token, id in ids.items() if token not in (b"~", b"\xf4")}
    lost = Tokenizer(BytePair(learnt.merges, ids=known, unknown=3), pattern, {"<unk>": 3})
    assert encoded(lost, texts) == [lost.encode(text) for text in texts]
    refusing = Tokenizer(BytePair(learnt.merges, ids=known), pattern)
    assert encoded(refusing, ["a ~", "a"]) == [
        "“ ~” has a byte that this vocabulary does not have",
        refusing.encode("a"),
    ]


def test_characters():
    tokenizer = Tokenizer.characters([TEXT], specials=("<pad>",))
    draw = random.Random(0)
    characters = sorted(set(TEXT))
    known = ["".join(draw.choices(characters, k=draw.randrange(24))) for _ in range(10_000)] + ["été 我"]
    assert encoded(tokenizer, known) == [tokenizer.encode(text) for text in known]
    lost = chr(0x1F601)
    assert encoded(tokenizer, [lost]) == [f"this model never saw the character “{lost}” (U+1F601); please take it out"]


def test_words():
    tokenizer = Tokenizer.words([TEXT], min_frequency=1, specials=("<pad>",))
    assert encoded(tokenizer, TEXTS) == [tokenizer.encode(text) for text in TEXTS]


@pytest.mark.parametrize("kind", ["bpe", "characters", "words"])
def test_the_way_back(kind):
    text = "Well, l'été qu'est-ce 我不知道 é 12345"
    make = {
        "bpe": lambda: Tokenizer.train_from_texts([TEXT], vocab_size=300, specials=("<pad>", "<eos>")),
        "characters": lambda: Tokenizer.characters([TEXT], specials=("<pad>", "<eos>")),
        "words": lambda: Tokenizer.words([TEXT], min_frequency=1, specials=("<pad>", "<eos>")),
    }
    tokenizer = make[kind]()
    ids = [*tokenizer.encode(text), tokenizer.special_id("<eos>")]
    rows = [ids, ids[::-1], ids[3:], ids[-2:]]
    code = """
    const tokenizer = new Tokenizer(given.tokenizer);
    return given.rows.map(ids => [tokenizer.decode(ids), tokenizer.pieces(ids)]);
    """
    found = ask(code, dict(tokenizer=tokenizer_data(tokenizer), rows=rows))
    assert found == [[tokenizer.decode(row, skip_special=True), tokenizer.pieces(row)] for row in rows]


def test_merges_step_by_step_end_in_the_ids():
    tokenizer = Tokenizer.train_from_texts([TEXT], vocab_size=500)
    code = "return new Tokenizer(given.tokenizer).steps(given.text);"
    chunks = ask(code, dict(tokenizer=tokenizer_data(tokenizer), text="encoded texts aaa été"))
    assert [piece for states in chunks for piece in states[-1]] == tokenizer.pieces(
        tokenizer.encode("encoded texts aaa été")
    )
    for states in chunks:
        assert [len(state) for state in states] == sorted({len(state) for state in states}, reverse=True)


def test_sentences_are_normalised_alike():
    texts = [well_formed(text) for text in TEXTS[:3000]] + [
        "« Oui » , ‘non’ “ja”…",
        "I don ’ t know . Mr.Smith , we ’ Ve met . . .",
        "a ␞ b",
        "É'T x it'Ss o'clock 'T",
    ]
    code = "return given.map(text => [normaliseSentence(text), plainTurn(text), joinTurns([text, '', 'b'])]);"
    wanted = [[normalise_sentence(text), plain_turn(text), join_turns([text, "", "b"])] for text in texts]
    assert ask(code, texts) == wanted


def test_a_pattern_that_a_browser_would_read_otherwise_is_refused():
    assert browser_pattern(r"\p{Han}|.|\s?\-") == r"\p{Script=Han}|[^\n]|\p{White_Space}?\u{2d}"
    with pytest.raises(ValueError, match="may mean something else in a browser"):
        browser_pattern(r"\b\w+")
    with pytest.raises(ValueError, match="browsers do not know"):
        browser_pattern(r"\p{L}++|[^a]")


def test_where_the_published_patterns_cut_single_characters():
    """Every character of Unicode, alone and after an apostrophe or a letter, in each published pattern."""
    characters = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000 and not newer(chr(code))]
    text = "".join(f"a{character}'{character} " for character in characters[::7])
    expressions = [one for one in patterns.PATTERNS.values() if one]
    code = "return given.patterns.map(one => split(given.text, new RegExp(one, 'gu')).map(chunk => chunk.length));"
    found = ask(code, dict(text=text, patterns=[browser_pattern(one) for one in expressions]))
    for lengths, expression in zip(found, expressions, strict=True):
        chunks = patterns.split(text, patterns.compiled(expression))
        assert lengths == [len(chunk.encode("utf-16-le")) // 2 for chunk in chunks]
