"""Models that somebody changes: layers replaced, listened to or copied while a text is being written."""

import copy
import pickle
import threading

import pytest
import torch

from groundup.decode.choose import Greedy
from groundup.decode.generate import generate
from groundup.models.causal_lm import CausalLM
from groundup.presets import preset

NEW = 40  # enough for weights to be packed


@pytest.fixture
def model() -> CausalLM:
    config = preset("llama3-tiny", vocab_size=61, context=64, width=64, layers=2, heads=4, kv_heads=2, mlp_width=128)
    return CausalLM(config).eval()


def write(model: CausalLM, rows: int = 1):
    prompt = torch.arange(3)[None].expand(rows, 3)
    return generate(model, model.begin(rows), prompt, choose=Greedy(), max_new_tokens=NEW)


def text(model: CausalLM) -> list[int]:
    return [int(column.ids[0]) for column in write(model)]


def test_a_copy_made_while_a_text_is_written_has_its_own_weights(model):
    writing = write(model)
    next(iter(writing))
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        with torch.no_grad():
            for p in twin.parameters():
                p.copy_(torch.randn_like(p))
        fresh = CausalLM(model.config).eval()
        fresh.load_state_dict(twin.state_dict())
        assert text(twin) == text(fresh)
        assert text(twin) != text(model)


@pytest.mark.parametrize("name", ["query", "key"])
def test_a_layer_may_be_replaced(model, name):
    expected = text(model)
    for block in model.stack.blocks:
        plain = getattr(block.attention, name)
        other = torch.nn.Linear(plain.in_features, plain.out_features, bias=False)
        other.load_state_dict(plain.state_dict())
        setattr(block.attention, name, other)
    assert text(model) == expected


@pytest.mark.parametrize("kind", ["hook", "pre-hook", "forward"])
def test_whoever_listens_to_a_layer_hears_every_call(model, kind):
    layer, calls = model.stack.blocks[0].attention.query, []
    if kind == "hook":
        layer.register_forward_hook(lambda *_: calls.append(1))
    elif kind == "pre-hook":
        layer.register_forward_pre_hook(lambda *_: calls.append(1))
    else:
        forward = layer.forward
        layer.forward = lambda x: calls.append(1) or forward(x)
    text(model)
    assert len(calls) == NEW


def test_several_threads_write_with_one_model(model):
    expected, found, errors = text(model), [], []

    def work():
        try:
            for _ in range(6):
                found.append([int(column.ids[0]) for column in write(model, rows=4)])
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert found == [expected] * 24
