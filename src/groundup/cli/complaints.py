"""What the parser library prints in a box about a mistake, as one line in our own words."""

import re


def one_line(box: str, prog: str) -> str:
    """What tyro's box says, in one line, with the nearest spelling or where to read more."""
    lines = [re.sub(r"[│╭╮╰╯─]+", " ", line).strip() for line in box.splitlines()]
    body = " ".join(line for line in lines[1:] if line and set(line) != {"-"})
    if (own := re.match(r"Error parsing [a-z]\w*: (.*)", _without_help(body))) is not None:
        return own.group(1).rstrip(".")  # an error of a record of ours, cure included
    near = re.search(r"Perhaps you meant:\s.*?(--[\w.-]+)", "\n".join(lines), re.DOTALL)
    hint = f"did you mean {near.group(1)}?" if near else f"see {prog} --help"
    return f"{_said(body).rstrip('.')}; {hint}"


def _without_help(message: str) -> str:
    return re.sub(
        r"\s*(Got errors:|Argument helptext:|For full helptext|Perhaps you meant:|\*{3,}).*", "", message
    ).strip()


def _said(message: str) -> str:
    """The message of the box in our words; as it is where it is of no kind that is known."""
    for pattern, words in KINDS:
        if (found := re.search(pattern, message)) is not None:
            return words(found)
    return _without_help(message)


def _missing(found: re.Match[str]) -> str:
    """The names of required arguments, each followed by its help and "(required)" in the box."""
    said = found[1].split("(required)")
    names = [name.split(" ")[0] for part in said[:-1] if (name := part.strip())]
    about = re.sub(r"^(--\S+ )?\S+ ", "", said[0].strip()).rstrip(".") if len(names) == 1 else ""
    return f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} missing" + (f": {about}" if about else "")


def _one_of(found: re.Match[str]) -> str:
    choices = sorted(word for word in re.findall(r"'([^']*)'", found[3]) if word != "None")  # tyro has a set
    return f"{found[2]} takes {_or(choices)}, not '{found[1]}'"


def _typed(found: re.Match[str]) -> str:
    names = {"INT": "a whole number", "FLOAT": "a number", "STR": "a text", "PATH": "a path", "BOOL": "True or False"}
    words = re.sub("[{}]", "", found[2]).replace(",", "|").split("|")
    kinds = [names.get(word, word) for word in words if word != "None"]
    return f"{found[1]} takes {_or(kinds)}, not {found[3]}"


def _or(words: list[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


KINDS = (
    (r"^Missing from .*?: (.*\(required\).*)", _missing),
    (r"Unrecognized options: (--[^\s,]+)", lambda found: f"unknown option {found[1]}"),
    (
        r"Unrecognized options: (.*?)\s*(?:Perhaps you meant|For full|$)",
        lambda found: f"one argument too many, or in the wrong place: {found[1]}",
    ),
    (r"invalid choice '(.*)' for argument '(\S+)'\. Expected one of \((.*?)\)", _one_of),
    (r"Missing value for argument '(\S+)'\. Expected 1 ", lambda found: f"{found[1]} needs a value"),
    (r"Missing value for argument '(\S+)'\. Expected (\d+) ", lambda found: f"{found[1]} needs {found[2]} values"),
    (r"Error parsing (\S+): no type matching (\S+) could be instantiated from \[(.*?)\]", _typed),
    (
        r"Error parsing (\S+): .*invalid literal for int\(\) with base 10: ('.*?'|\".*?\")(?:\s|$)",
        lambda found: f"{found[1]} takes a whole number, not {found[2]}",
    ),
    (
        r"Error parsing (\S+): .*could not convert string to float: ('.*?'|\".*?\")(?:\s|$)",
        lambda found: f"{found[1]} takes a number, not {found[2]}",
    ),
    (
        r"Error parsing (\S+): Could not find valid parse for arguments: \[(.*?)\]",
        lambda found: f"{found[1]} does not take {found[2]}",
    ),
    (r"Error parsing (\S+): (.*?)(?:Argument helptext|For full|$)", lambda found: f"{found[1]}: {found[2].strip()}"),
)
"""Patterns of what tyro says, the first that fits first, and what is said instead."""
