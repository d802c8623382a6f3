"""A family with changes, as in tests/models."""

import dataclasses
from collections.abc import Callable

import pytest
from families import CAUSAL, SEQ2SEQ, build_random
from torch import nn


@pytest.fixture(scope="session")
def variant() -> Callable[..., nn.Module]:
    """`variant("gpt2", windows=(4,))`: a random model of a family with changes."""
    return lambda family, **changes: build_random(dataclasses.replace((CAUSAL | SEQ2SEQ)[family], **changes))
