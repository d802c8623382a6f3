"""The file itself: whole, of the size that is said, never in the place of another, and refused where it must be."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_runs import as_run, translator, writer

from groundup.page import build as building
from groundup.page.build import build
from groundup.page.weights import choose_precision
from groundup.run.page import write_page
from groundup.text.tokenizer import Tokenizer

NASTY = ["</script>", "<script>alert(1)</script>", "<!--", '"', "'", "\\", "&lt;", "__DATA__", "__APP__", "</title>"]


class Found(HTMLParser):
    """What a browser would find: the elements, and the texts inside scripts, style and title."""

    def __init__(self, page: str):
        super().__init__()
        self.tags: list[str] = []
        self.texts: dict[str, str] = {}
        self.policy = self.open = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        told = dict(attrs)
        self.open = told.get("id") or tag
        self.policy = self.policy or (told.get("content") or "" if "http-equiv" in told else "")
        self.texts.setdefault(self.open, "")

    def handle_endtag(self, tag):
        self.open = ""

    def handle_data(self, data):
        if self.open:
            self.texts[self.open] += data


@pytest.fixture(scope="module")
def plain() -> Found:
    return Found(build(translator("pre-norm")))


@settings(max_examples=20, deadline=None)
@given(name=st.text(max_size=20) | st.sampled_from(NASTY), example=st.text() | st.sampled_from(NASTY))
def test_any_name_stays_text(plain, name, example):
    if (name + example).encode(errors="replace").decode() != name + example:
        return  # lone surrogates cannot be written
    found = Found(build(translator("pre-norm", name=name), examples=[example]))
    assert found.tags == plain.tags
    assert found.texts["title"] == found.texts["h1"] == name
    data = json.loads(found.texts["data"])
    assert data["examples"] == [example]


def test_the_page_loads_nothing(plain):
    page = build(translator("pre-norm"))
    assert not {"link", "iframe", "img", "object", "embed", "base", "form"} & (set(plain.tags) - {"form"})
    assert not re.search(r"<[^>]+\s(?:src|href|srcset|action|data|poster)=", page.split("<script")[0])
    app = plain.texts["engine"] + plain.texts["script"]
    assert not [
        word
        for word in ("https:", "@import", "url(", "fetch(", "import(", "innerHTML", "eval(", "XMLHttp")
        if word in app
    ]
    assert "default-src 'none'; connect-src 'none'" in plain.policy


def test_only_the_script_and_the_style_that_are_named_may_run(plain):
    for kind, text in (("script", plain.texts["script"]), ("style", plain.texts["style"])):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in plain.policy
    assert "unsafe" not in plain.policy


def test_sizes():
    assert [choose_precision(n) for n in (1_600_000, 4_000_000, 4_000_001)] == ["float16", "float16", "int8"]
    sizes = {one: len(build(writer("gpt2", width=128), precision=one)) for one in ("float32", "float16", "int8")}
    numbers = sum(parameter.numel() for parameter in writer("gpt2", width=128).model.parameters())
    assert sizes["float32"] - sizes["float16"] == pytest.approx(numbers * 2 * 4 / 3, rel=0.02)
    assert sizes["float16"] - sizes["int8"] == pytest.approx(numbers * 4 / 3, rel=0.1)


def test_a_page_too_large_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch):
    numbers = sum(parameter.numel() for parameter in writer("gpt2").model.parameters())
    monkeypatch.setattr(building, "LARGEST", numbers * 2)
    with pytest.raises(ValueError, match=r"in float32 would take 0 MB.*; --precision int8 takes 0"):
        build(writer("gpt2"), precision="float32")
    monkeypatch.setattr(building, "LARGEST", numbers)
    with pytest.raises(ValueError, match="export it instead: groundup export tiny --out FOLDER"):
        build(writer("gpt2"))


def test_what_cannot_be_a_page_is_refused():
    run: Any = writer("gpt2")
    with pytest.raises(ValueError, match="precision \\(int4\\) must be float16, int8, float32"):
        build(run, precision="int4")  # type: ignore[arg-type]
    own = Tokenizer(run.tokenizer.vocabulary, r"\b\w+|\W", run.tokenizer.specials)
    run.tokenizer = own
    with pytest.raises(ValueError, match="may mean something else in a browser"):
        build(run)
    run = writer("gpt2")
    run.model.stack.norm = torch.nn.Identity()
    with pytest.raises(ValueError, match="no way to make a page"):
        build(run)


def test_no_file_is_replaced_unasked(tmp_path: Path):
    run, path = as_run(translator("pre-norm"), "translation"), tmp_path / "page.html"
    path.write_text("mine")
    with pytest.raises(ValueError, match="is there already; give another name, or --overwrite"):
        write_page(run, path)
    assert path.read_text() == "mine"
    write_page(run, path, overwrite=True)
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
    with pytest.raises(ValueError, match="is a folder"):
        write_page(run, tmp_path)
    with pytest.raises(ValueError, match="is not there; make it first"):
        write_page(run, tmp_path / "no" / "page.html")
