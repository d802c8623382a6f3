"""The special tokens of sentence pairs: padding, and where a text begins and ends."""

from typing import NamedTuple, Self

from groundup.text.tokenizer import Tokenizer

PAD, BOS, EOS = "<pad>", "<bos>", "<eos>"


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
