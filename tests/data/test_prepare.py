"""Text into shards: the same tokens from every format, whoever encodes, and wherever it was killed on the way."""

import errno
import gzip
import json
import os
import subprocess
import sys
import time
from concurrent.futures import wait
from itertools import islice
from pathlib import Path
from random import Random
from threading import current_thread, main_thread

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tokenizers import Tokenizer as Reference

from groundup.cli.data import main
from groundup.data import documents, shard_writer
from groundup.data import prepare as prepare_module
from groundup.data.prepare import prepare
from groundup.data.shards import Shards, sealed
from groundup.data.stdlib import stdlib_texts
from groundup.text.reading import blocks
from groundup.text.tokenizer import Tokenizer
from groundup.text.unpacked import Unpacked

DOCUMENTS = [f"Document {n}.\nThe quick brown fox, " + "été " * (n * 7 % 40) + f"\n\n{n * n}\tend" for n in range(60)]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.train_from_texts(DOCUMENTS, 300)


def jsonl(path: Path, texts: list[str] = DOCUMENTS) -> Path:
    content = "".join(json.dumps({"id": 1, "text": text}) + "\n" for text in texts).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def parquet(path: Path, texts: list[str] = DOCUMENTS, *, rows: int = 7) -> Path:
    pq.write_table(pa.table({"text": texts, "id": list(range(len(texts)))}), path, row_group_size=rows)
    return path


def ids(shards: Shards) -> list[int]:
    return np.concatenate(shards.rows).tolist()


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.parquet", "folder"])
def test_every_format_gives_what_the_reference_library_gives(tmp_path: Path, tokenizer: Tokenizer, name: str):
    if name == "folder":  # the end of one file begins no document anew, nor does the begin of one go on with the last
        (tmp_path / name / "below").mkdir(parents=True)
        parquet(tmp_path / name / "1.parquet", DOCUMENTS[:20])
        jsonl(tmp_path / name / "2.jsonl", DOCUMENTS[20:50])
        for n, text in enumerate(DOCUMENTS[50:]):
            (tmp_path / name / "below" / f"{n}.txt").write_text(text, newline="\r\n" if n % 2 else "\n")
    else:
        (parquet if name.endswith("parquet") else jsonl)(tmp_path / name)
    shards = prepare(tmp_path / name, tokenizer, tmp_path / "out", shard_tokens=500, valid_tokens=100)
    reference = Reference.from_file(str(tmp_path / "out" / "tokenizer.json"))
    expected = [
        id for text in DOCUMENTS for id in [reference.token_to_id("<|endoftext|>"), *reference.encode(text).ids]
    ]
    assert ids(shards) == expected
    index = json.loads((tmp_path / "out" / "index.json").read_text())
    assert sum(shard["documents"] for shard in index["shards"]) == len(DOCUMENTS)
    assert [len(row) for row in shards.rows[:-1]] == [100] + [500] * (len(shards.rows) - 2)
    shards.check()


def test_a_long_text_in_pieces_is_one_document(tmp_path: Path, tokenizer: Tokenizer, monkeypatch):
    text = "\ufeff" + "\r\n".join(DOCUMENTS)
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(text[:900].encode()) + gzip.compress(text[900:].encode()))
    monkeypatch.setattr("groundup.data.documents.BLOCK", 200)
    shards = prepare(tmp_path / "a.txt.gz", tokenizer, tmp_path / "out", valid_tokens=50)
    plain = "\n".join(DOCUMENTS)
    assert ids(shards) == [tokenizer.special_id("<|endoftext|>"), *tokenizer.encode(plain)]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50])
def test_a_text_is_read_in_the_same_pieces_as_to_learn_from_it(tmp_path: Path, monkeypatch, size: int):
    """So a folder that was begun goes on at the place it was left at."""
    random, path = Random(size), tmp_path / "a.txt"
    monkeypatch.setattr(documents, "BLOCK", size)
    for _ in range(60):
        path.write_text("".join(random.choices("ab\n\né7 “.\u3000𝄞", k=80)), encoding="utf-8", newline="")
        with Unpacked(path) as file:
            expected = [*blocks(file, size)]
        assert [piece.text for piece in documents.read_pieces([path])] == expected


