"""The page in a real Chromium: it answers as the run does, asks nobody for anything, and nothing typed is markup."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_runs import translator, writer

from groundup.page.build import build
from groundup.run.attention import look_at_pair, look_at_text
from groundup.run.lines import answer_lines

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright, to drive a browser")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium (on Debian: apt-get install chromium)"),
    pytest.mark.posix,
]
SENTENCE = "the cat sees a dog"
HOSTILE = '"><img src=x onerror=alert(1)></title><script>alert(2)</script>__APP__'


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=root)
        yield browser
        browser.close()


class Opened:
    """A page of a run in the browser, what it asked for, and what went wrong in it."""

    def __init__(self, browser: Any, path: Path, *, link: str = "", ready: str = "body[data-ready]", **context: Any):
        self.requests: list[str] = []
        self.errors: list[str] = []
        self.page = browser.new_context(**context).new_page()
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda said: said.type == "error" and self.errors.append(said.text))
        self.page.on("dialog", lambda dialog: self.errors.append(f"a dialog: {dialog.message}"))
        self.page.set_default_timeout(90_000)  # a machine may be busy
        self.page.goto(path.as_uri() + link)
        self.page.wait_for_selector(ready)

    def text(self, selector: str) -> str:
        return self.page.locator(selector).inner_text()

    def until(self, condition: str) -> None:
        """Wait until the expression holds in the page, whose policy lets nobody evaluate text within it."""
        for _ in range(3000):
            if self.page.evaluate(condition):
                return
            self.page.wait_for_timeout(20)
        raise AssertionError(f"never came: {condition}; the page says {self.text('#status')!r}, {self.errors}")

    def translate(self, sentence: str, beams: int = 1) -> None:
        """As a person does, with the keyboard."""
        self.page.evaluate("beams => { translate.beams.value = beams; }", beams)
        self.page.fill("#source", sentence)
        self.page.press("#source", "Enter")
        self.until("!document.getElementById('look').hidden && document.getElementById('stop').disabled")


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    """Open a run's page; after the test it must have asked for nothing, and nothing may have gone wrong."""
    pages: list[Opened] = []

    def open_page(run: Any, *, precision: Any = "float32", examples: tuple[str, ...] = (), **how: Any) -> Opened:
        path = tmp_path / "page.html"
        path.write_text(build(run, precision=precision, examples=examples), encoding="utf-8")
        pages.append(Opened(browser, path, **how))
        return pages[-1]

    yield open_page
    for one in pages:
        outside = [url for url in one.requests if not url.startswith(("file:", "blob:"))]
        assert outside == []
        assert len([url for url in one.requests if url.startswith("file:")]) == 1
        assert one.errors == []
        one.page.context.close()


@pytest.mark.parametrize("beams", [1, 4])
def test_a_translator_says_what_the_run_says(opened, beams):
    run = translator("pre-norm")
    page = opened(run)
    page.translate(SENTENCE, beams)
    found = run.answers([SENTENCE], num_beams=beams, num_return_sequences=beams)[0]
    assert page.page.evaluate("translate.answers.map(one => one.text)") == [one.text for one in found]
    assert page.page.evaluate("document.getElementById('answer').textContent") == found[0].text
    for score, one in zip(page.page.evaluate("translate.answers.map(one => one.score)"), found, strict=True):
        assert abs(score - one.score) < 1e-4
    assert page.page.locator("#answer-tokens button").count() == len(found[0].ids)
    assert page.page.locator("#search").is_visible() == (beams > 1)


