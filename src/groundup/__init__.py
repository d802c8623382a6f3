"""groundup: Transformers from the ground up.

These are the public names. They are imported on first use, so that `import groundup` and `groundup --help` cost
milliseconds and not the second that torch takes.
"""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_PLACES = {
    "ModelConfig": "config",
    "RopeScaling": "config",
    "preset": "presets",
    "CausalLM": "models.causal_lm",
    "Seq2Seq": "models.seq2seq",
    "count_parameters": "build",
    "Tokenizer": "text.tokenizer",
    "load_pairs": "data.load",
    "load_texts": "data.load",
    "phrasebook": "phrasebook.corpus",
    "split_pairs": "data.split",
    "split_text": "data.split",
    "Batch": "batch",
    "PairBatches": "data.batches",
    "TokenStream": "data.stream",
    "train": "training.loop",
    "validate": "training.validate",
    "cosine": "training.schedule",
    "inverse_sqrt": "training.schedule",
    "wsd": "training.schedule",
    "constant": "training.schedule",
    "Greedy": "decode.choose",
    "Sample": "decode.choose",
    "Beams": "decode.choose",
    "generate": "decode.generate",
    "beam_search": "decode.beam",
    "score_translations": "measure.translation",
    "record_attention": "look.record",
    "draw_attention": "look.draw",
    "load": "run.load",
    "save_run": "run.save",
    "write": "run.quick",
    "translate": "run.quick",
    "Marks": "data.marks",
    "fit": "training.fit",
    "TrainSettings": "training.settings",
    "TextRecipe": "recipes.recipe",
    "TextData": "recipes.recipe",
    "PairRecipe": "recipes.recipe",
    "PairData": "recipes.recipe",
    "TokenizerSettings": "recipes.recipe",
    "find_recipe": "recipes.table",
    "Comparison": "comparisons.comparison",
    "from_hub": "hub.folder",
    "tokenizer_from_hub": "hub.folder",
    "to_hub": "hub.folder",
    "doctor": "doctor.call",
}

if TYPE_CHECKING:
    from groundup.batch import Batch
    from groundup.build import count_parameters
    from groundup.comparisons.comparison import Comparison
    from groundup.config import ModelConfig, RopeScaling
    from groundup.data.batches import PairBatches
    from groundup.data.load import load_pairs, load_texts
    from groundup.data.marks import Marks
    from groundup.data.split import split_pairs, split_text
    from groundup.data.stream import TokenStream
    from groundup.decode.beam import beam_search
    from groundup.decode.choose import Beams, Greedy, Sample
    from groundup.decode.generate import generate
    from groundup.doctor.call import doctor
    from groundup.hub.folder import from_hub, to_hub, tokenizer_from_hub
    from groundup.look.draw import draw_attention
    from groundup.look.record import record_attention
    from groundup.measure.translation import score_translations
    from groundup.models.causal_lm import CausalLM
    from groundup.models.seq2seq import Seq2Seq
    from groundup.phrasebook.corpus import phrasebook
    from groundup.presets import preset
    from groundup.recipes.recipe import PairData, PairRecipe, TextData, TextRecipe, TokenizerSettings
    from groundup.recipes.table import find_recipe
    from groundup.run.load import load
    from groundup.run.quick import translate, write
    from groundup.run.save import save_run
    from groundup.text.tokenizer import Tokenizer
    from groundup.training.fit import fit
    from groundup.training.loop import train
    from groundup.training.schedule import constant, cosine, inverse_sqrt, wsd
    from groundup.training.settings import TrainSettings
    from groundup.training.validate import validate

__all__ = [  # noqa: RUF022, in the order in which they are used
    "ModelConfig", "RopeScaling", "preset", "CausalLM", "Seq2Seq", "count_parameters", "Tokenizer",
    "load_pairs", "load_texts", "phrasebook", "split_pairs", "split_text", "Batch", "PairBatches", "Marks",
    "TokenStream", "train", "validate", "fit", "TrainSettings", "cosine", "inverse_sqrt", "wsd", "constant",
    "Greedy", "Sample", "Beams", "write", "translate", "generate", "beam_search",
    "score_translations", "record_attention", "draw_attention", "load", "save_run",
    "TextRecipe", "TextData", "PairRecipe", "PairData", "TokenizerSettings", "find_recipe", "Comparison",
    "from_hub", "tokenizer_from_hub", "to_hub", "doctor",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'groundup' has no attribute {name!r}")
    return getattr(importlib.import_module(f"groundup.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