@pytest.mark.parametrize(
    "data", [b"abc\n\xe2\x80x", b"ab\xe2\x80", b"\xc3\xa9\n" * 9 + b"\xff", b"a\n" * 5 + b"\xf0\x9d"]
)
@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_the_byte_that_is_not_utf8_is_named(tmp_path: Path, monkeypatch, data: bytes, size: int):
    monkeypatch.setattr(documents, "BLOCK", size)
    (tmp_path / "a.txt").write_bytes(data)
    with pytest.raises(UnicodeDecodeError) as expected:
        data.decode()
    at = expected.value.start
    with pytest.raises(ValueError, match=rf"not UTF-8 .byte {data[at]:#x} at offset {at}\)"):
        list(documents.read_pieces([tmp_path / "a.txt"]))


@pytest.mark.parametrize("pattern", ["none", r"\w+\s*\w+|\W+"])
def test_a_pattern_that_may_match_anywhere_gets_whole_documents(tmp_path: Path, monkeypatch, pattern: str):
    text = "\n".join(DOCUMENTS[:9])
    (tmp_path / "a.txt").write_text(text)
    monkeypatch.setattr("groundup.data.documents.BLOCK", 100)
    own = Tokenizer.train_from_texts(text, 270, pattern=pattern)
    assert ids(prepare(tmp_path / "a.txt", own, tmp_path / "out", valid_tokens=9))[1:] == own.encode(text)


def test_documents_without_text_are_left_out(tmp_path: Path, tokenizer: Tokenizer):
    some = prepare(jsonl(tmp_path / "a.jsonl", ["", "one", "", "two"]), tokenizer, tmp_path / "a", valid_tokens=1)
    none = prepare(jsonl(tmp_path / "b.jsonl", ["one", "two"]), tokenizer, tmp_path / "b", valid_tokens=1)
    assert ids(some) == ids(none)


def test_files_without_text_are_left_out(tmp_path: Path, tokenizer: Tokenizer):
    (tmp_path / "texts").mkdir()
    wordless = "1\n00:00:01,000 --> 00:00:02,000\n<i></i>\n"
    for name, text in (("a.srt", ""), ("b.txt", "one"), ("c.txt", ""), ("d.srt", wordless), ("e.jsonl", "")):
        (tmp_path / "texts" / name).write_text(text)
    some = prepare(tmp_path / "texts", tokenizer, tmp_path / "a", valid_tokens=0)
    assert ids(some) == [tokenizer.special_id("<|endoftext|>"), *tokenizer.encode("one")]


def test_workers_and_groups_change_no_byte(tmp_path: Path, tokenizer: Tokenizer, monkeypatch):
    source, results = jsonl(tmp_path / "a.jsonl"), []
    for number, (workers, group) in enumerate([(1, 1), (2, 50), (7, 300), (3, 10**6)]):
        monkeypatch.setattr(prepare_module.groups, "__defaults__", (group,))
        prepare(source, tokenizer, tmp_path / f"{number}", shard_tokens=300, valid_tokens=40, workers=workers)
        results.append(content(tmp_path / f"{number}"))
    assert all(result == results[0] for result in results)


def test_by_default_a_hundredth_is_held_out_but_at_most_a_shard(tmp_path: Path, tokenizer: Tokenizer, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda file: None)
    source = jsonl(tmp_path / "a.jsonl")
    train, valid = prepare(source, tokenizer, tmp_path / "a").parts(0.5)
    assert sum(map(len, valid)) == source.stat().st_size // 400
    few = jsonl(tmp_path / "few.jsonl", DOCUMENTS[-18:])
    train, valid = prepare(few, tokenizer, tmp_path / "b", shard_tokens=3).parts(0.5)
    assert few.stat().st_size // 400 > 3
    assert (len(valid), len(valid[0]), len(train[0])) == (1, 3, 3)


class Killed(BaseException):
    """What nobody catches."""