def test_another_token_is_taken_and_the_model_goes_on(opened):
    run = translator("pre-norm")
    page = opened(run)
    page.translate(SENTENCE)
    before = page.page.evaluate("translate.ids")
    page.page.locator("#answer-tokens button").nth(2).click()
    page.page.locator("#answer-options button").nth(1).click()
    page.until(f"document.getElementById('stop').disabled && translate.ids[2] !== {before[2]}")
    after = page.page.evaluate("translate.ids")
    assert after[:2] == before[:2]
    assert after[2] != before[2]
    page.page.evaluate("document.getElementById('edit-part').open = true")
    page.page.fill("#edit", "the dog")
    page.page.click("#edit-go")
    page.until("translate.answers[0]?.prefix.length > 0 && translate.looked.text.startsWith('the dog')")
    wanted = run.answers([SENTENCE], prefixes=["the dog"])[0][0].text
    assert page.page.evaluate("translate.looked.text") == wanted
    page.page.fill("#edit", "dog " * 50)
    page.page.click("#edit-go")
    page.until("document.getElementById('status').textContent.includes('fills the context of 40')")
    assert page.text("#answer") == wanted, "nothing is lost"
    assert page.page.input_value("#edit") == "dog " * 50


def test_a_link_shows_the_same_again(opened):
    run = translator("transformer")
    first = opened(run)
    first.translate(SENTENCE, 3)
    link = first.page.evaluate("location.hash")
    again = opened(run, link=link)
    again.until("translate.answers.length === 3")
    assert again.page.input_value("#source") == SENTENCE
    assert again.page.evaluate("translate.answers[0].text") == first.page.evaluate("translate.answers[0].text")


def test_a_link_brings_a_text_back(opened):
    """Of a language model the tokens that were written, of a conversation what was said."""
    run = writer("gpt3")
    first = opened(run)
    first.page.evaluate("write.most.value = 15; write.sampling.restore({ temperature: 0 })")
    first.page.fill("#prompt", "the cat")
    first.page.click("#write-go")
    first.until("!write.busy && write.tokens.length > write.given && location.hash.length > 40")
    ids, p = first.page.evaluate("[write.ids, write.tokens.map(one => one.p ?? 0)]")
    again = opened(run, link=first.page.evaluate("location.hash"))
    again.until(f"write.tokens.length === {len(ids)}")
    assert again.page.evaluate("write.ids") == ids
    for one, other in zip(again.page.evaluate("write.tokens.map(one => one.p ?? 0)"), p, strict=True):
        assert abs(one - other) < 1e-5
    talker = translator("transformer", "dialogue")
    first = opened(talker)
    first.page.fill("#said", "who are you?")
    first.page.press("#said", "Enter")
    first.until("document.querySelectorAll('.turn button').length === 1")
    again = opened(talker, link=first.page.evaluate("location.hash"))
    again.until("document.querySelectorAll('.turn').length === 2")
    assert again.page.evaluate("talk.turns[1].text") == first.page.evaluate("talk.turns[1].text")


@pytest.mark.parametrize("kind", ["translation", "dialogue", "language"])
def test_everything_that_can_be_used_has_a_name(opened, kind):
    page = opened(writer("gpt3") if kind == "language" else translator("transformer", kind))
    if kind == "translation":
        page.translate(SENTENCE, 3)
    nameless = """[...document.querySelectorAll("button, input, select, textarea, canvas, [role=button], [role=group]")]
      .filter(one => !one.textContent.trim() && !one.ariaLabel && !one.title && !one.labels?.length)
      .map(one => one.id)"""
    for n in (1, 2, 3):
        page.page.click(f"#tabs button:nth-child({n})")
        page.page.wait_for_timeout(50)
        hidden = ["map", "heads"] if kind != "translation" else []  # no attention is shown yet
        assert [one for one in page.page.evaluate(nameless) if one not in hidden] == []


@pytest.mark.parametrize(
    "link",
    ["#%", "#null", "#[1]", "#%7B%22view%22:7,%22text%22:%7B%7D,%22beams%22:1e9,%22prefix%22:[1e9]%7D", "#" + HOSTILE],
)
def test_a_wrong_link_is_no_link(opened, link):
    page = opened(translator("transformer"), link=link)
    assert page.page.input_value("#beams") == "4"
    page.translate(SENTENCE)


def test_a_conversation(opened):
    run = translator("transformer", "dialogue")
    page = opened(run)
    for n, said in enumerate(["who are you?", "the cat"], 1):
        page.page.fill("#said", said)
        page.page.press("#said", "Enter")
        page.until(f"document.querySelectorAll('.turn button').length === {n}")
    assert page.page.locator(".turn").count() == 4
    assert page.page.evaluate("talk.turns[1].text") == run.translate(["who are you?"])[0]
    page.page.locator(".turn button").last.click()
    page.until("!document.getElementById('look').hidden")
    page.page.click("#talk-reset")
    assert page.page.locator(".turn").count() == 0


