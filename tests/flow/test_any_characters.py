"""Character models of any text: what the training part lacks is no error, and samples begin with what the text has."""

import pytest

from groundup.cli.generate import main as generate
from groundup.cli.train import main as train

TINY = (
    "--train.steps 3 --train.warmup 1 --model.width 16 --model.layers 1 --model.heads 2 --model.context 16 "
    "--tokenizer.kind characters --name tiny"
).split()


@pytest.mark.parametrize(
    ("text", "unseen"),
    [
        ("我们今天去市场买苹果和茶。\n他们明天去学校。\n" * 60, ""),
        ("GATTACA" * 200, ""),
        ("a plain line of words\n" * 60 + "un été", "3 characters are in the held-out text alone ('t' 'u' 'é')"),
    ],
)
@pytest.mark.parametrize("recipe", ["shakespeare-char", "corpus"])
def test_a_training_ends_and_its_run_writes_on_from_nothing(tmp_path, monkeypatch, capsys, recipe, text, unseen):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_text(text, encoding="utf-8")
    options = TINY if recipe == "corpus" else [o for o in TINY if o not in ("--tokenizer.kind", "characters")]
    train([recipe, "text.txt", *options])
    said = capsys.readouterr().out
    assert unseen in said
    assert ("held-out text alone" in said) == bool(unseen)
    sample = (tmp_path / "runs" / "tiny" / "samples" / "after-training.txt").read_text(encoding="utf-8")
    assert set(sample) <= set(text) | {"\n"}
    generate(["tiny", "--max-new-tokens", "8"])
    assert set(capsys.readouterr().out) <= set(text) | {"\n"}
    with pytest.raises(ValueError, match=r"the character 'Ж' .U\+0416. is not in this vocabulary"):
        generate(["tiny", "Ж"])
