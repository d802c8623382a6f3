"""How often each kind of sentence is drawn."""

from collections.abc import Callable, Iterator
from itertools import accumulate
from random import Random

from groundup.phrasebook.grammar.tree import Template
from groundup.phrasebook.sentences import (
    actions,
    everyday,
    modifiers,
    places,
    predicates,
    quantities,
    two_clauses,
)
from groundup.phrasebook.sentences.clause_sampler import ClauseSampler

PATTERNS: tuple[tuple[int, Callable[[ClauseSampler], Template]], ...] = (
    (115, actions.statement),
    (24, actions.intransitive),
    (40, actions.ditransitive),
    (35, actions.stative),
    (50, actions.infinitive),
    (25, actions.indefinite),
    (28, actions.yes_no_question),
    (20, actions.modal_question),
    (25, actions.adverb_question),
    (20, actions.object_question),
    (10, actions.subject_question),
    (12, actions.where_question),
    (18, actions.imperative),
    (50, predicates.personal_state),
    (15, predicates.personal_state_question),
    (90, predicates.quality),
    (45, predicates.comparison),
    (25, predicates.profession),
    (60, places.location),
    (45, places.existence),
    (15, predicates.pain),
    (28, predicates.preference),
    (4, places.nearest),
    (10, quantities.number),
    (20, quantities.arithmetic),
    (45, quantities.price),
    (20, quantities.count),
    (25, quantities.age),
    (35, everyday.clock_time),
    (30, everyday.date),
    (35, everyday.weather),
    (75, places.stay_or_move),
    (20, places.duration),
    (15, everyday.language),
    (20, everyday.play),
    (25, everyday.courtesy),
    (20, quantities.measure),
    (35, quantities.quantity),
    (25, two_clauses.topic),
    (25, two_clauses.missing_object),
    (35, two_clauses.contrast),
    (30, two_clauses.that_clause),
    (18, two_clauses.because_clause),
    (26, two_clauses.if_clause),
    (10, two_clauses.when_clause),
    (30, modifiers.relative_clause),
    (25, two_clauses.coordination),
    (20, modifiers.passive),
    (30, modifiers.possessive),
)


def draw_trees(seed: int) -> Iterator[Template]:
    """An endless stream of random trees; a seed gives the same trees for every language."""
    rng = Random(seed)
    choices, draws = ClauseSampler(rng), [pattern for _, pattern in PATTERNS]
    bounds = list(accumulate(weight for weight, _ in PATTERNS))
    while True:
        yield rng.choices(draws, cum_weights=bounds)[0](choices)