def test_a_language_model_writes_and_is_changed(opened):
    run = writer("llama2")
    page = opened(run)
    page.page.evaluate("write.sampling.restore({ temperature: 0 }); write.most.value = 20")
    page.page.fill("#prompt", "the cat")
    page.page.click("#write-go")
    page.until("!write.busy && write.tokens.length > write.given")
    written = run.generate("the cat", max_new_tokens=20, slide=True)
    text = "".join(written)
    assert page.page.evaluate("write.ids.slice(write.given)") == written.written.ids
    shown = page.page.evaluate("write.tokens.map(one => one.text).join('')")
    assert shown.rstrip("\ufffd") == f"the cat{text}".rstrip("\ufffd")
    page.page.evaluate("write.choose(5)")
    page.until("document.querySelector('#ahead .chosen')")
    page.page.locator("#ahead button").nth(2).click()
    page.until("!write.busy && write.tokens.length > 6")
    assert page.page.evaluate("write.ids[5]") != written.written.ids[5 - len(run.prompt_ids("the cat"))]
    page.page.click("#write-undo")
    assert page.page.evaluate("write.ids.slice(write.given)") == written.written.ids


def test_a_language_model_shows_where_it_looked_over_the_whole_text(opened):
    run = writer("gpt3")
    page = opened(run)
    page.page.evaluate("write.most.value = 10; write.sampling.restore({ temperature: 0 })")
    page.page.fill("#prompt", "the cat")
    page.page.click("#write-go")
    page.until("!write.busy && !document.getElementById('look').hidden && write.tokens.length > write.given")
    tokens, given = page.page.evaluate("[write.tokens.length, write.given]")
    assert page.page.evaluate("[attention.panel.L, attention.panel.H, attention.panel.T]") == [3, 4, tokens]
    assert page.page.locator("#look-output .given").count() == given
    assert page.text("#map-title") == "Self-attention, mean of all layers and heads"
    page.page.locator("#written [role=button]").nth(4).click()
    assert page.page.evaluate("attention.step.output") == 3, "the row that wrote it"
    page.page.keyboard.press("ArrowRight")
    assert page.page.evaluate("[write.chosen, attention.step.output]") == [5, 4]
    page.page.keyboard.press("Enter")
    assert page.page.evaluate("[write.chosen, attention.step.output]") == [None, tokens - 1]
    page.page.locator("#look-output button").nth(1).click()
    assert page.page.evaluate("write.chosen") == 2
    page.page.check("#write-colour")
    page.page.select_option("#layer", "1")  # which sees three tokens
    shades = page.page.evaluate(
        "[...document.querySelectorAll('.piece')].map(one => one.style.getPropertyValue('--shade'))"
    )
    assert [float(one) > 0 for one in shades[:4]] == [True, True, False, False]


def test_a_long_text_is_translated_sentence_by_sentence(opened):
    run = translator("transformer")
    page = opened(run)
    text = "the cat sees a dog. who? we are here!\nwho sees the dog and the house? the cat sees it. it's far."
    page.translate(text, 2)
    wanted = [answers[0].text for answers in answer_lines(run, text.split("\n"), num_beams=2)]  # type: ignore[arg-type]
    assert page.page.evaluate("document.getElementById('answer').textContent") == "\n".join(wanted)
    assert page.page.evaluate("translate.parts.length") == 4, "the first line is short"
    page.page.locator("#answer .sentence").nth(2).click()
    page.until("attention.source.length && translate.at === 2")
    page.until(f"attention.source.join() === {','.join(run.source_pieces('the cat sees it.'))!r}")
    link = page.page.evaluate("location.hash")
    page.page.locator("#answer-tokens button").nth(1).click()
    page.page.locator("#answer-options button").nth(1).click()
    page.until(f"location.hash !== {link!r} && document.getElementById('stop').disabled")
    after = page.page.evaluate("document.getElementById('answer').textContent").split("\n")
    assert after[0] == wanted[0], "only this sentence is another"
    again = opened(run, link=page.page.evaluate("location.hash"))
    again.until("translate.parts.length === 4 && document.getElementById('stop').disabled")
    assert again.page.evaluate("document.getElementById('answer').textContent").split("\n") == after


