"""The configuration of a model: one frozen, flat record with everything that is needed to build it again."""

import dataclasses
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from groundup.nearest import nearest
from groundup.records import parse_json, whole

Mlp = Literal["relu", "gelu", "gelu-tanh", "relu2", "swiglu"]
Norm = Literal["layer", "rms"]
Position = Literal["sinusoidal", "sinusoidal-halves", "learned", "rotary"]
Tied = Literal["none", "head", "all"]
Init = Literal["transformer", "gpt2", "llama", "zero-out"]
MOST = {
    **dict.fromkeys(("layers", "encoder_layers"), 1000),
    **dict.fromkeys(("width", "heads", "kv_heads"), 2**20),
    "mlp_width": 2**24,
    **dict.fromkeys(("vocab_size", "source_vocab_size", "context"), 2**31 - 1),
}
"""Upper limits, above every existing model: a file with more is wrong, and building it would use all memory."""


@dataclass(frozen=True, kw_only=True)
class RopeScaling:
    """LLaMA 3.1's frequency scaling; see `groundup.nn.positions.scale_frequencies`."""

    factor: float = 8.0
    low: float = 1.0
    high: float = 4.0
    original_context: int = 8192

    def __post_init__(self) -> None:
        _at_least(1, "rope_scaling original_context", self.original_context)
        for name in ("factor", "low", "high"):
            _positive(f"rope_scaling {name}", getattr(self, name))
        if self.low >= self.high:
            raise ValueError(f"rope_scaling low ({self.low}) must be below high ({self.high}); try low=1.0, high=4.0")


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """The shape of a decoder-only model, or of an encoder-decoder if `encoder_layers` is given.

    Raises ValueError, with both numbers and a cure, for a shape that cannot be built.
    """

    vocab_size: int
    """Rows of the embedding and of the output projection; with two languages, of the target language."""
    context: int
    """The longest text, in tokens."""
    width: int
    """The paper's d_model."""
    layers: int
    """Blocks of the decoder."""
    heads: int
    encoder_layers: int | None = None
    """Blocks of the encoder; None for a decoder-only model."""
    source_vocab_size: int | None = None
    """Rows of the encoder's embedding, if source and target have separate tokenizers."""
    kv_heads: int | None = None
    """Key/value heads, shared by groups of query heads; None means one for each query head."""
    mlp_width: int | None = None
    """The paper's d_ff; None means 4 * width."""
    mlp: Mlp = "gelu-tanh"
    norm: Norm = "layer"
    norm_first: bool = True
    """Pre-norm (GPT-2 and later) or post-norm (2017)."""
    norm_eps: float = 1e-5
    position: Position = "learned"
    rope_theta: float = 10000.0
    rope_scaling: RopeScaling | None = None
    windows: tuple[int | None, ...] = (None,)
    """Attention window of each layer, repeated over the layers; None is no window. (None, 128) alternates as GPT-3."""
    qk_norm: bool = False
    """Whether every head's queries and keys have an RMS norm."""
    bias: bool = True
    tied: Tied = "head"
    """Whether the output projection is the (decoder's) embedding; "all": the encoder's embedding, too."""
    scale_embedding: bool = False
    """Multiply embeddings by sqrt(width), as the 2017 paper does."""
    init: Init = "gpt2"
    """The name of an initialisation in the table of `groundup.models.init`."""
    dropout: float = 0.0
    attention_dropout: float = 0.0

    def __repr__(self) -> str:
        """Show the settings that differ from their defaults."""
        said = ((one, getattr(self, one.name)) for one in dataclasses.fields(self))
        own = (f"{one.name}={value!r}" for one, value in said if value != one.default)
        return f"ModelConfig({', '.join(own)})"

    def __post_init__(self) -> None:
        for name in ("vocab_size", "context", "width", "layers", "heads"):
            _at_least(1, name, getattr(self, name))
        for name in ("encoder_layers", "source_vocab_size", "kv_heads", "mlp_width"):
            if getattr(self, name) is not None:
                _at_least(1, name, getattr(self, name))
        for name, most in MOST.items():
            if (getattr(self, name) or 0) > most:
                raise ValueError(f"{name} ({getattr(self, name)}) must be at most {most}; try {name}={most}")
        for name, words in _WORDS.items():
            if getattr(self, name) not in words:
                raise ValueError(f"{name} ({getattr(self, name)!r}) must be one of {', '.join(words)}")
        for name in ("norm_first", "qk_norm", "bias", "scale_embedding"):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name} ({getattr(self, name)!r}) must be true or false")
        for name in ("norm_eps", "rope_theta"):
            _positive(name, getattr(self, name))
        for name in ("dropout", "attention_dropout"):
            if not isinstance(getattr(self, name), int | float) or not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} ({getattr(self, name)!r}) must be at least 0 and below 1; try 0.1")
        if isinstance(self.windows, list):
            object.__setattr__(self, "windows", tuple(self.windows))
        windows = self.windows if isinstance(self.windows, tuple) else ()
        if not windows or not all(window is None or (whole(window) and window > 0) for window in windows):
            raise ValueError(f"windows {self.windows} must hold None or positive numbers; try (None, 128)")
        if not isinstance(self.rope_scaling, RopeScaling | None):
            raise ValueError(f"rope_scaling ({self.rope_scaling!r}) must be a RopeScaling or absent")
        if self.rope_scaling is not None and self.position != "rotary":
            raise ValueError(f'rope_scaling needs position="rotary", not {self.position!r}; or leave it out')
        self._check_heads()
        self._check_encoder()

    def _check_heads(self) -> None:
        # Every head gets an equal share of the width. Rotary positions rotate pairs in it; sinusoids come in pairs.
        unit = {"rotary": 2 * self.heads, "learned": self.heads}.get(self.position, math.lcm(self.heads, 2))
        cure = f"try width={max(unit, round(self.width / unit) * unit)}"
        if self.width % self.heads:
            raise ValueError(f"heads ({self.heads}) must divide width ({self.width}); {cure}")
        if self.heads % self.groups:
            divisors = [n for n in range(1, self.heads + 1) if self.heads % n == 0]
            closest = min(divisors, key=lambda n: abs(n - self.groups))
            raise ValueError(f"kv_heads ({self.groups}) must divide heads ({self.heads}); try kv_heads={closest}")
        if self.position == "rotary" and self.head_width % 2:
            raise ValueError(
                f"rotary positions rotate pairs: width / heads ({self.width} / {self.heads} = {self.head_width}) "
                f"must be even; {cure}"
            )
        if self.position.startswith("sinusoidal") and self.width % 2:
            raise ValueError(f"sinusoidal positions need an even width ({self.width}); {cure}")

    def _check_encoder(self) -> None:
        if self.encoder_layers is None:
            if self.source_vocab_size is not None:
                raise ValueError("source_vocab_size is for encoder-decoders; set encoder_layers as well")
            if self.tied == "all":
                raise ValueError('tied="all" shares the encoder\'s embedding too; without one use tied="head"')
        elif self.source_vocab_size not in (None, self.vocab_size) and self.tied == "all":
            raise ValueError(
                f'tied="all" needs one vocabulary, not source_vocab_size ({self.source_vocab_size}) and '
                f'vocab_size ({self.vocab_size}); use tied="head" or a shared tokenizer'
            )

    @property
    def groups(self) -> int:
        """The number of key/value heads, given or implied."""
        return self.kv_heads if self.kv_heads is not None else self.heads

    @property
    def head_width(self) -> int:
        return self.width // self.heads

    @property
    def hidden(self) -> int:
        """The width of the feed-forward layer, given or implied."""
        return self.mlp_width if self.mlp_width is not None else 4 * self.width

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "ModelConfig":
        """The inverse of `to_dict`. Raises ValueError for unknown keys, because the model would be a different one."""
        values = _without_former(values)
        _refuse_unknown(cls, values, "model setting")
        missing = [
            field.name
            for field in dataclasses.fields(cls)
            if field.default is dataclasses.MISSING and field.name not in values
        ]
        if missing:
            raise ValueError(f"model settings without a value: {', '.join(missing)}")
        if isinstance(scaling := values.get("rope_scaling"), dict):
            _refuse_unknown(RopeScaling, scaling, "rope_scaling setting")
            values["rope_scaling"] = RopeScaling(**scaling)
        return cls(**values)

    def save(self, path: str | Path) -> None:
        Path(path).write_text(json.dumps(self.to_dict(), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> "ModelConfig":
        """Read the JSON that `save` wrote. Raises ValueError with the file and what is wrong in it."""
        try:
            return cls.from_dict(parse_json(Path(path).read_bytes()))
        except (ValueError, TypeError, AttributeError) as error:
            raise ValueError(f"{path}: not a model config: {error}") from error


_WORDS = {
    "mlp": get_args(Mlp),
    "norm": get_args(Norm),
    "position": get_args(Position),
    "tied": get_args(Tied),
    "init": get_args(Init),
}


FORMER = {"value_embeddings": False, "logit_softcap": None}
"""Settings that old models had, and their neutral values. Our ablations found no effect, so they were removed."""


def _without_former(values: dict[str, Any]) -> dict[str, Any]:
    """Return a copy without former settings. Raises ValueError if one has a value that is not neutral."""
    for name, neutral in FORMER.items():
        if values.get(name, neutral) != neutral:
            raise ValueError(
                f"{name} ({values[name]!r}) is no longer a setting of models; leave it out to train without it, and "
                "load models that have it with groundup 0.1.0"
            )
    return {name: value for name, value in values.items() if name not in FORMER}


def _refuse_unknown(kind: type, values: dict[str, Any], what: str) -> None:
    known = [field.name for field in dataclasses.fields(kind)]
    for key in values:
        if key not in known:
            raise ValueError(f"unknown {what} {key!r}; {nearest(key, known)}")


def _at_least(least: int, name: str, value: Any) -> None:
    if not whole(value):
        raise ValueError(f"{name} ({value!r}) must be a whole number")
    if value < least:
        raise ValueError(f"{name} ({value}) must be at least {least}; try {name.split()[-1]}={least}")


def _positive(name: str, value: Any) -> None:
    if not isinstance(value, int | float) or not 0 < value < math.inf:
        raise ValueError(f"{name} ({value!r}) must be a positive number")
