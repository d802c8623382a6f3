"""Documents that share a row see nothing of each other: each has the logits it has alone."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

LENGTHS = (5, 1, 9, 7)


def packed(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Two rows of four documents, and the numbers of those."""
    ids = torch.randint(61, (2, sum(LENGTHS)), generator=torch.Generator().manual_seed(seed))
    numbers = torch.repeat_interleave(torch.arange(len(LENGTHS)), torch.tensor(LENGTHS))
    return ids, numbers.expand(2, -1)


@pytest.mark.parametrize("family", ["llama", "llama2", "llama3", "llama3.1", "modern"])
def test_a_packed_document_has_the_logits_that_it_has_alone(variant: Callable[..., nn.Module], family: str):
    """Rotary positions are relative, so where a document stands in its row makes no difference."""
    model = variant(family)
    ids, documents = packed()
    with torch.no_grad():
        together = model(ids, None, documents).split(LENGTHS, dim=1)
        alone = [model(part) for part in ids.split(LENGTHS, dim=1)]
        unmasked = model(ids).split(LENGTHS, dim=1)
    for a, b in zip(together, alone, strict=True):
        torch.testing.assert_close(a, b, atol=2e-5, rtol=1e-4)
    assert not torch.allclose(unmasked[-1], alone[-1], atol=1e-2), "without the mask they are another's"


def test_nothing_leaks_from_one_document_into_another(causal: nn.Module):
    ids, documents = packed()
    other = ids.clone()
    other[:, 6:15] = packed(seed=1)[0][:, 6:15]  # the third document
    with torch.no_grad():
        first, second = model_logits(causal, ids, documents), model_logits(causal, other, documents)
    same = [torch.equal(a, b) for a, b in zip(first, second, strict=True)]
    assert same == [True, True, False, True]


def model_logits(model: nn.Module, ids: torch.Tensor, documents: torch.Tensor) -> tuple[torch.Tensor, ...]:
    return model(ids, None, documents).split(LENGTHS, dim=1)


def test_gradients_stay_within_a_document(variant: Callable[..., nn.Module]):
    model = variant("gpt3")
    ids, documents = packed()
    x = model.stack.embed(ids).detach().requires_grad_()
    model.stack.embed.forward = lambda _: x
    model(ids, None, documents)[:, 15:].sum().backward()  # the last document
    assert x.grad is not None
    assert (x.grad[:, :15] == 0).all()
    assert (x.grad[:, 15:] != 0).any()


def test_one_document_is_the_plain_model(causal: nn.Module):
    ids, _ = packed()
    with torch.no_grad():
        torch.testing.assert_close(causal(ids, None, torch.zeros_like(ids)), causal(ids), atol=2e-5, rtol=1e-4)
