"""A family of models: one of transformers' classes, with its settings and tensors mapped to ours, both ways."""

import dataclasses
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from groundup.config import ModelConfig
from groundup.hub.names import Table, Tensors

Settings = dict[str, Any]

ACTIVATIONS = (
    "mlp",
    {"gelu_new": "gelu-tanh", "gelu_pytorch_tanh": "gelu-tanh", "gelu": "gelu", "relu": "relu", "relu2": "relu2"},
)
TIED = ("tied", {True: "head", False: "none"})

# For all families: settings that do not change what a model computes, as bookkeeping and old generation settings.
_IGNORED = set(
    "model_type architectures transformers_version dtype torch_dtype use_cache task_specific_params auto_map "
    "bos_token_id eos_token_id pad_token_id sep_token_id unk_token_id cls_token_id decoder_start_token_id "
    "tokenizer_class prefix model_max_length attn_implementation unsloth_fixed unsloth_version transformers.js_config "
    "output_attentions output_hidden_states output_scores return_dict return_dict_in_generate torchscript id2label "
    "label2id num_labels problem_type finetuning_task gradient_checkpointing is_decoder is_encoder_decoder "
    "max_length min_length max_new_tokens do_sample early_stopping num_beams num_beam_groups diversity_penalty "
    "temperature top_k top_p typical_p repetition_penalty length_penalty no_repeat_ngram_size bad_words_ids "
    "encoder_no_repeat_ngram_size num_return_sequences forced_bos_token_id forced_eos_token_id remove_invalid_values "
    "exponential_decay_length_penalty suppress_tokens begin_suppress_tokens chunk_size_feed_forward "
    "summary_type summary_use_proj summary_activation summary_proj_to_labels "
    "summary_first_dropout output_past use_bfloat16 xla_device eos_token_ids is_local local_files_only license "
    "language tags base_model library_name".split()
)
_NEUTRAL = {
    **dict.fromkeys(("partial_rotary_factor", "residual_multiplier", "embedding_multiplier", "logits_scaling"), 1),
    **dict.fromkeys(("hidden_dropout", "embedding_dropout", "lora_dropout", "mlp_dropout"), 0),
}
"""For all families: settings of other models, with the value that changes nothing."""
_MUST = {"pruned_heads": {}}
"""For all families: settings of which we support one value only."""
_TRAINING_ONLY = {"init", "dropout", "attention_dropout"}


