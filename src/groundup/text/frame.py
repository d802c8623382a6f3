"""The post_processor of a tokenizer.json: the special tokens that Hugging Face's libraries put around a text."""

from collections.abc import Mapping
from typing import Any

Frame = tuple[tuple[str, ...], tuple[str, ...]]
"""The special tokens before and after a text."""


def to_template(frame: Frame, specials: Mapping[str, int]) -> dict[str, Any] | None:
    """Return the post_processor for a frame, or None if the frame is empty."""
    if not any(frame):
        return None

    def framed(text: str, segment: int) -> list[dict[str, Any]]:
        before, after = ([{"SpecialToken": {"id": name, "type_id": segment}} for name in side] for side in frame)
        return [*before, {"Sequence": {"id": text, "type_id": segment}}, *after]

    return {
        "type": "TemplateProcessing",
        "single": framed("A", 0),
        "pair": framed("A", 0) + framed("B", 1),
        "special_tokens": {
            name: {"id": name, "ids": [specials[name]], "tokens": [name]} for name in dict.fromkeys(sum(frame, ()))
        },
    }


def from_template(step: dict[str, Any] | None, specials: Mapping[str, int]) -> Frame:
    """Return what a post_processor puts around one text. One of type ByteLevel only moves offsets."""
    steps = [] if step is None else step["processors"] if step["type"] == "Sequence" else [step]
    templates = [step for step in steps if step["type"] != "ByteLevel"]
    if not templates:
        return (), ()
    if len(templates) > 1 or templates[0]["type"] != "TemplateProcessing":
        raise ValueError(f"its post_processor {templates[-1]['type']} is not a template around the text")
    names = [piece.get("SpecialToken", {}).get("id") for piece in templates[0]["single"]]
    if names.count(None) != 1:
        raise ValueError("its post_processor is not special tokens around the text: the text must be in it once")
    frame = tuple(names[: names.index(None)]), tuple(names[names.index(None) + 1 :])
    for name in sum(frame, ()):
        if name not in specials or templates[0]["special_tokens"][name]["ids"] != [specials[name]]:
            raise ValueError(
                f"its post_processor is not special tokens around the text: {name!r} is not one, or has another id"
            )
    return frame
