"""Special tokens: of sentence pairs the padding, the beginning and the end; of language models the end of a text."""

from typing import NamedTuple, Self

from groundup.text.tokenizer import Tokenizer

PAD, BOS, EOS = "<pad>", "<bos>", "<eos>"
ENDS_OF_TEXT = ("<|endoftext|>", "<|end_of_text|>")
"""The token between documents, by its name in GPT-2's tokenizer (and ours) and in that of LLaMA 3."""


def end_of_text(tokenizer: Tokenizer) -> int | None:
    """Return the id of the token between documents, or None if the tokenizer has none."""
    return next((tokenizer.specials[name] for name in ENDS_OF_TEXT if name in tokenizer.specials), None)


class Marks(NamedTuple):
    """Their ids on both sides: `PairBatches(..., **marks._asdict())` takes them all at once."""

    pad: int
    bos: int
    eos: int
    source_pad: int
    source_eos: int

    @classmethod
    def of(cls, source: Tokenizer, target: Tokenizer) -> Self:
        """The marks of two tokenizers; ValueError where one of them lacks a mark."""
        return cls(
            pad=target.special_id(PAD),
            bos=target.special_id(BOS),
            eos=target.special_id(EOS),
            source_pad=source.special_id(PAD),
            source_eos=source.special_id(EOS),
        )
