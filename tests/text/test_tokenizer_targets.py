"""Where the tokenizer's verbs may write, and what they show of other people's texts."""

from pathlib import Path

import pytest

from groundup.cli.tokenizer import main
from groundup.terminal import shown
from groundup.text.tokenizer import Tokenizer


@pytest.mark.parametrize("within", ["", "tokenizer", "tokenizer.json", "deep/er/t.json"])
def test_a_run_keeps_its_tokenizer(tmp_path: Path, within: str):
    """With another one the model's numbers would be other words, and nothing would say so."""
    (tmp_path / "book.txt").write_text("the cat sat on the mat. " * 50)
    run = tmp_path / "runs" / "mine"
    run.mkdir(parents=True)
    (run / "recipe.json").write_text("{}")
    before = Tokenizer.train_from_texts("another", 260).save(run / "tokenizer.json").read_bytes()
    mine = str(Tokenizer.train_from_texts("mine", 260).save(tmp_path / "mine").parent)
    alias = tmp_path / "alias"
    alias.symlink_to(run)
    for folder in (run, alias):
        target = str(folder / within)
        for call in (
            ["train", str(tmp_path / "book.txt"), "300", "--out", target],
            ["export", mine, "--format", "json", "--out", target],
            ["export", mine, "--format", "merges", "--out", target],
            ["show", mine, "mine", "--html", target],
            ["encode", mine, "--file", str(tmp_path / "book.txt"), "--out", target],
        ):
            with pytest.raises(ValueError, match="belongs to a run, whose files stay as they are"):
                main(call)
    assert sorted(path.name for path in run.iterdir()) == ["recipe.json", "tokenizer.json"]
    assert (run / "tokenizer.json").read_bytes() == before


def test_control_characters_are_shown_on_a_terminal(monkeypatch: pytest.MonkeyPatch):
    text = "\x1b]52;c;aGk=\x07red \x1b[31m\x9b1m\r\b\x7f\ta é 漢 👩\u200d👩\n"
    assert shown(text) == text  # into a file, as it is
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert shown(text) == "\\x1b]52;c;aGk=\\x07red \\x1b[31m\\x9b1m\\x0d\\x08\\x7f\ta é 漢 👩\u200d👩\n"


def test_the_page_of_tokens_loads_and_runs_nothing(tmp_path: Path):
    Tokenizer.train_from_texts("mine", 260).save(tmp_path)
    main(["show", str(tmp_path), "<script>alert(1)</script>", "--html", str(tmp_path / "page.html")])
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"" in page
    assert "<script" not in page
