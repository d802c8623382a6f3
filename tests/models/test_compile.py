"""The compiler can take every model whole: one graph for a forward pass, and one that serves every length.

backend="eager" captures the graph and runs it as it is, so this costs seconds and needs no C++ compiler.
"""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from groundup.fast.linear import packed
from groundup.models.causal_lm import CausalLM
from groundup.models.seq2seq import Seq2Seq

V = 47


@pytest.fixture(autouse=True)
def fresh_compiler():
    torch.compiler.reset()
    yield
    torch.compiler.reset()


def inputs(model: nn.Module, T: int) -> tuple[torch.Tensor, ...]:
    random = torch.Generator().manual_seed(T)
    ids, source = (torch.randint(V, (2, length), generator=random) for length in (T, T + 2))
    return (ids,) if isinstance(model, CausalLM) else (source, ids)


class Graphs(list):
    """A compiler's backend that keeps what it is given and runs it as it is."""

    def __call__(self, graph: torch.fx.GraphModule, example_inputs: list) -> Callable:
        self.append(graph)
        return graph.forward


@torch.no_grad()
def test_a_language_model_is_one_graph_of_any_length(causal: CausalLM):
    graphs = Graphs()
    compiled = torch.compile(causal, backend=graphs, fullgraph=True, dynamic=True)
    for T in (7, 9, 12, 20):
        torch.testing.assert_close(compiled(*inputs(causal, T)), causal(*inputs(causal, T)), atol=1e-6, rtol=1e-6)
    assert len(graphs) == 1, "every length is compiled again"


@torch.no_grad()
def test_a_translator_is_one_graph(seq2seq: Seq2Seq):
    compiled = torch.compile(seq2seq, backend="eager", fullgraph=True)
    source, target = inputs(seq2seq, 7)
    mask = torch.arange(9) < torch.tensor([[9], [4]])
    for given in ((source, target), (source, target, mask)):
        torch.testing.assert_close(compiled(*given), seq2seq(*given), atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("family", ["gpt2", "llama2", "modern", "transformer"])
@torch.no_grad()
def test_decoding_is_a_few_graphs_however_long(variant: Callable[..., nn.Module], family: str):
    """One for the prompt, one for the next token, and no more once the cache has had room made for it."""
    model, graphs = variant(family), Graphs()
    ids = inputs(model, 20)[-1]
    source = ids[:, :5]
    full = model(ids) if isinstance(model, CausalLM) else model(source, ids)
    state = model.begin(2) if isinstance(model, CausalLM) else model.begin(source)
    step = torch.compile(model.step, backend=graphs, fullgraph=True, dynamic=True)
    logits = [step(ids[:, :5], state)]
    for t in range(5, 20):
        logits.append(step(ids[:, t : t + 1], state))
    torch.testing.assert_close(torch.stack(logits, dim=1), full[:, 4:], atol=3e-5, rtol=1e-5)
    assert len(graphs) <= 3, "every token is compiled again"


@torch.no_grad()
def test_what_makes_eager_decoding_faster_is_left_out_of_the_graphs(variant: Callable[..., nn.Module]):
    """Eight rows attend over whole buffers and read packed weights; the cache grows twice on the way."""
    model, graphs = variant("llama2", context=96), Graphs()
    assert isinstance(model, CausalLM)
    ids = torch.randint(V, (8, 90), generator=torch.Generator().manual_seed(0))
    with packed(model, rows=8):
        state = model.begin(8)
        step = torch.compile(model.step, backend=graphs, fullgraph=True, dynamic=True)
        logits = [step(ids[:, :5], state)] + [step(ids[:, t : t + 1], state) for t in range(5, 90)]
    torch.testing.assert_close(torch.stack(logits, dim=1), model(ids)[:, 4:], atol=3e-5, rtol=1e-5)
    assert len(graphs) <= 3, "every token, or every growth of the cache, is compiled again"


@pytest.mark.parametrize("family", ["gpt2", "llama2"])
def test_a_compiled_training_step_of_long_rows_has_the_same_gradients(variant: Callable[..., nn.Module], family: str):
    """T = 128, from which on attention goes by strips; "aot_eager" traces the backward pass too."""
    model = variant(family, context=128, layers=1).train()
    ids = torch.randint(V, (2, 128), generator=torch.Generator().manual_seed(0))
    found = []
    for forward in (model, torch.compile(model, backend="aot_eager", fullgraph=True)):
        torch.nn.functional.cross_entropy(forward(ids).flatten(0, 1), ids.roll(-1, dims=1).flatten()).backward()
        found.append({name: parameter.grad for name, parameter in model.named_parameters()})
        model.zero_grad()
    torch.testing.assert_close(found[1], found[0], atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("family", ["gpt2", "modern", "transformer"])
def test_training_with_dropout_is_one_graph(variant: Callable[..., nn.Module], family: str):
    """Forward and backward, and fresh randomness in every call."""
    model = variant(family, dropout=0.5).train()
    compiled = torch.compile(model, backend="eager", fullgraph=True)
    first, second = (compiled(*inputs(model, 7)) for _ in range(2))
    assert not torch.equal(first, second)
    (first + second).pow(2).sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
