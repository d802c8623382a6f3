"""English-French and English-Italian sentence pairs from a grammar, for translation without a download.

`sentences/` draws a syntax tree (`grammar/tree.py`) with the words of `lexicon.py`. `grammar/` has English, French and
Italian, which each write the tree as a sentence. The words are tab-separated tables in `words/`. `corpus.py` makes
pairs and splits.
"""

import sys
from types import ModuleType


class _CallablePackage(ModuleType):
    """Makes `groundup.phrasebook("fr", count=1000)` work: this package has the name of that public function."""

    def __call__(self, language: str, *, count: int, seed: int = 0) -> list[tuple[str, str]]:
        """`count` distinct pairs (English, other), as `groundup.phrasebook.corpus.phrasebook` makes them."""
        from groundup.phrasebook.corpus import phrasebook

        return phrasebook(language, count=count, seed=seed)


sys.modules[__name__].__class__ = _CallablePackage
