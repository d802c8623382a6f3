"""One file from the network: resumed where it was interrupted, and checked before anybody reads it."""

from pathlib import Path
from typing import Any

from groundup.files import digest


def fetch(url: str, path: Path, *, sha256: str | None, progress: Any = None) -> None:
    """Download to the path, or go on with what lies there of an earlier call. OSError for what the network says.

    ValueError for other bytes than those of `sha256`, which are not kept.
    """
    begun = path.stat().st_size if path.is_file() else 0
    if begun and sha256 is not None and digest(path) == sha256:
        return
    try:
        _download(url, path, begun, progress)
    except OSError as error:
        whole = begun and getattr(getattr(error, "response", None), "status_code", None) == 416  # nothing is left of it
        if not whole:
            if path.stat().st_size == 0:
                path.unlink()
            raise
    if begun and (sha256 is None or digest(path) != sha256):  # the server does not resume, or the file has changed
        path.unlink()
        _download(url, path, 0, progress)
    if sha256 is not None and (found := digest(path)) != sha256:
        path.unlink()
        raise ValueError(
            f"{url}: not the file it should be (SHA-256 {found[:12]}..., expected {sha256[:12]}...); it has changed"
        )


def _download(url: str, path: Path, begun: int, progress: Any) -> None:
    import pooch

    pooch.get_logger().setLevel("WARNING")
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={begun}-"} if begun else {})
    with path.open("ab") as out:
        pooch.HTTPDownloader(progressbar=progress or False, timeout=30, headers=headers)(url, out, None)
