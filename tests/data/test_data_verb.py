"""`groundup data list | get | show`: what a person sees."""

import subprocess
import sys

import pytest

from groundup.cli.data import main
from groundup.data.catalogue import SOURCES
from groundup.text.tokenizer import Tokenizer


def test_list_names_every_corpus_and_where_it_is(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("GROUNDUP_DATA", str(tmp_path))
    main(["list"])
    head, *rows = (line.split("\t") for line in capsys.readouterr().out.splitlines())
    assert [row[0] for row in rows] == list(SOURCES)
    where = {row[0]: row[head.index("where")] for row in rows}
    assert where["stdlib"] == "built in"
    assert where["fra-eng"] in ("to download", "cache")
    assert where["chatterbot"] == where["four-pairs"] == "built in"
    origin = {row[0]: row[head.index("from")] for row in rows}
    assert origin["tinyshakespeare"] == "github.com/karpathy/char-rnn"


def test_show_counts_a_file_of_pairs(capsys, tmp_path):
    (tmp_path / "a.tsv").write_text("Go on.\tVas-y !\nGo on.\tVas-y !\nStop.\t\nNo.\tNon.\n")
    main(["show", str(tmp_path / "a.tsv"), "--count", "1"])
    out = capsys.readouterr().out
    assert "1 rows with an empty side, 1 repeated" in out
    assert "pairs          2" in out
    assert "1 to 2 " in out
    assert out.splitlines()[-1] == "  No.\tNon."


def test_shards_are_for_another_verb(tmp_path):
    (tmp_path / "text.txt").write_text("how now brown cow\n" * 50)
    Tokenizer.train([tmp_path / "text.txt"], 260).save(tmp_path / "tokenizer.json")
    out = tmp_path / "shards"
    main(["prepare", str(tmp_path / "text.txt"), "--tokenizer", str(tmp_path / "tokenizer.json"), "--out", str(out)])
    with pytest.raises(ValueError, match=f"token shards, not text; groundup data check {out}"):
        main(["show", str(out)])
    with pytest.raises(ValueError, match="nosuch: there is no such folder; groundup data prepare"):
        main(["check", "nosuch"])
    with pytest.raises(ValueError, match=f"text.txt: a file, and a folder is needed; .* data check {tmp_path}$"):
        main(["check", str(tmp_path / "text.txt")])
    with pytest.raises(ValueError, match=r"no token shards there; .* groundup data prepare"):
        main(["check", str(tmp_path)])


def test_show_counts_aligned_files_and_texts(capsys, tmp_path):
    (tmp_path / "a.en").write_text("one\ntwo\n")
    (tmp_path / "a.fr").write_text("un\ndeux\n")
    main(["show", str(tmp_path / "a.en"), "--other", str(tmp_path / "a.fr")])
    assert "  two\tdeux" in capsys.readouterr().out
    (tmp_path / "b.txt").write_text("été\nhiver\n")
    main(["show", str(tmp_path / "b.txt")])
    out = capsys.readouterr().out
    assert "characters     10 (8 distinct)" in out
    assert "bytes (UTF-8)  12" in out


def test_get_checks_and_says_where(capsys, data_dir):
    main(["get", "tinyshakespeare"])
    assert str(data_dir / "tinyshakespeare" / "input.txt") in capsys.readouterr().out
    main(["get", "stdlib"])
    assert "nothing to fetch" in capsys.readouterr().out


def test_mistakes_are_errors_with_a_cure(tmp_path):
    with pytest.raises(ValueError, match="did you mean 'four-pairs'"):
        main(["get", "four-pair"])
    with pytest.raises(FileNotFoundError, match="no such file"):
        main(["show", str(tmp_path / "gone.txt")])
    with pytest.raises(ValueError, match="leave --part out"):
        main(["show", str(tmp_path), "--part", "valid"])
    with pytest.raises(ValueError, match="leave --other out"):
        main(["show", "stdlib", "--other", "b.txt"])
    (tmp_path / "a.txt").write_bytes(b"\x89PNG\0")
    with pytest.raises(ValueError, match="binary"):
        main(["show", str(tmp_path / "a.txt")])


def test_torch_stays_out_of_the_command_line():
    code = "import sys, groundup.cli.data; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
