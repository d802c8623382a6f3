"""A stand-in for the Hugging Face Hub on 127.0.0.1, which speaks what its client speaks.

Whoami, create, preupload, LFS, commit, branches, tags, and downloads. Repositories live in memory, and everything that
was asked is kept.
"""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

TOKEN = "hf_standin_secret"
Tree = dict[str, tuple[str, bytes]]
"""Path -> (its hash as the client sees it, its bytes)."""


@dataclass
class Repository:
    """Branches and tags point at commits, commits at trees."""

    private: bool
    commits: dict[str, Tree] = field(default_factory=lambda: {"0" * 40: {}})
    branches: dict[str, str] = field(default_factory=lambda: {"main": "0" * 40})
    tags: dict[str, str] = field(default_factory=dict)

    def commit_of(self, revision: str) -> str | None:
        return (
            self.branches.get(revision) or self.tags.get(revision) or (revision if revision in self.commits else None)
        )


@dataclass
class Hub:
    """What the stand-in knows and how it misbehaves."""

    name: str = "ann"
    may_write: bool = True
    cut_after: int | None = None
    """Close the connection of an upload after so many whole ones; then work again."""
    repositories: dict[str, Repository] = field(default_factory=dict)
    large: dict[str, bytes] = field(default_factory=dict)
    """LFS objects by their SHA-256."""
    asked: list[str] = field(default_factory=list)
    """METHOD path of every request."""
    uploads: int = 0
    url: str = ""


