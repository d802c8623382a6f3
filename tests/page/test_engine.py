"""The model in the page gives the logits of the model in PyTorch, of every family, read whole and step by step."""

import base64
import dataclasses
import itertools
import json
import re
from typing import Any, get_args

import pytest
import torch
from families import CAUSAL, SEQ2SEQ, build_random
from javascript import ask, needs_node, packed
from torch import Tensor, nn

from groundup.config import Mlp, Norm, Position
from groundup.fast.int8 import in_8_bits
from groundup.look.record import layer_weights, record_attention
from groundup.models.causal_lm import CausalLM
from groundup.page import scripts
from groundup.page.weights import pack

pytestmark = needs_node
FAMILIES = {**CAUSAL, **SEQ2SEQ}
T, S = 20, 17

READ = """
const seen = {};
for (const [name, one] of Object.entries(given)) {
  const weights = new Weights(one.tensors, bytesOf(one.weights)), pair = one.config.encoder_layers !== null;
  const model = pair ? new Seq2Seq(one.config, weights, []) : new CausalLM(one.config, weights, []);
  const begin = () => pair ? model.begin(one.source) : model.begin();
  const whole = Array.from(model.logits(model.read(one.ids, begin()), 0, one.ids.length)), state = begin();
  seen[name] = { whole, steps: one.ids.flatMap(id => [...model.step([id], state)]) };
}
return seen;
"""


def inputs(config: Any) -> dict[str, list[int]]:
    random = torch.Generator().manual_seed(1)
    draw = lambda size, n: torch.randint(0, size, (n,), generator=random).tolist()  # noqa: E731
    return dict(ids=draw(config.vocab_size, T), source=draw(config.source_vocab_size or config.vocab_size, S))


@torch.no_grad()
def logits(model: nn.Module, ids: list[int], source: list[int]) -> Tensor:
    if isinstance(model, CausalLM):
        return model(torch.tensor([ids]))[0]
    return model(torch.tensor([source]), torch.tensor([ids]))[0]


def in_the_page(models: dict[str, nn.Module], precision: str = "float32") -> dict[str, dict[str, Tensor]]:
    given = {name: packed(model, precision) | inputs(model.config) for name, model in models.items()}
    found = ask(READ, given)
    return {name: {how: torch.tensor(one).view(T, -1) for how, one in both.items()} for name, both in found.items()}


@pytest.fixture(scope="module")
def models() -> dict[str, nn.Module]:
    return {name: build_random(config) for name, config in FAMILIES.items()}


@pytest.fixture(scope="module")
def read(models: dict[str, nn.Module]) -> dict[str, dict[str, Tensor]]:
    return in_the_page(models)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_logits_are_those_of_pytorch(models, read, family):
    wanted = logits(models[family], **inputs(models[family].config))
    torch.testing.assert_close(read[family]["whole"], wanted, atol=2e-5, rtol=0)
    torch.testing.assert_close(read[family]["steps"], wanted, atol=2e-5, rtol=0)


def test_every_word_of_a_config_is_known_in_the_page():
    changes: list[dict[str, Any]] = [dict(mlp=one) for one in get_args(Mlp)]
    changes += [dict(position=one) for one in get_args(Position)] + [dict(norm=one) for one in get_args(Norm)]
    changes += [dict(qk_norm=True, bias=False), dict(norm_first=False), dict(windows=(2, None, 5)), dict(tied="none")]
    models = {str(one): build_random(dataclasses.replace(CAUSAL["gpt2"], **one)) for one in changes}
    for name, found in in_the_page(models).items():
        wanted = logits(models[name], **inputs(models[name].config))
        torch.testing.assert_close(found["whole"], wanted, atol=2e-5, rtol=0, msg=name)


@pytest.mark.parametrize("precision", ["float16", "int8"])
def test_rounded_numbers_are_those_of_the_file(models, precision):
    """The logits are those of PyTorch with the same rounding, in float16 1e-2 of the exact ones at the most."""
    found = in_the_page(models, precision)
    for name, model in models.items():
        exact = logits(model, **inputs(model.config))
        rounded = build_random(model.config)
        with torch.no_grad():
            for parameter in rounded.parameters():
                if precision == "float16":
                    parameter.copy_(parameter.half().float())
                elif parameter.ndim > 1:
                    whole, scales = in_8_bits(parameter)
                    parameter.copy_(whole * scales[:, None])
        wanted = logits(rounded, **inputs(model.config))
        torch.testing.assert_close(found[name]["whole"], wanted, atol=2e-5, rtol=0)
        if precision == "float16":
            assert float((found[name]["whole"] - exact).abs().max()) < 1e-2 * float(exact.abs().max())


