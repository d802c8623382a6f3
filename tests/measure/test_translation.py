import pytest
import sacrebleu

from groundup.measure.translation import score_translations, sentence_scores

HYPOTHESES = ["Je suis au marché.", "Le chat dort sur la table.", "Bonjour !", "Où est la gare ?"]
REFERENCES = [
    "Je suis au marché aujourd'hui.",
    "Le chat noir dort sur la grande table.",
    "Bonjour !",
    "Où se trouve la gare ?",
]


def test_it_is_sacrebleu():
    scores = score_translations(HYPOTHESES, REFERENCES)
    assert scores.bleu == sacrebleu.corpus_bleu(HYPOTHESES, [REFERENCES]).score
    assert scores.chrf == sacrebleu.corpus_chrf(HYPOTHESES, [REFERENCES]).score
    assert scores.count == 4
    version = sacrebleu.__version__
    assert scores.bleu_signature == f"nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:{version}"
    assert scores.chrf_signature == f"nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:{version}"
    assert scores.bleu_signature in str(scores)
    assert f"BLEU {scores.bleu:.2f}" in str(scores)


def test_the_two_sides_are_not_swapped():
    # The machine says too little: BLEU's brevity penalty strikes the hypotheses, never the references.
    short, full = ["the cat sat on the mat"], ["the cat sat on the mat and looked at the dog"]
    precision_only, penalised = score_translations(full, short).bleu, score_translations(short, full).bleu
    assert penalised == sacrebleu.corpus_bleu(short, [full]).score
    assert penalised == pytest.approx(100 * 2.718281828 ** (1 - 11 / 6), rel=1e-6)  # all n-grams right, 6 of 11 words
    assert penalised != pytest.approx(precision_only, abs=1)


def test_several_references_a_source():
    several = [["Je suis au marché.", "Je me trouve au marché."], "Un chat.", ["Salut !", "Bonjour !"], REFERENCES[3]]
    streams = [["Je suis au marché.", "Un chat.", "Salut !", REFERENCES[3]],
               ["Je me trouve au marché.", None, "Bonjour !", None]]  # fmt: skip
    scores = score_translations(HYPOTHESES, several)
    assert scores.bleu == sacrebleu.corpus_bleu(HYPOTHESES, streams).score
    assert scores.chrf == sacrebleu.corpus_chrf(HYPOTHESES, streams).score
    assert "nrefs:var" in scores.bleu_signature
    assert scores.bleu > score_translations(HYPOTHESES, [streams[0][i] for i in range(4)]).bleu


def test_options_reach_sacrebleu_and_its_signature():
    loud = [text.upper() for text in HYPOTHESES]
    scores = score_translations(loud, REFERENCES, lowercase=True, tokenize="char")
    assert scores.bleu == sacrebleu.corpus_bleu(loud, [REFERENCES], lowercase=True, tokenize="char").score
    assert "case:lc" in scores.bleu_signature
    assert "tok:char" in scores.bleu_signature
    assert "case:lc" in scores.chrf_signature


def test_margins_come_only_when_asked_for_and_repeat():
    assert score_translations(HYPOTHESES, REFERENCES).bleu_margin is None
    many = HYPOTHESES * 8, REFERENCES * 8
    scores = score_translations(*many, resamples=50)
    assert scores == score_translations(*many, resamples=50)
    assert scores.bleu == score_translations(*many).bleu
    assert scores.bleu_margin is not None
    assert scores.bleu_margin > 1  # so few sentences say little
    assert "bs:50" in scores.bleu_signature
    assert f"± {scores.bleu_margin:.2f}" in str(scores)


def test_sentences_come_worst_first():
    scores = sentence_scores([*HYPOTHESES, ""], [*REFERENCES, "Merci."])
    assert scores[0].row == 4
    assert scores[-1].hypothesis == "Bonjour !"
    assert scores[-1].bleu == pytest.approx(100)  # two words: without effective order this would be 0
    assert [score.chrf for score in scores] == sorted(score.chrf for score in scores)
    assert {score.row: score.chrf for score in scores}[1] == pytest.approx(
        sacrebleu.sentence_chrf(HYPOTHESES[1], [REFERENCES[1]]).score
    )


