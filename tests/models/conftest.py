"""The families as fixtures."""

import dataclasses
from collections.abc import Callable

import pytest
from families import CAUSAL, SEQ2SEQ, build_random
from torch import nn

from groundup.config import ModelConfig
from groundup.models.causal_lm import CausalLM
from groundup.models.seq2seq import Seq2Seq


@pytest.fixture(scope="session", params=CAUSAL)
def causal(request: pytest.FixtureRequest) -> CausalLM:
    return build_random(CAUSAL[request.param])


@pytest.fixture(scope="session", params=SEQ2SEQ)
def seq2seq(request: pytest.FixtureRequest) -> Seq2Seq:
    return build_random(SEQ2SEQ[request.param])


@pytest.fixture(scope="session", params=[*CAUSAL, *SEQ2SEQ])
def config(request: pytest.FixtureRequest) -> ModelConfig:
    return (CAUSAL | SEQ2SEQ)[request.param]


@pytest.fixture(scope="session")
def variant() -> Callable[..., nn.Module]:
    """`variant("gpt2", windows=(4,))`: a random model of a family with changes."""
    return lambda family, **changes: build_random(dataclasses.replace((CAUSAL | SEQ2SEQ)[family], **changes))
