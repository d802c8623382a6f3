"""Nobody sees what he must not: later tokens, other rows, tokens outside the window. And everybody sees the rest."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from groundup.models.causal_lm import CausalLM
from groundup.models.seq2seq import Seq2Seq

V, SOURCE_V, T = 61, 47, 11


def ids(vocab_size: int = V, rows: int = 2, length: int = T) -> Tensor:
    return torch.randint(vocab_size, (rows, length), generator=torch.Generator().manual_seed(5))


def changed(tokens: Tensor, at: int) -> Tensor:
    """The same with another token at one place."""
    tokens = tokens.clone()
    tokens[:, at] = (tokens[:, at] + 1) % SOURCE_V
    return tokens


def reach(embed: nn.Embedding, output: Callable[[], Tensor]) -> Tensor:
    """(B, T): how strongly one number of the output depends on each embedded token, by its gradient."""
    kept = []
    with embed.register_forward_hook(lambda module, inputs, x: kept.append(x) or x.retain_grad()):
        output().backward()
    return kept[0].grad.abs().sum(-1)


@pytest.mark.parametrize("at", [0, 4, T - 1])
@torch.no_grad()
def test_a_changed_token_shows_from_its_own_place_on(causal: CausalLM, seq2seq: Seq2Seq, at: int):
    source, target = ids(SOURCE_V), ids()
    for model in (causal, lambda target: seq2seq(source, target)):
        before, after = model(target), model(changed(target, at))
        assert torch.equal(before[:, :at], after[:, :at]), "the past has seen the future"
        differs = (before[:, at:] - after[:, at:]).abs().amax(-1)
        assert (differs > 1e-6).all(), "somebody is blind to the past"


@pytest.mark.parametrize("at", [0, 4, T - 1])
@torch.no_grad()
def test_a_changed_source_token_shows_everywhere(seq2seq: Seq2Seq, at: int):
    source, target = ids(SOURCE_V), ids()
    differs = (seq2seq(source, target) - seq2seq(changed(source, at), target)).abs().amax(-1)
    assert (differs > 1e-6).all()


@pytest.mark.parametrize("t", [0, 3, T - 1])
def test_gradients_reach_the_past_of_the_same_row_only(causal: CausalLM, t: int):
    gradient = reach(causal.stack.embed, lambda: causal(ids())[1, t, 7])
    assert (gradient[0] == 0).all(), "another row is seen"
    assert (gradient[1, t + 1 :] == 0).all(), "the future is seen"
    assert (gradient[1, : t + 1] > 1e-8).all(), "part of the past is not seen"


@pytest.mark.parametrize("t", [0, 3, T - 1])
def test_gradients_of_a_translator(seq2seq: Seq2Seq, t: int):
    """The encoder looks both ways but never at padding; the decoder looks back; embeddings may be shared."""
    source, target = ids(SOURCE_V), ids()
    source_mask = torch.arange(T) < torch.tensor([[T], [6]])
    embeds = []
    hooks = [
        stack.embed.register_forward_hook(lambda module, inputs, x: embeds.append(x) or x.retain_grad())
        for stack in (seq2seq.encoder, seq2seq.decoder)
    ]
    seq2seq(source, target, source_mask)[1, t, 7].backward()
    for hook in hooks:
        hook.remove()
    encoder, decoder = (x.grad.abs().sum(-1) for x in embeds)
    assert (encoder[0] == 0).all()
    assert (decoder[0] == 0).all()
    assert (encoder[1, :6] > 1e-8).all()
    assert (encoder[1, 6:] == 0).all()
    assert (decoder[1, : t + 1] > 1e-8).all()
    assert (decoder[1, t + 1 :] == 0).all()


def test_windows_reach_exactly_so_far(variant: Callable[..., CausalLM]):
    """Three layers that each look at 3 tokens (themselves and 2 before) reach 3 * 2 tokens back and no further."""
    model = variant("gpt2", windows=(3,))
    gradient = reach(model.stack.embed, lambda: model(ids(rows=1))[0, T - 1, 7])[0]
    assert (gradient[: T - 7] == 0).all()
    assert (gradient[T - 7 :] > 1e-8).all()


@torch.no_grad()
def test_windows_are_tiled_over_the_layers(variant: Callable[..., CausalLM]):
    tiled, written_out = variant("gpt3", windows=(None, 4)), variant("gpt3", windows=(None, 4, None))
    assert tiled.stack.windows == (None, 4, None)
    assert torch.equal(tiled(ids()), written_out(ids()))
    for other in ((None, 3), (None, 5), (4, None), (None,)):
        assert (tiled(ids()) - variant("gpt3", windows=other)(ids())).abs().max() > 1e-4
