"""A trained language model in its run folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from groundup.models.causal_lm import CausalLM
from groundup.recipes.recipe import TextRecipe
from groundup.run.described import described
from groundup.run.folder import RunFolder
from groundup.run.writer import Writer
from groundup.text.tokenizer import Tokenizer

if TYPE_CHECKING:
    from groundup.page.weights import Precision
    from groundup.run.attention import Look


class TextRun(Writer):
    """A run folder with its model in memory: write on, judge, look."""

    def __init__(self, folder: RunFolder, recipe: TextRecipe, model: CausalLM, tokenizer: Tokenizer):
        super().__init__(model, tokenizer)
        self.folder = folder
        self.recipe = recipe

    def __repr__(self) -> str:
        return described(type(self).__name__, self.folder.path, self.recipe.task, self.model, f"{self.tokenizer}")

    def attention(self, prompt: str, *, max_new_tokens: int = 40) -> "Look":
        """Record its attention while it continues the prompt: a page that a notebook shows and `save` writes."""
        from groundup.run.attention import look_at_text

        return look_at_text(self, prompt, title=self.folder.name, max_new_tokens=max_new_tokens)

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