@pytest.mark.parametrize("kind", ["jsonl.gz", "parquet", "txt"])
def test_killed_at_every_write_it_goes_on_to_the_same_bytes(tmp_path: Path, tokenizer: Tokenizer, monkeypatch, kind):
    """Before and after every call that makes something last: sync and rename. Nothing cleans up behind a kill."""
    source = tmp_path / f"a.{kind}"
    if kind == "txt":
        source.write_text("\n".join(DOCUMENTS))
    else:
        (parquet if kind == "parquet" else jsonl)(source)
    monkeypatch.setattr("groundup.data.documents.BLOCK", 300)
    monkeypatch.setattr(prepare_module.groups, "__defaults__", (200,))
    how = dict(shard_tokens=1200, valid_tokens=150)
    prepare(source, tokenizer, tmp_path / "whole", **how)
    monkeypatch.setattr(shard_writer.ShardWriter, "abandon", lambda self: wait([self._saving]))
    calls, moment = [0], 0

    def dying(call):
        def wrapped(*args, **kwargs):
            calls[0] += 1
            if 2 * calls[0] - 1 == moment:
                raise Killed
            result = call(*args, **kwargs)
            if 2 * calls[0] == moment:
                raise Killed
            return result

        return wrapped

    monkeypatch.setattr(os, "replace", dying(os.replace))
    monkeypatch.setattr(os, "fsync", dying(lambda file: None))
    for moment in range(1, 1000):
        calls[0] = 0
        try:
            prepare(source, tokenizer, tmp_path / f"{moment}", **how)
            break
        except Killed:
            prepare(source, tokenizer, tmp_path / f"{moment}", **how)
            assert content(tmp_path / f"{moment}") == content(tmp_path / "whole"), moment
    assert moment > 30, "the writer does hardly anything that lasts"


def test_with_only_the_index_left_to_do_it_waits_for_the_tokenizer(tmp_path: Path, tokenizer: Tokenizer, monkeypatch):
    source, out = jsonl(tmp_path / "a.jsonl"), tmp_path / "out"
    prepare(source, tokenizer, tmp_path / "whole", valid_tokens=40)
    save_json = shard_writer._save

    def stopping(path: Path, content: dict) -> None:
        if path.name == "index.json":
            raise KeyboardInterrupt
        save_json(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(shard_writer, "_save", stopping)
        with pytest.raises(KeyboardInterrupt):
            prepare(source, tokenizer, out, valid_tokens=40)
    (out / "tokenizer.json").rename(out / ".tokenizer.json.123")  # as a kill in the middle of saving leaves it
    save = Tokenizer.save
    monkeypatch.setattr(Tokenizer, "save", lambda self, path: (time.sleep(0.2), save(self, path))[1])
    prepare(source, tokenizer, out, valid_tokens=40)
    assert content(out) == content(tmp_path / "whole")


def test_kill_9_in_a_process_of_its_own(tmp_path: Path, tokenizer: Tokenizer):
    source = jsonl(tmp_path / "a.jsonl", DOCUMENTS * 40)
    how = dict(shard_tokens=4000, valid_tokens=1000)
    prepare(source, tokenizer, tmp_path / "whole", **how)
    (tmp_path / "tok").mkdir()
    tokenizer.save(tmp_path / "tok")
    code = f"""if True:
        import sys, time
        from pathlib import Path
        from groundup.data.prepare import prepare, groups
        from groundup.text.tokenizer import Tokenizer
        groups.__defaults__ = (3000,)
        def slowly(*_): print("on", flush=True); time.sleep(0.01)
        prepare(Path({str(source)!r}), Tokenizer.load({str(tmp_path / "tok")!r}), {str(tmp_path / "killed")!r},
                progress=slowly, **{how})
    """
    for lines in (1, 9, 23, 10**9):
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            seen = sum(1 for _, _ in zip(range(lines), child.stdout, strict=False))
            child.kill()
        assert seen <= lines
    assert content(tmp_path / "killed") == content(tmp_path / "whole")


def test_a_finished_folder_is_left_alone_and_another_is_not_mixed_in(tmp_path: Path, tokenizer: Tokenizer):
    source = jsonl(tmp_path / "a.jsonl")
    prepare(source, tokenizer, tmp_path / "out", valid_tokens=40)
    before = content(tmp_path / "out")
    prepare(source, tokenizer, tmp_path / "out", valid_tokens=40)
    assert content(tmp_path / "out") == before
    with pytest.raises(ValueError, match=r"index\.json: the shards there were made with other valid tokens"):
        prepare(source, tokenizer, tmp_path / "out", valid_tokens=41)
    with pytest.raises(ValueError, match="made with other files"):
        prepare(jsonl(tmp_path / "b.jsonl"), tokenizer, tmp_path / "out", valid_tokens=40)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("x")
    with pytest.raises(ValueError, match="not empty; give a new folder"):
        prepare(source, tokenizer, tmp_path / "full")


def test_another_text_of_the_same_name_and_size_is_not_gone_on_with(tmp_path: Path, tokenizer: Tokenizer):
    source, out = jsonl(tmp_path / "a.jsonl"), tmp_path / "out"
    prepare(source, tokenizer, out, valid_tokens=40)
    whole = source.read_bytes()
    os.utime(source, (1, 1))  # as a copy may have it
    prepare(source, tokenizer, out, valid_tokens=40)
    for other in (whole.replace(b"Document 0.", b"Document 1."), whole.replace(b"Document 59", b"Document 58")):
        assert len(other) == len(whole)
        source.write_bytes(other)
        with pytest.raises(ValueError, match=r"index\.json: the shards there were made with other content"):
            prepare(source, tokenizer, out, valid_tokens=40)
    index = json.loads((out / "index.json").read_text())
    del index["about"]["content"], index["sha256"]
    (out / "index.json").write_text(json.dumps(sealed(index)))
    prepare(source, tokenizer, out, valid_tokens=40)  # from before it was kept, so nothing can be said


@pytest.mark.posix
def test_a_full_disk_is_named_and_what_is_finished_counts(tmp_path: Path, tokenizer: Tokenizer):
    """A limit on the size of files fails a write as a full disk does, in the middle of one."""
    source, out = jsonl(tmp_path / "a.jsonl", DOCUMENTS * 20), tmp_path / "out"
    how = dict(shard_tokens=30_000, valid_tokens=1000)
    import resource  # Windows has none

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, hard))
    try:
        with pytest.raises(OSError, match=r"File too large; 1 finished shards are kept") as error:
            prepare(source, tokenizer, out, **how)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert error.value.filename.endswith(".train-00001.bin")
    prepare(source, tokenizer, out, **how)
    prepare(source, tokenizer, tmp_path / "whole", **how)
    assert content(out) == content(tmp_path / "whole")


