"""A name of the Hub, from a server of our own that speaks as much of the protocol as a download needs."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def endpoint(folders) -> Iterator[str]:
    """http://127.0.0.1:port, where nobody/tiny is the folder of the tiny GPT-2, with a file that nobody needs."""
    files = {path.name: path.read_bytes() for path in folders["gpt2"].iterdir()} | {"pytorch_model.bin": b"a pickle"}

    about = dict(id="nobody/tiny", sha=COMMIT, siblings=[{"rfilename": name} for name in files])
    tree = [dict(type="file", path=n, size=len(b), oid=hashlib.sha1(b).hexdigest()) for n, b in files.items()]

    class Hub(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.answer(body=False)

        def do_GET(self) -> None:
            self.answer(body=True)

        def answer(self, *, body: bool) -> None:
            path = self.path.split("?")[0]
            name = path.rsplit("/", 1)[-1]
            if path.startswith("/api/models/nobody/tiny"):
                self.send(json.dumps(tree if "/tree/" in path else about).encode(), body=body)
            elif path.startswith("/nobody/tiny/resolve/") and name in files and name != "pytorch_model.bin":
                self.send(files[name], body=body)
            else:
                self.send_error(404)

        def send(self, content: bytes, *, body: bool) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("ETag", f'"{hashlib.sha1(content).hexdigest()}"')
            self.send_header("X-Repo-Commit", COMMIT)
            self.end_headers()
            if body:
                self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_from_a_server(endpoint: str, tmp_path: Path):
    """In a process of its own, since the endpoint is read once. What is not wanted is not fetched."""
    pytest.importorskip("huggingface_hub")
    code = (
        "import groundup as gu; model, tokenizer = gu.from_hub('nobody/tiny'), gu.tokenizer_from_hub('nobody/tiny'); "
        "print(model.config.width, tokenizer.vocab_size)"
    )
    env = os.environ | {"HF_ENDPOINT": endpoint, "HF_HUB_OFFLINE": "0", "HF_HOME": str(tmp_path), "NO_PROXY": "*"}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, timeout=120)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == ["64", "290"]
