"""groundup tokenizer train | encode | decode | show | compare | export."""

import gzip
import io
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from groundup.cli.tokenizer import main
from groundup.text.tokenizer import Tokenizer

LINES = "".join(f"line {n}: the cat sat on the mat and the dog sat on the log\n" for n in range(100))


@pytest.fixture
def trained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    (tmp_path / "book.txt").write_text(LINES)
    main(["train", str(tmp_path / "book.txt"), "300", "--out", str(tmp_path / "tok"), "--pattern", "gpt2"])
    return capsys.readouterr().out


def test_training_shows_progress_and_judges_on_unseen_text(tmp_path: Path, trained: str):
    merges = re.findall(r"^BPE merge (\d+)/43: freq=\d+ \(\d+, \d+\) -> \d+$", trained, re.M)
    assert 8 <= len(merges) <= 12
    assert merges[-1] == "43"
    tokenizer = Tokenizer.load(tmp_path / "tok")
    assert tokenizer.vocab_size == 300
    held_out = LINES[LINES.rindex("\n", 0, int(len(LINES) * 0.9)) + 1 :]
    rate = len(held_out) / len(tokenizer.encode(held_out))
    assert f"bytes per token  {rate:.3f} on the last {len(held_out)} bytes" in trained
    assert tokenizer.merges == Tokenizer.train_from_texts(LINES[: -len(held_out)], 300, pattern="gpt2").merges


def test_encode_and_decode_undo_each_other(tmp_path: Path, trained: str, capsys: pytest.CaptureFixture[str]):
    main(["encode", str(tmp_path / "tok"), "the cat"])
    ids = capsys.readouterr().out.split()
    assert [int(id) for id in ids] == Tokenizer.load(tmp_path / "tok").encode("the cat")
    main(["decode", str(tmp_path / "tok"), *ids])
    assert capsys.readouterr().out == "the cat\n"
    main(["show", str(tmp_path / "tok")])
    assert "300 tokens, 43 merges" in capsys.readouterr().out


def test_a_text_too_short_for_the_vocabulary_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "one.txt").write_text("one line only")
    main(["train", str(tmp_path / "one.txt"), "9000", "--out", str(tmp_path)])
    assert "of 9,000: the text ran out of pairs" in capsys.readouterr().out


