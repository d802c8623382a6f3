"""The recorder sees what the kernel saw, changes nothing, and leaves nothing behind."""

import pytest
import torch
from torch import nn

from groundup.config import ModelConfig
from groundup.look.record import join_steps, layer_weights, record_attention
from groundup.models.causal_lm import CausalLM
from groundup.models.seq2seq import Seq2Seq
from groundup.nn.attend import Attend, attention_weights
from groundup.nn.attention import Attention
from groundup.nn.masks import build_mask, visible
from groundup.presets import preset

SMALL = dict(vocab_size=50, context=32, width=32, layers=2, heads=4)
GPT = ModelConfig(**SMALL)
LLAMA = ModelConfig(**SMALL, kv_heads=2, mlp="swiglu", norm="rms", position="rotary", tied="none")
BANDED = ModelConfig(**SMALL, windows=(None, 3))
MODERN = preset("modern-tiny", **SMALL, windows=(2, None))
TRANSLATOR = ModelConfig(**SMALL, encoder_layers=1, position="sinusoidal", norm_first=False, mlp="relu")


def ids(rows: int, T: int) -> torch.Tensor:
    return torch.randint(0, 50, (rows, T), generator=torch.Generator().manual_seed(T))


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


@pytest.fixture
def translator() -> Seq2Seq:
    return Seq2Seq(TRANSLATOR).eval()


@pytest.mark.parametrize("config", [GPT, LLAMA, BANDED, MODERN], ids=["gpt2", "llama", "banded", "modern"])
def test_looking_changes_no_bit_of_a_language_model(config):
    model = CausalLM(config).eval()
    before = model(ids(2, 9))
    with record_attention(model) as maps:
        during = model(ids(2, 9))
    assert torch.equal(before, during)
    assert list(maps) == ["stack.blocks.0.attention", "stack.blocks.1.attention"]
    for steps in maps.values():
        assert [step.shape for step in steps] == [(2, 4, 9, 9)]
        torch.testing.assert_close(steps[0].sum(-1), torch.ones(2, 4, 9))
        assert not steps[0].triu(1).any()
        assert not steps[0].requires_grad


def test_looking_changes_no_bit_of_a_translator(translator):
    source, target = ids(2, 7), ids(2, 5)
    mask = torch.tensor([[True] * 7, [True] * 4 + [False] * 3])
    before = translator(source, target, mask)
    with record_attention(translator) as maps:
        assert torch.equal(before, translator(source, target, mask))
    assert {name: steps[0].shape[1:] for name, steps in maps.items()} == {
        "encoder.blocks.0.attention": (4, 7, 7),
        "decoder.blocks.0.attention": (4, 5, 5),
        "decoder.blocks.0.cross": (4, 5, 7),
        "decoder.blocks.1.attention": (4, 5, 5),
        "decoder.blocks.1.cross": (4, 5, 7),
    }
    assert not maps["decoder.blocks.1.cross"][0][1, :, :, 4:].any()  # nobody looks at padding
    assert maps["decoder.blocks.1.cross"][0][0].all()


def test_training_is_not_disturbed():
    """Dropout draws the same random numbers, and the gradients are the same."""
    model = CausalLM(ModelConfig(**SMALL, dropout=0.1, attention_dropout=0.1)).train()
    grads = []
    for look in (False, True):
        model.zero_grad()
        torch.manual_seed(1)
        if look:
            with record_attention(model):
                loss = model(ids(2, 9)).logsumexp(-1).mean()
        else:
            loss = model(ids(2, 9)).logsumexp(-1).mean()
        loss.backward()
        grads.append([p.grad.clone() for p in model.parameters()])
    assert all(torch.equal(a, b) for a, b in zip(*grads, strict=True))


def test_weights_are_those_of_torchs_own_attention():
    ours, theirs = Attention(32, 4), nn.MultiheadAttention(32, 4, batch_first=True)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.cat([ours.query.weight, ours.key.weight, ours.value.weight]))
        theirs.in_proj_bias.copy_(torch.cat([ours.query.bias, ours.key.bias, ours.value.bias]))
    x = torch.randn(2, 6, 32)
    with record_attention(ours) as maps:
        ours(x, mask=build_mask(6, causal=True))
    causal = nn.Transformer.generate_square_subsequent_mask(6)
    _, expected = theirs(x, x, x, attn_mask=causal, average_attn_weights=False)
    torch.testing.assert_close(maps[""][0], expected.detach())


@pytest.mark.parametrize("config", [GPT, LLAMA, BANDED, MODERN], ids=["gpt2", "llama", "banded", "modern"])
@torch.no_grad()
def test_a_cached_decode_joins_to_the_map_of_one_pass(config):
    model, text = CausalLM(config).eval(), ids(2, 10)
    with record_attention(model) as whole:
        model(text)
    state = model.begin(2)
    with record_attention(model) as stepwise:
        for new in text.split([4, 3, 1, 1, 1], dim=1):
            model.step(new, state)
    for name, steps in stepwise.items():
        assert [tuple(step.shape[2:]) for step in steps] == [(4, 4), (3, 7), (1, 8), (1, 9), (1, 10)]
        torch.testing.assert_close(join_steps(steps), whole[name][0])


