"""What every parity test needs: random weights in all of their parameters, odd texts, padded batches.

Both ways lead through a folder: `exported` lets transformers load what we wrote, `imported` lets us load what it wrote.
Settings and weights then stand under transformers' own names, and the numbers that come out are its own.
"""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, PreTrainedModel

from groundup.hub.folder import from_hub, to_hub
from groundup.models.causal_lm import CausalLM
from groundup.models.seq2seq import Seq2Seq
from groundup.text.tokenizer import Tokenizer

V = 67


def characters(size: int, *specials: str) -> Tokenizer:
    """As many characters as leave room for the special tokens, which are the last ids."""
    return Tokenizer.characters("".join(map(chr, range(48, 48 + size - len(specials)))), specials=specials)


@pytest.fixture(autouse=True)
def quiet_and_offline(monkeypatch: pytest.MonkeyPatch):
    """Nothing is fetched, and everything is random from one seed."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def randomise() -> Callable[[nn.Module], nn.Module]:
    """Fill every parameter, norm weights and biases included; eval mode. A tied tensor is filled once."""

    def fill(model: nn.Module) -> nn.Module:
        random = torch.Generator().manual_seed(0)
        for name, parameter in model.named_parameters():
            if "embed_positions" in name:  # Marian keeps its sinusoids as a parameter, and never in a file
                continue
            norm = parameter.ndim == 1 and name.endswith("weight")
            scale = 0.3 if parameter.ndim == 1 else 0.7 * parameter.shape[-1] ** -0.5
            nn.init.normal_(parameter, mean=float(norm), std=scale, generator=random)
        return model.eval()

    return fill


@pytest.fixture(params=[1, 2, 7, 24], ids=lambda length: f"{length} tokens")
def texts(request: pytest.FixtureRequest) -> Tensor:
    """ids (3, T): one token, two, an odd number, the whole context."""
    return torch.randint(V, (3, request.param))


@pytest.fixture(params=["left", "right"])
def padded(request: pytest.FixtureRequest) -> tuple[Tensor, Tensor]:
    """ids (4, 9) with 0, 1, 4 and 8 places of padding, and the mask (4, 9), True at real tokens."""
    real = torch.arange(9) < 9 - torch.tensor([[0], [1], [4], [8]])
    return torch.randint(V, (4, 9)), real.flip(1) if request.param == "left" else real


@pytest.fixture(scope="session")
def real_positions() -> Callable[[Tensor], Tensor]:
    """What transformers wants as position_ids with padding: each row counts its real tokens from 0."""
    return lambda mask: (mask.long().cumsum(1) - 1).clamp(min=0)


@pytest.fixture(scope="session")
def assert_same_logits() -> Callable[[Tensor, Tensor], None]:
    """To 1e-5, and of logits that are worth comparing: spread out, and different from place to place."""

    def check(ours: Tensor, theirs: Tensor) -> None:
        assert theirs.std() > 0.1, "these logits say nothing"
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)

    return check


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., PreTrainedModel]:
    """The model as transformers loads it from the folder that we write."""

    def load(ours: CausalLM | Seq2Seq) -> PreTrainedModel:
        folder = tmp_path_factory.mktemp("exported")
        if isinstance(ours, CausalLM):
            to_hub(ours, folder, tokenizer=characters(V, "<|endoftext|>"))
            return AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager").eval()
        target = characters(V, "<pad>", "<bos>", "<eos>")
        size = ours.config.source_vocab_size
        source = target if size is None else characters(size, "<pad>", "<bos>", "<eos>")
        to_hub(ours, folder, tokenizer=target, source_tokenizer=source)
        return AutoModelForSeq2SeqLM.from_pretrained(folder, attn_implementation="eager").eval()

    return load


@pytest.fixture(scope="session")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., CausalLM | Seq2Seq]:
    """The model as we load it from the folder that transformers writes."""

    def load(theirs: PreTrainedModel) -> CausalLM | Seq2Seq:
        folder = tmp_path_factory.mktemp("imported")
        theirs.save_pretrained(folder)
        return from_hub(folder)

    return load
