"""Our own format, with the code beside it (`hub.custom`), as one more table to read: every name in it is ours."""

import dataclasses
from typing import Any

from groundup.build import on_meta
from groundup.config import ModelConfig, RopeScaling
from groundup.hub.family import Family
from groundup.hub.names import Form, Table

PREFIX = "model."
"""Where the heart stands within a class of transformers."""
SETTINGS = {field.name: field.default for field in dataclasses.fields(ModelConfig) if field.name != "rope_scaling"}


def names(config: ModelConfig) -> Table:
    """Every tensor that is written, under our name behind PREFIX."""
    seconds = {name.removesuffix(".weight") for name in ties(config)}
    parts: dict[str, list[str]] = {}
    for name in on_meta(config).state_dict():
        module, part = name.rsplit(".", 1)
        if module not in seconds:
            parts.setdefault(module, []).append(part)
    return {f"{PREFIX}{module}": Form((module,), parts=tuple(found)) for module, found in parts.items()}


def ties(config: ModelConfig) -> dict[str, str]:
    """The tensors that are others once more, which are written; all by our names."""
    embed = "stack.embed.weight" if config.encoder_layers is None else "decoder.embed.weight"
    seconds = {"all": ("head.weight", "encoder.embed.weight"), "head": ("head.weight",), "none": ()}[config.tied]
    return dict.fromkeys(seconds, embed)


def read_rest(theirs: dict[str, Any]) -> dict[str, Any]:
    scaling = theirs.get("rotary_scaling")
    return {"rope_scaling": None if scaling is None else RopeScaling(**scaling)}


FAMILY = Family(
    model_type="groundup",
    architecture="GroundupForCausalLM",
    preset="modern-tiny",
    names=names,
    same={name: name for name in SETTINGS},
    words={},
    implied={},
    defaults={name: default for name, default in SETTINGS.items() if default is not dataclasses.MISSING},
    ignored=("tie_word_embeddings",),
    read_rest=read_rest,
    rest=("rotary_scaling", "rope_scaling"),
    prefix="model",
    aliases=lambda config: {f"{PREFIX}{second}": f"{PREFIX}{first}" for second, first in ties(config).items()},
    tables=r"(?!)",
)