def test_ties_are_kept_once(models):
    numbers, table = pack(models["transformer"].state_dict(keep_vars=True), "float32")
    assert table["head.weight"] == table["decoder.embed.weight"] == table["encoder.embed.weight"]
    assert len(numbers) == 4 * sum(parameter.numel() for parameter in models["transformer"].parameters())


def test_the_attention_is_that_of_the_recorder(models):
    model = models["llama translator"]
    given = packed(model) | inputs(model.config)
    code = """
    const model = new Seq2Seq(given.config, new Weights(given.tensors, bytesOf(given.weights)), []);
    const { ids, source, config: { heads, layers, encoder_layers } } = given, T = ids.length, S = source.length;
    const encoder = new Maps(encoder_layers, heads, S, S), cross = new Maps(layers, heads, T, S);
    const decoder = new Maps(layers, heads, T, T), state = model.begin(source, i => ({ self: encoder.of(i) }));
    state.look = i => ({ self: decoder.of(i), cross: cross.of(i) });
    model.read(ids, state);
    return [encoder, decoder, cross].map(one => [...one.weights]);
    """
    encoder, decoder, cross = map(torch.tensor, ask(code, given))
    with record_attention(model) as maps:
        logits(model, given["ids"], given["source"])
    for found, pattern in (
        (encoder, "encoder.blocks.*.attention"),
        (decoder, "decoder.blocks.*.attention"),
        (cross, "decoder.blocks.*.cross"),
    ):
        wanted = layer_weights(maps, pattern)
        torch.testing.assert_close(found.view(wanted.shape), wanted, atol=1e-5, rtol=0)


def test_far_positions_turn_as_in_python(models):
    """Angles of thousands of radians, where the smallest difference between rates would be seen."""
    rotary = models["llama3.1"].get_submodule("stack.positions")
    at = torch.tensor([0, 1, 7, 8191, 100_000])
    _, (cos, _) = rotary(torch.zeros(1, 5, 32), at)
    code = "const r = new Rotary(8, given.theta, given.scaling); r.apply([], given.at, 5); return [...r.cos];"
    found = ask(code, dict(theta=rotary.theta, scaling=rotary.scaling, at=at.tolist()))
    torch.testing.assert_close(torch.tensor(found).view(5, 4), cos[:, :4], atol=1e-5, rtol=0)


def test_numbers_that_are_not_finite_are_refused(models):
    model = build_random(FAMILIES["gpt2"])
    with torch.no_grad():
        model.get_parameter("head.weight")[3, 3] = 1e5
    with pytest.raises(ValueError, match=r"1e\+05, too large for float16; take --precision float32"):
        pack(model.state_dict(keep_vars=True), "float16")
    with torch.no_grad():
        model.get_parameter("head.weight")[3, 3] = torch.nan
    with pytest.raises(ValueError, match="not finite"):
        pack(model.state_dict(keep_vars=True), "int8")


def test_every_name_stands_in_one_module():
    """Modules are joined into one script: of two functions of one name the second would silently win."""
    for names in (scripts.WORKER, scripts.APP):
        top = [
            (found, name)
            for name in names
            for found in re.findall(
                r"^(?:export )?(?:async )?(?:const|let|class|function\*?) (\w+)", scripts.module(name), re.M
            )
        ]
        twice = [group for _, group in itertools.groupby(sorted(top), lambda one: one[0])]
        assert [both for both in map(list, twice) if len(both) > 1] == []
        for name in names:
            needed = scripts.imported(name)
            assert set(needed) <= set(names[: names.index(name)]), f"{name} imports what comes after it"
            assert len(re.findall(r"^import ", scripts.module(name), re.M)) == len(needed)


def test_base64_comes_back(models):
    data = bytes(range(256))
    assert ask("return [...bytesOf(given)];", base64.b64encode(data).decode()) == [*data]
    assert json.loads(json.dumps(inputs(models["gpt2"].config)))
