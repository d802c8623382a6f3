"""The front matter of a card: what the Hub reads, figures included. JSON strings, which are YAML, so nothing is quoted
by hand."""

import json
from typing import Any

from groundup.publish.command import corpus_name
from groundup.publish.facts import Facts
from groundup.recipes.recipe import Recipe
from groundup.run.results import Result, digits, searched

PIPELINES = {"translation": "translation", "dialogue": "text-generation", "language": "text-generation"}
METRICS = {"bleu": "bleu", "chrf": "chrf", "ter": "ter", "perplexity": "perplexity", "exact-match": "exact_match"}
"""Ours, and what the Hub calls them; others are in the text of the card alone."""


def front_matter(recipe: Recipe, facts: Facts, name: str, *, licence: str) -> str:
    """Between two lines of ---: licence, languages, task, tags, and model-index with every figure."""
    values: dict[str, Any] = {"license": licence, "library_name": "transformers"}
    if facts.languages:
        values["language"] = facts.languages
    values["pipeline_tag"] = PIPELINES[recipe.task]
    values["tags"] = ["groundup", recipe.task, *(["conversational"] if recipe.task == "dialogue" else [])]
    known = [result for result in facts.results if result.metric in METRICS]
    if known:
        values["metrics"] = list(dict.fromkeys(METRICS[result.metric] for result in known))
        results = [_index(recipe, split, known) for split in dict.fromkeys(result.split for result in known)]
        values["model-index"] = [{"name": name, "results": results}]
    lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
    return "\n".join(["---", *lines, "---", ""])


def _index(recipe: Recipe, split: str, results: list[Result]) -> dict[str, Any]:
    """All figures that were measured on one split."""
    corpus = corpus_name(recipe.data.corpus)
    return {
        "task": {"type": PIPELINES[recipe.task], "name": recipe.task},
        "dataset": {"type": corpus, "name": corpus, "split": split},
        "metrics": [_metric(result) for result in results if result.split == split],
    }


def _metric(result: Result) -> dict[str, Any]:
    args = {"signature": result.signature, "margin": result.margin, "size": result.size}
    return {
        "type": METRICS[result.metric],
        "value": round(result.value, digits(result.metric)),
        "name": f"{result.metric}{searched(result.num_beams)}".replace("  ", ", "),
        "args": {key: value for key, value in args.items() if value is not None},
    }
