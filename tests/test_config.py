"""A config survives its file, and refuses what cannot be built in one line that says how to mend it."""

import ast
import dataclasses
import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundup import config as words
from groundup.build import on_meta
from groundup.config import ModelConfig, RopeScaling

SMALL = dict(vocab_size=100, context=16, width=48, layers=2, heads=4)
ENCODER = dict(encoder_layers=2)


@st.composite
def valid(draw: st.DrawFn) -> ModelConfig:
    """Any config that can be built."""
    kv_heads, group = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    encoder = draw(st.none() | st.integers(1, 3))
    tied = draw(st.sampled_from(get_args(words.Tied) if encoder else ["none", "head"]))
    position = draw(st.sampled_from(get_args(words.Position)))
    scaling = st.builds(RopeScaling, factor=st.floats(1, 64), original_context=st.integers(1, 10**5))
    return ModelConfig(
        vocab_size=draw(st.integers(1, 10**6)),
        context=draw(st.integers(1, 10**6)),
        width=kv_heads * group * draw(st.sampled_from([2, 4, 8])),
        layers=draw(st.integers(1, 4)),
        heads=kv_heads * group,
        encoder_layers=encoder,
        source_vocab_size=draw(st.none() | st.integers(1, 10**6)) if encoder and tied != "all" else None,
        kv_heads=draw(st.sampled_from([None, kv_heads])),
        mlp_width=draw(st.none() | st.integers(1, 10**4)),
        mlp=draw(st.sampled_from(get_args(words.Mlp))),
        norm=draw(st.sampled_from(get_args(words.Norm))),
        norm_first=draw(st.booleans()),
        norm_eps=draw(st.floats(1e-12, 1e-2)),
        position=position,
        rope_theta=draw(st.floats(1.5, 1e7)),
        rope_scaling=draw(st.none() | scaling) if position == "rotary" else None,
        windows=tuple(draw(st.lists(st.none() | st.integers(1, 4096), min_size=1, max_size=4))),
        qk_norm=draw(st.booleans()),
        bias=draw(st.booleans()),
        tied=tied,
        scale_embedding=draw(st.booleans()),
        init=draw(st.sampled_from(get_args(words.Init))),
        dropout=draw(st.floats(0, 0.99)),
        attention_dropout=draw(st.floats(0, 0.99)),
    )


@given(config=valid())
def test_json_and_back(config: ModelConfig):
    assert ModelConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


@settings(max_examples=40, deadline=None)
@given(config=valid())
def test_what_is_accepted_can_be_built(config: ModelConfig):
    assert on_meta(config).config is config


@given(config=valid())
def test_a_file_and_back(config: ModelConfig, tmp_path_factory: pytest.TempPathFactory):
    path = tmp_path_factory.getbasetemp() / "model.json"
    config.save(path)
    assert ModelConfig.load(path) == config
    assert json.loads(path.read_text())["width"] == config.width


def test_it_is_frozen_and_its_fields_have_names():
    config = ModelConfig(**SMALL)
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.width = 3
    with pytest.raises(TypeError):
        ModelConfig(100, 16, 48, 2, 4)
    assert hash(config) == hash(ModelConfig(**SMALL))


def test_what_is_implied():
    config = ModelConfig(**SMALL)
    assert (config.groups, config.hidden, config.head_width) == (4, 192, 12)
    config = ModelConfig(**SMALL, kv_heads=2, mlp_width=100)
    assert (config.groups, config.hidden) == (2, 100)


