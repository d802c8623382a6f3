"""Special tokens of a Hugging Face folder: those in tokenizer.json, and those in the small files beside it.

The ids are the ones that Hugging Face's libraries give: the vocabulary's id if the name is in the vocabulary, else the
next free id. This may differ from the id that a file states.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from groundup.text.notice import notice
from groundup.text.openai import json_object

CONFIG, MAP, OLD = "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"
ROLES = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
Roles = dict[str, str]
"""The use of each special token, such as "pad_token" -> "<pad>"."""


class Beside(NamedTuple):
    """The content of the files beside a vocabulary."""

    tokens: dict[str, int | None]
    """Names of special tokens, and the ids that the files state for them."""
    roles: Roles
    framing: dict[str, bool]
    """Whether "bos" and "eos" are added around every text; empty if the files do not say."""


def numbered(
    tokens: Iterable[tuple[str, int | None]], vocab: Mapping[str, int], given: Mapping[str, int], *, where: str
) -> dict[str, int]:
    """Return `given` with these special tokens added. Prints a line on stderr if a file states another id.

    vocab: the model's vocabulary, name -> id.
    """
    ids = dict(given)
    for name, stated in tokens:
        if name in ids:
            continue
        free = max([len(vocab), *(id + 1 for id in ids.values() if id >= len(vocab))])
        ids[name] = vocab.get(name, free)
        if stated not in (None, ids[name]):
            notice(f"{where} says id {stated} for {name!r}; it is {ids[name]}, as in Hugging Face's libraries")
    return ids


def in_order(names: Iterable[str], *, first: int) -> dict[str, int]:
    """Number the special tokens of a new tokenizer from `first` on."""
    return {name: id for id, name in enumerate(names, first)}


def plain(token: Mapping[str, Any]) -> str:
    """Return the name of an added token. Raises ValueError if it is more than a plain special token."""
    name = token["content"]
    odd = [flag for flag in ("lstrip", "rstrip", "single_word") if token.get(flag)]
    if not isinstance(name, str) or not name:
        raise ValueError(f"an added token needs a name, not {name!r}")
    if odd:
        raise ValueError(f"its added token {name!r} is not a plain special token: {odd[0]} is true")
    if not token.get("special"):
        raise ValueError(
            f"its added token {name!r} is not a plain special token but part of every text in which it is written; "
            "here a text never becomes an added token unless it is allowed"
        )
    return name


def check_overlaps(tokens: Iterable[Mapping[str, Any]]) -> None:
    """Raise ValueError if a normalized and a plain added token overlap; the library searches for one kind first."""
    tokens = list(tokens)
    late = [token["content"] for token in tokens if token.get("normalized")]
    early = [token["content"] for token in tokens if not token.get("normalized")]
    for one in late:
        for other in early:
            if one in other or other in one or _join(one, other) or _join(other, one):
                raise ValueError(f"its added tokens {one!r} and {other!r} overlap, and only one of them is normalized")


def _join(first: str, second: str) -> bool:
    return any(first.endswith(second[:size]) for size in range(1, min(len(first), len(second))))


def beside(folder: Path) -> Beside:
    """Read the special tokens from the files in a folder. Raises ValueError if a file needs what is not supported."""
    config = _read(folder / CONFIG)
    tokens: dict[str, int | None] = {}
    if (listed := config.get("added_tokens_decoder")) is not None:
        tokens = {plain(token): int(id) for id, token in sorted(listed.items(), key=lambda item: int(item[0]))}
        told = config
    else:
        told = {**config, **_read(folder / MAP)}
    roles = {role: _name(told[role]) for role in ROLES if told.get(role) is not None}
    extra = [told.get(key) or [] for key in ("additional_special_tokens", "extra_special_tokens")]
    named = [*roles.values(), *(_name(token) for tokens in extra for token in _values(tokens))]
    if listed is None:
        old = _read(folder / OLD)
        for name, id in sorted(old.items(), key=lambda item: item[1]):
            tokens[plain({"content": name, "special": name in named})] = id
    tokens |= {name: None for name in named if name not in tokens}
    if config.get("add_prefix_space"):
        raise ValueError(f"{folder / CONFIG}: add_prefix_space puts a space before every text, which is not done here")
    framing = {side: bool(config[f"add_{side}_token"]) for side in ("bos", "eos") if f"add_{side}_token" in config}
    return Beside(tokens, roles, framing)


def _read(file: Path) -> dict[str, Any]:
    try:
        return json_object(file.read_text(encoding="utf-8-sig")) if file.is_file() else {}
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{file}: {error}") from None


def _values(tokens: Any) -> list[Any]:
    return list(tokens.values()) if isinstance(tokens, dict) else list(tokens)


def _name(token: Any) -> str:
    return token if isinstance(token, str) else plain({**token, "special": True})
