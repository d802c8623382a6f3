"""CTranslate2 runs what we export, and translates token for token as we do."""

from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer

import groundup as gu
from groundup.decode.beam import beam_search
from groundup.hub.ctranslate2 import to_ctranslate2

ctranslate2 = pytest.importorskip("ctranslate2", reason="ctranslate2 is not installed")
TEXTS = ["Where is the old house?", "the church", "It is behind the station, and the house is behind it."]


def check(folder: Path, ours, tokenizer, tmp_path: Path, beams: int) -> None:
    """The same tokens for each text, their number limited."""
    theirs = AutoTokenizer.from_pretrained(folder)
    tokens = [theirs.convert_ids_to_tokens(theirs(text).input_ids) for text in TEXTS]
    translator = ctranslate2.Translator(str(to_ctranslate2(folder, tmp_path / "fast")), device="cpu", intra_threads=1)
    results = translator.translate_batch(tokens, beam_size=beams, max_decoding_length=12, return_end_token=True)
    target = AutoTokenizer.from_pretrained(folder / "target" if (folder / "target").is_dir() else folder)
    bos, eos = tokenizer.specials["<bos>"], tokenizer.specials["<eos>"]
    for text, result in zip(TEXTS, results, strict=True):
        source = torch.tensor([theirs(text).input_ids])
        with torch.inference_mode():
            state, start = ours.begin(source), torch.tensor([[bos]])
            found = beam_search(ours, state, start, beams=beams, eos=eos, max_new_tokens=12)[0][0].ids
        assert target.convert_tokens_to_ids(result.hypotheses[0]) == found


@pytest.mark.parametrize("beams", [1, 4])
def test_one_vocabulary(folders, models, tokenizers, tmp_path: Path, beams: int):
    check(folders["marian"], models["marian"], tokenizers["marian"], tmp_path, beams)


@pytest.mark.parametrize("beams", [1, 4])
def test_two_vocabularies(models, tokenizers, tmp_path: Path, beams: int):
    torch.manual_seed(1)
    source = gu.Tokenizer.train_from_texts(" ".join(TEXTS), 270, specials=("<pad>", "<bos>", "<eos>"))
    config = gu.ModelConfig.from_dict(models["marian"].config.to_dict() | dict(source_vocab_size=275, tied="head"))
    ours = gu.Seq2Seq(config).eval()
    gu.to_hub(ours, tmp_path / "folder", tokenizer=tokenizers["marian"], source_tokenizer=source)
    check(tmp_path / "folder", ours, tokenizers["marian"], tmp_path, beams)


def test_the_stock_converter_refuses(folders, tmp_path: Path):
    """It drops the start token, so it would translate into something else; that it notices is why there is ours."""
    from ctranslate2.converters import TransformersConverter

    with pytest.raises(ValueError, match="vocabulary"):
        TransformersConverter(str(folders["marian"])).convert(str(tmp_path / "stock"))


def test_nothing_is_written_over(folders, tmp_path: Path):
    (tmp_path / "mine").touch()
    with pytest.raises(ValueError, match="already there"):
        to_ctranslate2(folders["marian"], tmp_path)
