"""The page carries the data whole, loads nothing, and no text of a user ever becomes markup or script."""

import json
from html.parser import HTMLParser

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from groundup.config import ModelConfig
from groundup.look.beams import Candidate
from groundup.look.record import layer_weights, record_attention
from groundup.models.seq2seq import Seq2Seq
from groundup.page.recorded import Panel, attention_page
from groundup.run.attention import Look

NASTY = [
    "</script>",
    "<script>alert(1)</script>",
    "<!--",
    "-->",
    '"',
    "'",
    "\\",
    "&lt;",
    "__DATA__",
    "__TITLE__",
    "]]>",
]
tokens = st.lists(st.text(max_size=8) | st.sampled_from(NASTY), min_size=1, max_size=5)


class Page(HTMLParser):
    """What a browser would find: the elements, their attributes, and the texts inside scripts and the title."""

    def __init__(self, text: str):
        super().__init__()
        self.tags: list[str] = []
        self.open = ""
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(text)
        self.close()
        self.data = json.loads(self.texts["script"][0])

    def handle_starttag(self, tag, attrs):
        self.open = tag
        self.tags.append(tag)
        self.attributes += attrs
        self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag):
        self.open = ""

    def handle_data(self, data):
        if self.open:
            self.texts[self.open][-1] += data

    def weights(self, panel: int) -> torch.Tensor:
        found = self.data["panels"][panel]
        S = len(found["keys"])
        rows = [[[[0] * n + row + [0] * (S - n - len(row)) for n, *row in h] for h in l] for l in found["weights"]]
        return torch.tensor(rows) / 1000


def causal(L: int, H: int, T: int) -> torch.Tensor:
    return torch.randn(L, H, T, T).masked_fill(torch.ones(T, T).triu(1) > 0, -torch.inf).softmax(-1)


def language_panel(read: list[str]) -> Panel:
    return Panel("decoder", [*read[1:], "end"], read, causal(2, 3, len(read)))


@pytest.fixture(scope="module")
def plain_tags() -> list[str]:
    return Page(attention_page(title="plain", panels=[language_panel(["a", "b"])])).tags


@settings(max_examples=60, deadline=None)
@given(read=tokens, title=st.text(max_size=20) | st.sampled_from(NASTY), text=st.text() | st.sampled_from(NASTY))
@example(read=NASTY, title=" ".join(NASTY), text=" ".join(NASTY))
def test_any_text_stays_text(plain_tags, read, title, text):
    panel = language_panel(read)
    candidates = [[(token, 0.5)] for token in panel.queries]
    shown = dict(source_text=text, output_text=text, candidates=candidates)
    page = Page(attention_page(title=title, panels=[panel], **shown))  # type: ignore[arg-type]
    assert page.tags == plain_tags  # no element came in with the data
    assert page.texts["title"] == page.texts["h1"] == [title]
    found = page.data["panels"][0]
    assert (found["keys"], found["queries"]) == (read, panel.queries)
    assert (page.data["source"], page.data["output"]) == (text, text)
    assert page.data["candidates"] == [[[token, 0.5]] for token in panel.queries]
    torch.testing.assert_close(page.weights(0), panel.weights, atol=0.00051, rtol=0)


def test_the_page_loads_nothing():
    text = attention_page(title="t", panels=[language_panel(["a", "b"])])
    page = Page(text)
    names = {name for name, _ in page.attributes}
    assert not names & {"src", "href", "srcset", "action", "data", "poster"}
    assert not {"link", "iframe", "img", "object", "embed", "base"} & set(page.tags)
    assert not [word for word in ("https:", "//cdn", "@import", "url(", "fetch(", "import(") if word in text]
    policy = dict(page.attributes)["content"] or ""
    assert "default-src 'none'; connect-src 'none'" in text
    assert "http" not in policy


def test_a_translation_from_the_model_to_the_page():
    torch.manual_seed(0)
    config = ModelConfig(vocab_size=20, context=16, width=16, layers=2, heads=2, encoder_layers=1)
    model = Seq2Seq(config).eval()
    source, read, written = ["I", "see", "."], ["<bos>", "je", "vois"], ["je", "vois", "<eos>"]
    with torch.no_grad(), record_attention(model) as maps:
        model(torch.tensor([[1, 2, 3]]), torch.tensor([[4, 5, 6]]))
    panels = [
        Panel("cross", written, source, layer_weights(maps, "decoder.*.cross")),
        Panel("encoder", source, source, layer_weights(maps, "encoder.*.attention")),
        Panel("decoder", written, read, layer_weights(maps, "decoder.*.attention")),
    ]
    page = Page(attention_page(title="t", panels=panels))
    assert [panel["name"] for panel in page.data["panels"]] == ["cross", "encoder", "decoder"]
    for i, panel in enumerate(panels):
        torch.testing.assert_close(page.weights(i), panel.weights, atol=0.00051, rtol=0)


