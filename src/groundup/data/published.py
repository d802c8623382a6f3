"""The files of the named corpora and the addresses of what they are made of, at commits that do not change.

A corpus of which some rows were set apart when this project began has two files: the one its figures were measured on,
which is not published, and the whole, which is.
"""

from groundup.data.originals import aligned, aligned_distinct, first_lines, novels, replies
from groundup.data.sources import BUILTIN, File, Original

_GITHUB = "https://raw.githubusercontent.com"
_OPUS = f"{_GITHUB}/Helsinki-NLP/OPUS-MT-testsets/ac0f19c0be3cb4e0d9450fcb2d7a9847c4bdd180/testsets/eng-ita"
_PIVOT = (
    f"{_GITHUB}/riccardotella/English-Italian-Machine-Translation-/816cdb3f8fe3a75b8a1eae9a95cde23dfc578447/data/pivot"
)
_MULTI30K = f"{_GITHUB}/multi30k/dataset/a3d2e0d26b56f3846f66a952536ffed4e401d05a/data/task1/raw"
_NOVELS = f"{_GITHUB}/computationalstylistics/100_english_novels/143e601875d70e195f2cc5ebd8b034609271194d/corpus"

FRA_ENG = File("fra-eng/fra.txt", 11_540_636, "8ed06a1cd5304910d15bd9ebc0ded8e992e2f42fcaeb10a824b9a49bab02dc77")
WHOLE_FRA_ENG = File(
    "fra-eng/whole/fra.txt",
    11_669_748,
    "0bb85dbaa1c896844649094d7eaf2e34bee34e84fe362b26ce7e8f2e12aae104",
    (Original(f"{_GITHUB}/modelexlab/data/adddaf33ac35572bcfeb421efec29435e7ea9332/fra.txt"),),
)
TATOEBA = File("en-it/tatoeba.en-it.tsv", 1_030_128, "3534041511fc29738d20b467cdb5f03793fbd5f26487365069acf23b957a00c4")
WHOLE_TATOEBA = File(
    "en-it/whole/tatoeba.en-it.tsv",
    1_095_173,
    "9422f52d32340cfe32f1accf62c999f4fedcc78632bd072fd3f311e287884c9f",
    (
        Original(
            f"{_OPUS}/tatoeba-test-v2021-08-07.eng", "ef0c6a6d746c0d53e6496ac1073db91d4efe51d21c7a586bbbaa0f3660e938e4"
        ),
        Original(
            f"{_OPUS}/tatoeba-test-v2021-08-07.ita", "3735d63c036d6e7359c708c14c793f282ff84dd6f3c83353edb50085d0a958e1"
        ),
    ),
    aligned,
)
EUROPARL = File(
    "en-it/europarl.en-it.tsv", 8_926_260, "41cde16e558b9829c5b120af2921e1930a8fbc4eeb2421723b3ee239ed0d3334"
)
WHOLE_EUROPARL = File(
    "en-it/whole/europarl.en-it.tsv",
    9_070_599,
    "64706a42cd0c10a1ff7db0e25c42ffd7cc44ecae981641a3d8ebd2c09c21d22f",
    (
        Original(f"{_PIVOT}/triples.en.gz", "834450794a29af415bf483138d97e9151f27f9bc86815fde96428c531bfb1382"),
        Original(f"{_PIVOT}/triples.it.gz", "951eff38fe45c724a20e19fbeb6bf188eee8d88caac0252c752e2c763cfa2382"),
    ),
    aligned_distinct,
)
SHAKESPEARE = File(
    "tinyshakespeare/input.txt",
    1_115_394,
    "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
    (Original(f"{_GITHUB}/karpathy/char-rnn/6f9487a6fe5b420b7ca9afb0d7c078e37c1d1b4e/data/tinyshakespeare/input.txt"),),
)
WIKITEXT = File(
    "wikitext-2/valid.txt",
    1_121_681,
    "f0737ed31fc1329026e95cb8b98e19c2a182c39c240ab909dc31abf2f8af58e8",
    (
        Original(
            f"{_GITHUB}/pytorch/examples/77f55b912142e11fcfdf5b530231fb9c52f181e8/word_language_model/data/wikitext-2/"
            "valid.txt"
        ),
    ),
)
OPENSUBTITLES = File(
    "opensubtitles-en/train.txt",
    811_947,
    "d6a27d163e9046a3c5670f2c33ea4b8696d9f2ceb42b5e5a12146c6cb91f8a6c",
    (
        Original(
            f"{_GITHUB}/BurntSushi/rebar/09cfc23e2d254db6fbbff9a9ed0d8b869d65f99c/benchmarks/haystacks/opensubtitles/"
            "en-sampled.txt",
            "0d40805f6d02c8fe02bd75945b98911891f707e8ecb939e018446858065d76ea",
        ),
    ),
    first_lines(27_000),
)
FOUR_PAIRS = File("dialogue/four_pairs.tsv", 332, "9e518d91fae4c38457791f6de0237c98bde8cf69abad5f11a07ebf6e779aafae")
CHATTERBOT = File(
    "dialogue/chatterbot.english.tsv", 78_948, "fa949f968aecf7afd48e0dbd3be2928e1d64e8916c2834086bb18a9428156a6d"
)
DAILYDIALOG = File(
    "dialogue/dailydialogpp_dev.jsonl",
    489_978,
    "4601e4b2f9bbaaec0e86d6a4e0375636c3c44237ceedb4e1180be15d89ce940c",
    (
        Original(
            f"{_GITHUB}/iitmnlp/DailyDialog-plusplus/4b02f9ff671e7e27d8e6b8a1925158bd5729abda/dataset/dev.json",
            "afbdee92c9ab372f599c605609676fceba517f83286d58555f0404f4364b5bfa",
        ),
    ),
    replies,
)


def _novels(*names: str) -> tuple[Original, ...]:
    """The novels of these names, or all there are."""
    listed = (line.split("\t") for line in (BUILTIN / "novels.tsv").read_text(encoding="utf-8").splitlines())
    return tuple(Original(f"{_NOVELS}/{name}", sha256) for name, _, sha256 in listed if not names or name in names)


NOVELS = File(
    "english-novels/novels.txt.gz", 25_010_529, "1e62e880ef4ace27463fbddf8ff32ab8548a966d62ebdf701385fb142e797228"
)
WHOLE_NOVELS = File(
    "english-novels/novels.txt",
    65_836_839,
    "aeb49f2f8c44ee005eeca9ee0d2548e634e36afe5a673a2a6041468f6521108b",
    _novels(),
    novels,
)
NOVELS_SMALL = File(
    "english-novels/novels_small.txt",
    3_503_933,
    "2c09fb14237f89e02635944b80114f49c3e16338f54d34f3e7ee48d7b789aebe",
    _novels(
        "Cbronte_Jane_1847.txt",
        "Dickens_Expectations_1861.txt",
        "Doyle_Hound_1902.txt",
        "Forster_View_1908.txt",
        "Hardy_Jude_1895.txt",
    ),
    novels,
)

_OF_MULTI30K = {
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
MULTI30K = {
    name: File(f"multi30k/{name}", size, sha256, (Original(f"{_MULTI30K}/{name}.gz"),))
    for name, (size, sha256) in _OF_MULTI30K.items()
}
