"""The 2017 encoder-decoder: our logits are those of transformers' MarianMTModel with the same weights.

Marian is the original architecture: post-norm, no final norm, scaled embeddings, sinusoids. It lays the sinusoids out
in halves. A model with the paper's interleaved layout is the same model with the axes of its stream renamed: LayerNorm
does not care for their order, so one permutation of all that reads from or writes to the stream makes it Marian's.
"""

import copy

import pytest
import torch
from torch import Tensor, nn
from transformers import MarianConfig, MarianMTModel

from groundup.models.seq2seq import Seq2Seq
from groundup.nn.attention import Attention
from groundup.nn.norms import LayerNorm
from groundup.presets import preset

C, V, SOURCE_V = 32, 67, 53
FAMILIES = {
    "one vocabulary": dict(tied="all"),
    "two vocabularies": dict(tied="head", source_vocab_size=SOURCE_V),
}


def build(randomise, **changes) -> tuple[Seq2Seq, MarianMTModel]:
    shape = dict(vocab_size=V, context=24, width=C, layers=3, encoder_layers=2, heads=4, mlp_width=48)
    ours = randomise(Seq2Seq(preset("transformer-base", **shape | changes)))
    config = MarianConfig(
        vocab_size=ours.encoder.embed.num_embeddings,
        decoder_vocab_size=V,
        share_encoder_decoder_embeddings=ours.config.tied == "all",
        max_position_embeddings=24,
        d_model=C,
        encoder_layers=2,
        decoder_layers=3,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=48,
        decoder_ffn_dim=48,
        activation_function="relu",
        scale_embedding=True,
        forced_eos_token_id=None,
        decoder_start_token_id=1,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        attn_implementation="eager",
    )
    theirs = MarianMTModel(config).eval()
    renamed = ours if ours.config.position == "sinusoidal-halves" else in_halves(ours)
    copy_weights(renamed, theirs)
    return ours, theirs


def in_halves(model: Seq2Seq) -> Seq2Seq:
    """The same model with the axes of its stream renamed: even ones first, then odd ones, as the sinusoids in halves.

    Inside the heads and the feed-forward layer nothing is renamed.
    """
    model = copy.deepcopy(model)
    order = [*range(0, C, 2), *range(1, C, 2)]
    writers = {module.out for module in model.modules() if hasattr(module, "out")}
    for module in model.modules():
        if isinstance(module, LayerNorm) or module in writers:
            module.weight.data, module.bias.data = module.weight.data[order], module.bias.data[order]
        elif isinstance(module, nn.Linear) and module is not model.head:
            module.weight.data = module.weight.data[:, order]
    for matrix in {model.encoder.embed.weight, model.decoder.embed.weight, model.head.weight}:  # tied ones once
        matrix.data = matrix.data[:, order]
    return model


def copy_attention(ours: Attention, theirs: nn.Module) -> None:
    for name, our_linear in zip("qkv", (ours.query, ours.key, ours.value), strict=True):
        getattr(theirs, f"{name}_proj").load_state_dict(our_linear.state_dict())
    theirs.out_proj.load_state_dict(ours.out.state_dict())


def copy_weights(ours: Seq2Seq, theirs: MarianMTModel) -> None:
    theirs.get_encoder().embed_tokens.weight.data = ours.encoder.embed.weight.data.clone()
    theirs.get_decoder().embed_tokens.weight.data = ours.decoder.embed.weight.data.clone()
    theirs.lm_head.weight.data = ours.head.weight.data.clone()
    for stack, side in ((ours.encoder, theirs.get_encoder()), (ours.decoder, theirs.get_decoder())):
        for block, layer in zip(stack.blocks, side.layers, strict=True):
            copy_attention(block.attention, layer.self_attn)
            layer.self_attn_layer_norm.load_state_dict(block.attention_norm.state_dict())
            if block.cross is not None:
                copy_attention(block.cross, layer.encoder_attn)
                layer.encoder_attn_layer_norm.load_state_dict(block.cross_norm.state_dict())
            layer.fc1.load_state_dict(block.mlp.into.state_dict())
            layer.fc2.load_state_dict(block.mlp.out.state_dict())
            layer.final_layer_norm.load_state_dict(block.mlp_norm.state_dict())


@pytest.fixture(scope="module", params=["sinusoidal-halves", "sinusoidal"])
def position(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module", params=FAMILIES)
def models(request: pytest.FixtureRequest, position: str, randomise) -> tuple[Seq2Seq, MarianMTModel]:
    return build(randomise, position=position, **FAMILIES[request.param])


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
    torch.testing.assert_close(ours.encoder(source)[..., order], expected, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_cached_greedy_translations(models):
    """Token by token through our state: what their `generate` writes with its own cache."""
    ours, theirs = models
    source = source_texts()
    written = theirs.generate(source, max_new_tokens=12, num_beams=1, do_sample=False, eos_token_id=None)
    state, ids = ours.begin(source), torch.ones(3, 1, dtype=torch.int64)
    for _ in range(12):
        logits = ours.step(ids[:, -1:], state)
        ids = torch.cat([ids, logits.argmax(-1, keepdim=True)], dim=1)
    assert torch.equal(ids, written)
