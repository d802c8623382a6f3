"""Named corpora: found before they are fetched, fetched from a real server, and never the wrong bytes."""

import functools
import gzip
import hashlib
import http.server
import itertools
import json
import threading

import pytest

from groundup.data import originals, sources
from groundup.data.catalogue import SOURCES, source
from groundup.data.load import load_pairs
from groundup.data.sources import BUILTIN, File, Original, Source, locate, whereabouts

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
    file = File("plays/hamlet.txt", len(TEXT), sha256, (Original(url),) if url else ())
    return source_of(file, instead="stdlib")


def source_of(file, **more):
    files = {"train": (file,)}
    return Source(name="hamlet", kind="text", languages="en", licence="none", about="a play", files=files, **more)


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
        with pytest.raises(
            ConnectionError, match=rf"could not fetch {url} .*{SHA}.*put it at .*hamlet\.txt; .*stdlib"
        ) as caught:
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
    with pytest.raises(FileNotFoundError, match=rf"hamlet is not on this machine.*{SHA}.*plays/hamlet\.txt.*stdlib"):
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


def sha(data):
    return hashlib.sha256(data).hexdigest()


def test_an_interrupted_download_goes_on_where_it_was(cache, tmp_path):
    asked = []
    data = bytes(range(256)) * 4000

    class Resuming(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            begin = int(self.headers.get("Range", "bytes=0-").split("=")[1].rstrip("-"))
            asked.append(begin)
            self.send_response(206 if begin else 200)
            self.send_header("Content-Length", str(len(data) - begin))
            self.end_headers()
            end = len(data) if begin else len(data) // 2  # the first time the line is cut
            self.wfile.write(data[begin:end])

        def log_message(self, *args):
            pass

    file = File("a/b.bin", len(data), sha(data))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Resuming) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        hamlet = source_of(file._replace(originals=(Original(f"http://127.0.0.1:{running.server_port}/b.bin"),)))
        with pytest.raises(ConnectionError, match="could not fetch"):
            locate(hamlet)
        (path,) = locate(hamlet)
        running.shutdown()
    assert path.read_bytes() == data
    assert asked[0] == 0
    assert 0 < asked[1] <= len(data) // 2
    assert list(path.parent.iterdir()) == [path]


def test_where_a_server_cannot_resume_the_file_is_fetched_again(cache, server):
    folder, address = server
    (folder / "hamlet.txt").write_bytes(TEXT)
    begun = cache / "plays" / ".hamlet.txt.originals" / "00-hamlet.txt"
    begun.parent.mkdir(parents=True)
    begun.write_bytes(b"To be, but")
    (path,) = locate(corpus(f"{address}/hamlet.txt"))
    assert path.read_bytes() == TEXT


@pytest.mark.parametrize(
    ("make", "originals", "made"),
    [
        (
            originals.aligned,
            {"a.en": b"one\ntwo \n", "a.it.gz": gzip.compress(b"uno\ndue\n")},
            b"one\tuno\ntwo \tdue\n",
        ),
        (originals.aligned_distinct, {"a": b"x\ny\nx\nx\n", "b": b"1\n2\n1\n3\n"}, b"x\t1\ny\t2\nx\t3\n"),
        (originals.first_lines(2), {"a": b"1\n2\n3\n"}, b"1\n2\n"),
        (
            originals.novels,
            {"a.txt": b"\xef\xbb\xbf\r\n\r\nOne\r\ntwo\rthree\r\n", "b.txt": b"Four\n\n\n"},
            b"One\ntwo\nthree\n\nFour\n\n",
        ),
        (
            originals.replies,
            {"dev.json": '{"context": ["Là?"], "positive_responses": ["No."], "x": 1}\n'.encode()},
            '{"context": ["Là?"], "responses": ["No."]}\n'.encode(),
        ),
    ],
)
def test_files_are_made_of_their_originals(cache, server, make, originals, made):
    folder, address = server
    for name, data in originals.items():
        (folder / name).write_bytes(data)
    parts = tuple(Original(f"{address}/{name}", sha(data)) for name, data in originals.items())
    public = source_of(
        File("x/ours.txt", 1, sha(b"never published")),
        public={"train": (File("x/whole.txt", 9, sha(made), parts, make),)},
    )
    assert whereabouts(public) == "to download"
    (path,) = locate(public)
    assert path.read_bytes() == made
    assert list(path.parent.iterdir()) == [path]
    (folder / next(iter(originals))).write_bytes(b"changed")
    path.unlink()
    with pytest.raises(ValueError, match="not the file it should be"):
        locate(public)


def test_ones_own_copy_comes_before_the_public_whole(cache):
    public = source_of(
        File("ours.txt", 4, sha(b"ours")),
        public={"train": (File("w.txt", 9, SHA, (Original("http://127.0.0.1:9/w"),)),)},
    )
    cache.mkdir()
    (cache / "ours.txt").write_bytes(b"ours")
    assert [path.read_bytes() for path in locate(public)] == [b"ours"]
    assert whereabouts(public) == "cache"


def test_small_dialogues_come_with_the_package(cache):
    assert len(load_pairs("four-pairs")) == 4
    pairs = load_pairs("chatterbot")
    assert len(pairs) == 1078
    assert not [pair for pair in pairs if len(pair.source) == len(pair.target) == 1]
    assert (whereabouts(source("chatterbot")), source("four-pairs").origin) == ("built in", "this package")
    assert "Gunther Cox" in (BUILTIN / "NOTICE.md").read_text()


def test_every_corpus_of_the_catalogue_can_be_had_by_a_stranger(cache):
    for name, corpus in SOURCES.items():
        assert whereabouts(corpus) in ("built in", "to download"), name
        for file in itertools.chain.from_iterable(corpus.part(part) for part in corpus.files):
            assert len(file.sha256) == 64
            for original in file.originals:
                owner, repo, commit, *path = original.url.removeprefix("https://raw.githubusercontent.com/").split("/")
                assert len(commit) == 40, f"{original.url}: a branch moves"
                assert path
                assert f"github.com/{owner}/{repo}" in corpus.origin
        if whereabouts(corpus) == "to download":
            assert whereabouts(SOURCES[corpus.instead]) == "built in"


def test_ours_is_what_the_rules_say_where_the_originals_are_at_hand(data_dir):
    """DailyDialog's records as json.dumps writes them."""
    (path,) = locate(source("dailydialog"))
    lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    assert [json.dumps(json.loads(line), ensure_ascii=False) for line in lines] == lines
