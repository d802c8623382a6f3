"""A trained encoder-decoder in its run folder."""

from typing import TYPE_CHECKING

from groundup.models.seq2seq import Seq2Seq
from groundup.recipes.recipe import PairRecipe
from groundup.run.described import described
from groundup.run.folder import RunFolder
from groundup.run.page import write_page
from groundup.run.translator import Translator
from groundup.text.tokenizer import Tokenizer

if TYPE_CHECKING:
    from groundup.run.attention import Look


class PairRun(Translator):
    """A run folder with its model in memory: translate or reply, judge, look."""

    def __init__(self, folder: RunFolder, recipe: PairRecipe, model: Seq2Seq, source: Tokenizer, target: Tokenizer):
        super().__init__(model, source, target)
        self.folder = folder
        self.recipe = recipe

    def __repr__(self) -> str:
        shared = self.source is self.target
        tokenizers = f"{self.target}" if shared else f"source {self.source}, target {self.target}"
        return described(type(self).__name__, self.folder.path, self.recipe.task, self.model, tokenizers)

    def attention(self, sentence: str, *, num_beams: int = 1) -> "Look":
        """Record its attention while it answers: a page that a notebook shows and `save` writes."""
        from groundup.run.attention import look_at_pair

        return look_at_pair(self, sentence, title=self.folder.name, num_beams=num_beams)

    page = write_page