def test_sentences_without_regard_to_case():
    said, wanted = "THE CAT sat", "the cat sat down"
    (loud,) = sentence_scores([said], [wanted], lowercase=True)
    assert loud.chrf == pytest.approx(sacrebleu.CHRF(lowercase=True).sentence_score(said, [wanted]).score)
    theirs = sacrebleu.BLEU(lowercase=True, effective_order=True).sentence_score(said, [wanted])
    assert loud.bleu == pytest.approx(theirs.score)
    (exact,) = sentence_scores([said], [wanted])
    assert exact.chrf < loud.chrf
    assert exact.bleu < loud.bleu


@pytest.mark.parametrize("judge", [score_translations, sentence_scores])
def test_mistakes_are_told(judge):
    with pytest.raises(ValueError, match="4 hypotheses for 3 references"):
        judge(HYPOTHESES, REFERENCES[:3])
    with pytest.raises(ValueError, match="no translations to score"):
        judge([], [])
    with pytest.raises(ValueError, match="source 1 has no reference"):
        judge(HYPOTHESES[:2], ["a", []])


def test_impossible_options_are_refused():
    with pytest.raises(ValueError, match=r"'14a'.*13a"):
        score_translations(HYPOTHESES, REFERENCES, tokenize="14a")
    with pytest.raises(ValueError, match=r"resamples \(1\)"):
        score_translations(HYPOTHESES, REFERENCES, resamples=1)


SCRIPTS = {
    "zh": ["我喝茶。", "今天天气很好，我们去学校。", "他们买iPhone手机。"],
    "ja": ["お茶を飲みます。", "彼は本を読む。", "コーヒー"],
    "ko": ["나는 차를 마신다.", "오늘은 날씨가 좋다."],
    "th": ["ฉันดื่มชา", "วันนี้อากาศดี"],
    "ar": ["أشرب الشاي.", "الطقس جميل اليوم."],
    "hi": ["मैं चाय पीता हूँ।"],
    "en": ["I drink tea.", "He said 你好 to the children in the old school."],
}


def has(extra: str) -> bool:
    try:
        sacrebleu.metrics.BLEU(tokenize=extra)
    except RuntimeError:
        return False
    return True


@pytest.mark.parametrize(
    ("language", "tokenizer"),
    [
        ("zh", "zh"),
        ("ja", "ja-mecab" if has("ja-mecab") else "char"),
        ("ko", "ko-mecab" if has("ko-mecab") else "char"),
        ("th", "char"),
        ("ar", "13a"),
        ("hi", "13a"),
        ("en", "13a"),
    ],
)
def test_words_are_counted_as_the_script_of_the_references_has_them(language, tokenizer):
    references = SCRIPTS[language]
    scores = score_translations(references, references)
    assert f"tok:{tokenizer}|" in scores.bleu_signature
    assert scores.bleu == pytest.approx(sacrebleu.corpus_bleu(references, [references], tokenize=tokenizer).score)
    assert (scores.ter, scores.chrf) == (0, 100)
    assert ("asian:yes" in scores.ter_signature) == (tokenizer != "13a")


@pytest.mark.parametrize("language", ["zh", "ja", "ko", "th"])
def test_what_is_right_scores_100_and_half_of_it_half_way(language):
    references = SCRIPTS[language] * 3
    assert score_translations(references, references).bleu == pytest.approx(100)
    worse = [text[: len(text) * 2 // 3] for text in references]
    assert 0 < score_translations(worse, references, tokenize="char").bleu < 100
    assert 0 < score_translations(worse, references).bleu < 100
    if language in ("zh", "ja"):
        assert 0 < score_translations(worse, references).ter < 100
    assert [one.bleu for one in sentence_scores(references, references)] == pytest.approx([100] * len(references))


def test_the_tokenizer_is_ones_own_choice_and_an_unknown_one_is_named():
    chinese = SCRIPTS["zh"]
    assert "tok:13a" in score_translations(chinese, chinese, tokenize="13a").bleu_signature
    with pytest.raises(ValueError, match=r"tokenize \('chinese'\) must be one of none, zh, 13a"):
        score_translations(chinese, chinese, tokenize="chinese")
    if not has("ja-mecab"):
        with pytest.raises(ValueError, match=r"pip install 'sacrebleu\[ja\]'"):
            sentence_scores(chinese, chinese, tokenize="ja-mecab")


def test_fewer_than_thirty_sentences_have_no_interval():
    assert score_translations(HYPOTHESES, REFERENCES, resamples=50).bleu_margin is None
    assert score_translations(HYPOTHESES * 7, REFERENCES * 7, resamples=50).bleu_margin is None
    assert score_translations(HYPOTHESES * 8, REFERENCES * 8, resamples=50).bleu_margin is not None