class Handler(BaseHTTPRequestHandler):
    """One request; `hub` is set by `standing_in`."""

    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments) -> None:
        pass

    def do_GET(self) -> None:
        self.answer("GET")

    def do_HEAD(self) -> None:
        self.answer("HEAD")

    def do_POST(self) -> None:
        self.answer("POST")

    def do_PUT(self) -> None:
        self.answer("PUT")

    def answer(self, method: str) -> None:
        """Find the route and take it."""
        path = unquote(self.path.split("?")[0])
        self.hub.asked.append(f"{method} {path}")
        self.body = self.read_body()
        for routed, pattern, act in ROUTES:
            if routed == method and (found := re.fullmatch(pattern, path)):
                return getattr(self, act)(*found.groups())
        return self.say({"error": f"no route {method} {path}"}, 404)

    def read_body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            parts = []
            while size := int(self.rfile.readline().strip(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def say(self, value, status: int = 200, **headers: str) -> None:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        for name, text in headers.items():
            self.send_header(name.replace("_", "-"), text)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def known(self) -> bool:
        """Whether the token is right; else the answer is given."""
        if self.headers.get("Authorization") == f"Bearer {TOKEN}":
            return True
        self.say({"error": "Invalid credentials"}, 401)
        return False

    def may_write(self) -> bool:
        if not self.known():
            return False
        if self.hub.may_write:
            return True
        self.say({"error": "You don't have the rights"}, 403)
        return False

    def repository(self, name: str) -> Repository | None:
        found = self.hub.repositories.get(name)
        if found is None or (found.private and self.headers.get("Authorization") != f"Bearer {TOKEN}"):
            self.say({"error": "Repository not found"}, 404, X_Error_Code="RepoNotFound")
            return None
        return found

    def whoami(self) -> None:
        if self.known():
            self.say({"type": "user", "name": self.hub.name, "orgs": [{"name": "team"}], "auth": {}})

    def create(self) -> None:
        if not self.may_write():
            return None
        asked = json.loads(self.body)
        name = f"{asked.get('organization') or self.hub.name}/{asked['name']}"
        if name in self.hub.repositories:
            return self.say({"error": "You already created this model repo", "url": f"{self.hub.url}/{name}"}, 409)
        private = asked.get("private") or asked.get("visibility") == "private"
        self.hub.repositories[name] = Repository(bool(private))
        return self.say({"url": f"{self.hub.url}/{name}", "name": name, "id": name})

    def validate(self) -> None:
        assert "content" in json.loads(self.body)
        self.say({"errors": [], "warnings": []})

    def preupload(self, name: str, revision: str) -> None:
        if (there := self.repository(name)) is None or not self.may_write():
            return
        tree = there.commits[there.commit_of(revision) or "0" * 40]
        self.say(
            {
                "files": [
                    {
                        "path": one["path"],
                        "uploadMode": "lfs" if one["path"].endswith((".safetensors", ".png")) else "regular",
                        "shouldIgnore": False,
                        "oid": tree.get(one["path"], (None,))[0],
                    }
                    for one in json.loads(self.body)["files"]
                ]
            }
        )

    def batch(self, name: str) -> None:
        if self.may_write():
            objects = []
            for one in json.loads(self.body)["objects"]:
                action = {"upload": {"href": f"{self.hub.url}/upload/{one['oid']}", "header": {}}}
                objects.append(one if one["oid"] in self.hub.large else one | {"actions": action})
            self.say({"transfer": "basic", "objects": objects})

    def upload(self, oid: str) -> None:
        if self.hub.cut_after is not None and self.hub.uploads >= self.hub.cut_after:
            self.close_connection = True
            self.connection.close()
            return
        assert hashlib.sha256(self.body).hexdigest() == oid
        self.hub.large[oid] = self.body
        self.hub.uploads += 1
        self.say(b"")

    def commit(self, name: str, revision: str) -> None:
        if (there := self.repository(name)) is None or not self.may_write():
            return None
        tree = dict(there.commits[there.commit_of(revision) or "0" * 40])
        for row in map(json.loads, self.body.splitlines()):
            value = row["value"]
            if row["key"] == "file":
                content = base64.b64decode(value["content"])
                header = f"blob {len(content)}\0".encode()
                tree[value["path"]] = hashlib.sha1(header + content).hexdigest(), content
            elif row["key"] == "lfsFile":
                if value["oid"] not in self.hub.large:
                    return self.say({"error": f"LFS object {value['oid']} has not arrived"}, 400)
                tree[value["path"]] = value["oid"], self.hub.large[value["oid"]]
            elif row["key"] == "deletedFile":
                del tree[value["path"]]
        oid = hashlib.sha1(repr(sorted(tree.items())).encode()).hexdigest()
        there.commits[oid], there.branches[revision] = tree, oid
        return self.say(
            {"success": True, "commitOid": oid, "commitUrl": f"{self.hub.url}/{name}/commit/{oid}", "hookOutput": ""}
        )

    def branch(self, name: str, branch: str) -> None:
        if (there := self.repository(name)) is None or not self.may_write():
            return None
        if branch in there.branches:
            return self.say({"error": "Reference already exists"}, 409)
        there.branches[branch] = there.branches["main"]
        return self.say({})

    def tag(self, name: str, revision: str) -> None:
        if (there := self.repository(name)) is not None and self.may_write():
            there.tags[json.loads(self.body)["tag"]] = there.commit_of(revision) or ""
            self.say({})

    def refs(self, name: str) -> None:
        if (there := self.repository(name)) is not None:
            listed = {
                kind: [{"name": ref, "ref": f"refs/{ref}", "targetCommit": oid} for ref, oid in found.items()]
                for kind, found in (("branches", there.branches), ("tags", there.tags))
            }
            self.say({**listed, "converts": []})

    def info(self, name: str, revision: str | None = None) -> None:
        if (there := self.repository(name)) is None:
            return None
        if (oid := there.commit_of(revision or "main")) is None:
            return self.say({"error": f"Invalid rev id: {revision}"}, 404, X_Error_Code="RevisionNotFound")
        files = [{"rfilename": path} for path in there.commits[oid]]
        about = {"id": name, "modelId": name, "sha": oid, "private": there.private, "siblings": files, "tags": []}
        return self.say(about)

    def tree(self, name: str, revision: str, folder: str | None = None) -> None:
        if (there := self.repository(name)) is None:
            return None
        files = there.commits[there.commit_of(revision) or "0" * 40]
        inside = {path: entry for path, entry in files.items() if folder is None or path.startswith(f"{folder}/")}
        if folder is not None and not inside:
            return self.say({"error": "Entry not found"}, 404, X_Error_Code="EntryNotFound")
        rows = [
            {"type": "file", "path": path, "oid": hash, "size": len(content)}
            for path, (hash, content) in inside.items()
        ]
        return self.say(rows)

    def resolve(self, name: str, revision: str, path: str) -> None:
        if (there := self.repository(name)) is None:
            return None
        if (oid := there.commit_of(revision)) is None:
            return self.say({"error": f"Invalid rev id: {revision}"}, 404, X_Error_Code="RevisionNotFound")
        if path not in there.commits[oid]:
            return self.say({"error": "Entry not found"}, 404, X_Error_Code="EntryNotFound", X_Repo_Commit=oid)
        hash, content = there.commits[oid][path]
        return self.say(content, ETag=f'"{hash}"', X_Repo_Commit=oid, Accept_Ranges="bytes")


NAME = r"([^/]+/[^/]+)"
ROUTES = [
    ("GET", "/api/whoami-v2", "whoami"),
    ("POST", "/api/repos/create", "create"),
    ("POST", "/api/validate-yaml", "validate"),
    ("POST", f"/api/models/{NAME}/preupload/(.+)", "preupload"),
    ("POST", rf"/{NAME}\.git/info/lfs/objects/batch", "batch"),
    ("PUT", "/upload/([0-9a-f]{64})", "upload"),
    ("POST", f"/api/models/{NAME}/commit/(.+)", "commit"),
    ("POST", f"/api/models/{NAME}/branch/(.+)", "branch"),
    ("POST", f"/api/models/{NAME}/tag/(.+)", "tag"),
    ("GET", f"/api/models/{NAME}/refs", "refs"),
    ("GET", f"/api/models/{NAME}", "info"),
    ("GET", f"/api/models/{NAME}/revision/([^/]+)", "info"),
    ("GET", f"/api/models/{NAME}/tree/([^/]+)(?:/(.+))?", "tree"),
    ("HEAD", f"/{NAME}/resolve/([^/]+)/(.+)", "resolve"),
    ("GET", f"/{NAME}/resolve/([^/]+)/(.+)", "resolve"),
]


@contextmanager
def standing_in() -> Iterator[Hub]:
    """A hub that listens while this is open; its address is `url`."""
    hub = Hub()
    handler = type("OfThisHub", (Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
