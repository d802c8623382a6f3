"""groundup tokenizer train | encode | decode | show."""

import re
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
