"""A trained language model in its run folder."""

from typing import TYPE_CHECKING

from groundup.models.causal_lm import CausalLM
from groundup.recipes.recipe import TextRecipe
from groundup.run.described import described
from groundup.run.folder import RunFolder
from groundup.run.page import write_page
from groundup.run.writer import Writer
from groundup.text.tokenizer import Tokenizer

if TYPE_CHECKING:
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

    page = write_page
