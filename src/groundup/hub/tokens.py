"""What the tokenizers of a model say in its folder: special ids, what is never written, and the files themselves."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from groundup.config import ModelConfig
from groundup.files import write_whole
from groundup.hub.tokenizer import Ids, check_pattern, check_vocabulary, special_ids, write_tokenizers
from groundup.text.tokenizer import Tokenizer

TEMPLATE = "chat_template.jinja"


@dataclass(frozen=True)
class Sides:
    """The tokenizers of a model, one and the same where both sides share a vocabulary."""

    config: ModelConfig
    source: Tokenizer | None
    target: Tokenizer | None
    ids: Ids

    @classmethod
    def of(cls, folder: str | Path, config: ModelConfig, target: Tokenizer | None, source: Tokenizer | None) -> "Sides":
        """ValueError for tokenizers that do not fit the model, or that Hugging Face's engine would read otherwise."""
        translates = config.encoder_layers is not None
        if translates and target is None:
            raise ValueError(
                "an encoder-decoder is exported with its tokenizer, which knows its start and end; give one"
            )
        source = source or target
        for side, size in ((target, config.vocab_size), (source, config.source_vocab_size or config.vocab_size)):
            if side is not None:
                check_vocabulary(folder, side, size)
                check_pattern(folder, side)
        return cls(config, source, target, special_ids(target, translates=translates))

    def generation(self) -> dict[str, Any]:
        """generation_config.json: the special ids, and the rows without a token, which are never written."""
        values: dict[str, Any] = {key: value for key, value in self.ids.items() if value is not None}
        if self.config.encoder_layers is not None:
            values["max_new_tokens"] = self.config.context  # else transformers stops after 20 tokens
        if self.target is not None and self.target.vocab_size < self.config.vocab_size:
            known = {*self.target.vocabulary.ids.values(), *self.target.specials.values()}
            values["suppress_tokens"] = [row for row in range(self.config.vocab_size) if row not in known]
            values["renormalize_logits"] = True  # as here, where the other tokens share all of the probability
        return values

    def write(self, folder: Path, template: str | None = None) -> None:
        """The tokenizers, and the chat template where there is one."""
        if self.source is None or self.target is None:
            return
        write_tokenizers(folder, self.source, self.target, translates=self.config.encoder_layers is not None)
        if template is not None:
            write_whole(folder / TEMPLATE, template)
