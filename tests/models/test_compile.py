"""The compiler can take every model whole: one graph for a forward pass, and one that serves every length.

backend="eager" captures the graph and runs it as it is, so this costs seconds and needs no C++ compiler.
"""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from groundup.config import ModelConfig
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


@torch.no_grad()
def test_a_language_model_is_one_graph_of_any_length(causal: CausalLM):
    graphs = []

    def count(graph: torch.fx.GraphModule, example_inputs: list) -> Callable:
        graphs.append(graph)
        return graph.forward

    compiled = torch.compile(causal, backend=count, fullgraph=True, dynamic=True)
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
