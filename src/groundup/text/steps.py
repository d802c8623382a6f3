"""The pre_tokenizer of a tokenizer.json: steps that split a text by regular expressions, then name its bytes."""

from typing import Any

import regex

from groundup.text import patterns
from groundup.text.dialect import translated
from groundup.text.patterns import Pattern

BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}


def to_steps(pattern: Pattern) -> dict[str, Any]:
    """Return the pre_tokenizer that splits by one pattern, or by several in sequence."""
    steps = [pattern] if isinstance(pattern, str) else pattern or ()
    return {"type": "Sequence", "pretokenizers": [*map(split_step, steps), BYTES]}


def split_step(pattern: str) -> dict[str, Any]:
    """Return a step in which every match of the pattern, and the text between two matches, is a chunk."""
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False}


def from_steps(pre_tokenizer: dict[str, Any] | None) -> Pattern:
    """Return the pattern of a pre_tokenizer, or a tuple of several. Raises ValueError if a step is not a split."""
    found = pre_tokenizer or {"type": None}
    steps = found["pretokenizers"] if found["type"] == "Sequence" else [found]
    if not steps or steps[-1]["type"] != "ByteLevel":
        last = steps[-1]["type"] if steps else None
        raise ValueError(
            f"its pre_tokenizer ends in {last}, not in ByteLevel; only tokenizers that work on bytes can be read, "
            "such as GPT-2's and LLaMA 3's"
        )
    if steps[-1].get("add_prefix_space", True):
        raise ValueError("its pre_tokenizer puts a space before every text (add_prefix_space), which is not done here")
    expressions = [_expression(step) for step in steps[:-1]]
    if steps[-1].get("use_regex", True):
        expressions.append(patterns.PATTERNS["gpt2"] or "")
    if pre_tokenizer != to_steps(tuple(expressions)):  # files that we wrote need no translation
        expressions = [translated(expression) for expression in expressions]
    return tuple(expressions) if len(expressions) > 1 else expressions[0] if expressions else None


def _expression(step: dict[str, Any]) -> str:
    """Return the regular expression of a step (any but the last)."""
    match step:
        case {"type": "Split", "pattern": {"Regex": str(pattern)}, "behavior": "Isolated", "invert": False}:
            return pattern
        case {"type": "Split", "pattern": {"String": str(text)}, "behavior": "Isolated", "invert": False}:
            return regex.escape(text, special_only=True)
        case {"type": "Digits", "individual_digits": bool(single)}:
            return r"\p{N}" if single else r"\p{N}+"
    what = f"{step['type']} ({step['behavior']})" if "behavior" in step else step["type"]
    raise ValueError(
        f"its pre_tokenizer has a step {what}; only Split (Isolated) and Digits can be done before ByteLevel"
    )
