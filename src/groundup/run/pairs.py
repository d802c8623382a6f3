"""A trained encoder-decoder in its run folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from groundup.models.seq2seq import Seq2Seq
from groundup.recipes.recipe import PairRecipe
from groundup.run.described import described
from groundup.run.folder import RunFolder
from groundup.run.translator import Translator
from groundup.text.tokenizer import Tokenizer

if TYPE_CHECKING:
    from groundup.page.weights import Precision
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

    def page(
        self,
        path: str | Path | None = None,
        *,
        precision: "Precision | None" = None,
        examples: Sequence[str] = (),
        overwrite: bool = False,
    ) -> Path:
        """Write the run as one HTML file that runs the model in the browser; None is page.html in the run folder.

        precision: "float16", "int8" or "float32"; None is float16, or int8 for a larger model. examples: texts to begin
        with. ValueError for a model too large for a page, and for a file that is there already.
        """
        from groundup.run.page import write_page

        place = self.folder.path / "page.html" if path is None else path
        return write_page(self, place, precision=precision, examples=examples, overwrite=overwrite)
