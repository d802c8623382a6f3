"""Fill the templates of pages. Whatever a user named or typed stands in a page as text or as JSON, never as markup."""

import base64
import hashlib
import html
import json
import re
from importlib.resources import files
from typing import Any

from groundup.page import scripts


def filled(template: str, *, title: str, data: Any, modules: tuple[str, ...], more: str = "", **parts: str) -> str:
    """Return a template as a page that loads nothing and sends nothing.

    data: what its script reads, as JSON. modules: the JavaScript modules of its script. more: further directives of its
    content security policy, which forbids the network and every script but this one.
    """
    style, app = _text("style.css"), "\n" + scripts.joined(modules)
    policy = "default-src 'none'; connect-src 'none'; base-uri 'none'; form-action 'none'; "
    parts |= dict(
        TITLE=html.escape(title),
        POLICY=f"{policy}{more}script-src {_hash(app)}; style-src {_hash(style)}",
        STYLE=style,
        LOOK=_text("look.html"),
        # Inside a <script> only "<" can do harm: it begins "</script>" and "<!--".
        DATA=json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c"),
        APP=app,
    )
    # In one pass, so that a name such as __DATA__ in the data stays a name.
    return re.sub(r"__([A-Z]+)__", lambda found: parts[found[1]], _text(template))


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _text(name: str) -> str:
    return files("groundup.page").joinpath(name).read_text(encoding="utf-8")
