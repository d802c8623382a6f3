"""Convert an exported translator for CTranslate2, which runs it fast on CPUs, also in int8.

CTranslate2's own converter expects Marian as its authors train it: the decoder begins without a token, and the last row
of the vocabulary is padding. It refuses our folders, whose last row is a token. That is right: our decoder begins with
a start token, and would translate wrongly without it. Here the converter gets this start token.
"""

import shutil
from pathlib import Path
from typing import Any

from groundup.hub.tokenizer import TARGET

TOKENIZER = "tokenizer"
"""The folder inside the converted one with the files for transformers' AutoTokenizer."""


def to_ctranslate2(folder: str | Path, out: str | Path, *, quantization: str | None = None) -> Path:
    """Convert a folder that `to_hub` wrote for a translator. Needs ctranslate2 and transformers.

    quantization: None keeps float32; "int8", "int8_float32", ... as CTranslate2 names them. The result takes tokens by
    their names, with the end token: `AutoTokenizer.from_pretrained(out / TOKENIZER)(text).tokens()`.
    """
    try:
        from ctranslate2.converters import Converter, transformers
        from transformers import AutoModelForSeq2SeqLM, AutoTokenizer
        from transformers.utils.logging import disable_progress_bar
    except ImportError as error:
        raise ValueError(f"{error.name} is not installed: pip install ctranslate2 transformers") from None
    disable_progress_bar()

    class Loader(transformers.BartLoader):
        """Marian's layers, with a decoder that begins with the token that the config names."""

        def set_vocabulary(self, spec: Any, tokens: list[str]) -> None:
            spec.register_source_vocabulary(_names(source, spec.get_source_vocabulary_size()[0]))
            spec.register_target_vocabulary(_names(target, spec.get_target_vocabulary_size()))

        def set_config(self, config: Any, model: Any, tokenizer: Any) -> None:
            config.bos_token, config.eos_token = target.bos_token, target.eos_token
            config.unk_token = config.decoder_start_token = target.bos_token  # with bytes there are no unknown tokens

    class Folder(Converter):
        def _load(self) -> Any:
            return Loader()(model, source)

    folder, out = Path(folder), Path(out)
    if out.is_dir() and not any(out.iterdir()):
        out.rmdir()
    if out.exists():
        raise ValueError(f"{out} is already there; give the name of a new folder")
    separate = folder / TARGET
    source = AutoTokenizer.from_pretrained(folder)
    target = AutoTokenizer.from_pretrained(separate) if separate.is_dir() else source
    model = AutoModelForSeq2SeqLM.from_pretrained(folder)
    model.config.normalize_before = model.config.normalize_embedding = False
    Folder().convert(str(out), quantization=quantization)
    for file in (*folder.glob("tokenizer*.json"), *separate.glob("tokenizer*.json")):
        copy = out / TOKENIZER / file.relative_to(folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
    return out


def _names(tokenizer: Any, rows: int) -> list[str]:
    """Return the tokens in the order of their ids, with a made-up name for every row of the model without a token."""
    names = {id: name for name, id in tokenizer.get_vocab().items()}
    return [names.get(row, f"<unused-{row}>") for row in range(rows)]
