"""Subtitles: whatever has an arrow between two times is a time line, in .srt and .vtt."""

import pytest

from groundup.data.corpus import read_texts
from groundup.data.subtitles import subtitle_text

TIMES = [
    "00:00:01,000 --> 00:00:02,000",
    "00:00:01.000 --> 00:00:02.000",
    "0:00:01,0 --> 0:00:02,0",
    "00:01.000 --> 00:02.000",
    "00:00:24 --> 00:00:27",
    "00:24 --> 00:27",
    "00:03:06,0: --> 00:03:18,55",
    "00:00:01,000-->00:00:02,000",
    "  00:00:01,000   -->   00:00:02,000  ",
    "00:00:01,000 --> 00:00:02,000 X1:100 X2:200 Y1:50 Y2:60",
    "00:00.000 --> 00:01.500 align:start position:10%",
    "00: 00: 01, 000 --> 00: 00: 02, 000",
    "00:00:01:12 --> 00:00:02:20",
    "100:00:01,000 --> 100:00:02,000",
    "-00:00:01,000 --> 00:00:02,000",
]


@pytest.mark.parametrize("times", TIMES)
def test_no_spelling_of_a_time_becomes_speech(times):
    assert subtitle_text(f"1\n{times}\nFirst words.\n\n2\n{times}\nSecond.\n") == "First words.\nSecond.\n"


@pytest.mark.parametrize("said", ["go --> there", "5 --> 6", "It is 5:30 -> late", "--> that way", "1 + 1 = 2, --> so"])
def test_an_arrow_without_times_is_speech(said):
    assert subtitle_text(f"1\n{TIMES[0]}\n{said}\n") == f"{said}\n"


VTT = """WEBVTT - a title
Kind: captions

STYLE
::cue { color: red }

NOTE a remark
on two lines

intro
00:01.000 --> 00:04.000 align:start
<v Roger>Never drink <00:02.000><c.loud>liquid</c> nitrogen.
&amp; never eat it.

00:05.000 --> 00:09.000
- It will perforate your stomach.

NOTE the end
"""


def test_of_webvtt_the_words_are_left(tmp_path):
    (tmp_path / "film.vtt").write_text(VTT)
    (tmp_path / "other.vtt").write_bytes(b"\xef\xbb\xbf" + VTT.replace("\n", "\r\n").encode())
    words = "Never drink liquid nitrogen. & never eat it.\n- It will perforate your stomach.\n"
    assert list(read_texts(tmp_path)) == [words, words]
