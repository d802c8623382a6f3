"""The 2017 encoder-decoder: our logits are those of transformers' MarianMTModel with the same weights.

Marian is the original architecture: post-norm, no final norm, scaled embeddings, sinusoids. It lays the sinusoids out
in halves. A model with the paper's interleaved layout is the same model with the axes of its stream renamed: LayerNorm
does not care for their order, so one permutation of all that reads from or writes to the stream makes it Marian's.
"""

import pytest
import torch
from torch import Tensor
from transformers import MarianConfig, MarianMTModel

from groundup.models.seq2seq import Seq2Seq
from groundup.models.state import State
from groundup.presets import preset

C, V, SOURCE_V = 32, 67, 53
FAMILIES = {
    "one vocabulary": dict(tied="all"),
    "two vocabularies": dict(tied="head", source_vocab_size=SOURCE_V),
    "untied": dict(tied="none", source_vocab_size=SOURCE_V),
}


@pytest.fixture(scope="module", params=["sinusoidal-halves", "sinusoidal", "their weights"])
def models(
    request: pytest.FixtureRequest, vocabularies: str, randomise, exported, imported
) -> tuple[Seq2Seq, MarianMTModel]:
    shape = dict(vocab_size=V, context=24, width=C, layers=3, encoder_layers=2, heads=4, mlp_width=48)
    if request.param != "their weights":
        changes = FAMILIES[vocabularies] | dict(position=request.param)
        ours = randomise(Seq2Seq(preset("transformer-base", **shape | changes)))
        return ours, exported(ours)
    one = vocabularies == "one vocabulary"
    config = MarianConfig(
        **dict(vocab_size=V if one else SOURCE_V, decoder_vocab_size=V, share_encoder_decoder_embeddings=one),
        **dict(max_position_embeddings=24, d_model=C, encoder_layers=2, decoder_layers=3, scale_embedding=True),
        **dict(encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=48, decoder_ffn_dim=48),
        **dict(activation_function="relu", forced_eos_token_id=None, tie_word_embeddings=vocabularies != "untied"),
        **dict(decoder_start_token_id=65, pad_token_id=0, bos_token_id=65, eos_token_id=66),
    )
    theirs = randomise(MarianMTModel(config))
    return imported(theirs), theirs


@pytest.fixture(scope="module", params=FAMILIES)
def vocabularies(request: pytest.FixtureRequest) -> str:
    return request.param


def source_texts() -> Tensor:
    return torch.randint(3, SOURCE_V, (3, 11))


@torch.no_grad()
def test_logits(models, texts, assert_same_logits):
    ours, theirs = models
    source = source_texts()
    assert_same_logits(ours(source, texts), theirs(source, decoder_input_ids=texts).logits)


@torch.no_grad()
def test_padded_sources(models, texts, assert_same_logits):
    ours, theirs = models
    source = source_texts()
    mask = torch.arange(11) < torch.tensor([[11], [6], [1]])
    expected = theirs(source, attention_mask=mask.long(), decoder_input_ids=texts).logits
    assert_same_logits(ours(source, texts, mask), expected)


@torch.no_grad()
def test_the_encoders_memory(models):
    """The encoder alone, in the axes of Marian."""
    ours, theirs = models
    source = source_texts()
    order = [*range(0, C, 2), *range(1, C, 2)] if ours.config.position == "sinusoidal" else list(range(C))
    expected = theirs.get_encoder()(source).last_hidden_state
    torch.testing.assert_close(ours.encoder(source, State())[..., order], expected, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_cached_greedy_translations(models):
    """Token by token through our state: what their `generate` writes with its own cache."""
    ours, theirs = models
    source = source_texts()
    written = theirs.generate(source, max_new_tokens=12, num_beams=1, do_sample=False, eos_token_id=None)
    state, ids = ours.begin(source), torch.full((3, 1), 65)
    for _ in range(12):
        logits = ours.step(ids[:, -1:], state)
        ids = torch.cat([ids, logits.argmax(-1, keepdim=True)], dim=1)
    assert torch.equal(ids, written)
