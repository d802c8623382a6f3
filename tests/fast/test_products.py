"""Products by oneDNN equal PyTorch's own, forward and backward, and are used where they are meant to be."""

import pytest
import torch
from torch.autograd import forward_ad
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from groundup.fast import products
from groundup.fast.linear import QuickLinear
from groundup.training.head import head_loss

if not torch.backends.mkldnn.is_available():
    pytest.skip("this PyTorch has no oneDNN", allow_module_level=True)


@pytest.fixture
def taken(monkeypatch):
    """As if this processor were faster with oneDNN; a list of the products that it computes."""
    calls, onednn = [], products._onednn
    monkeypatch.setattr(products, "onednn_is_faster", lambda: True)
    monkeypatch.setattr(products, "_onednn", lambda *args: calls.append(args[0].shape) or onednn(*args))
    return calls


def grads(function, *inputs):
    """The value, and its gradients by a fixed direction."""
    value = function(*inputs)
    direction = torch.sin(torch.arange(value.numel(), dtype=value.dtype)).view_as(value)
    return value, *torch.autograd.grad(value, [x for x in inputs if x is not None], direction)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("rows", "K", "N"), [((512,), 64, 64), ((3, 200), 64, 256), ((2, 5, 60), 200, 333)])
def test_the_products_and_their_gradients_are_those_of_f_linear(taken, rows, K, N, bias):
    x, weight = torch.randn(*rows, K, requires_grad=True), torch.randn(N, K, requires_grad=True)
    b = torch.randn(N, requires_grad=True) if bias else None
    for ours, plain in zip(grads(products.product, x, weight, b), grads(F.linear, x, weight, b), strict=True):
        torch.testing.assert_close(ours, plain, rtol=1e-4, atol=1e-4)
    assert len(taken) == (2 if max(K, N) < products.NARROW else 3)


def test_only_the_gradients_that_are_asked_for(taken):
    x, weight = torch.randn(512, 128), torch.randn(128, 128, requires_grad=True)
    products.product(x, weight).sum().backward()
    assert len(taken) == 2  # the value, and the gradient of the weights
    torch.testing.assert_close(weight.grad, x.sum(dim=0).expand(128, -1), rtol=1e-4, atol=1e-4)


def test_gradients_of_gradients(taken):
    x, weight = torch.randn(300, 128, requires_grad=True), torch.randn(128, 128, requires_grad=True)

    def second(function):
        (first,) = torch.autograd.grad(function(x, weight).pow(2).mean(), weight, create_graph=True)
        return torch.autograd.grad(first.pow(2).sum(), [x, weight])

    for ours, plain in zip(second(products.product), second(F.linear), strict=True):
        torch.testing.assert_close(ours, plain, rtol=1e-3, atol=1e-5)


def test_a_layer_uses_it_and_leaves_small_and_other_products_to_pytorch(taken):
    layer, x = QuickLinear(128, 128), torch.randn(512, 128)
    with torch.no_grad():
        layer(x)
        assert len(taken) == 1
        layer(x[:20])
        with torch.autocast("cpu", torch.bfloat16):
            layer(x)
        layer.bfloat16()(x.bfloat16())
    assert len(taken) == 1


def test_the_loss_of_the_head_uses_it(taken):
    x, weight = torch.randn(2, 300, 64, requires_grad=True), torch.randn(200, 64, requires_grad=True)
    head_loss(x, weight, torch.randint(200, (2, 300)), rows=600).backward()
    assert len(taken) == 3


def test_where_pytorch_is_as_fast_it_is_not_used(taken, monkeypatch):
    monkeypatch.setattr(products, "onednn_is_faster", lambda: False)
    products.product(torch.randn(512, 128), torch.randn(128, 128))
    assert taken == []


def test_a_bias_of_any_strides_is_read_as_it_is(taken):
    x, weight = torch.randn(512, 128), torch.randn(128, 128)
    for bias in (torch.randn(1).expand(128), torch.randn(256)[::2]):
        torch.testing.assert_close(products.product(x, weight, bias), F.linear(x, weight, bias), rtol=1e-4, atol=1e-4)
    assert len(taken) == 2


def test_where_only_the_bias_learns_it_gets_its_gradient(taken):
    bias = torch.randn(128, requires_grad=True)
    products.product(torch.randn(512, 128), torch.randn(128, 128), bias).sum().backward()
    torch.testing.assert_close(bias.grad, torch.full((128,), 512.0))
    assert taken


def test_a_result_may_be_changed_in_place(taken):
    x, weight = torch.randn(4, 200, 128, requires_grad=True), torch.randn(128, 128)

    def changed(function, x):
        return function(x, weight).mul_(2).relu_()

    for ours, plain in zip(
        grads(lambda x: changed(products.product, x), x), grads(lambda x: changed(F.linear, x), x), strict=True
    ):
        torch.testing.assert_close(ours, plain, rtol=1e-3, atol=1e-3)
    assert taken


@pytest.mark.parametrize("wrong", [(128, 100), (2, 128, 128)])
def test_shapes_that_do_not_fit_get_the_message_of_pytorch(taken, wrong):
    x, weight = torch.randn(512, 128), torch.randn(wrong)
    with pytest.raises(RuntimeError) as plain:
        F.linear(x, weight)
    with pytest.raises(RuntimeError) as ours:
        products.product(x, weight)
    assert str(ours.value) == str(plain.value)
    assert not taken


def test_torch_func_forward_derivatives_traces_and_counters_of_flops_see_what_they_know(taken):
    x, weight, b = torch.randn(3, 512, 128), torch.randn(128, 128), torch.randn(128)
    learnt = weight.clone().requires_grad_()

    def by(function):
        each = torch.func.vmap(torch.func.grad(lambda w, row: function(row, w, b).pow(2).mean()), (None, 0))
        _, tangent = torch.func.jvp(lambda x: function(x, weight, b), (x,), (x,))
        with forward_ad.dual_level():
            dual = forward_ad.unpack_dual(function(forward_ad.make_dual(x, x), learnt, b)).tangent
        with FlopCounterMode(display=False) as counter:
            function(x, learnt, b).sum().backward()
        traced = torch.jit.trace(lambda x: function(x, weight, b), x, check_trace=False)
        return each(weight, x), tangent, dual, traced(x), torch.tensor(counter.get_total_flops())

    for ours, plain in zip(by(products.product), by(F.linear), strict=True):
        torch.testing.assert_close(ours, plain, rtol=1e-3, atol=1e-3)
