"""A trained language model with its tokenizer: write on, judge, look."""

from collections.abc import Iterator, Sequence

import torch

from groundup.decode.choose import Choose, Greedy
from groundup.decode.generate import generate_text
from groundup.models.causal_lm import CausalLM
from groundup.recipes.recipe import TextRecipe
from groundup.run.folder import RunFolder
from groundup.text.tokenizer import Tokenizer

END = "<|endoftext|>"


class TextRun:
    """A run folder with its model in memory."""

    def __init__(self, folder: RunFolder, recipe: TextRecipe, model: CausalLM, tokenizer: Tokenizer):
        self.folder = folder
        self.recipe = recipe
        self.model = model
        self.tokenizer = tokenizer
        self.device = next(model.parameters()).device

    def generate(
        self,
        prompt: str = "",
        *,
        choose: Choose | None = None,
        max_new_tokens: int = 200,
        stop: str | Sequence[str] = (),
    ) -> Iterator[str]:
        """What the model writes after the prompt, in pieces of text as they come (`"".join(...)` for all of it).

        choose is `Greedy()` (the default) or a `Sample(...)`. Ends at the end-of-text token, at a stop string, or where
        the context is full. ValueError, at once, for a prompt longer than the context.
        """
        ids = self.prompt_ids(prompt)
        return generate_text(
            self.model,
            self.model.begin(1),
            torch.tensor([ids], device=self.device),
            stream=self.tokenizer.stream(),
            choose=choose or Greedy(),
            max_new_tokens=max_new_tokens,
            stop_ids=[self.tokenizer.specials[END]] if END in self.tokenizer.specials else [],
            stop=stop,
            limit=self.recipe.model.context - len(ids) + 1,
        )

    def prompt_ids(self, prompt: str) -> list[int]:
        """The prompt's tokens; an empty prompt is the end-of-text token, or a line break for character models."""
        ids = self.tokenizer.encode(prompt)
        if not ids:
            ids = [self.tokenizer.specials[END]] if END in self.tokenizer.specials else self.tokenizer.encode("\n")
        if len(ids) > self.recipe.model.context:
            raise ValueError(
                f"the prompt has {len(ids)} tokens, the model's context is {self.recipe.model.context}; shorten it"
            )
        return ids
