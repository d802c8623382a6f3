"""The corpora that have a name: what they are, under which licence, and the exact bytes they are made of."""

from groundup.data.sources import File, Source
from groundup.nearest import nearest


def _one(
    path: str, size: int, sha256: str, url: str | None = None, *, part: str = "train"
) -> dict[str, tuple[File, ...]]:
    return {part: (File(path, size, sha256, url),)}


_TATOEBA = "CC BY 2.0 FR (tatoeba.org)"
_MULTI30K_URL = "https://raw.githubusercontent.com/multi30k/dataset/master/data/task1/raw"
_MULTI30K = {
    "train.de": (2_110_398, "2c2b73fd2b548fbcde3a875e0a78d6ee94d498bfdee6bd3eae3945779e9ddf72"),
    "train.en": (1_801_238, "460a15fbd157e34a7a9957ee388c1ca247fe47af3ef25fb50442af6c274e0fc6"),
    "train.fr": (2_111_303, "5925a3c18f1587b6b54b87743106e6e8ab93618edb6f65d19eac0621f853a10d"),
    "val.de": (75_981, "660e09eb7e1da2f856ea13ee5ad3cf6d36b3d5b0b733c857e94c5747a3dfc660"),
    "val.en": (63_297, "1f2a23d992769b5b3d209b0a10dd0b77c08cceb1f20dfb97ed0aafa49d107227"),
    "val.fr": (73_924, "5304e444d842e962b2dda4d816b70b22a1765b15401642b7ca37a67477e708dc"),
    "test_2016_flickr.de": (70_649, "4be6b5b3236b79c25475c6bb829800a7ce559e9ba7a1f6c2394fe4d40be46d16"),
    "test_2016_flickr.en": (62_076, "399a4382932c1aadd3ceb9bef1008d388a64c76d4ae4e9d4728c6f4301cac182"),
    "test_2016_flickr.fr": (72_261, "cb3160d69b002bb638e66cc7612fcd56cb0af82eadc9c142dedc438afb885ef6"),
}


def _multi30k(*languages: str) -> Source:
    stems = {"train": "train", "valid": "val", "test": "test_2016_flickr"}
    names = {part: [f"{stem}.{language}" for language in languages] for part, stem in stems.items()}
    return Source(
        name=f"multi30k-{'-'.join(languages)}",
        kind="pairs",
        languages="-".join(languages),
        licence="not stated; non-commercial",
        about="captions of pictures, task 1, with validation and 2016 test parts (Elliott et al. 2016)",
        files={
            part: tuple(File(f"multi30k/{name}", *_MULTI30K[name], f"{_MULTI30K_URL}/{name}.gz") for name in pair)
            for part, pair in names.items()
        },
    )


_CHATTERBOT = File(
    "dialogue/chatterbot.english.tsv", 79_160, "decf908fa0e410e0e6ec0cad37bfa3963144f3c9348b797e3368ce0261d1a3d1"
)
_DAILYDIALOG = File(
    "dialogue/dailydialogpp_dev.jsonl", 489_978, "4601e4b2f9bbaaec0e86d6a4e0375636c3c44237ceedb4e1180be15d89ce940c"
)

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
        about="Tatoeba sentences as manythings.org/anki ships them, edition of 2019-04-07",
        files=_one("fra-eng/fra.txt", 11_540_636, "8ed06a1cd5304910d15bd9ebc0ded8e992e2f42fcaeb10a824b9a49bab02dc77"),
    ),
    _multi30k("de", "en"),
    _multi30k("en", "de"),
    _multi30k("en", "fr"),
    Source(
        name="tatoeba-en-it",
        kind="pairs",
        languages="en-it",
        licence=_TATOEBA,
        about="Tatoeba Challenge test sentences of 2020 and 2021",
        files=_one(
            "en-it/tatoeba.en-it.tsv", 1_030_128, "3534041511fc29738d20b467cdb5f03793fbd5f26487365069acf23b957a00c4"
        ),
    ),
    Source(
        name="europarl-en-it",
        kind="pairs",
        languages="en-it",
        licence="no known restriction (Koehn 2005)",
        about="short sentences of the European Parliament, lower-cased, v7",
        files=_one(
            "en-it/europarl.en-it.tsv", 8_926_260, "41cde16e558b9829c5b120af2921e1930a8fbc4eeb2421723b3ee239ed0d3334"
        ),
    ),
    Source(
        name="tinyshakespeare",
        kind="text",
        languages="en",
        licence="public domain",
        about="40,000 lines of Shakespeare, the file of char-rnn",
        files=_one(
            "tinyshakespeare/input.txt",
            1_115_394,
            "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
            "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
        ),
    ),
    Source(
        name="english-novels",
        kind="text",
        languages="en",
        licence="public domain (US)",
        about="87 English novels of 1839 to 1929",
        files=_one(
            "english-novels/novels.txt.gz",
            25_010_529,
            "1e62e880ef4ace27463fbddf8ff32ab8548a966d62ebdf701385fb142e797228",
        ),
    ),
    Source(
        name="novels-small",
        kind="text",
        languages="en",
        licence="public domain (US)",
        about="five of the English novels",
        files=_one(
            "english-novels/novels_small.txt",
            3_503_933,
            "2c09fb14237f89e02635944b80114f49c3e16338f54d34f3e7ee48d7b789aebe",
        ),
    ),
    Source(
        name="opensubtitles-en",
        kind="text",
        languages="en",
        licence="unclear; tests only",
        about="27,000 lines of film subtitles (OPUS OpenSubtitles v2018)",
        files=_one(
            "opensubtitles-en/train.txt", 811_947, "d6a27d163e9046a3c5670f2c33ea4b8696d9f2ceb42b5e5a12146c6cb91f8a6c"
        ),
    ),
    Source(
        name="wikitext-2",
        kind="text",
        languages="en",
        licence="CC BY-SA",
        about="Wikipedia articles, the validation part only (Merity et al. 2016)",
        files=_one(
            "wikitext-2/valid.txt",
            1_121_681,
            "f0737ed31fc1329026e95cb8b98e19c2a182c39c240ab909dc31abf2f8af58e8",
            "https://raw.githubusercontent.com/pytorch/examples/main/word_language_model/data/wikitext-2/valid.txt",
            part="valid",
        ),
    ),
    Source(
        name="four-pairs",
        kind="dialogue",
        languages="en",
        licence="Apache-2.0",
        about="the four questions and replies of LightSeq's example, to be learnt by heart",
        files=_one("dialogue/four_pairs.tsv", 332, "9e518d91fae4c38457791f6de0237c98bde8cf69abad5f11a07ebf6e779aafae"),
    ),
    Source(
        name="chatterbot",
        kind="dialogue",
        languages="en",
        licence="BSD-3-Clause",
        about="utterances and replies of the ChatterBot corpus",
        files={"train": (_CHATTERBOT,)},
    ),
    Source(
        name="dailydialog",
        kind="dialogue",
        languages="en",
        licence="CC BY-NC-SA 4.0",
        about="conversations with five replies each, DailyDialog++ development part (Sai et al. 2020)",
        files={"train": (_DAILYDIALOG,)},
    ),
    Source(
        name="small-talk",
        kind="dialogue",
        languages="en",
        licence="BSD-3-Clause and CC BY-NC-SA 4.0",
        about="dailydialog and chatterbot together",
        files={"train": (_DAILYDIALOG, _CHATTERBOT)},
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
