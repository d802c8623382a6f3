"""A run that was trained with a Python file of its own: executed where it is trusted, refused where it is not."""

import json
from pathlib import Path

import pytest
import torch

import groundup as gu
from groundup.flow.start import begin
from groundup.run.own_code import STOCK, kept_code, read_code

MINE = """
import torch
import groundup as gu

class Scale(torch.nn.Module):
    def __init__(self, width, start):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.full((width,), start))

    def forward(self, x):
        return x * self.scale

RECIPE = gu.TextRecipe(
    name="mine",
    data=gu.TextData(corpus="text.txt", batch=4),
    tokenizer=gu.TokenizerSettings(kind="characters"),
    model=gu.preset("llama3-tiny", vocab_size=65, context=16, width=16, layers=1, heads=2, kv_heads=2, mlp_width=32),
    train=gu.TrainSettings(steps=4, warmup=1, validate_every=2, save_every=2, threads=1),
    own=dict(start=0.25),
)

def model(config, start):
    made = gu.CausalLM(config)
    made.stack.blocks[0].mlp_norm = Scale(config.width, start)
    return made
"""
TEXT = "".join(f"{n} dogs see {n * 7 % 13} cats.\n" for n in range(200))


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("text.txt").write_text(TEXT)
    return tmp_path


def write(text: str, name: str = "mine.py") -> Path:
    path = Path(name)
    path.write_text(text)
    return path


def trained(text: str = MINE):
    code = read_code(write(text))
    return begin(code.recipe, code=code)


def test_a_run_has_the_part_of_ones_own_and_keeps_the_file_that_makes_it(desk):
    run = trained()
    assert type(run.model.stack.blocks[0].mlp_norm).__name__ == "Scale"
    assert (desk / "runs" / "mine" / "recipe.py").read_text() == MINE
    with pytest.raises(ValueError, match=r"recipe\.py; read that file.*--trust-code.*trust_code=True"):
        gu.load("mine")
    again = gu.load("mine", trust_code=True)
    assert again.model.stack.blocks[0].mlp_norm.scale.tolist() == run.model.stack.blocks[0].mlp_norm.scale.tolist()
    ids = torch.randint(20, (2, 9))
    with torch.no_grad():
        assert torch.equal(again.model(ids), run.model(ids))


def test_nothing_of_a_copy_that_was_changed_is_executed(desk):
    trained()
    copy = desk / "runs" / "mine" / "recipe.py"
    copy.write_text(f"open('executed', 'w')\n{MINE}")
    with pytest.raises(ValueError, match=r"not the file that the run was trained with \(SHA-256"):
        gu.load("mine", trust_code=True)
    copy.unlink()
    with pytest.raises(ValueError, match="bring its copy back"):
        gu.load("mine", trust_code=True)
    assert not Path("executed").exists()


def test_without_trust_nothing_is_executed(desk):
    write(f"open('executed', 'w')\n{MINE}", "recipe.py")
    code = read_code(Path("recipe.py"))
    Path("executed").unlink()
    with pytest.raises(ValueError, match="trust"):
        kept_code(desk, code.recipe, trust_code=False)
    assert not Path("executed").exists()
    with pytest.raises(ValueError, match="trust"):
        kept_code(desk, code.recipe, trust_code="0" * 64)
    assert not Path("executed").exists()
    for trust in (True, code.sha256):
        assert kept_code(desk, code.recipe, trust_code=trust).sha256 == code.sha256
    assert Path("executed").exists()


def test_a_run_whose_record_was_stripped_of_the_hash_does_not_become_another_model(desk):
    trained()
    recipe = desk / "runs" / "mine" / "recipe.json"
    values = json.loads(recipe.read_text())
    recipe.write_text(json.dumps(values | {"code": None}))
    with pytest.raises(ValueError, match=r"mlp_norm\.scale"):
        gu.load("mine")


def test_a_file_with_a_recipe_alone_leaves_a_run_that_needs_no_trust(desk):
    text = MINE.replace("def model", "def unused").replace("own=dict(start=0.25),", "")
    trained(text)
    assert gu.load("mine").recipe.code is None
    assert (desk / "runs" / "mine" / "recipe.py").read_text() == text


def test_a_loss_of_ones_own_is_minimised_and_validation_stays_cross_entropy(desk):
    own = "def loss(model, batch):\n    return 0 * model(*batch.inputs).float().mean()\n"
    run = trained(f"{MINE.replace('train=gu.TrainSettings(', 'train=gu.TrainSettings(weight_decay=0.0, ')}\n{own}")
    losses = [json.loads(line) for line in (desk / "runs" / "mine" / "metrics.jsonl").read_text().splitlines()]
    valid = [record["valid_loss"] for record in losses if "valid_loss" in record]
    assert valid[0] > 2
    assert valid[-1] == pytest.approx(valid[0], abs=1e-4), "a loss of 0 teaches nothing"
    assert run.recipe.code is not None


