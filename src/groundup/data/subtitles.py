"""Subtitles as text: the spoken words of SubRip (.srt) and WebVTT (.vtt) files."""

import html
import re
from pathlib import Path

from groundup.data.notext import NoText

_TIME = r"-?\d+(?:\s?[:.,;]\s?\d*)+"
_TIME_LINE = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(?:\s|$)")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<\d[\d:.]*>|\{\\[^{}]*\}")  # <i>, </font>, <00:01.500>, {\an8}


def subtitle_text(text: str, path: str | Path = "subtitles") -> str:
    """The spoken words of subtitles, one line for each cue; numbers, times and tags are left out.

    A time line is one with "-->" between two times, however they are written. A text that begins with WEBVTT is read as
    such: there a cue ends at an empty line, and notes and styles are no speech.
    """
    lines = text.split("\n")
    starts = [i for i, line in enumerate(lines) if _TIME_LINE.match(line)]
    if not starts:
        raise ValueError(f"{path}: no time line (00:00:01,000 --> 00:00:02,000); if it is plain text, name it .txt")
    vtt = text.startswith("WEBVTT")
    cues = []
    for start, following in zip(starts, [*starts[1:], len(lines) + 1], strict=True):
        # The line before the next time line is that cue's number, if it is one.
        end = following - 1 if following <= len(lines) and lines[following - 1].strip().isdecimal() else following
        said = lines[start + 1 : end]
        if vtt:
            said = said[: next((i for i, line in enumerate(said) if not line.strip()), None)]
        cue = " ".join(_TAG.sub("", " ".join(said)).split())
        cue = " ".join(html.unescape(cue).split()) if vtt else cue
        if cue:
            cues.append(cue)
    if not cues:
        raise NoText(f"{path}: {len(starts)} cues and not one word in them")
    return "\n".join(cues) + "\n"