def test_the_model_goes_on_from_a_candidate_of_the_tree(opened):
    run = translator("pre-norm")
    page = opened(run)
    page.translate(SENTENCE, 3)
    page.page.focus("#tree-frame")
    page.page.keyboard.press("Home")
    page.page.keyboard.press("ArrowLeft")
    for _ in range(30):
        page.page.keyboard.press("ArrowLeft")  # to the first step
    assert page.page.evaluate("tree.nodes[tree.held].step") == 1
    page.page.keyboard.press("ArrowDown")
    page.page.keyboard.press("ArrowRight")
    held = page.page.evaluate("tree.nodes[tree.held].ids")
    assert page.text("#branch").startswith(f"Step {len(held)}, ")
    page.page.click("#branch-go")
    page.until("document.getElementById('stop').disabled && translate.answers[0]?.prefix.length > 0")
    assert page.page.evaluate("translate.answers[0].prefix") == held
    page.until(f"translate.ids.slice(0, {len(held)}).join() === {','.join(map(str, held))!r}")


@pytest.mark.parametrize("kind", ["translator", "writer"])
def test_what_was_recorded_is_drawn_by_the_same_script(browser, tmp_path, kind):
    """`run.attention`: stepped through with the arrow keys, without a model in the page."""
    if kind == "translator":
        look = look_at_pair(translator("pre-norm"), SENTENCE, title=HOSTILE, num_beams=3)
    else:
        look = look_at_text(writer("gpt3"), "the cat", title=HOSTILE, max_new_tokens=12)
    path = look.save(tmp_path)[0]
    page = Opened(browser, path, ready="#look:not([hidden])")
    panel = look.panels[0]
    assert page.text("h1") == HOSTILE
    weights = page.page.evaluate("[...attention.panel.weights]")
    found = torch.tensor(weights).view(panel.weights.shape)
    torch.testing.assert_close(found, panel.weights, atol=0.00051, rtol=0)
    assert ((found == 0) == (panel.weights == 0)).all()
    page.page.keyboard.press("ArrowRight")
    assert page.text("#look-count") == f"2 of {len(panel.queries)}"
    assert page.page.locator("#look-output .given").count() == look.prompt
    assert page.page.locator("#search").is_visible() == (kind == "translator")
    if kind == "translator":
        assert page.page.evaluate("tree.nodes[tree.held].step") == 2
    page.page.keyboard.press("End")
    assert page.page.locator("#look-options .chosen b").inner_text() == panel.queries[-1]
    assert [url for url in page.requests if not url.startswith("file:")] == []
    assert page.errors == []
    page.page.context.close()


def test_stop_is_heard(opened):
    """Within a token, as test_answers.py holds; here the page may lag behind what the worker has told already."""
    run = writer("gpt2", context=512, width=256, heads=4, layers=6)
    page = opened(run, precision="float16")
    page.page.evaluate("write.most.value = 400; write.sampling.restore({ temperature: 0 })")
    page.page.click("#write-go")
    stopped = page.page.evaluate(
        """new Promise(resolve => {
          const watch = setInterval(() => {
            if (write.tokens.length < 12) return;
            clearInterval(watch);
            const before = write.tokens.length;
            document.getElementById("write-stop").click();
            const ended = setInterval(() => {
              if (write.busy) return;
              clearInterval(ended);
              resolve([before, write.tokens.length]);
            }, 1);
          }, 1);
        })"""
    )
    before, after = stopped
    assert after < before + 100
    page.page.click("#write-more")
    page.until(f"write.tokens.length > {after + 3}")


