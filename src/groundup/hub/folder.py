"""`from_hub` and `to_hub`: read a Hugging Face folder as one of our models, and write one of our models as a folder."""

from pathlib import Path

import torch

from groundup.config import ModelConfig
from groundup.hub import gpt2, gpt_neo, llama, marian, own
from groundup.hub.account import account_for, all_tensors
from groundup.hub.family import Family
from groundup.hub.files import CONFIG, GENERATION, local_folder, read_object, read_tensors, write_json, write_tensors
from groundup.hub.names import to_ours
from groundup.hub.tokenizer import check_vocabulary, read_tokenizer
from groundup.hub.tokens import Sides
from groundup.models.causal_lm import CausalLM
from groundup.models.seq2seq import Seq2Seq
from groundup.stock import check_stock
from groundup.text.tokenizer import Tokenizer

FAMILIES = {family.model_type: family for family in (gpt2.FAMILY, gpt_neo.FAMILY, llama.FAMILY, marian.FAMILY)}
READ = FAMILIES | {own.FAMILY.model_type: own.FAMILY}


def from_hub(name: str | Path) -> CausalLM | Seq2Seq:
    """Read the model in a folder, or of a name on the Hub: gpt2, gpt_neo, llama, marian, and our own.

    The model is in float32, ready to use. No code in the folder is run. Of marian, those that `to_hub` can write: the
    opus-mt models have another activation, and biases of the logits. Every setting and every tensor is checked. Raises
    ValueError with the file, the key and both values if one does not fit, or if this package would have to ignore it.
    """
    folder = local_folder(name)
    family, config = read_config(folder)
    absent = family.absent(family.settings(read_object(folder / CONFIG)))
    theirs = account_for(read_tensors(folder), family, config, folder, absent)
    ours = to_ours(theirs, family.names(config))
    model = CausalLM(config) if config.encoder_layers is None else Seq2Seq(config)
    with torch.no_grad():
        for key, mine in model.state_dict(keep_vars=True).items():
            if key in ours:
                mine.copy_(ours[key])
            elif key.endswith(".bias"):
                mine.zero_()  # the format does not have this bias
    return model.eval()


def tokenizer_from_hub(name: str | Path) -> Tokenizer:
    """Read the tokenizer in a folder, or of a name on the Hub. ValueError if it has more tokens than the model."""
    folder = local_folder(name)
    _, config = read_config(folder)
    tokenizer = read_tokenizer(folder)
    check_vocabulary(folder, tokenizer, config.source_vocab_size or config.vocab_size)
    return tokenizer


def to_hub(
    model: CausalLM | Seq2Seq,
    folder: str | Path,
    *,
    tokenizer: Tokenizer | None = None,
    source_tokenizer: Tokenizer | None = None,
    template: str | None = None,
) -> Path:
    """Write a folder that transformers' Auto classes can load without this package. Returns the folder.

    tokenizer: the model's; if source_tokenizer is given too, the one of the target language. The source's is then
    written into the folder, because texts are encoded with it, and the target's into its subfolder `target`. An
    encoder-decoder needs a tokenizer: its start and end tokens belong to the format. template: the chat template
    of a dialogue model. Raises ValueError for settings, and for parts of your own, that no format can hold.
    """
    check_stock(model, "to write it in a native format of Hugging Face")
    config = model.config
    family = family_for(config)
    sides = Sides.of(folder, config, tokenizer, source_tokenizer)
    ours = {name: tensor.detach().cpu() for name, tensor in model.state_dict().items()}
    if family is marian.FAMILY and (pad := sides.ids["pad_token_id"]) is not None:
        config, ours = marian.with_room_for(pad, config, ours)
    theirs = all_tensors(family, config, ours)
    settings = family.write(config) | {"dtype": str(next(iter(theirs.values())).dtype).removeprefix("torch.")}
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_tensors(folder, theirs)
    write_json(folder / CONFIG, settings | sides.ids)
    write_json(folder / GENERATION, sides.generation())
    sides.write(folder, template)
    return folder


def read_config(folder: Path) -> tuple[Family, ModelConfig]:
    """Return the family and the shape that a folder's config.json describes."""
    file = folder / CONFIG
    values = read_object(file)
    kind = values.get("model_type")
    if not isinstance(kind, str) or kind not in READ:
        raise ValueError(f"{file}: model_type {kind!r} is none of {', '.join(READ)}")
    try:
        return READ[kind], READ[kind].read(values)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        missing = "missing: " if isinstance(error, KeyError) else ""
        raise ValueError(f"{file}: {missing}{error}") from error


def family_for(config: ModelConfig) -> Family:
    """Return the format that can hold a model of this shape. Raises ValueError with what the nearest one lacks."""
    translates = config.encoder_layers is not None
    families = [family for family in FAMILIES.values() if (family is marian.FAMILY) == translates]
    differences = {family.model_type: family.differences(config) for family in families}
    nearest = FAMILIES[min(differences, key=lambda kind: len(differences[kind]))]  # the first of equals, gpt2
    if lacks := differences[nearest.model_type]:
        raise ValueError(
            f"no native format of Hugging Face holds this model: the nearest, {nearest.model_type}, needs "
            f"{', '.join(lacks)}; models trained with --preset {nearest.preset} fit, this one is exported with "
            "the code that runs it (--format custom)"
        )
    return nearest