@dataclass(frozen=True, kw_only=True)
class Family:
    """The tables of settings and tensors of a family, and functions for what a table cannot express."""

    model_type: str
    architecture: str
    preset: str
    """A preset of ours that this format can hold, for the error about a model that it cannot hold."""
    names: Callable[[ModelConfig], Table]
    same: Mapping[str, str]
    """Their setting -> our setting with the same value and another name."""
    words: Mapping[str, tuple[str, Mapping[Any, Any]]]
    """Their setting -> our setting, and the words for its values."""
    implied: Mapping[str, tuple[Any, ...]]
    """Our settings without a name in the format: the values that it can hold; reading gives the first."""
    must: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """Their settings without a name here: the only value that we support."""
    defaults: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """The default of a setting that a file may leave out. All others are required."""
    ignored: Collection[str] = ()
    """Their settings that do not change what the model computes."""
    read_rest: Callable[[Settings], Settings] = lambda theirs: {}
    write_rest: Callable[[ModelConfig], Settings] = lambda config: {}
    rest: Collection[str] = ()
    """The settings, theirs and ours, that the two functions handle."""
    rewrite: Callable[[ModelConfig, Tensors], Tensors] = lambda config, ours: ours
    """Rewrite the tensors so that the format can express the same function; called before names are changed."""
    prefix: str
    """The beginning of names that older files leave out."""
    aliases: Callable[[ModelConfig], dict[str, str]]
    """Second name of a tied tensor -> its first name, which is written."""
    zeros: Callable[[ModelConfig], dict[str, tuple[int, ...]]] = lambda config: {}
    """Tensors that the format requires and that we write as zeros, with their shapes."""
    absent: Callable[[Settings], str | None] = lambda theirs: None
    """A regular expression for tensors of `names` that a file with these settings does not have; they are zero."""
    check_table: Callable[[ModelConfig, Tensor], str | None] = lambda config, tensor: None
    """Check one of `tables` if the format reads it from the file, and return what is wrong with it."""
    tables: str
    """A regular expression for tensors in older files that are not trained: masks, angles."""

    def settings(self, theirs: Settings) -> Settings:
        """Return the settings of a config.json, with defaults for those that it leaves out; null counts as left out."""
        return {**self.defaults, **{key: value for key, value in theirs.items() if value is not None}}

    def read(self, theirs: Settings) -> ModelConfig:
        """Return the model that a config.json describes. Raises ValueError with the setting that we do not support."""
        theirs, must = self.settings(theirs), {**_MUST, **self.must}
        known = {*self.same, *self.words, *must, *self.ignored, *self.rest, *_IGNORED}
        for key, value in theirs.items():
            if key not in known and not _says_nothing(key, value):
                raise ValueError(
                    f"{key!r} ({_short(value)}) is a setting of {self.model_type} not known here; {_cure(key)}"
                )
            if key in must and value != must[key]:
                raise ValueError(f"{key} ({value!r}) must be {must[key]!r}: nothing else is computed here")
        missing = [key for key in (*self.same, *self.words) if key not in theirs]
        if missing:
            raise ValueError(f"{', '.join(missing)} missing")
        ours: Settings = {field: values[0] for field, values in self.implied.items()}
        ours |= {field: theirs[key] for key, field in self.same.items()}
        for key, (field, words) in self.words.items():
            if theirs[key] not in words:
                raise ValueError(f"{key} ({theirs[key]!r}) must be one of {', '.join(map(str, words))} here")
            ours[field] = words[theirs[key]]
        return ModelConfig(**ours | self.read_rest(theirs))

    def write(self, config: ModelConfig) -> Settings:
        """The inverse of `read`, for a config without `differences` only."""
        theirs: Settings = {"model_type": self.model_type, "architectures": [self.architecture]}
        theirs |= {key: getattr(config, field) for key, field in self.same.items()}
        for key, (field, words) in self.words.items():
            theirs[key] = next(word for word, ours in words.items() if ours == getattr(config, field))
        return theirs | self.write_rest(config)

    def differences(self, config: ModelConfig) -> list[str]:
        """Return what the format cannot hold of the config, as `setting=what it must be (it is ...)`."""
        can = {field: tuple(words.values()) for field, words in self.words.values()} | dict(self.implied)
        free = {*self.same.values(), *self.rest, *_TRAINING_ONLY}
        found = []
        for field in dataclasses.fields(config):
            value, allowed = _plainest(config, field.name), can.get(field.name, (field.default,))
            if field.name not in free and value not in allowed:
                wanted = " or ".join(dict.fromkeys(map(repr, allowed)))
                found.append(f"{field.name}={wanted} (it is {value!r})")
        return found

    def is_table(self, name: str) -> bool:
        return re.search(self.tables, name) is not None


def _says_nothing(key: str, value: Any) -> bool:
    """Whether an unknown setting changes nothing: it is bookkeeping, switched off, empty, or has its neutral value."""
    if key.startswith("_") or value is False or (isinstance(value, str | list | dict) and not value):
        return True
    if key == "layer_types":
        return isinstance(value, list) and set(map(str, value)) == {"full_attention"}
    return key in _NEUTRAL and value == _NEUTRAL[key]


def _cure(key: str) -> str:
    if "quant" in key:
        return "quantised weights are not read, get the model as float32, bfloat16 or float16"
    return "if transformers computes the same without it, take it out of config.json"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _plainest(config: ModelConfig, field: str) -> Any:
    """Return the setting's value, or None or its default if that means the same."""
    value = getattr(config, field)
    if field == "kv_heads" and value == config.heads:
        return None
    return (None,) if field == "windows" and set(value) == {None} else value
