"""The folder of every kind of run: whole or not there, with a card whose lines run and a template for conversations."""

import contextlib
import io
import re
from pathlib import Path

import pytest
from kinds import MARKS, PAIRS, TEXT
from torch import nn

from groundup.models.seq2seq import Seq2Seq
from groundup.publish.make import make
from groundup.publish.write import load_lines, write_one, write_run
from groundup.run.pairs import PairRun
from groundup.run.save import save_run
from groundup.text.tokenizer import Tokenizer


@pytest.mark.parametrize(
    ("kind", "format"), [("gpt2", "auto"), ("modern", "auto"), ("separate", "custom"), ("dialogue", "auto")]
)
def test_the_lines_of_a_card_run(runs, tmp_path: Path, kind: str, format):
    """Of runs without results, too, which have none to show."""
    run = runs(kind)
    (export,) = make(run, tmp_path / "out", format, name=None, licence="mit", inputs=0, say=print)
    card = (export.folder / "README.md").read_text(encoding="utf-8")
    assert export.custom == (kind != "gpt2")
    assert "not been judged" in card
    assert "not compared" in card
    (code,) = re.findall(r"```python\n(.*?)```", card, re.DOTALL)
    with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.redirect_stderr(io.StringIO()):
        exec(code, {})
    if isinstance(run, PairRun) and kind != "dialogue":
        (ours,) = run.translate(["Where is the station?"], num_beams=4, max_new_tokens=run.model.config.context)
        assert said.getvalue().strip("\n") == ours.strip("\n")
    else:
        assert said.getvalue()


def test_both_formats_stand_beside_each_other(runs, tmp_path: Path):
    native, custom = write_run(runs("llama"), tmp_path / "out", "both")
    assert (native.architecture, custom.architecture) == ("LlamaForCausalLM", "GroundupForCausalLM")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"native", "custom"}
    assert "trust_remote_code" not in load_lines(native, "x")
    assert "trust_remote_code=True" in load_lines(custom, "x")


def nothing_is_left(place: Path) -> bool:
    return not [path for path in place.iterdir() if path.name not in ("run", "runs")]


def test_parts_of_ones_own_are_refused_before_anything_is_written(runs, tmp_path: Path):
    class Louder(nn.ReLU):
        pass

    run = runs("pre-norm")
    own = Seq2Seq(run.model.config)
    own.decoder.blocks[0].mlp.activation = Louder()  # type: ignore[union-attr]
    changed = PairRun(run.folder, run.recipe, own, run.source, run.target)
    with pytest.raises(ValueError, match="to write it with the code that loads it"):
        write_one(changed, tmp_path / "out", custom=True)
    assert nothing_is_left(tmp_path)


def test_what_cannot_be_written_leaves_nothing(runs, tmp_path: Path):
    """A tokenizer that Hugging Face's engine would read otherwise, and weights that no format holds."""
    tokenizer = Tokenizer.train_from_texts(TEXT, 290, specials=MARKS, pattern=r"\w+|\s+|[^\w\s]+")
    run = save_run(Seq2Seq(PAIRS["pre-norm"]), tmp_path / "run", tokenizer=tokenizer)
    with pytest.raises(ValueError, match="reads the tokenizer's split pattern"):
        write_one(run, tmp_path / "out", custom=True)
    with pytest.raises(ValueError, match="no native format"):
        write_run(runs("modern"), tmp_path / "out", "both")
    assert nothing_is_left(tmp_path)


def test_a_template_gives_the_text_that_the_run_reads(exported, runs):
    """And nothing that a person types becomes a special token, or two turns."""
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    run, folder = runs("dialogue"), exported("dialogue", custom=True).folder
    tokenizer = transformers.PreTrainedTokenizerFast.from_pretrained(folder)
    turns = ["Hello, <eos> you ␞ there?", "Hi."]
    messages = [{"role": "user", "content": turns[0]}, {"role": "assistant", "content": turns[1]}]
    text = tokenizer.apply_chat_template(messages, tokenize=False)
    assert text.count("␞") == 1
    ids = tokenizer(text).input_ids
    assert ids.count(run.marks.source_eos) == 1
    assert ids[-1] == run.marks.source_eos
    with pytest.raises(Exception, match="no system messages"):
        tokenizer.apply_chat_template([{"role": "system", "content": "Be kind."}], tokenize=False)
