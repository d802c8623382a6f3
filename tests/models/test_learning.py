"""How models begin (they know nothing: ln V) and that they can learn (one batch by heart, in a second)."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from groundup.config import ModelConfig
from groundup.models.causal_lm import CausalLM
from groundup.models.seq2seq import Seq2Seq
from groundup.models.state import State
from groundup.nn.mlp import GatedMLP
from groundup.presets import preset

V = 1000


def fresh(name: str, **changes) -> nn.Module:
    torch.manual_seed(0)
    config = preset(name, **dict(vocab_size=V, context=32) | changes)
    return CausalLM(config) if config.encoder_layers is None else Seq2Seq(config)


def test_a_fresh_modern_model_is_its_embedding():
    """Branches begin as nothing, so the stream hands its input through; the head begins as nothing: ln V exactly."""
    model, ids = fresh("modern-tiny"), random_ids(2, 9)
    with torch.no_grad():
        assert torch.equal(model.read(ids, State()), model.stack.norm(model.stack.embed(ids)))
        assert float(loss_on_noise(model(ids))) == pytest.approx(math.log(V), rel=1e-6)


def random_ids(rows: int, length: int, *, seed: int = 1) -> Tensor:
    return torch.randint(V, (rows, length), generator=torch.Generator().manual_seed(seed))


def loss_on_noise(logits: Tensor) -> Tensor:
    """Against targets that have nothing to do with the input (a tied model begins with a liking for its input)."""
    return F.cross_entropy(logits.flatten(0, 1), random_ids(*logits.shape[:2], seed=2).flatten())


def inputs_of(model: nn.Module, ids: Tensor) -> tuple[Tensor, ...]:
    return (ids,) if isinstance(model, CausalLM) else (random_ids(len(ids), 9), ids)


@pytest.mark.parametrize("name", ["gpt2-tiny", "gpt3-tiny", "llama-tiny", "llama2-tiny", "llama3-tiny", "modern-tiny"])
@torch.no_grad()
def test_a_fresh_language_model_knows_nothing(name: str):
    """Nearly equal logits: the loss on anything is ln V."""
    model = fresh(name).eval()
    assert float(loss_on_noise(model(random_ids(16, 32)))) == pytest.approx(math.log(V), rel=0.05)


@torch.no_grad()
def test_a_fresh_2017_model_has_logits_of_unit_variance():
    """Post-norm ends in a LayerNorm, so h . h = C; a tied head's rows e are N(0, 1/C), so h . e is N(0, 1).

    For such logits E[ln sum exp] = ln(V E[e^z]) = ln V + 1/2 (V large), and a random target's logit is 0 on average:
    the loss begins at ln V + 1/2 and not at ln V. (The one logit that is not N(0, 1) is that of the token just read:
    the stream still carries its embedding. It is one of V, and its weight is left in the tolerance.)
    """
    model = fresh("transformer-tiny").eval()
    ids = random_ids(16, 32)
    logits = model(random_ids(16, 9), ids)
    others = logits[F.one_hot(ids, V) == 0]
    assert float(others.std()) == pytest.approx(1.0, rel=0.05)
    assert abs(float(others.mean())) < 0.05
    assert float(loss_on_noise(logits)) == pytest.approx(math.log(V) + 0.5, rel=0.05)


def expected_std(config: ModelConfig, name: str, parameter: Tensor) -> float:
    """The table of `groundup.models.init`, read again."""
    C, rows = config.width, sum(parameter.shape)
    if "values" in name:
        return 0.0
    if "table" in name:
        return 0.01
    if config.init == "zero-out":
        if "embed" in name or (name == "head.weight" and config.tied != "none"):
            return 1.0 if config.tied == "none" else 0.02
        return 0.0 if name.endswith(("out.weight", "head.weight")) else parameter.shape[1] ** -0.5
    if "embed" in name or (name == "head.weight" and config.tied != "none"):
        return C**-0.5 if config.init == "transformer" else 0.02
    if config.init == "transformer":
        return math.sqrt(2 / rows)  # Glorot & Bengio 2010: uniform in +-sqrt(6 / (in + out))
    if config.init == "gpt2" and name.endswith("out.weight"):
        return 0.02 / math.sqrt(2 * config.layers)
    return 0.02


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("gpt2-tiny", {}),
        ("gpt3-tiny", {}),
        ("llama3-tiny", {}),
        ("modern-tiny", {}),
        ("modern-tiny", dict(tied="head", position="learned", mlp="swiglu")),
        ("transformer-tiny", {}),
    ],
    ids=str,
)
def test_weights_begin_by_the_table(name: str, changes: dict):
    model = fresh(name, **changes)
    for parameter_name, parameter in model.named_parameters():
        if parameter.ndim == 2:
            std, mean = (float(number) for number in torch.std_mean(parameter.detach()))
            assert std == pytest.approx(expected_std(model.config, parameter_name, parameter), rel=0.05), parameter_name
            assert abs(mean) <= 0.1 * std, parameter_name
        else:
            assert (parameter == float("norm.weight" in parameter_name)).all(), parameter_name


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("gpt2-tiny", {}),
        ("gpt3-tiny", dict(windows=(None, 4))),
        ("llama3-tiny", {}),
        ("modern-tiny", {}),
        ("modern-tiny", dict(tied="head", windows=(4,))),
        ("modern-tiny", dict(encoder_layers=2)),
        ("transformer-tiny", {}),
        ("transformer-tiny", dict(norm_first=True)),
        ("transformer-tiny", dict(tied="head", source_vocab_size=V + 1)),
    ],
    ids=str,
)
def test_one_batch_can_be_learned_by_heart(name: str, changes: dict):
    """Random answers, so nothing but memory helps: from ln V to under 0.1 within 150 steps of plain AdamW."""
    model = fresh(name, layers=2, width=64, **changes)
    ids, targets = random_ids(4, 12), random_ids(4, 12, seed=2)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(150):
        loss = F.cross_entropy(model(*inputs_of(model, ids)).flatten(0, 1), targets.flatten())
        if loss < 0.1:
            break
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss < 0.1, f"still {loss:.2f} after 150 steps"


def test_a_gated_mlp_is_a_third_narrower_for_the_same_size():
    """SwiGLU's three matrices at 2/3 * 4C cost what two at 4C do: the tiny LLaMAs take 344, 8/3 * 128 rounded to 8."""
    assert sum(p.numel() for p in GatedMLP(128, 344).parameters()) == pytest.approx(2 * 128 * 512, rel=0.01)
    assert preset("llama-tiny").hidden == 344


def test_a_seed_is_a_model(config: ModelConfig):
    build: Callable[[ModelConfig], nn.Module] = CausalLM if config.encoder_layers is None else Seq2Seq
    weights = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        weights.append(torch.cat([p.detach().flatten() for p in build(config).parameters()]))
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
