"""Named corpora on this machine: found, fetched if they are published somewhere, and checked byte for byte."""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from groundup.files import digest
from groundup.text.unpacked import Unpacked

Kind = Literal["text", "pairs", "dialogue"]


class File(NamedTuple):
    """One file of a corpus: where it belongs below the data folder, and how it is recognised."""

    path: str
    size: int
    """In bytes."""
    sha256: str
    url: str | None = None
    """Where these very bytes are published (packed, if the address ends in .gz and the path does not)."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A named corpus; one without files is built in, made by the package itself."""

    name: str
    kind: Kind
    languages: str
    licence: str
    about: str
    files: Mapping[str, tuple[File, ...]] = field(default_factory=dict)
    """The files of each part, "train", "valid" and "test": one file, or two line-aligned ones, source first."""

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(file.size for part in self.files.values() for file in part)

    def part(self, part: str) -> tuple[File, ...]:
        """The files of a part; ValueError naming the parts there are."""
        if part not in self.files:
            raise ValueError(
                f"{self.name} has no part {part!r}; it has: {', '.join(self.files) or 'none, being built in'}"
            )
        return self.files[part]


def locate(source: Source, part: str = "train", *, progress: Any = None) -> list[Path]:
    """Paths of the files of one part of a corpus, each checked against its SHA-256.

    They are looked for in the folder that GROUNDUP_DATA names, then in the cache, and are downloaded into the cache if
    an address is known; `progress` is then a progress bar as pooch takes it. ValueError if the bytes are not the right
    ones, FileNotFoundError (what is missing, where to put it) if there is no way to get them.
    """
    return [_locate(source, file, progress) for file in source.part(part)]


def whereabouts(source: Source) -> str:
    """Where a corpus comes from, unchecked: built in, GROUNDUP_DATA, cache, to download, or by hand."""
    files = [file for part in source.files.values() for file in part]
    if not files:
        return "built in"
    places = {_found(file)[0] for file in files}
    for word in ("by hand", "to download", "cache"):
        if word in places:
            return word
    return "GROUNDUP_DATA"


def cache_folder() -> Path:
    """Where downloaded corpora are kept: the platform's own place for such files."""
    import pooch

    return Path(pooch.os_cache("groundup"))


def _found(file: File) -> tuple[str, Path]:
    """In which place the file is, in a word, and its path there (or the one it should be put at)."""
    folder = os.environ.get("GROUNDUP_DATA")
    if folder and (path := Path(folder) / file.path).is_file():
        return "GROUNDUP_DATA", path
    cached = cache_folder() / file.path
    if cached.is_file():
        return "cache", cached
    return ("to download" if file.url else "by hand"), cached


def _locate(source: Source, file: File, progress: Any) -> Path:
    place, path = _found(file)
    if place == "by hand":
        raise FileNotFoundError(
            f"{source.name} is not on this machine and is not published in this form: put its file (SHA-256 "
            f"{file.sha256[:12]}...) at {path}, or at {file.path} in the folder that GROUNDUP_DATA names"
        )
    if place == "to download":
        _download(file, path, progress)
    else:
        _check(path, file.sha256, path)
    return path


def _check(path: Path, sha256: str, named: Path) -> None:
    found = digest(path)
    if found != sha256:
        raise ValueError(
            f"{named}: not the file it should be (SHA-256 {found[:12]}..., expected {sha256[:12]}...); fetch it again"
        )


def _download(file: File, path: Path, progress: Any) -> None:
    """Fetch, unpack and check the file beside its place; only the right bytes ever stand at `path`."""
    import pooch

    assert file.url is not None
    path.parent.mkdir(parents=True, exist_ok=True)
    pooch.get_logger().setLevel("WARNING")
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".fetching-") as folder:
        fetched, plain = Path(folder) / Path(file.url).name, Path(folder) / "plain"
        fetch = pooch.HTTPDownloader(progressbar=progress or False, timeout=30)
        try:
            # The hash is of the unpacked file, so it is checked here and not by pooch.
            fetch(file.url, str(fetched), None)
        except OSError as error:  # whatever the network says; the errors of requests are among them
            raise ConnectionError(
                f"could not fetch {file.url} ({type(error).__name__}); bring the file (SHA-256 {file.sha256[:12]}...) "
                f"by other means and put it at {path}"
            ) from error
        if file.url.endswith(".gz") and not file.path.endswith(".gz"):
            with Unpacked(fetched) as packed, plain.open("wb") as out:
                out.writelines(iter(lambda: packed.read(1 << 20), b""))
            fetched = plain
        _check(fetched, file.sha256, path)
        os.replace(fetched, path)
