"""The corpora that have a name: what they are, under which licence, and the exact bytes they are made of."""

from groundup.data.published import (
    CHATTERBOT,
    DAILYDIALOG,
    EUROPARL,
    FOUR_PAIRS,
    FRA_ENG,
    MULTI30K,
    NOVELS,
    NOVELS_SMALL,
    OPENSUBTITLES,
    SHAKESPEARE,
    TATOEBA,
    WHOLE_EUROPARL,
    WHOLE_FRA_ENG,
    WHOLE_NOVELS,
    WHOLE_TATOEBA,
    WIKITEXT,
)
from groundup.data.sources import File, Source
from groundup.nearest import nearest

_TATOEBA = "CC BY 2.0 FR (tatoeba.org)"


def _multi30k(*languages: str) -> Source:
    stems = {"train": "train", "valid": "val", "test": "test_2016_flickr"}
    names = {part: [f"{stem}.{language}" for language in languages] for part, stem in stems.items()}
    return Source(
        name=f"multi30k-{'-'.join(languages)}",
        kind="pairs",
        languages="-".join(languages),
        licence="not stated; non-commercial",
        about="captions of pictures, task 1, with validation and 2016 test parts (Elliott et al. 2016)",
        files={part: tuple(MULTI30K[name] for name in pair) for part, pair in names.items()},
        instead="phrasebook-fr",
    )


def _one(file: File) -> dict[str, tuple[File, ...]]:
    return {"train": (file,)}


_ALL = [
    Source(
        name="phrasebook-fr",
        kind="pairs",
        languages="en-fr",
        licence="Apache-2.0",
        about="everyday sentences from a grammar of our own, as many as wanted",
    ),
    Source(
        name="phrasebook-it",
        kind="pairs",
        languages="en-it",
        licence="Apache-2.0",
        about="everyday sentences from a grammar of our own, as many as wanted",
    ),
    Source(
        name="stdlib",
        kind="text",
        languages="Python",
        licence="PSF-2.0",
        about="the standard library of the running interpreter, as source code",
    ),
    Source(
        name="fra-eng",
        kind="pairs",
        languages="en-fr",
        licence=_TATOEBA,
        about="Tatoeba sentences as manythings.org/anki ships them, edition of 2019-04-07; "
        "fetched whole, and figures in the docs are of a copy with 2,000 rows set apart",
        files=_one(FRA_ENG),
        public=_one(WHOLE_FRA_ENG),
        instead="phrasebook-fr",
    ),
    _multi30k("de", "en"),
    _multi30k("en", "de"),
    _multi30k("en", "fr"),
    Source(
        name="tatoeba-en-it",
        kind="pairs",
        languages="en-it",
        licence=_TATOEBA,
        about="Tatoeba Challenge test sentences of 2020 and 2021; fetched whole, and figures in the docs are of a copy "
        "with 1,000 rows set apart",
        files=_one(TATOEBA),
        public=_one(WHOLE_TATOEBA),
        instead="phrasebook-it",
    ),
    Source(
        name="europarl-en-it",
        kind="pairs",
        languages="en-it",
        licence="no known restriction (Koehn 2005)",
        about="short sentences of the European Parliament, lower-cased, v7; fetched whole, and figures in the docs are "
        "of a copy with 1,000 rows set apart",
        files=_one(EUROPARL),
        public=_one(WHOLE_EUROPARL),
        instead="phrasebook-it",
    ),
    Source(
        name="tinyshakespeare",
        kind="text",
        languages="en",
        licence="public domain",
        about="40,000 lines of Shakespeare, the file of char-rnn",
        files=_one(SHAKESPEARE),
        instead="stdlib",
    ),
    Source(
        name="english-novels",
        kind="text",
        languages="en",
        licence="public domain (US)",
        about="87 English novels of 1839 to 1929",
        files=_one(NOVELS),
        public=_one(WHOLE_NOVELS),
        instead="stdlib",
    ),
    Source(
        name="novels-small",
        kind="text",
        languages="en",
        licence="public domain (US)",
        about="five of the English novels",
        files=_one(NOVELS_SMALL),
        instead="stdlib",
    ),
    Source(
        name="opensubtitles-en",
        kind="text",
        languages="en",
        licence="unclear; tests only",
        about="27,000 lines of film subtitles (OPUS OpenSubtitles v2018)",
        files=_one(OPENSUBTITLES),
        instead="stdlib",
    ),
    Source(
        name="wikitext-2",
        kind="text",
        languages="en",
        licence="CC BY-SA",
        about="Wikipedia articles, the validation part only (Merity et al. 2016)",
        files={"valid": (WIKITEXT,)},
        instead="stdlib",
    ),
    Source(
        name="four-pairs",
        kind="dialogue",
        languages="en",
        licence="Apache-2.0",
        about="the four questions and replies of LightSeq's example, to be learnt by heart",
        files=_one(FOUR_PAIRS),
    ),
    Source(
        name="chatterbot",
        kind="dialogue",
        languages="en",
        licence="BSD-3-Clause",
        about="utterances and replies of the ChatterBot corpus; figures in the docs are of an earlier copy with 53 "
        "rows that are no conversation",
        files=_one(CHATTERBOT),
    ),
    Source(
        name="dailydialog",
        kind="dialogue",
        languages="en",
        licence="CC BY-NC-SA 4.0",
        about="conversations with five replies each, DailyDialog++ development part (Sai et al. 2020)",
        files=_one(DAILYDIALOG),
        instead="chatterbot",
    ),
    Source(
        name="small-talk",
        kind="dialogue",
        languages="en",
        licence="BSD-3-Clause and CC BY-NC-SA 4.0",
        about="dailydialog and chatterbot together",
        files={"train": (DAILYDIALOG, CHATTERBOT)},
        instead="chatterbot",
    ),
]

SOURCES = {corpus.name: corpus for corpus in _ALL}
"""Every named corpus, the built-in ones first."""
PUBLISHED = {name: (1014, 1000) for name in SOURCES if name.startswith("multi30k-")}
"""Pairs for validation and for the test, of corpora that have such parts: those count, whatever a recipe says."""


def source(name: str) -> Source:
    """The corpus of that name; ValueError with the nearest spelling if there is none."""
    if name in SOURCES:
        return SOURCES[name]
    hint = nearest(name, SOURCES, otherwise="there are {known}.")
    raise ValueError(f"unknown corpus {name!r}: {hint} A file or a folder of your own will do as well")
