"""Replies in a conversation of several turns: DailyDialog++ and ChatterBot, or your own .jsonl or .tsv."""

import dataclasses
import math
from typing import TYPE_CHECKING

from groundup.presets import preset
from groundup.recipes import multi30k
from groundup.recipes.recipe import PairData, PairRecipe, TokenizerSettings

if TYPE_CHECKING:
    from groundup.data.pairs import Pair
    from groundup.run.pairs import PairRun

RECIPE = PairRecipe(
    name="replies",
    task="dialogue",
    # Two half batches a step: contexts and replies of like length are found more easily for few than for many, which
    # leaves 4.8% padding for 7.7%.
    data=PairData(corpus="small-talk", valid=400, test=400, max_length=192, batch_tokens=1792),
    tokenizer=TokenizerSettings(vocab_size=4000),
    model=preset("seq2seq-tiny", context=192),
    train=dataclasses.replace(
        multi30k.RECIPE.train, accumulate=2, validate_every=100, save_every=500, average=200, patience=10
    ),
    max_minutes=12,
)

SHOWN = 10


def finish(run: "PairRun") -> None:
    """The judgement that fits replies, kept in results.json, and the model's replies in ten held-out conversations."""
    from groundup.recipes.train_pairs import read_splits

    pairs = read_splits(run.recipe.data).test
    _judge(run, pairs)
    _show(run, pairs)
    print(f"\nuse it       groundup chat {run.folder.quoted}")


def _judge(run: "PairRun", pairs: "list[Pair]") -> None:
    from groundup.recipes.judge import answer_pairs, score_answers, score_reading, with_all_references
    from groundup.run.results import keep_evaluation

    loss, accuracy = score_reading(run, pairs, "test")
    once, several = with_all_references(pairs, answer_pairs(run, pairs, num_beams=1))
    scores = score_answers(run, once, several, "test, all references")
    print(
        f"\nread along   {loss.value:.3f} nats a token, perplexity {math.exp(loss.value):.1f}, "
        f"{accuracy.value:.1f}% of tokens foreseen, {loss.size:,} held-out replies\n"
        f"all replies  BLEU {scores[0].value:.2f}, {len(several):,} contexts against all of {len(pairs):,} replies\n"
        "             A context has many good replies and these are a few of them, so BLEU is low by nature:\n"
        "             compare runs by the perplexity, and judge the replies by reading them."
    )
    keep_evaluation(
        run.folder.results_file, [loss, accuracy, *scores], how={"data": None, "by": "the recipe", "num_beams": 1}
    )


def _show(run: "PairRun", pairs: "list[Pair]") -> None:
    """Contexts from all over the test, those of several turns if possible, each with a reply to it and the model's."""
    from groundup.data.dialogue import MARK

    replies = {}
    for pair in pairs:
        replies.setdefault(pair.source, pair.target)
    readable = [source for source in replies if not run.refused([source])]
    longest = sorted(readable, key=lambda source: MARK not in source)[: 5 * SHOWN]
    chosen = longest[:: max(1, len(longest) // SHOWN)][:SHOWN]
    print("\nheld-out conversations (=: a reply of the corpus, >: the model's)")
    for source, answer in zip(chosen, run.translate(chosen), strict=True):
        print("", *(f"  - {turn}" for turn in source.split(MARK)), f"  = {replies[source]}", f"  > {answer}", sep="\n")
