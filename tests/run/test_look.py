"""What a language model is looked at with: its own tokens, whatever they spell, and candidates that are tokens."""

import dataclasses
import json
from pathlib import Path

import pytest
import torch

from groundup.data.marks import ENDS_OF_TEXT
from groundup.models.causal_lm import CausalLM
from groundup.run.text import TextRun
from groundup.text.tokenizer import Tokenizer


def untrained(run: TextRun, tokenizer: Tokenizer, *, vocab_size: int) -> TextRun:
    """A run that writes anything, half characters too, and whose vocabulary has rows to spare."""
    config = dataclasses.replace(run.recipe.model, vocab_size=vocab_size)
    torch.manual_seed(0)
    model = CausalLM(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.5)
    return TextRun(run.folder, dataclasses.replace(run.recipe, model=config), model, tokenizer)


def shown(folder: Path) -> dict:
    text = (folder / "page.html").read_text(encoding="utf-8")
    return json.loads(text.split('<script type="application/json" id="data">')[1].split("</script>")[0])


def test_tokens_are_those_that_were_written_and_candidates_are_tokens(writer: TextRun, tmp_path):
    run = untrained(writer, writer.tokenizer, vocab_size=512)
    writing = run.generate("two cats", max_new_tokens=20)
    assert "\ufffd" in "".join(writing), "half a character, so that the text is not its tokens"
    ids = [*run.prompt_ids("two cats"), *writing.written.ids]
    run.attention("two cats", max_new_tokens=20).save(tmp_path)
    page, pieces = shown(tmp_path), run.tokenizer.pieces(ids)
    (panel,) = page["panels"]
    assert (panel["keys"], panel["queries"]) == (pieces[:-1], pieces[1:])
    with torch.inference_mode():
        logits = run.model(torch.tensor([ids[:-1]]))[0]
    assert (logits.topk(5).indices >= 300).any(dim=-1).sum() > 10, "rows without a token are among the likeliest"
    best = logits[:, : run.tokenizer.vocab_size].softmax(dim=-1).topk(5)
    for candidates, named, values in zip(page["candidates"], best.indices.tolist(), best.values.tolist(), strict=True):
        assert [piece for piece, _ in candidates] == run.tokenizer.pieces(named)
        assert [p for _, p in candidates] == pytest.approx(values, abs=1e-4)


def test_there_may_be_fewer_tokens_than_candidates(writer: TextRun, tmp_path):
    run = untrained(writer, Tokenizer.characters("ab"), vocab_size=8)
    run.attention("ab", max_new_tokens=3).save(tmp_path)
    for candidates in shown(tmp_path)["candidates"]:
        assert {piece for piece, _ in candidates} <= {"a", "b", *run.tokenizer.specials}
        assert sum(p for _, p in candidates) == pytest.approx(1, abs=1e-3)


def test_a_text_that_ends_at_once_is_shown_with_its_end(writer: TextRun, tmp_path, monkeypatch):
    end = writer.tokenizer.specials[ENDS_OF_TEXT[0]]

    step = writer.model.step

    def ends(ids, state):
        step(ids, state)
        return torch.zeros(len(ids), writer.recipe.model.vocab_size).index_fill_(1, torch.tensor(end), 9.0)

    monkeypatch.setattr(writer.model, "step", ends)
    writer.attention("").save(tmp_path)
    page = shown(tmp_path)
    assert page["panels"][0]["queries"] == writer.tokenizer.pieces([end])
    assert page["output"] == ""
