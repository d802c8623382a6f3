"""The library without a run: text in one line, and a model made in Python kept as a run."""

import json
from itertools import islice

import pytest
import torch

import groundup as gu
from groundup.cli.main import main
from groundup.data.marks import EOS, PAD

TEXT = "the cat sat on the mat, and the dog sat on the log.\n" * 40


@pytest.fixture(scope="module")
def writer_parts() -> tuple[gu.CausalLM, gu.Tokenizer]:
    tokenizer = gu.Tokenizer.train_from_texts([TEXT], vocab_size=290)
    config = gu.preset("llama3-tiny", vocab_size=290, context=32, width=32, heads=2, kv_heads=1, layers=2, dropout=0.1)
    model = gu.CausalLM(config)
    stream = gu.TokenStream(torch.tensor(tokenizer.encode(TEXT)), length=32, batch=8, seed=0)
    for _ in gu.train(model, stream.batches(), steps=60, lr=1e-2):
        pass
    return model, tokenizer


@pytest.fixture(scope="module")
def pair_parts() -> tuple[gu.Seq2Seq, gu.Tokenizer, gu.Marks]:
    pairs = gu.phrasebook("it", count=200, seed=0)
    tokenizer = gu.Tokenizer.train_from_texts((text for pair in pairs for text in pair), 400, specials=(PAD, "<s>"))
    mark, pad = tokenizer.special_id("<s>"), tokenizer.special_id(PAD)
    config = gu.preset(
        "transformer-tiny", vocab_size=400, context=64, width=32, layers=1, encoder_layers=1, mlp_width=64
    )
    return gu.Seq2Seq(config), tokenizer, gu.Marks(pad, mark, mark, pad, mark)


def test_text_in_one_line(writer_parts):
    model, tokenizer = writer_parts
    model.train()
    model.stack.blocks[0].eval()
    text = gu.write(model, tokenizer, "the cat sat on", max_new_tokens=8)
    assert text.startswith("the cat sat on the mat, and")
    assert model.training, "in the mode in which it was"
    assert not model.stack.blocks[0].training
    prompts = ["the cat", "the dog sat"]
    assert gu.write(model, tokenizer, prompts, max_new_tokens=5) == [
        gu.write(model, tokenizer, prompt, max_new_tokens=5) for prompt in prompts
    ]
    beams = gu.write(model, tokenizer, prompts, gu.Beams(3), max_new_tokens=5)
    assert beams == gu.write(model, tokenizer, prompts, num_beams=3, max_new_tokens=5)
    drawn = {gu.write(model, tokenizer, "the", temperature=3.0, seed=seed, max_new_tokens=9) for seed in range(4)}
    assert len(drawn) > 1
    assert gu.write(model, tokenizer, "the cat sat on the mat", stop="sat") == "the cat sat on the mat, and the dog "


def test_a_translation_in_one_line_with_marks_of_ones_own(pair_parts):
    model, tokenizer, marks = pair_parts
    sentences = ["Where is the station?", "Good morning."]
    answers = gu.translate(model, tokenizer, sentences, marks=marks, max_new_tokens=6)
    assert [gu.translate(model, tokenizer, one, marks=marks, max_new_tokens=6) for one in sentences] == answers
    assert gu.translate(model, tokenizer, sentences, gu.Beams(3), marks=marks, max_new_tokens=6)
    with pytest.raises(ValueError, match="no special token '<bos>'"):
        gu.translate(model, tokenizer, sentences)


def test_a_model_is_kept_as_a_run(writer_parts, tmp_path):
    model, tokenizer = writer_parts
    run = gu.save_run(model, tmp_path / "mine", tokenizer=tokenizer)
    again = gu.load(tmp_path / "mine")
    assert "".join(again.generate("the cat", max_new_tokens=6)) == "".join(run.generate("the cat", max_new_tokens=6))
    for (name, mine), (_, kept) in zip(model.state_dict().items(), again.model.state_dict().items(), strict=True):
        assert torch.equal(mine, kept), name
    page, picture = run.attention("the cat", max_new_tokens=4).save(tmp_path / "look")
    assert (page.name, picture.name) == ("page.html", "decoder.png")
    with pytest.raises(ValueError, match="mine is a run already; choose another folder"):
        gu.save_run(model, tmp_path / "mine", tokenizer=tokenizer)
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "a.txt").write_text("dear")
    with pytest.raises(ValueError, match="letters is not empty, and nothing in it is replaced"):
        gu.save_run(model, tmp_path / "letters", tokenizer=tokenizer)
    assert [path.name for path in (tmp_path / "letters").iterdir()] == ["a.txt"]
    with pytest.raises(ValueError, match="the tokenizer has 400 tokens, the model 290 rows"):
        gu.save_run(model, tmp_path / "other", tokenizer=gu.Tokenizer.characters(map(chr, range(48, 448))))