def test_a_shard_that_the_disk_refuses_while_it_grows_is_told(tmp_path: Path, tokenizer: Tokenizer, monkeypatch):
    source, how = jsonl(tmp_path / "a.jsonl"), dict(shard_tokens=900, valid_tokens=10)
    whole = prepare(source, tokenizer, tmp_path / "whole", **how)
    monkeypatch.setattr(shard_writer, "SYNC", 64)
    monkeypatch.setattr(prepare_module.groups, "__defaults__", (200,))
    sync = os.fsync

    def failing(file: int) -> None:
        if "train-00001" in os.readlink(f"/proc/self/fd/{file}") and current_thread() is not main_thread():
            raise OSError(errno.EIO, "Input/output error")
        sync(file)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", failing)
        with pytest.raises(OSError, match="Input/output error; 1 finished shards are kept") as error:
            prepare(source, tokenizer, tmp_path / "out", **how)
    assert error.value.filename.endswith(".train-00001.bin")
    prepare(source, tokenizer, tmp_path / "out", **how)
    assert len(whole.shards) > 2
    assert content(tmp_path / "out") == content(tmp_path / "whole")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, tokenizer: Tokenizer):
    source = jsonl(tmp_path / "a.jsonl")
    with pytest.raises(OSError, match="Not a directory") as error:
        prepare(source, tokenizer, source / "out")
    assert str(error.value.filename).startswith(str(source))


