"""What the two sides of a pair are called: in the header of a file of columns, and as keys of records."""

from collections.abc import Sequence

_SIDES = [
    ("source", "target"),
    ("src", "tgt"),
    ("src", "trg"),
    ("source_text", "target_text"),
    ("source_sentence", "target_sentence"),
    ("sentence1", "sentence2"),
    ("text1", "text2"),
    ("input", "output"),
    ("question", "answer"),
    ("prompt", "response"),
    ("prompt", "completion"),
    ("instruction", "output"),
    ("context", "response"),
    ("utterance", "reply"),
]
_LANGUAGES = {
    *"english french german italian spanish portuguese dutch swedish norwegian danish finnish polish czech".split(),
    *"slovak hungarian romanian bulgarian greek turkish russian ukrainian arabic hebrew persian hindi urdu".split(),
    *"bengali chinese japanese korean thai vietnamese indonesian latin catalan croatian serbian esperanto".split(),
    *"en fr de it es pt nl sv no da fi pl cs sk hu ro bg el tr ru uk ar he fa hi ur bn zh ja ko th vi la ca".split(),
    *"hr sr eo eng fra fre deu ger ita spa por nld swe nor dan fin pol ces slk hun ron bul ell tur rus ukr ara".split(),
    *"heb fas hin urd ben zho jpn kor tha vie ind lat cat hrv srp epo".split(),
}


def sides_of(names: Sequence[str]) -> tuple[str, str] | None:
    """Which of the names are source and target: known ones, or exactly two languages in their order; None if neither.

    Case and blanks around a name do not matter, but a code of a language has no single capital: "He" is a word.
    """
    plain = {name.strip().lower(): name for name in names}
    for source, target in _SIDES:
        if source in plain and target in plain:
            return plain[source], plain[target]
    languages = [name for name in names if _is_language(name.strip())]
    return (languages[0], languages[1]) if len(languages) == 2 else None


def _is_language(name: str) -> bool:
    code = name.replace("_", "-").split("-")[0]  # of en-GB, zh_CN
    return code.lower() in _LANGUAGES and (len(code) > 3 or code == code.lower() or name == name.upper())
