"""What a training shows when it is over, as its recipe says: a passage, translations, a listing, conversations."""

import math
import shlex
from collections.abc import Callable, Sequence

from groundup.data.dialogue import MARK
from groundup.data.pairs import Pair
from groundup.decode.choose import Sample
from groundup.flow.pairs import read_splits
from groundup.flow.score_pairs import answer_pairs, readable, score_answers, score_reading, with_all_references
from groundup.measure.translation import sentence_scores
from groundup.run.page import SENTENCES
from groundup.run.pairs import PairRun
from groundup.run.results import keep_evaluation
from groundup.run.text import TextRun
from groundup.terminal import shown

BEAMS = (1, 2, 3)
SHOWN = 10  # sentences or conversations


def show(run: TextRun | PairRun) -> None:
    """Print what the run's recipe says to show, if anything, and how to use the run."""
    if isinstance(run, TextRun):
        if run.recipe.sample is not None:
            write_sample(run, run.recipe.sample)
    else:
        test = read_splits(run.recipe.data).test
        if run.recipe.task == "translation":
            keep_sentences(run, test)
        if run.recipe.show is not None:
            SHOWS[run.recipe.show](run, test)
    print(f"\nuse it       groundup {_use(run)}")


def _use(run: TextRun | PairRun) -> str:
    """The verb, the run and what to say to it."""
    name = run.folder.quoted if run.recipe.code is None else f"{run.folder.quoted} --trust-code"
    if isinstance(run, TextRun):
        prompt = shlex.quote(run.opening(run.recipe.sample or "I"))
        return f"generate {name} {shown(prompt)} --temperature 0.8"
    if run.recipe.task == "dialogue":
        return f"chat {name}"
    english = run.recipe.data.corpus.startswith("phrasebook") and not run.recipe.data.reverse
    sentence = "She never drinks coffee." if english else "a sentence of yours"
    return f"translate {name} '{sentence}'   (or --file FILE, a sentence a line)"


def keep_sentences(run: PairRun, test: Sequence[Pair]) -> None:
    """Keep a few sentences that the run has not learnt: its page begins with them (`groundup page`)."""
    sources = sorted((pair.source for pair in readable(run, test[:SHOWN])), key=len)
    run.folder.samples.mkdir(exist_ok=True)
    (run.folder.samples / SENTENCES).write_text("".join(f"{source}\n" for source in sources), encoding="utf-8")


def write_sample(run: TextRun, prompt: str, *, max_new_tokens: int = 300) -> None:
    """Write on after the prompt, as long as the context allows; print the passage and keep it in samples/."""
    prompt = run.opening(prompt)
    choose = Sample(temperature=0.8, top_p=0.95, seed=0)
    text = prompt + "".join(run.generate(prompt, choose=choose, max_new_tokens=max_new_tokens))
    run.folder.samples.mkdir(exist_ok=True)
    (run.folder.samples / "after-training.txt").write_text(text + "\n", encoding="utf-8")
    after = f" after {prompt!r}" if prompt else ""
    print(f"\nwhat it writes{after}, drawn at temperature 0.8 and top-p 0.95:\n\n{shown(text)}")


def _translations(run: PairRun, test: Sequence[Pair]) -> None:
    """Ten translations of test sentences, by one, two and three beams, and one of them to look into."""
    pairs = readable(run, test)[:SHOWN]
    if not pairs:
        return
    answers = {beams: run.answers([pair.source for pair in pairs], num_beams=beams) for beams in BEAMS}
    which = "of the sentences learnt by heart" if run.recipe.data.memorise else "sentences never seen"
    print(f"\n{len(pairs)} {which}, with 1, 2 and 3 beams (score: mean ln p of a token; BLEU of the sentence)")
    for i, pair in enumerate(pairs):
        print(shown(f"\n{pair.source}  (expected: {pair.target})"))
        for beams in BEAMS:
            best = answers[beams][i][0]
            bleu = sentence_scores([best.text], [pair.target])[0].bleu
            print(shown(f"  {beams}  {best.score:7.4f}  BLEU {bleu:5.1f}  {best.text}"))
    page, *_ = run.attention(max((pair.source for pair in pairs), key=len)).save(run.folder.path / "attention")
    print(f"\nlook inside  open {page} in a browser: step through the words and see where each head looks")
    _write_page(run)


def _write_page(run: PairRun) -> None:
    """Write the run as one page, where that can be done, and say where it is."""
    try:
        page = run.page(overwrite=True)
    except ValueError as error:  # too large, or with a tokenizer that no browser reads alike
        print(f"no page      {error}")
    else:
        print(f"\nyour {'translator' if run.recipe.task == 'translation' else 'model'}, in one file: {page}")


def _listing(run: PairRun, test: Sequence[Pair]) -> None:
    """Source, target and what the model answers, one under the other."""
    pairs = readable(run, test)[:SHOWN]
    print("\n========================TEST========================")
    for title, lines in (
        ("source", [pair.source for pair in pairs]),
        ("target", [pair.target for pair in pairs]),
        ("predict", run.translate([pair.source for pair in pairs])),
    ):
        print(f">>>>> {title} text", *map(shown, lines), sep="\n")


def _conversations(run: PairRun, test: Sequence[Pair]) -> None:
    """The scores that fit replies, kept in results.json, and the model's replies in ten conversations of the test."""
    _score_replies(run, test)
    replies: dict[str, str] = {}
    for pair in test:
        replies.setdefault(pair.source, pair.target)
    answered = [source for source in replies if not run.refused([source])]
    longest = sorted(answered, key=lambda source: MARK not in source)[: 5 * SHOWN]  # those of several turns first
    chosen = longest[:: max(1, len(longest) // SHOWN)][:SHOWN]
    print(f"\n{_judged(run)} conversations (=: a reply of the corpus, >: the model's)")
    for source, answer in zip(chosen, run.translate(chosen), strict=True):
        lines = ["", *(f"  - {turn}" for turn in source.split(MARK)), f"  = {replies[source]}", f"  > {answer}"]
        print(*map(shown, lines), sep="\n")


def _judged(run: PairRun) -> str:
    return "memorised" if run.recipe.data.memorise else "held-out"


def _score_replies(run: PairRun, test: Sequence[Pair]) -> None:
    loss, accuracy = score_reading(run, test, "test")
    once, several = with_all_references(test, answer_pairs(run, test, num_beams=1))
    scores = score_answers(run, once, several, "test, all references")
    print(
        f"\nread along   {loss.value:.3f} nats a token, perplexity {math.exp(loss.value):.1f}, "
        f"{accuracy.value:.1f}% of tokens foreseen, {loss.size:,} {_judged(run)} replies\n"
        f"all replies  BLEU {scores[0].value:.2f}, {len(several):,} contexts against all of {len(test):,} replies\n"
        "             A context has many good replies and these are a few of them, so BLEU is low by nature:\n"
        "             compare runs by the perplexity, and judge the replies by reading them."
    )
    keep_evaluation(
        run.folder.results_file, [loss, accuracy, *scores], how={"data": None, "by": "the recipe", "num_beams": 1}
    )


SHOWS: dict[str, Callable[[PairRun, Sequence[Pair]], None]] = {
    "translations": _translations,
    "listing": _listing,
    "conversations": _conversations,
}