IMPOSSIBLE = [
    (dict(width=770, heads=12), "heads (12) must divide width (770); try width=768"),
    (dict(width=4, heads=8), "heads (8) must divide width (4); try width=8"),
    (dict(heads=4, kv_heads=3), "kv_heads (3) must divide heads (4); try kv_heads=2"),
    (dict(heads=4, kv_heads=8), "kv_heads (8) must divide heads (4); try kv_heads=4"),
    (dict(width=12, position="rotary"), "(12 / 4 = 3) must be even; try width=16"),
    (dict(width=49, heads=7, position="sinusoidal"), "even width (49)"),
    (dict(vocab_size=0), "vocab_size (0) must be at least 1"),
    (dict(context=-3), "context (-3) must be at least 1"),
    (dict(layers=0), "layers (0) must be at least 1"),
    (dict(heads=0), "heads (0) must be at least 1"),
    (dict(kv_heads=0), "kv_heads (0) must be at least 1"),
    (dict(mlp_width=0), "mlp_width (0) must be at least 1"),
    (dict(encoder_layers=0), "encoder_layers (0) must be at least 1"),
    (dict(width=48.0), "width (48.0) must be a whole number"),
    (dict(width="48"), "width ('48') must be a whole number"),
    (dict(layers=True), "layers (True) must be a whole number"),
    (dict(mlp="silu"), "mlp ('silu') must be one of relu, gelu, gelu-tanh, relu2, swiglu"),
    (dict(norm="batch"), "norm ('batch') must be one of layer, rms"),
    (dict(position="alibi"), "position ('alibi') must be one of sinusoidal, sinusoidal-halves, learned, rotary"),
    (dict(tied="yes"), "tied ('yes') must be one of none, head, all"),
    (dict(init="zeros"), "init ('zeros') must be one of transformer, gpt2, llama, zero-out"),
    (dict(dropout=1.0), "dropout (1.0) must be at least 0 and below 1; try 0.1"),
    (dict(attention_dropout=-0.1), "attention_dropout (-0.1) must be at least 0 and below 1"),
    (dict(windows=()), "windows () must hold None or positive numbers; try (None, 128)"),
    (dict(windows=(None, 0)), "windows (None, 0) must hold None or positive numbers"),
    (dict(source_vocab_size=7), "source_vocab_size is for encoder-decoders; set encoder_layers"),
    (dict(tied="all"), 'without one use tied="head"'),
    (ENCODER | dict(tied="all", source_vocab_size=7), "not source_vocab_size (7) and vocab_size (100)"),
]


@pytest.mark.parametrize(("changes", "message"), IMPOSSIBLE, ids=lambda value: value if isinstance(value, str) else "")
def test_impossible_shapes(changes: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        ModelConfig(**SMALL | changes)
    assert "\n" not in str(caught.value)


def cured(values: dict[str, Any], message: str) -> dict[str, Any]:
    """The values with the cure of the message applied: `... try width=768` or `... use tied="head" or ...`."""
    cure = re.search(r'(?:try|use) (\w+)=("\w+"|\d+)', message)
    assert cure, f"no cure in {message!r}"
    return values | {cure[1]: ast.literal_eval(cure[2])}


@settings(max_examples=300)
@given(
    width=st.integers(1, 100),
    heads=st.integers(1, 20),
    kv_heads=st.none() | st.integers(1, 30),
    position=st.sampled_from(get_args(words.Position)),
    tied=st.sampled_from(get_args(words.Tied)),
    encoder=st.sampled_from([None, 2]),
    source_vocab_size=st.none() | st.just(7),
)
def test_the_cure_works(width, heads, kv_heads, position, tied, encoder, source_vocab_size):
    """Do what the message says and that complaint is gone for good; a width proposed is a width that can be built."""
    values: dict[str, Any] = SMALL | dict(
        width=width, heads=heads, kv_heads=kv_heads, position=position, tied=tied, encoder_layers=encoder
    )
    if encoder:
        values["source_vocab_size"] = source_vocab_size
    complaints = []
    for _ in range(4):
        try:
            ModelConfig(**values)
            break
        except ValueError as error:
            complaints.append(str(error))
            values = cured(values, str(error))
    else:
        pytest.fail(f"still no config after {complaints}")
    about = [re.search(r"(?:try|use) (\w+)=", complaint)[1] for complaint in complaints]
    assert len(set(about)) == len(about), f"one cure was not enough: {complaints}"


def test_an_option_that_nothing_reads_is_refused():
    """Nothing is silently wrong: frequencies are scaled only where there are frequencies."""
    with pytest.raises(ValueError, match="rope_scaling"):
        ModelConfig(**SMALL, position="learned", rope_scaling=RopeScaling())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("bias", "false"),
        ("norm_first", 0),
        ("qk_norm", "rms"),
        ("scale_embedding", "no"),
        ("dropout", "0.1"),
        ("dropout", float("nan")),
        ("norm_eps", "1e-5"),
        ("norm_eps", -1.0),
        ("rope_theta", 0.0),
        ("windows", 5),
        ("windows", [2.5]),
        ("windows", ["4"]),
        ("rope_scaling", 8.0),
        ("rope_scaling", dict(factr=8.0)),
        ("rope_scaling", dict(low=4.0, high=4.0)),
        ("rope_scaling", dict(factor=0.0)),
    ],
    ids=str,
)
def test_a_wrong_kind_of_value_is_named(key: str, value: Any):
    """What a hand-edited file may hold: a ValueError that names the setting, never a model that is another one."""
    with pytest.raises(ValueError, match=key) as caught:
        ModelConfig.from_dict(SMALL | dict(position="rotary") | {key: value})
    assert "\n" not in str(caught.value)


