"""One tiny model of each family with random weights, its tokenizer, and the folder that holds both."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from groundup.config import RopeScaling
from groundup.hub.folder import to_hub
from groundup.models.causal_lm import CausalLM
from groundup.models.seq2seq import Seq2Seq
from groundup.presets import preset
from groundup.text.tokenizer import Tokenizer

TEXT = "Where is the station? It is behind the old house, and the house is behind the church. Où est la gare ?"
SHAPE = dict(context=48, width=64, layers=2, heads=4)  # heads of 16: a quarter, GPT-Neo's factor, rounds nothing
CONFIGS = {
    "gpt2": preset("gpt2", vocab_size=290, **SHAPE),
    "gpt_neo": preset("gpt3-small", vocab_size=290, **SHAPE, windows=(None, 5)),
    "llama": preset(
        "llama3.1-8b",
        **SHAPE,
        **dict(vocab_size=290, mlp_width=72, kv_heads=2, rope_scaling=RopeScaling(original_context=16)),
    ),
    "marian": preset("transformer-base", vocab_size=300, **SHAPE, encoder_layers=1, mlp_width=72),
}


@pytest.fixture(scope="session")
def tokenizers() -> dict[str, Tokenizer]:
    text = Tokenizer.train_from_texts(TEXT, 290)  # the translator has 10 rows more
    pairs = Tokenizer.train_from_texts(TEXT, 290, specials=("<pad>", "<bos>", "<eos>"))
    return dict.fromkeys(CONFIGS, text) | {"marian": pairs}


@pytest.fixture(scope="session")
def models() -> dict[str, CausalLM | Seq2Seq]:
    torch.manual_seed(0)
    built = {}
    for family, config in CONFIGS.items():
        built[family] = model = CausalLM(config) if config.encoder_layers is None else Seq2Seq(config)
        for name, parameter in model.named_parameters():
            norm = parameter.ndim == 1 and name.endswith("weight")
            std = parameter.shape[-1] ** -0.5 if parameter.ndim > 1 else 0.2 if norm else 0.05
            nn.init.normal_(parameter, mean=float(norm), std=std)
        model.eval()
    return built


@pytest.fixture(scope="session")
def folders(models, tokenizers, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What belongs to every test, so none may change it."""
    place = tmp_path_factory.mktemp("folders")
    return {family: to_hub(model, place / family, tokenizer=tokenizers[family]) for family, model in models.items()}


@pytest.fixture
def logits() -> Callable[[nn.Module], torch.Tensor]:
    """Of one fixed text, or translation."""
    ids = torch.randint(290, (2, 13), generator=torch.Generator().manual_seed(0))
    return lambda model: (model(ids) if isinstance(model, CausalLM) else model(ids, ids)).detach()