def test_the_same_loss_of_ones_own_takes_the_same_steps(desk):
    own = (
        "def loss(model, batch):\n    logits = model(*batch.inputs).float().flatten(0, 1)\n"
        "    return torch.nn.functional.cross_entropy(logits, batch.targets.flatten())\n"
    )
    plain = MINE.replace("gu.TrainSettings(", "gu.TrainSettings(precision='float32', accumulate=2, ")
    first = trained(plain)
    second = trained(f"{plain.replace('name=' + chr(34) + 'mine', 'name=' + chr(34) + 'other')}\n{own}")
    for one, other in zip(first.model.parameters(), second.model.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_finish_gets_the_run(desk, capsys):
    trained(f"{MINE}\ndef finish(run):\n    print('finished', run.folder.name, run.recipe.train.steps)\n")
    assert "finished mine 4" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("RECIPE = 3", "RECIPE must be a gu.TextRecipe or a gu.PairRecipe, not a int"),
        ("model = 3", "model must be a function, not 3"),
        ("import sys; sys.exit()", "leave exit"),
        ("import neighbour", "mine.py imports neighbour from the folder it lies in"),
        (MINE.replace("def model(config, start)", "def model(config)"), "cannot be called with own {'start': 0.25}"),
        (MINE.replace("return made", "return made.stack"), r"cannot read two tokens \(TypeError: .*missing"),
        (MINE.replace("return made", "return [made]"), "gave a list, not a torch.nn.Module"),
        (MINE.replace("return made", "return torch.nn.Embedding(config.vocab_size, 7)"), "not .1, 2, 7"),
        (MINE.replace("return made", "made.forward = lambda ids: (ids, 3); return made"), r"not tuple"),
        (MINE.replace("def model", "def other"), r"own \({'start': 0.25}\) is for a model"),
        (f"{MINE}\nimport dataclasses as d\nRECIPE = d.replace(RECIPE, train=gu.TrainSettings(steps=2, warmup=1, "
         "smoothing=0.1))\ndef loss(model, batch): ...", r"smoothing \(0.1\) belongs to the built-in loss"),
        (f"{MINE}\ndef loss(model, batch): return model(*batch.inputs)", "must give one number as a tensor"),
        (f"{MINE}\ndef loss(model, batch): return torch.zeros(())", "does not depend on the weights"),
    ],
)  # fmt: skip
def test_what_a_file_cannot_mean_is_refused(desk, monkeypatch, text, said):
    (desk / "neighbour.py").write_text("")
    monkeypatch.syspath_prepend(str(desk))
    with pytest.raises(ValueError, match=said):
        trained(text)
    assert not (desk / "runs").exists() or not any((desk / "runs").iterdir())


GRU = """

class Recurrent(torch.nn.Module):
    def __init__(self, config):
        super().__init__()
        self.embed = torch.nn.Embedding(config.vocab_size, config.width)
        self.layer = torch.nn.GRU(config.width, config.width, batch_first=True)
        self.head = torch.nn.Linear(config.width, config.vocab_size)

    def forward(self, ids):
        return self.head(self.layer(self.embed(ids))[0])


def model(config, start):
    return Recurrent(config)
"""


def test_a_model_that_only_has_a_forward_pass_is_trained_judged_and_writes(desk):
    run = trained(MINE + GRU)
    assert repr(type(run.model)).endswith("Recurrent'>")
    again = gu.load("mine", trust_code=True)
    prompts = ["1 dogs see", "17 d", "1"]
    texts = [texts[0].text for texts in again.generate_batch(prompts, max_new_tokens=5)]
    for prompt, text in zip(prompts, texts, strict=True):
        ids = again.tokenizer.encode(prompt)
        for _ in range(5):  # the likeliest token, over and over
            with torch.no_grad():
                ids.append(int(again.model(torch.tensor([ids]))[0, -1].argmax()))
        assert prompt + text == again.tokenizer.decode(ids)
    assert len(again.generate_batch(prompts, gu.Beams(3), max_new_tokens=5)) == 3
    assert "".join(again.generate("1", max_new_tokens=40, slide=True))


def test_a_forward_pass_that_cannot_be_told_of_documents_is_refused_where_it_would_be(desk):
    bpe = MINE.replace('kind="characters"', "vocab_size=280").replace("batch=4", "batch=4, document_mask=True")
    trained(bpe)
    with pytest.raises(ValueError, match=r"cannot read two tokens \(TypeError: Recurrent\.forward"):
        trained(bpe.replace('name="mine"', 'name="other"') + GRU)


def test_a_translator_of_ones_own_needs_the_methods_of_decoding(desk):
    text = (
        (GRU + MINE[MINE.index("RECIPE") :]).replace("gu.TextRecipe", "gu.PairRecipe").replace("TextData", "PairData")
    )
    text = text.replace("context=16", "context=16, encoder_layers=1").replace('corpus="text.txt", batch=4', "")
    code = read_code(
        write("import torch\nimport groundup as gu\n" + text[: text.index("def model(config, start):\n    made")])
    )
    with pytest.raises(ValueError, match=r"gave a Recurrent without begin and step, .* return a gu.Seq2Seq\(config\)"):
        code.build(code.recipe)


def test_recipes_without_a_file_are_the_stock_ones(desk):
    assert kept_code(desk, gu.find_recipe("demo"), trust_code=False) is STOCK