def test_what_is_missing_or_damaged_when_it_goes_on_is_named(tmp_path: Path, tokenizer: Tokenizer, monkeypatch):
    source, out = jsonl(tmp_path / "a.jsonl"), tmp_path / "out"
    monkeypatch.setattr(prepare_module.groups, "__defaults__", (200,))

    def stop(read: int, size: int, tokens: int) -> None:
        if tokens > 1500:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(source, tokenizer, out, shard_tokens=500, valid_tokens=100, progress=stop)
    names = sorted(path.name for path in out.iterdir())
    assert names == [".progress.json", "tokenizer.json", "train-00001.bin", "train-00002.bin", "valid-00000.bin"]
    progress = (out / ".progress.json").read_text()
    (out / ".progress.json").write_text(progress.replace('"documents": ', '"documents": 1', 1))
    with pytest.raises(ValueError, match=r"\.progress\.json: damaged: its SHA-256 is not its own; remove the folder"):
        prepare(source, tokenizer, out, shard_tokens=500, valid_tokens=100)
    (out / ".progress.json").write_text(progress)
    (out / "train-00001.bin").unlink()
    with pytest.raises(ValueError, match=r"train-00001\.bin: missing"):
        prepare(source, tokenizer, out, shard_tokens=500, valid_tokens=100)


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


GOOD = b'{"text": "good"}\n'


@pytest.mark.parametrize(
    ("name", "make", "message"),
    [
        (
            "a.jsonl",
            lambda p: write(p, GOOD + b'{"body": 1}\n'),
            r'a\.jsonl, line 2: no key "text" \(there are: body\)',
        ),
        ("a.jsonl", lambda p: write(p, GOOD * 2 + b'{"text"\n'), r"a\.jsonl, line 3: not JSON"),
        (
            "a.jsonl",
            lambda p: write(p, GOOD + b'{"text": "\xe9"}'),
            r"a\.jsonl, line 2: not UTF-8 \(byte 0xe9 at offset 27",
        ),
        ("a.jsonl", lambda p: write(p, b"[1]\n"), r"a\.jsonl, line 1: a JSON object is needed"),
        ("a.jsonl", lambda p: write(p, b'{"text": 3}\n'), r"line 1: \"text\" must be a string, not int"),
        ("a.txt", lambda p: write(p, b"abc\xff"), r"a\.txt, line 1: not UTF-8 \(byte 0xff at offset 3\)"),
        ("a.txt", lambda p: write(p, b"abc\0"), r"a\.txt: a binary file"),
        ("a.txt", lambda p: write(p, b""), r"a\.txt: there is no text in it"),
        ("a.txt.gz", lambda p: write(p, gzip.compress(b"words " * 99)[:-9]), r"a\.txt\.gz: damaged or not gzip"),
        ("a.txt.gz", lambda p: write(p, b"words"), r"a\.txt\.gz: damaged or not gzip"),
        ("a.jsonl.gz", lambda p: write(p, gzip.compress(GOOD)[:-1]), r"a\.jsonl\.gz: damaged or not gzip"),
        ("a.parquet", lambda p: write(p, b"PAR1nonsense"), r"a\.parquet: damaged or not parquet"),
        ("a.parquet", lambda p: pq.write_table(pa.table({"b": ["x"]}), p), r'no column "text" \(there are: b\)'),
        ("a.parquet", lambda p: pq.write_table(pa.table({"text": [1]}), p), r'"text" must hold strings, not int64'),
        ("a.tsv", lambda p: write(p, b"a\tb\n"), r"a\.tsv: a \.tsv holds sentence pairs"),
        ("a", lambda p: p.mkdir(), r"the folder holds none of \.txt"),
        ("a.txt", lambda p: write(p, b"few words"), r"a\.txt: all \d+ tokens would be for validation; hold out fewer"),
    ],
)
def test_what_is_wrong_is_one_line_with_file_and_place(tmp_path: Path, tokenizer: Tokenizer, name: str, make, message):
    make(tmp_path / name)
    with pytest.raises(ValueError, match=message) as error:
        prepare(tmp_path / name, tokenizer, tmp_path / "out", valid_tokens=1000)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "out").exists(), "nothing is left that would be in the way of the next attempt"


def test_a_tokenizer_that_cannot_part_documents_is_refused(tmp_path: Path):
    plain = Tokenizer.train_from_texts(DOCUMENTS, 260, specials=("<pad>",))
    with pytest.raises(ValueError, match=r"no <\|endoftext\|> or <\|end_of_text\|> .* special tokens: <pad>"):
        prepare(jsonl(tmp_path / "a.jsonl"), plain, tmp_path / "out")


