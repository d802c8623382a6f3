"""Any model of ours as a folder that transformers loads with its own code beside it (`trust_remote_code=True`)."""

from pathlib import Path
from typing import Any

from torch import Tensor

from groundup.config import ModelConfig
from groundup.files import write_whole
from groundup.hub.bundle import CONFIGURATION, MODELING, bundle
from groundup.hub.files import CONFIG, GENERATION, write_json, write_tensors
from groundup.hub.own import PREFIX, ties
from groundup.hub.tokens import Sides
from groundup.models.causal_lm import CausalLM
from groundup.models.seq2seq import Seq2Seq
from groundup.stock import check_stock
from groundup.text.tokenizer import Tokenizer


def to_custom(
    model: CausalLM | Seq2Seq,
    folder: str | Path,
    *,
    tokenizer: Tokenizer,
    source_tokenizer: Tokenizer | None = None,
    template: str | None = None,
) -> Path:
    """Write a folder that transformers' Auto classes load without this package, running the code in it.

    tokenizer and source_tokenizer: see `to_hub`. template: the chat template of a dialogue model. ValueError for a
    model with parts of one's own: the code in the folder would not have them.
    """
    check_stock(model, "to write it with the code that loads it")
    config = model.config
    sides = Sides.of(folder, config, tokenizer, source_tokenizer)
    tensors = stored(model)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_tensors(folder, tensors)
    dtype = str(next(iter(tensors.values())).dtype).removeprefix("torch.")
    write_json(folder / CONFIG, settings(config) | {"dtype": dtype} | sides.ids)
    write_json(folder / GENERATION, sides.generation())
    sides.write(folder, template)
    for name, text in bundle().items():
        write_whole(folder / name, text)
    return folder


def stored(model: CausalLM | Seq2Seq) -> dict[str, Tensor]:
    """Return the tensors of the file, each once: a tied tensor is left out, as transformers does."""
    seconds, tensors = ties(model.config), model.state_dict().items()
    return {f"{PREFIX}{name}": tensor.detach().cpu() for name, tensor in tensors if name not in seconds}


def settings(config: ModelConfig) -> dict[str, Any]:
    """config.json, but for the special tokens."""
    auto, kind = ("Seq2SeqLM", "GroundupForSeq2SeqLM") if config.encoder_layers else ("CausalLM", "GroundupForCausalLM")
    values = config.to_dict()
    values["rotary_scaling"] = values.pop("rope_scaling")
    return {
        "model_type": "groundup",
        "architectures": [kind],
        "auto_map": {
            "AutoConfig": f"{CONFIGURATION.removesuffix('.py')}.GroundupConfig",
            f"AutoModelFor{auto}": f"{MODELING.removesuffix('.py')}.{kind}",
        },
        **values,
        "is_encoder_decoder": config.encoder_layers is not None,
        "tie_word_embeddings": config.tied != "none",
    }