def test_verbs_that_want_the_data_of_such_a_run_ask_for_a_file(writer_parts, pair_parts, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    gu.save_run(writer_parts[0], "runs/mine", tokenizer=writer_parts[1])
    letters = gu.Tokenizer.characters("".join(map(chr, range(32, 127))) + "è", specials=(PAD, "<bos>", EOS))
    gu.save_run(pair_parts[0], "runs/pairs", tokenizer=letters)
    for verb in ("evaluate", "resume"):
        for name in ("mine", "pairs"):
            with pytest.raises(SystemExit) as stop:
                main([verb, name])
            assert stop.value.code == 2
            (line,) = capsys.readouterr().err.splitlines()
            assert f"groundup evaluate {name} --data FILE" in line
    with pytest.raises(SystemExit):
        main(["train", "runs/mine/recipe.json"])
    assert "name it behind the recipe" in capsys.readouterr().err
    (tmp_path / "text.txt").write_text("the cat and the dog and the cat\n" * 9)
    main(["evaluate", "mine", "--data", "text.txt"])
    assert "perplexity" in capsys.readouterr().out


def test_a_pair_model_is_kept_as_a_run(pair_parts, tmp_path):
    model, _, _ = pair_parts
    letters = "".join(map(chr, range(32, 127))) + "è"
    tokenizer = gu.Tokenizer.characters(letters, specials=(PAD, "<bos>", EOS))
    run = gu.save_run(model, tmp_path / "pairs", tokenizer=tokenizer)
    assert run.translate(["Hello."], max_new_tokens=5) == gu.translate(model, tokenizer, ["Hello."], max_new_tokens=5)
    assert gu.save_run(model, tmp_path / "talk", tokenizer=tokenizer, task="dialogue").recipe.task == "dialogue"
    with pytest.raises(ValueError, match=r"task \('chat'\) must be translation or dialogue"):
        gu.save_run(model, tmp_path / "x", tokenizer=tokenizer, task="chat")


def test_what_fit_trained_becomes_a_run(writer_parts, tmp_path):
    model, tokenizer = writer_parts
    ids = torch.tensor(tokenizer.encode(TEXT))
    stream = gu.TokenStream(ids, length=32, batch=4, seed=0)
    settings = gu.TrainSettings(steps=4, lr=1e-3, warmup=1, validate_every=2, save_every=4, log_every=2)
    with open(tmp_path / "report.txt", "w") as report:
        valid = [*islice(stream.batches(), 2)]
        gu.fit(model, stream, folder=tmp_path / "mine", settings=settings, valid=valid, report=report)
    before = sorted((tmp_path / "mine" / "checkpoints").rglob("*"))
    run = gu.save_run(model, tmp_path / "mine", tokenizer=tokenizer)
    assert sorted((tmp_path / "mine" / "checkpoints").rglob("*")) == before
    assert json.loads((tmp_path / "mine" / "recipe.json").read_text())["task"] == "language"
    assert "".join(run.generate("the cat sat", max_new_tokens=5)).startswith(" on the mat")
    other = gu.CausalLM(model.config)
    (tmp_path / "mine" / "recipe.json").unlink()
    with pytest.raises(ValueError, match="holds other weights than this model's"):
        gu.save_run(other, tmp_path / "mine", tokenizer=tokenizer)


def test_validation_ends(writer_parts, monkeypatch):
    model, tokenizer = writer_parts
    stream = gu.TokenStream(torch.tensor(tokenizer.encode(TEXT)), length=32, batch=8, seed=0)
    fixed = [*islice(stream.batches(), 3)]
    assert gu.validate(model, stream.batches(), steps=3) == pytest.approx(gu.validate(model, fixed))
    monkeypatch.setattr("groundup.training.validate.ENDLESS", 5)
    with pytest.raises(ValueError, match="no end of the batches after 5: is this what is trained on"):
        gu.validate(model, stream.batches())
    assert gu.validate(model, fixed * 3) == pytest.approx(gu.validate(model, fixed)), "a list has an end"


def test_things_say_what_they_are(writer_parts, tmp_path):
    model, tokenizer = writer_parts
    run = gu.save_run(model, tmp_path / "mine", tokenizer=tokenizer)
    parameters = f"{gu.count_parameters(model):,} parameters on cpu"
    for words in ("TextRun(", "mine", "language", parameters, "context 32", f"{tokenizer.vocab_size} tokens"):
        assert words in repr(run)
    for words in ("Tokenizer(", "byte pairs", f"{tokenizer.vocab_size} tokens", "<|endoftext|>"):
        assert words in repr(tokenizer)
    assert eval(repr(model.config), {"ModelConfig": gu.ModelConfig, "RopeScaling": gu.RopeScaling}) == model.config
    assert "vocab_size=290" in repr(model.config)
    assert "attention_dropout" not in repr(model.config), "defaults go without saying"
    assert dir(gu) == sorted(gu.__all__)


def test_a_notebook_shows_the_page_and_a_figure(writer_parts, tmp_path):
    model, tokenizer = writer_parts
    look = gu.save_run(model, tmp_path / "mine", tokenizer=tokenizer).attention('the <cat> & "dog"', max_new_tokens=3)
    shown = look._repr_html_()
    assert shown.startswith("<iframe ")
    assert '"' not in shown.split('srcdoc="')[1].removesuffix('"></iframe>')
    figure = look.draw("decoder")
    assert len(figure.axes) == 2 * 2 + 1, "a map a head, and the colour bar"
    with pytest.raises(ValueError, match="no panel 'cross'; there are decoder"):
        look.draw("cross")
    with gu.record_attention(model.eval()) as maps:
        model(torch.tensor([tokenizer.encode("the cat sat")]))
    pieces = tokenizer.pieces(tokenizer.encode("the cat sat"))
    assert len(gu.draw_attention(maps, queries=pieces, keys=pieces).axes) == 5
    assert len(gu.draw_attention(maps, layers="*.0.*").axes) == 3


def test_maps_of_several_shapes_are_drawn_one_kind_at_a_time(pair_parts):
    model, _, _ = pair_parts
    with gu.record_attention(model.eval()) as maps:
        model(torch.ones(1, 4, dtype=torch.int64), torch.ones(1, 3, dtype=torch.int64))
    with pytest.raises(ValueError, match=r"several shapes: .* name one kind, such as '\*\.cross'"):
        gu.draw_attention(maps)
    assert gu.draw_attention(maps, layers="*.cross", queries=["a", "b", "c"]).axes