def test_windows_may_be_a_list():
    """One written by hand is the config that it looks like: equal, hashable, the same in a file."""
    config = ModelConfig(**SMALL, windows=[None, 32])
    assert config == ModelConfig(**SMALL, windows=(None, 32))
    assert hash(config) == hash(ModelConfig(**SMALL, windows=(None, 32)))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (SMALL | dict(headz=4), "unknown model setting 'headz'; did you mean 'heads'"),
        (SMALL | dict(dropuot=0.1), "unknown model setting 'dropuot'; did you mean 'dropout'"),
        (SMALL | dict(xyzzy=1), "unknown model setting 'xyzzy'; known are vocab_size, context, width"),
        (dict(width=8, heads=2), "model settings without a value: vocab_size, context, layers"),
        ({}, "model settings without a value: vocab_size, context, width, layers, heads"),
    ],
)
def test_unknown_and_missing_settings(values: dict, message: str):
    with pytest.raises(ValueError, match=re.escape(message)):
        ModelConfig.from_dict(values)


def test_a_file_from_before_a_setting_is_that_model_still(tmp_path: Path):
    """What came later is off where a file does not speak of it."""
    old = {key: value for key, value in ModelConfig(**SMALL).to_dict().items() if key != "qk_norm"}
    path = tmp_path / "config.json"
    path.write_text(json.dumps(old), encoding="utf-8")
    assert ModelConfig.load(path) == ModelConfig(**SMALL)
    assert ModelConfig(**SMALL).qk_norm is False


@pytest.mark.parametrize(
    ("name", "neutral", "other"), [("value_embeddings", False, True), ("logit_softcap", None, 15.0)]
)
def test_a_file_with_a_former_setting_is_the_model_without_it_or_refused(name: str, neutral: object, other: object):
    old = ModelConfig(**SMALL).to_dict()
    assert ModelConfig.from_dict({**old, name: neutral}) == ModelConfig(**SMALL)
    with pytest.raises(ValueError, match=rf"{name} \({other}\) is no longer a setting of models; leave it out"):
        ModelConfig.from_dict({**old, name: other})


@pytest.mark.parametrize("content", ["", "{", "5", "[]", '"width"', "null", '{"widht": 3}', "\x00", '{"width": 3}'])
def test_a_broken_file_is_named(tmp_path: Path, content: str):
    path = tmp_path / "config.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=r"config\.json: not a model config: ") as caught:
        ModelConfig.load(path)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_a_missing_file(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.json"):
        ModelConfig.load(tmp_path / "nowhere.json")
