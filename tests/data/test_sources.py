"""Named corpora: found before they are fetched, fetched from a real server, and never the wrong bytes."""

import functools
import gzip
import hashlib
import http.server
import threading

import pytest

from groundup.data import sources
from groundup.data.catalogue import SOURCES, source
from groundup.data.sources import File, Source, locate, whereabouts

TEXT = b"To be, or not to be.\n"
SHA = hashlib.sha256(TEXT).hexdigest()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.delenv("GROUNDUP_DATA", raising=False)
    monkeypatch.setattr(sources, "cache_folder", lambda: tmp_path / "cache")
    return tmp_path / "cache"


@pytest.fixture
def server(tmp_path):
    """A folder, and the address under which its files can be fetched."""
    folder = tmp_path / "published"
    folder.mkdir()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder)) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def corpus(url=None, sha256=SHA):
    file = File("plays/hamlet.txt", len(TEXT), sha256, url)
    return Source(name="hamlet", kind="text", languages="en", licence="none", about="a play", files={"train": (file,)})


def test_a_corpus_is_fetched_once_and_then_found(cache, server):
    folder, address = server
    (folder / "hamlet.txt").write_bytes(TEXT)
    hamlet = corpus(f"{address}/hamlet.txt")
    assert whereabouts(hamlet) == "to download"
    (path,) = locate(hamlet)
    assert path.read_bytes() == TEXT
    assert path.is_relative_to(cache)
    assert whereabouts(hamlet) == "cache"
    (folder / "hamlet.txt").unlink()
    assert locate(hamlet) == [path]
    assert list(path.parent.iterdir()) == [path]  # nothing half-done is left behind


def test_a_packed_file_is_unpacked(cache, server):
    folder, address = server
    (folder / "hamlet.txt.gz").write_bytes(gzip.compress(TEXT))
    (path,) = locate(corpus(f"{address}/hamlet.txt.gz"))
    assert path.read_bytes() == TEXT


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("hamlet.txt", b"something else", f"hamlet.txt: not the file it should be .*{SHA[:12]}"),
        ("hamlet.txt.gz", b"not packed", "damaged or not gzip"),
    ],
)
def test_the_wrong_bytes_are_refused_and_not_kept(cache, server, name, content, message):
    folder, address = server
    (folder / name).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        locate(corpus(f"{address}/{name}"))
    assert not [path for path in cache.rglob("*") if path.is_file()]


def test_a_server_that_is_gone_or_has_no_such_file_is_one_line_with_the_cure(cache, server):
    _, address = server
    for url in (f"{address}/hamlet.txt", "http://127.0.0.1:9/hamlet.txt"):
        with pytest.raises(ConnectionError, match=rf"could not fetch .*{SHA[:12]}.*put it at .*hamlet\.txt") as caught:
            locate(corpus(url))
        assert "\n" not in str(caught.value)


def test_progress_is_reported_while_fetching(cache, server):
    folder, address = server
    (folder / "hamlet.txt").write_bytes(TEXT)

    class Bar:
        total, seen = 0, 0

        def update(self, amount):
            self.seen += amount

        def reset(self):
            self.seen = 0

        def close(self):
            self.closed = True

    bar = Bar()
    locate(corpus(f"{address}/hamlet.txt"), progress=bar)
    assert (bar.total, bar.seen, bar.closed) == (len(TEXT), len(TEXT), True)


def test_the_users_own_folder_comes_before_any_download(cache, tmp_path, monkeypatch):
    monkeypatch.setenv("GROUNDUP_DATA", str(tmp_path))
    (tmp_path / "plays").mkdir()
    own = tmp_path / "plays" / "hamlet.txt"
    own.write_bytes(TEXT)
    hamlet = corpus("http://127.0.0.1:9/never-asked")
    assert locate(hamlet) == [own]
    assert whereabouts(hamlet) == "GROUNDUP_DATA"
    own.write_bytes(b"changed")
    found = hashlib.sha256(b"changed").hexdigest()
    with pytest.raises(ValueError, match=rf"hamlet\.txt: .*{found[:12]}.*{SHA[:12]}"):
        locate(hamlet)


def test_what_must_be_brought_by_hand_says_where_to_put_it(cache):
    assert whereabouts(corpus()) == "by hand"
    with pytest.raises(FileNotFoundError, match=rf"hamlet is not on this machine.*{SHA[:12]}.*plays/hamlet\.txt"):
        locate(corpus())


def test_a_part_there_is_not_and_a_name_there_is_not():
    with pytest.raises(ValueError, match="wikitext-2 has no part 'train'; it has: valid"):
        locate(source("wikitext-2"))
    with pytest.raises(ValueError, match="unknown corpus 'tinyshakspeare': did you mean 'tinyshakespeare'"):
        source("tinyshakspeare")
    with pytest.raises(ValueError, match="there are phrasebook-fr, "):
        source("zzz")


def test_every_file_of_the_catalogue_is_the_one_it_names(data_dir):
    for name, corpus in SOURCES.items():
        assert corpus.name == name
        for part, files in corpus.files.items():
            paths = locate(corpus, part)
            assert [path.stat().st_size for path in paths] == [file.size for file in files]
