"""Finished runs of which some differ by their seed alone: those are one thing, with an interval over its seeds."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from groundup.comparisons.intervals import Interval, interval
from groundup.recipes.recipe import Recipe
from groundup.run.folder import RunFolder

DIGITS = {"tokens/s": 0, "minutes": 1}


@dataclass(frozen=True)
class Finished:
    """A finished run: its recipe, and what its results.json says."""

    run: RunFolder
    recipe: Recipe
    record: dict[str, Any]

    @property
    def numbers(self) -> dict[str, float]:
        """What differs from seed to seed: the results, each with its split, and how the training went."""
        found = {}
        for result in self.record["results"]:
            beams = "" if (of := result.get("num_beams")) is None else f", {of} beams"
            found[f"{result['metric']} on {result['split']}{beams}"] = result["value"]
        training = self.record["training"]
        return found | {
            "validation loss, best": training["best_validation_loss"],
            "validation loss, last": training["last_validation_loss"],
            "tokens/s": training["target_tokens_per_second"],
            "minutes": training["minutes"],
        }

    @property
    def facts(self) -> dict[str, str]:
        """What the training was, in words."""
        training = self.record["training"]
        return {
            "best step": f"{training['best_step']:,}",
            "steps": f"{training['steps']:,}",
            "parameters": f"{training['parameters']:,}",
            "training tokens": f"{training['target_tokens']:,}",
            "learning rate": f"{self.recipe.train.lr:g}",
            "seed": str(self.recipe.train.seed),
            "hardware": training["hardware"],
        }


@dataclass(frozen=True)
class Group:
    """Runs that differ by their seed alone, or a single one."""

    runs: list[Finished]

    @property
    def name(self) -> str:
        first, *more = (one.run.path for one in self.runs)
        return str(first) if not more else f"{first} and {len(more)} more seed{'s' * (len(more) > 1)}"

    @property
    def seeds(self) -> list[int]:
        return [one.recipe.train.seed for one in self.runs]

    @property
    def numbers(self) -> dict[str, Interval]:
        """The mean over the seeds of what all of the runs have, with its 95% interval."""
        columns = [one.numbers for one in self.runs]
        return {name: interval([column[name] for column in columns]) for name in columns[0] if _all_have(columns, name)}

    @property
    def facts(self) -> dict[str, str]:
        columns = [one.facts for one in self.runs]
        return {name: ", ".join(dict.fromkeys(column[name] for column in columns)) for name in columns[0]}

    @property
    def shown(self) -> dict[str, str]:
        """Everything as text, by title."""
        return {name: one.text(DIGITS.get(name, 4)) for name, one in self.numbers.items()} | self.facts


def grouped(runs: Sequence[Finished]) -> list[Group]:
    """The runs in groups of different seeds and one recipe, in the order in which they were named."""
    groups: list[Group] = []
    for one in runs:
        key, seed = _without_seed(one.recipe), one.recipe.train.seed
        for group in groups:
            if _without_seed(group.runs[0].recipe) == key and seed not in group.seeds:
                group.runs.append(one)
                break
        else:
            groups.append(Group([one]))
    return groups


def _without_seed(recipe: Recipe) -> Recipe:
    train = dataclasses.replace(recipe.train, seed=0)
    return dataclasses.replace(recipe, name="", based_on=None, train=train)


def _all_have(columns: Sequence[dict[str, float]], name: str) -> bool:
    return all(name in column for column in columns)