def test_nothing_typed_or_named_becomes_markup(opened):
    page = opened(translator("pre-norm", name=HOSTILE), examples=(HOSTILE,))
    assert page.page.title() == page.text("h1") == HOSTILE
    scripts = page.page.locator("script").count()
    page.translate("<img src=x onerror=alert(1)>")
    page.page.click("#tabs button:nth-child(2)")
    page.page.fill("#cut", HOSTILE + "\u202e\x00")
    page.until("tokens.found?.text === document.getElementById('cut').value")
    assert page.page.locator("script").count() == scripts
    assert page.page.locator("img, iframe, link, object, embed").count() == 0


def test_the_policy_forbids_the_network(browser, tmp_path):
    path = tmp_path / "page.html"
    path.write_text(build(translator("pre-norm"), precision="float16"), encoding="utf-8")
    page = Opened(browser, path)
    asked = "url => fetch(url).then(() => 'sent', error => error.name)"
    assert page.page.evaluate(asked, "http://127.0.0.1:9/") == "TypeError"
    refused = """new Promise(resolve => {
      document.addEventListener("securitypolicyviolation", event => resolve(event.effectiveDirective));
      const script = document.createElement("script");
      script.textContent = "window.ran = true";
      document.head.append(script);
    })"""
    assert page.page.evaluate(refused) == "script-src-elem"
    assert page.page.evaluate("window.ran") is None
    page.page.context.close()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dog " * 200, "the model reads 40 tokens at most"),
        ("x" * 1_000_000, "the model reads 40 tokens at most"),
        ("  \n", "nothing to translate"),
    ],
    ids=["long", "a megabyte", "blank"],
)
def test_what_cannot_be_read_is_said(opened, text, said):
    page = opened(translator("transformer"))
    page.page.evaluate("text => { document.getElementById('source').value = text; }", text)
    page.page.click("#go")
    page.until(f"document.getElementById('status').textContent.includes('{said}')")
    page.translate(SENTENCE)  # all is well afterwards


def test_lone_surrogates_and_control_characters(opened):
    page = opened(translator("transformer"))
    page.page.evaluate("document.getElementById('source').value = 'a\\ud800b\\u0000\\u202e'")
    page.page.click("#go")
    page.until("!document.getElementById('look').hidden")


@pytest.mark.parametrize("kind", ["translation", "dialogue", "language"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_narrow_screen_needs_no_scrolling_sideways(opened, kind, scheme):
    run = writer("gpt3") if kind == "language" else translator("transformer", kind)
    page = opened(run, viewport=dict(width=390, height=800), color_scheme=scheme)
    if kind == "translation":
        page.translate("the cat sees a dog and house", 4)
    for n in (1, 2, 3):
        page.page.click(f"#tabs button:nth-child({n})")
        page.page.wait_for_timeout(50)
        assert page.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_arrow_keys_go_through_tokens(opened):
    page = opened(translator("transformer"))
    page.translate(SENTENCE)
    page.page.locator("#look-output button").first.focus()
    page.page.keyboard.press("ArrowRight")
    page.page.keyboard.press("ArrowRight")
    assert page.page.evaluate("attention.step.output") == 2
    page.page.keyboard.press("Home")
    assert page.page.evaluate("attention.step.output") == 0


def test_merges_are_replayed(opened):
    run = translator("transformer")
    page = opened(run)
    page.page.click("#tabs button:nth-child(2)")
    page.page.fill("#cut", "the house")
    page.until("tokens.found?.text === 'the house'")
    assert page.page.evaluate("tokens.found.ids") == run.source.encode("the house")
    assert page.page.locator("#cut-tokens button").count() == len(run.source.encode("the house"))
    page.page.evaluate("document.getElementById('merge').value = 0; tokens.drawMerge()")
    assert page.text("#merge-out").startswith("0 of")
    assert page.page.locator("#merge-tokens .token").count() == len("the")


def test_two_pages_at_once(opened):
    run = translator("transformer")
    first, second = opened(run), opened(run)
    first.translate(SENTENCE)
    second.translate("who are we?")
    assert first.page.evaluate("translate.looked.text") == run.translate([SENTENCE])[0]
    assert second.page.evaluate("translate.looked.text") == run.translate(["who are we?"])[0]