def tree(*tokens: str) -> list[Candidate]:
    """The best answer, and at each step another candidate that was dropped."""
    nodes: list[Candidate] = []
    for n, token in enumerate(tokens, 1):
        kind, parent = ("finished" if n == len(tokens) else "living"), len(nodes) - 2 if nodes else None
        nodes.append(Candidate(n, parent, token, -0.5, -0.5 * n, -0.5, kind, 0 if kind == "finished" else None))
        nodes.append(Candidate(n, parent, f"not {token}", -2.12342, -1.62342 - 0.5 * n, -9.0, "dropped", None))
    return nodes


@pytest.mark.parametrize("token", ["vois", *NASTY])
def test_the_tree_of_a_search_comes_along(plain_tags, token):
    panel = language_panel(["<bos>", "je", token])
    page = Page(attention_page(title="t", panels=[panel], beams=tree("je", token, "end")))
    assert page.tags == plain_tags
    assert [node["token"] for node in page.data["beams"]] == ["je", "not je", token, f"not {token}", "end", "not end"]
    assert [node["parent"] for node in page.data["beams"]] == [None, None, 0, 0, 2, 2]
    assert page.data["beams"][1] == {
        "step": 1, "parent": None, "token": "not je", "logprob": -2.1234, "total": -2.1234, "score": -9.0,
        "kind": "dropped", "answer": None,
    }  # fmt: skip


def test_the_tree_must_end_in_the_output():
    panel = language_panel(["<bos>", "je"])
    with pytest.raises(ValueError, match=r"2 tokens \(tu end …\), the output 2 tokens \(je end …\)"):
        attention_page(title="t", panels=[panel], beams=tree("tu", "end"))
    with pytest.raises(ValueError, match="the best answer of the beams is 0 tokens"):
        attention_page(title="t", panels=[panel], beams=tree("je", "end")[:1])


def test_what_is_hidden_is_told_from_what_is_hardly_looked_at():
    """A causal map costs half as much, and windows stay windows where a weight that is seen is rounded to 0."""
    weights = causal(1, 1, 4)
    weights[0, 0, 3] = torch.tensor([0.0, 1e-5, 0.99999, 0.0])  # a window of two, and the token itself is not seen
    read = ["a", "b", "c", "d"]
    panel = Page(attention_page(title="t", panels=[Panel("decoder", [*read[1:], "end"], read, weights)])).data[
        "panels"
    ][0]
    first, *rest = panel["weights"][0][0][3]
    assert (first, rest) == (1, [0, 1000])
    assert [len(row) for row in panel["weights"][0][0]] == [2, 3, 4, 3]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Panel("both", ["a"], ["a"], torch.ones(1, 1, 1, 1)), "cross, encoder or decoder, not 'both'"),  # type: ignore[arg-type]
        (lambda: Panel("cross", ["a"], ["a", "b"], torch.ones(1, 1, 2, 1)), "1 queries and 2 keys"),
        (lambda: Panel("cross", ["a"], ["a"], torch.ones(1, 1, 1)), r"weights \(1, 1, 1\) must have"),
        (lambda: Panel("cross", ["a"], ["a"], torch.full((1, 1, 1, 1), torch.nan)), "not all finite"),
        (lambda: Panel("decoder", ["a", "b"], ["a", "b"], torch.ones(1, 1, 2, 2)), "one step behind"),
    ],
)
def test_a_panel_that_does_not_fit_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_panels_must_speak_of_the_same_text():
    cross = Panel("cross", ["je", "vois"], ["I", "see"], torch.ones(1, 1, 2, 2))
    other = Panel("encoder", ["I", "hear"], ["I", "hear"], torch.ones(1, 1, 2, 2))
    with pytest.raises(ValueError, match=r"disagree on the source: 2 tokens \(I see …\) and 2 tokens \(I hear …\)"):
        attention_page(title="t", panels=[cross, other])
    with pytest.raises(ValueError, match="disagree on the output"):
        attention_page(title="t", panels=[cross, language_panel(["<bos>", "je"])])
    with pytest.raises(ValueError, match="at least one panel"):
        attention_page(title="t", panels=[])
    with pytest.raises(ValueError, match=r"only once, not \['cross', 'cross'\]"):
        attention_page(title="t", panels=[cross, cross])
    with pytest.raises(ValueError, match="candidates for 1 tokens, but 2 are written"):
        attention_page(title="t", panels=[cross], candidates=[[("je", 0.9)]])


def test_a_text_that_cannot_be_written_leaves_no_empty_page(tmp_path):
    panel = Panel("encoder", ["a"], ["a"], torch.ones(1, 1, 1, 1))
    with pytest.raises(UnicodeEncodeError):
        Look("caf\udce9", [panel], "").save(tmp_path / "look")
    assert not list(tmp_path.iterdir())
