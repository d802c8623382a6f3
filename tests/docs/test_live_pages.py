"""The pages that stand inside chapters and can be touched: in Chromium they show what Python computes."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_runs import writer

from groundup.decode.filters import top_k, top_p
from groundup.run.page import Live, write_page

HANDBOOK = Path(__file__).parents[2] / "docs" / "handbook"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright, to drive a browser")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium (on Debian: apt-get install chromium)"),
    pytest.mark.posix,
]


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=root)
        page = browser.new_page()
        page.set_default_timeout(90_000)  # a machine may be busy
        yield page
        browser.close()


def made_in(chapter: str, name: str, **known: Any) -> Any:
    """What the cell makes that defines the class `name`."""
    text = (HANDBOOK / chapter).read_text(encoding="utf-8")
    (cell,) = [
        cell
        for cell in re.findall(r"\{code-cell\} python\n(?::tags:[^\n]*\n)?(.*?)^```$", text, re.M | re.S)
        if f"class {name}" in cell
    ]
    names = dict(known)
    exec(cell, names)
    return names[name]()


def shown(page: Any, what: Any) -> Any:
    """The frame in which a notebook shows it."""
    page.set_content(what._repr_html_())
    return page.frame_locator("iframe")


def test_the_query_of_chapter_3_weighs_the_keys(page: Any):
    frame = shown(page, made_in("03-attention.md", "Drag"))
    keys = torch.tensor([[2, 0.5], [0.3, 2], [-1.8, 0.8], [-0.4, -1.6]])

    def weights() -> torch.Tensor:
        return torch.tensor([float(one) for one in frame.locator("tr td:nth-child(3)").all_inner_texts()[1:]])

    assert torch.allclose(weights(), (keys @ torch.tensor([1.2, 0.9]) / 2**0.5).softmax(0), atol=0.006)
    frame.locator("#plane").click(position={"x": 50, "y": 150})  # the query is now (-2, 0)
    assert torch.allclose(weights(), (keys @ torch.tensor([-2.0, 0.0]) / 2**0.5).softmax(0), atol=0.006)
    frame.locator("#root").uncheck()
    assert torch.allclose(weights(), (keys @ torch.tensor([-2.0, 0.0])).softmax(0), atol=0.006)


@pytest.mark.parametrize(("temperature", "k", "p"), [(1, 6, 1), (0.5, 6, 0.8), (2, 3, 1), (1.5, 4, 0.6)])
def test_the_knobs_of_chapter_11_are_those_of_the_package(page: Any, temperature: float, k: int, p: float):
    logits = torch.tensor([3.0, 2.5, 1.5, 0.5, -0.5, -1.0])
    frame = shown(page, made_in("11-decoding.md", "Knobs", logits=logits))
    for knob, value in (("temperature", temperature), ("top-k", k), ("top-p", p)):
        frame.locator(f"#{knob}").fill(str(value))
    bars = [float(text.split()[0]) for text in frame.locator("#bars div").all_inner_texts()]
    expected = top_p(top_k(logits[None] / temperature, k), p)[0].softmax(0)
    assert torch.allclose(torch.tensor(bars), expected, atol=0.006)


def test_a_page_of_a_run_works_inside_another_and_opens_the_tab_that_is_asked_for(page: Any, tmp_path: Path):
    run: Any = writer("gpt2")
    path = write_page(run, tmp_path / "live.html")
    frame = shown(page, Live(path, view="tokens"))
    frame.locator("body[data-ready]").wait_for()
    frame.locator("#tokens").wait_for(state="visible")
    assert frame.locator("#write").is_hidden()