def test_the_verbs(tmp_path: Path, tokenizer: Tokenizer, capsys, monkeypatch):
    tokenizer.save(tmp_path / "tok")
    source, out = str(jsonl(tmp_path / "a.jsonl")), tmp_path / "out"
    main(["prepare", source, "--tokenizer", str(tmp_path / "tok"), "--out", str(out), "--valid-tokens", "64"])
    said = capsys.readouterr().out
    assert "held out         64, the first of them" in said
    assert f"{len(Shards.open(out)):,} of " in said
    main(["check", str(out)])
    assert "64 held out, all below 300; every SHA-256 as written" in capsys.readouterr().out
    with pytest.raises(FileNotFoundError, match="no such tokenizer"):
        main(["prepare", source, "--tokenizer", "gone/tok", "--out", str(out)])
    with pytest.raises(ValueError, match="no run called 'gone'"):
        main(["prepare", source, "--tokenizer", "gone", "--out", str(out)])
    monkeypatch.setenv("GROUNDUP_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="GPT-2's tokenizer is not on this machine"):
        main(["prepare", source, "--tokenizer", "gpt2", "--out", str(out)])
    with pytest.raises(ValueError, match="stdlib is built in"):
        main(["prepare", "stdlib", "--tokenizer", str(tmp_path / "tok"), "--out", str(out)])


def test_the_tokenizer_verb_writes_shards_too(tmp_path: Path, tokenizer: Tokenizer, capsys):
    from groundup.cli.tokenizer import main as tokenizer_main

    tokenizer.save(tmp_path / "tok")
    source = jsonl(tmp_path / "a.jsonl")
    tokenizer_main(["encode", str(tmp_path / "tok"), "--file", str(source), "--out", str(tmp_path / "out")])
    assert "held out         0\n" in capsys.readouterr().out
    assert ids(Shards.open(tmp_path / "out")) == ids(prepare(source, tokenizer, tmp_path / "same", valid_tokens=0))


def test_a_terminal_is_not_needed_for_progress(capsys, monkeypatch):
    from groundup.cli import data_prepare

    clock = iter([0.0, 1.0, 11.0, 12.0])
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    with data_prepare.Lines() as lines:
        for read in (10, 30, 40):
            lines(read, 110, read * 5)
    assert capsys.readouterr().err == " 27.3%  150 tokens, 10 a second, 0:40 to go\n"


def test_a_first_report_that_comes_late_tells_no_speed(capsys, monkeypatch):
    """Going on, what was read before it belongs to an earlier call."""
    from groundup.cli import data_prepare

    clock = iter([0.0, 15.0, 20.0])
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    with data_prepare.Lines() as lines:
        lines(50, 110, 500)
        assert capsys.readouterr().err == ""
        lines(60, 110, 550)
    assert capsys.readouterr().err == " 54.5%  550 tokens, 10 a second, 0:25 to go\n"


@pytest.mark.parametrize(
    ("flag", "value", "cure"),
    [("workers", 0, r"\d+"), ("workers", -3, r"\d+"), ("shard-tokens", -5, "100000000"), ("valid-tokens", -1, "0")],
)
def test_a_number_that_cannot_be_is_named_with_a_cure(
    tmp_path: Path, tokenizer: Tokenizer, flag: str, value: int, cure
):
    tokenizer.save(tmp_path / "tok")
    command = ["prepare", str(jsonl(tmp_path / "a.jsonl")), "--tokenizer", str(tmp_path / "tok")]
    name = flag.replace("-", "_")
    with pytest.raises(ValueError, match=rf"^{name} \({value}\) must be at least \d; try --{flag} {cure}$"):
        main([*command, "--out", str(tmp_path / "out"), f"--{flag}", str(value)])
    assert not (tmp_path / "out").exists()


def test_shards_are_what_tiktoken_says(tmp_path: Path):
    """OpenAI's own engine and GPT-2's own split pattern, with ranks that were learned here."""
    tiktoken = pytest.importorskip("tiktoken")
    text = "\n".join(islice(stdlib_texts(), 10))[:100_000]
    ours = Tokenizer.train_from_texts(text, 2000, pattern="gpt2")
    end = ours.special_id("<|endoftext|>")
    ranks = {ours.token_bytes(id): id for id in range(end)}
    pattern = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"
    oracle = tiktoken.Encoding("ours", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    assert ids(prepare(tmp_path / "a.txt", ours, tmp_path / "out")) == [end, *oracle.encode_ordinary(text)]
