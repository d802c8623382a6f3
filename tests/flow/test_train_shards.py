"""A text recipe learns from token shards as it does from text: ours, llm.c's and build-nanogpt's."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from groundup.data.prepare import prepare
from groundup.data.shards import Shards
from groundup.data.stream import ShardStream
from groundup.flow.score_text import score_held_out, score_ids, score_text, text_size
from groundup.flow.text import held_out_windows, make_stream, open_shards, shard_parts
from groundup.flow.train import train
from groundup.presets import preset
from groundup.recipes.recipe import TextData, TextRecipe, TokenizerSettings
from groundup.run.folder import RunFolder
from groundup.text.tokenizer import Tokenizer
from groundup.training.settings import TrainSettings

TEXTS = [f"Number {n} comes before number {n + 1}, and {n * n} is its square.\n" * 3 for n in range(150)]


def silent(line: str) -> None:
    pass


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.train_from_texts(TEXTS, 300)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory, tokenizer: Tokenizer) -> dict[str, Path]:
    """The same tokens in all three layouts."""
    root = tmp_path_factory.mktemp("shards")
    (root / "texts").mkdir()
    for n, text in enumerate(TEXTS):
        (root / "texts" / f"{n:03}.txt").write_text(text)
    shards = prepare(root / "texts", tokenizer, root / "ours", shard_tokens=4000, valid_tokens=700)
    for kind in ("llm.c", "npy"):
        (root / kind).mkdir()
        tokenizer.save(root / kind)
        for number, row in enumerate(shards.rows):
            name = f"some_{'train' if number else 'val'}_{number:06}"
            if kind == "npy":
                np.save(root / kind / f"{name}.npy", np.asarray(row))
            else:
                header = np.zeros(256, np.int32)
                header[:3] = 20240520, 1, len(row)
                (root / kind / f"{name}.bin").write_bytes(header.tobytes() + row[:].tobytes())
    return {kind: root / kind for kind in ("ours", "llm.c", "npy")}


def recipe_on(folder: Path, **data) -> TextRecipe:
    return TextRecipe(
        name="small",
        data=TextData(corpus=str(folder), batch=4, **data),
        tokenizer=TokenizerSettings(vocab_size=4000),
        model=preset("llama3-tiny", vocab_size=4000, context=32, width=32, heads=2, layers=1, mlp_width=48, kv_heads=1),
        train=TrainSettings(steps=40, lr=1e-2, warmup=5, validate_every=40, save_every=40, log_every=40, threads=1),
    )


@pytest.fixture(scope="module")
def run(folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory):
    return train(recipe_on(folders["ours"]), RunFolder(tmp_path_factory.mktemp("runs") / "small"), say=silent)


def test_it_learns_and_is_judged_on_the_held_out_shard(run, folders: dict[str, Path], tokenizer: Tokenizer):
    found = {result.metric: result for result in score_held_out(run)}
    assert found["loss"].value < 0.8 * math.log(300)
    assert run.model.config.vocab_size == 300
    assert run.tokenizer.encode(TEXTS[0]) == tokenizer.encode(TEXTS[0])
    (valid,) = Shards.open(folders["ours"]).parts(0.5)[1]
    ids = torch.from_numpy(np.asarray(valid).astype(np.int64))
    with torch.no_grad():  # by hand: windows of 32, each predicting its next tokens
        logits = [run.model(ids[None, at : min(at + 32, 699)]) for at in range(0, 699, 32)]
    by_hand = torch.nn.functional.cross_entropy(torch.cat(logits, dim=1)[0], ids[1:]).item()
    assert found["loss"].value == pytest.approx(by_hand, abs=1e-4)
    text = tokenizer.decode(valid[:].tolist(), skip_special=True)
    assert found["bits-per-byte"].value == pytest.approx(by_hand * 699 / math.log(2) / len(text.encode()), abs=1e-4)
    assert found["loss"].size == len(text)
    assert score_text(run, [text], split="x")[0].value > 0


def test_all_layouts_give_the_same_training(run, folders: dict[str, Path], tmp_path: Path):
    for kind in ("llm.c", "npy"):
        other = train(recipe_on(folders[kind]), RunFolder(tmp_path / kind), say=silent)
        for name, weight in run.model.state_dict().items():
            assert torch.equal(weight, other.model.state_dict()[name]), (kind, name)


def test_a_part_may_be_enough_to_validate_on(run, folders: dict[str, Path]):
    recipe = recipe_on(folders["ours"], valid_tokens=100)
    shards = open_shards(recipe.data)
    assert shards is not None
    parts = shard_parts(shards, recipe.data)
    assert (
        sum(int((batch.targets >= 0).sum()) for batch in held_out_windows(parts.valid, recipe, parts.tokenizer)) == 100
    )
    assert isinstance(parts.valid.base, np.memmap | np.ndarray), "a view, not a copy"
    run.recipe, before = recipe, run.recipe
    try:
        assert "first 101 tokens" in (score_ids(run, parts.valid, split="validation")[0].signature or "")
    finally:
        run.recipe = before


def test_documents_can_be_kept_apart(folders: dict[str, Path], tmp_path: Path, tokenizer: Tokenizer):
    recipe = recipe_on(folders["ours"], document_mask=True)
    seen = []
    run = train(recipe, RunFolder(tmp_path / "masked"), say=seen.append)
    shards = Shards.open(folders["ours"])
    stream = make_stream(recipe, shard_parts(shards, recipe.data))
    assert isinstance(stream, ShardStream)
    ids, mask, documents = next(stream.batches()).inputs
    assert mask is None
    assert documents is not None
    assert documents.max() > 0
    assert torch.equal(documents, (ids == tokenizer.special_id("<|endoftext|>")).cumsum(dim=1))
    found = score_held_out(run)[0]
    assert found.value < 0.8 * math.log(300)
    assert "its own document alone" in (found.signature or "")
    run.recipe = dataclasses.replace(recipe, data=dataclasses.replace(recipe.data, document_mask=False))
    assert score_held_out(run)[0].value != found.value


def test_shards_of_another_tokenizer_are_refused(run, folders: dict[str, Path], tmp_path: Path):
    (tmp_path / "a.txt").write_text("".join(TEXTS))
    other = Tokenizer.train_from_texts(TEXTS, 280)
    prepare(tmp_path / "a.txt", other, tmp_path / "other")
    recipe = recipe_on(tmp_path / "other")
    with pytest.raises(ValueError, match="made by another tokenizer than the one this training was begun with"):
        train(recipe, run.folder, resume=True, say=silent)


def test_a_damaged_shard_stops_the_training_before_it_begins(folders: dict[str, Path], tmp_path: Path):
    path = sorted(folders["llm.c"].glob("*train*"))[0]
    whole = path.read_bytes()
    path.write_bytes(whole[:1400] + b"\xff\xff" + whole[1402:])
    try:
        with pytest.raises(ValueError, match=r"some_train_000001\.bin: id 65535 at byte 1400 is not below 300"):
            train(recipe_on(folders["llm.c"]), RunFolder(tmp_path / "run"), say=silent)
    finally:
        path.write_bytes(whole)
    assert not (tmp_path / "run").exists()


def test_bytes_and_characters_are_counted_without_special_tokens(tokenizer: Tokenizer):
    text = "Où est la gare ? 日本 " + TEXTS[0]
    ids = np.array([tokenizer.special_id("<|endoftext|>"), *tokenizer.encode(text)], np.uint16)
    assert text_size(ids, tokenizer) == (len(text.encode()), len(text))