def test_mistakes_are_errors_of_the_user(tmp_path: Path):
    (tmp_path / "one.txt").write_text("some text")
    with pytest.raises(ValueError, match="must be at least 257"):
        main(["train", str(tmp_path / "one.txt"), "100", "--out", str(tmp_path)])
    with pytest.raises(OSError):
        main(["train", str(tmp_path / "none.txt"), "300", "--out", str(tmp_path)])
    with pytest.raises(OSError, match="no tokenizer in"):
        main(["show", str(tmp_path)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Texts of every kind that can be trained on."""
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "a.txt").write_text(LINES)
    (texts / "b.txt.gz").write_bytes(gzip.compress(LINES.upper().encode()))
    (texts / "c.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\n<i>Where is it?</i>\n" * 40)
    (texts / "d.jsonl").write_text("".join(f'{{"text": "record number {n} of many"}}\n' for n in range(50)))
    return texts


def test_training_takes_a_folder_of_every_kind(tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]):
    main(["train", str(folder), "440", "--out", str(tmp_path / "tok"), "--pattern", "o200k"])
    assert "not trained on" in capsys.readouterr().out
    tokens = set(Tokenizer.load(tmp_path / "tok").vocabulary.ids)
    assert {b" cat", b" CAT", b" is", b" number"} <= tokens
    assert not any(b"-->" in token or b'"text"' in token for token in tokens)


def test_training_takes_a_stream(
    tmp_path: Path, trained: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sys.stdin", io.StringIO(LINES))
    main(["train", "-", "300", "--out", str(tmp_path / "stream"), "--pattern", "gpt2"])
    assert "300 tokens" in capsys.readouterr().out
    assert b" cat" in Tokenizer.load(tmp_path / "stream").vocabulary.ids


def test_training_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "book.txt").write_text(LINES + "unheard\n")
    main(["train", str(tmp_path / "book.txt"), "90", "--out", str(tmp_path / "tok"), "--kind", "words"])
    said = capsys.readouterr().out
    tokenizer = Tokenizer.load(tmp_path / "tok")
    assert tokenizer.decode(tokenizer.encode("the dog zzz")) == "the dog <unk>"
    assert tokenizer.specials.keys() == {"<unk>", "<|endoftext|>"}
    assert re.search(r"^unknown words    \d+\.\d\d% of them$", said, re.M)
    assert "there are no more such words" in said


@pytest.mark.parametrize("kind", ["words", "bpe"])
def test_an_end_of_blank_lines_is_no_text_to_judge_by(tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str):
    (tmp_path / "book.txt").write_text("the cat sat on the mat\n" * 40 + "\n" * 200)
    main(["train", str(tmp_path / "book.txt"), "270", "--out", str(tmp_path / "tok"), "--kind", kind])
    said = capsys.readouterr().out
    assert "not trained on" not in said
    assert f"saved            {tmp_path / 'tok' / 'tokenizer.json'}" in said


def test_a_word_must_come_so_often(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    lines = "often\n" * 5 + "twice\n" * 2 + "once\n"
    (tmp_path / "book.txt").write_text(lines + "held out\n")
    known = {}
    for flags in ([], ["--min-frequency", "1"], ["--min-frequency", "5"]):
        main(["train", str(tmp_path / "book.txt"), "90", "--out", str(tmp_path / "tok"), "--kind", "words", *flags])
        known[flags[-1] if flags else None] = set(Tokenizer.load(tmp_path / "tok").vocabulary.ids)
    assert known == {None: {b"often", b"twice"}, "1": {b"often", b"twice", b"once"}, "5": {b"often"}}


def test_a_file_of_ranks_is_used_with_its_pattern(
    tmp_path: Path, trained: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """The pattern is GPT-2's: gpt4's would cut 1234 in two."""
    monkeypatch.chdir(tmp_path)
    main(["train", "book.txt", "300", "--out", "other"])
    main(["export", "tok", "--format", "tiktoken", "--out", "x.tiktoken"])
    named = ["--pattern", "gpt2"]

    def said(*arguments: str) -> str:
        capsys.readouterr()
        main([*arguments])
        return capsys.readouterr().out

    assert said("encode", "x.tiktoken", "the cat 1234", *named) == said("encode", "tok", "the cat 1234")
    assert said("decode", "x.tiktoken", "116", "104", *named) == "th\n"
    assert said("show", "x.tiktoken", "the cat", *named) == said("show", "tok", "the cat")
    assert "split pattern gpt2" in said("show", "x.tiktoken", *named)
    rows = said("compare", "tok", "other", "book.txt").splitlines()[2:]
    assert said("compare", "x.tiktoken", "other", "book.txt", *named).splitlines()[2:] == rows
    rows = said("compare", "other", "tok", "book.txt").splitlines()[2:]
    assert said("compare", "other", "x.tiktoken", "book.txt", *named).splitlines()[2:] == rows


def test_encoding_a_file_keeps_its_bytes(tmp_path: Path, trained: str, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "raw").write_bytes(b"the cat \xff\xfe sat\r\n")
    main(["encode", str(tmp_path / "tok"), "--file", str(tmp_path / "raw")])
    ids = [int(id) for id in capsys.readouterr().out.split()]
    assert Tokenizer.load(tmp_path / "tok").decode_bytes(ids) == b"the cat \xff\xfe sat\r\n"


def test_show_prints_every_token_and_its_id(
    tmp_path: Path, trained: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("COLUMNS", "30")
    tokenizer = Tokenizer.load(tmp_path / "tok")
    text = "the cat é sat\non [red]the[/red] 漢 log"
    ids = tokenizer.encode(text)
    main(["show", str(tmp_path / "tok"), text])
    rows = capsys.readouterr().out.splitlines()
    assert [piece for row in rows for piece in row.split("|")] == tokenizer.pieces(ids)
    assert max(map(len, rows)) <= 30
    main(["show", str(tmp_path / "tok"), text, "--ids"])
    rows = capsys.readouterr().out.splitlines()
    assert [piece.rstrip() for row in rows[::2] for piece in row.split("|")] == tokenizer.pieces(ids)
    assert [int(id) for row in rows[1::2] for id in row.split("|")] == ids


def test_show_colours_neighbours_differently(
    tmp_path: Path, trained: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv("TERM", "xterm-256color")
    main(["show", str(tmp_path / "tok"), "the cat sat"])
    coloured = re.findall(r"\x1b\[([\d;]*48;[\d;]+)m([^\x1b]*)", capsys.readouterr().out)
    tokenizer = Tokenizer.load(tmp_path / "tok")
    assert [piece for _, piece in coloured] == tokenizer.pieces(tokenizer.encode("the cat sat"))
    assert all(before[0] != after[0] for before, after in pairwise(coloured))


class Page(HTMLParser):
    """What a browser would make of the page: tags, and the text of each span with its title."""

    def __init__(self, source: str):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.spans: list[tuple[str, str]] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "span":
            self.spans.append((dict(attrs)["title"] or "", ""))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] == "span" and self.spans:
            title, text = self.spans[-1]
            self.spans[-1] = title, text + data


def test_the_page_shows_the_tokens_and_loads_nothing(tmp_path: Path, trained: str, capsys: pytest.CaptureFixture[str]):
    text = "<script>alert('x')</script> & \"the cat\" é\n</span>&amp; {braces}"
    main(["show", str(tmp_path / "tok"), text, "--html", str(tmp_path / "new" / "page.html")])
    page = Page((tmp_path / "new" / "page.html").read_text("utf-8"))
    tokenizer = Tokenizer.load(tmp_path / "tok")
    ids = tokenizer.encode(text)
    assert [piece for _, piece in page.spans] == tokenizer.pieces(ids)
    assert [title for title, _ in page.spans] == [f"id {i}, bytes {tokenizer.token_bytes(i).hex(' ')}" for i in ids]
    assert {tag for tag, _ in page.tags} == {"html", "meta", "title", "style", "h1", "p", "span", "wbr", "br"}
    assert not any({"src", "href"} & attributes.keys() for _, attributes in page.tags)


def test_compare_has_a_row_for_each_file(
    tmp_path: Path, trained: str, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("COLUMNS", "100")
    main(["train", str(folder / "a.txt"), "280", "--out", str(tmp_path / "small")])
    capsys.readouterr()
    main(["compare", str(tmp_path / "tok"), str(tmp_path / "small"), str(folder), str(tmp_path / "book.txt")])
    said = capsys.readouterr().out
    assert "tok: 300 tokens, byte pairs, split pattern gpt2" in said
    rows = [line.split() for line in said.splitlines() if re.match(r" \S+\.(txt|srt|jsonl|gz)", line)]
    assert [row[0] for row in rows] == ["a.txt", "b.txt.gz", "c.srt", "d.jsonl", "book.txt"]
    one, other = (len(Tokenizer.load(tmp_path / name).encode(LINES)) for name in ("tok", "small"))
    size, words = len(LINES), len(LINES.split())
    expected = [f"{size:,}"]
    for count in (one, other):
        expected += [f"{count:,}", f"{size / count:.3f}", f"{count / words:.3f}"]
    assert rows[0][1:] == rows[-1][1:] == [*expected, f"{other / one:.3f}"]


def test_export_writes_what_load_reads(tmp_path: Path, trained: str, capsys: pytest.CaptureFixture[str]):
    tok, ids = str(tmp_path / "tok"), Tokenizer.load(tmp_path / "tok").encode(LINES)
    for format, out in (("gpt2", "two"), ("tiktoken", "x.tiktoken"), ("json", "x.json"), ("merges", "x.tsv")):
        main(["export", tok, "--format", format, "--out", str(tmp_path / out)])
        assert f"saved  {tmp_path / out}" in capsys.readouterr().out
    for out, pattern in (("two", None), ("x.tiktoken", "gpt2"), ("x.json", None)):
        assert Tokenizer.load(tmp_path / out, pattern=pattern).encode(LINES) == ids
    main(
        ["export", str(tmp_path / "x.tiktoken"), "--pattern", "gpt2", "--format", "json", "--out", str(tmp_path / "y")]
    )
    assert Tokenizer.load(tmp_path / "y").encode(LINES) == ids


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("encode tok", "nothing to encode; give a TEXT, - for standard input, or --file FILE"),
        ("encode tok text --file book.txt", "one too many"),
        ("encode tok --file gone.txt", r"gone\.txt: there is no such file"),
        ("show tok --html page.html", "no tokens to show"),
        ("show tok --ids", "no tokens to show"),
        ("show tok text --ids --html page.html", "leave --ids out"),
        ("compare tok tok", "nothing to compare on"),
        ("compare tok tok gone", "gone: there is no such file"),
        ("compare tok tok empty", "the folder holds none of"),
        ("compare tok gone book.txt", "gone"),
        ("export tok --format onnx --out x", "onnx"),
        ("export tok --format tiktoken --out x.txt", r"must end in \.tiktoken"),
        ("export words --format gpt2 --out x", "only a byte-pair tokenizer can be written as 'gpt2'"),
        ("export tok --format json --out x --pattern gpt4", "names its own split pattern"),
        (
            "export other --format gpt2 --out x",
            "name no split pattern.*export it as json, or train one with pattern gpt2",
        ),
        ("encode x.tiktoken text", "names no split pattern; give pattern gpt4"),
        ("show tok text --pattern gpt2", "names its own split pattern; leave pattern out"),
        ("decode tok 5 --pattern gpt2", "names its own split pattern; leave pattern out"),
        ("encode tok text --pattern gpt2", "names its own split pattern; leave pattern out"),
        ("compare tok tok book.txt --pattern gpt2", "names its own split pattern; leave pattern out"),
        ("train book.txt 300 --out x --kind syllables", "syllables"),
        (
            "train book.txt 300 --out x --kind words --pattern gpt2",
            r"--pattern \(gpt2\) .* leave it out, or leave out --kind words",
        ),
        ("train book.txt 300 --out x --min-frequency 5", r"--min-frequency \(5\) .* leave it out, or add --kind words"),
        ("train book.txt 2 --out x --kind words", r"vocab_size \(2\) must be more than the 2 special tokens"),
        ("train gone 300 --out x", "gone: there is no such file"),
        ("train - 300 --out x", "there is no text to train"),
        ("exprt tok", "did you mean 'export'"),
    ],
)
def test_every_mistake_is_one_line(
    tmp_path: Path, trained: str, monkeypatch: pytest.MonkeyPatch, arguments: str, message: str
):
    (tmp_path / "empty").mkdir()
    Tokenizer.words(LINES).save(tmp_path / "words")
    Tokenizer.train_from_texts(LINES, 260).save(tmp_path / "other")
    Tokenizer.load(tmp_path / "tok").export(tmp_path / "x.tiktoken", format="tiktoken")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    with pytest.raises((ValueError, OSError), match=message) as caught:
        main(arguments.split())
    assert "\n" not in str(caught.value)
