"""What a family is: one of transformers' classes, its settings and its tensors beside ours, for both directions."""

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

# Of no family, and without a say in what the model computes: bookkeeping, and generation settings of older files.
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
"""Of no family either: the value with which a setting of other models changes nothing."""
_MUST = {"pruned_heads": {}}
"""Of no family either: the one value that we compute."""
_TRAINING_ONLY = {"init", "dropout", "attention_dropout"}


@dataclass(frozen=True, kw_only=True)
class Family:
    """A row for each setting and each tensor, and the few things that are more than a row."""

    model_type: str
    architecture: str
    preset: str
    """One of ours that the format holds, for the error of one that it does not."""
    names: Callable[[ModelConfig], Table]
    same: Mapping[str, str]
    """Their setting -> ours: another name, the same value."""
    words: Mapping[str, tuple[str, Mapping[Any, Any]]]
    """Their setting -> ours, and their words for our words."""
    implied: Mapping[str, tuple[Any, ...]]
    """Our settings that they do not name: what the format can hold, first what reading gives."""
    must: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """Their settings that we do not name: the one value that we compute."""
    defaults: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """What a setting means that the file leaves out; those not here may not be left out."""
    ignored: Collection[str] = ()
    """Their settings without a say in what the model computes."""
    read_rest: Callable[[Settings], Settings] = lambda theirs: {}
    write_rest: Callable[[ModelConfig], Settings] = lambda config: {}
    rest: Collection[str] = ()
    """The settings, theirs and ours, that the two functions see to."""
    rewrite: Callable[[ModelConfig, Tensors], Tensors] = lambda config, ours: ours
    """The same function in the terms of the format, before names are changed."""
    prefix: str
    """What older files leave out at the beginning of names."""
    aliases: Callable[[ModelConfig], dict[str, str]]
    """Second names of tied tensors -> the first, which is written."""
    zeros: Callable[[ModelConfig], dict[str, tuple[int, ...]]] = lambda config: {}
    """Tensors that the format wants and that are zero here, with their shapes."""
    absent: Callable[[Settings], str | None] = lambda theirs: None
    """A regular expression for tensors of `names` that the file of such settings does not have: they are zero."""
    check_table: Callable[[ModelConfig, Tensor], str | None] = lambda config, tensor: None
    """What is wrong with one of `tables`, where the format would take it from the file."""
    tables: str
    """A regular expression for what older files hold and nobody learns: masks, angles."""

    def settings(self, theirs: Settings) -> Settings:
        """What a config.json says, with the defaults for what it leaves out; null says as much as nothing."""
        return {**self.defaults, **{key: value for key, value in theirs.items() if value is not None}}

    def read(self, theirs: Settings) -> ModelConfig:
        """The model that a config.json describes. ValueError names the setting that we could not honour."""
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
        """The inverse of `read`; only for a config without `differences`."""
        theirs: Settings = {"model_type": self.model_type, "architectures": [self.architecture]}
        theirs |= {key: getattr(config, field) for key, field in self.same.items()}
        for key, (field, words) in self.words.items():
            theirs[key] = next(word for word, ours in words.items() if ours == getattr(config, field))
        return theirs | self.write_rest(config)

    def differences(self, config: ModelConfig) -> list[str]:
        """What of the config the format cannot hold, as `setting=what it must be (it is ...)`."""
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
    """Whether a setting that is not known changes nothing: bookkeeping, switched off, empty, or its neutral value."""
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
    """The setting, as None or its default where that says the same."""
    value = getattr(config, field)
    if field == "kv_heads" and value == config.heads:
        return None
    return (None,) if field == "windows" and set(value) == {None} else value