@pytest.mark.parametrize("padded", [False, True])
@torch.no_grad()
def test_a_band_is_recorded_as_the_square_it_stands_for(padded):
    """Weights inside the window and nowhere else, none on padding: what a dense mask would have given."""
    mask = torch.arange(9) >= torch.tensor([[0], [4]]) if padded else None
    model, T = CausalLM(BANDED).eval(), 9
    with record_attention(model, layers="stack.blocks.1.attention") as maps:
        model(ids(2, T), mask)
    (weights,) = maps["stack.blocks.1.attention"]
    at = torch.arange(T)
    seen = visible(at, at, window=3).expand(2, 4, T, T)
    seen = seen if mask is None else seen & mask[:, None, None, :]
    assert torch.equal(weights > 0, seen)
    torch.testing.assert_close(weights.sum(-1), seen.any(-1).float())


@torch.no_grad()
def test_layer_weights_are_one_row_of_all_layers(translator):
    with record_attention(translator, layers="decoder.*") as maps:
        translator(ids(3, 7), ids(3, 5))
    assert len(maps) == 4
    weights = layer_weights(maps, "decoder.blocks.*.cross", row=2)
    assert weights.shape == (2, 4, 5, 7)
    assert torch.equal(weights[1], maps["decoder.blocks.1.cross"][0][2])


def test_only_the_layers_asked_for_are_kept(translator):
    with record_attention(translator, layers=["*.cross", "encoder.blocks.0.attention"]) as maps:
        translator(ids(1, 7), ids(1, 5))
    assert list(maps) == ["encoder.blocks.0.attention", "decoder.blocks.0.cross", "decoder.blocks.1.cross"]


def test_an_unknown_layer_is_named(translator):
    with (
        pytest.raises(ValueError, match=r"named 'decoder\.blocks\.7.*'; there are encoder\.blocks\.0\.attention, dec"),
        record_attention(translator, layers="decoder.blocks.7*"),
    ):
        pass


def test_hooks_are_gone_afterwards_even_after_an_error(translator):
    def hooks() -> int:
        return sum(len(m._forward_hooks) for m in translator.modules() if isinstance(m, Attend))

    with record_attention(translator) as maps:
        assert hooks() == 5
    translator(ids(1, 4), ids(1, 4))
    assert not any(maps.values())
    with pytest.raises(ValueError, match="vocabulary of 50"), record_attention(translator):
        translator(torch.tensor([[99]]), ids(1, 4))  # an id past the vocabulary
    assert hooks() == 0


@pytest.mark.parametrize("wrapped", [False, True], ids=["model.compile()", "torch.compile(model)"])
@torch.no_grad()
def test_a_compiled_model_is_recorded_too(wrapped):
    """Compiled code skips hooks that were added later: without care, nothing would be recorded."""
    torch.compiler.reset()
    model = CausalLM(GPT).eval()
    plain = model(ids(1, 6))
    if wrapped:
        model = torch.compile(model, backend="eager")
    else:
        model.compile(backend="eager")
    model(ids(1, 6))
    with record_attention(model) as maps:
        torch.testing.assert_close(model(ids(1, 6)), plain)
    assert {name: len(steps) for name, steps in maps.items()} == {
        "stack.blocks.0.attention": 1,
        "stack.blocks.1.attention": 1,
    }
    torch.testing.assert_close(model(ids(1, 6)), plain)
    assert all(len(steps) == 1 for steps in maps.values())


@torch.no_grad()
def test_maps_of_a_bfloat16_model_are_float32():
    model = CausalLM(GPT).eval().bfloat16()
    with record_attention(model) as maps:
        model(ids(1, 9))
    weights = maps["stack.blocks.0.attention"][0]
    assert weights.dtype == torch.float32
    torch.testing.assert_close(weights.sum(-1), torch.ones(1, 4, 9))


@torch.no_grad()
def test_maps_under_autocast_are_weighed_in_float32():
    """The kernel's own q and k, rounded as they are, but their products are not rounded once more."""
    model, seen = CausalLM(GPT).eval(), []
    attend = model.stack.blocks[0].attention.attend
    attend.register_forward_hook(lambda module, inputs, output: seen.append(inputs))
    with torch.autocast("cpu", torch.bfloat16), record_attention(model) as maps:
        model(ids(1, 9))
    ((q, k, _, mask),) = seen
    assert q.dtype == torch.bfloat16
    assert torch.equal(maps["stack.blocks.0.attention"][0], attention_weights(q.float(), k.float(), mask))


def test_joining_needs_steps_of_the_same_rows():
    with pytest.raises(ValueError, match="nothing was recorded"):
        join_steps([])
    with pytest.raises(ValueError, match=r"numbers of rows \[1, 2\]"):
        join_steps([torch.ones(2, 4, 1, 1), torch.ones(1, 4, 1, 2)])
