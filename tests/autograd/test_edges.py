"""Edges of the gradient graph as outputs and inputs; what hooks may give; what grad() refuses."""

import pytest

import rushlight as torch
from rushlight.autograd.graph import get_gradient_edge


def leaf():
    return torch.tensor([1.0, 2.0, 3.0], requires_grad=True)


def test_a_backward_pass_starts_from_an_edge():
    x = leaf()
    edge = get_gradient_edge(x * x)
    (found,) = torch.autograd.grad(edge, x, torch.ones(3), retain_graph=True)
    assert found.tolist() == [2.0, 4.0, 6.0]
    torch.autograd.backward(edge, torch.ones(3))
    assert x.grad.tolist() == [2.0, 4.0, 6.0]
    total = get_gradient_edge(leaf().sum())
    torch.autograd.backward(total)
    with pytest.raises(RuntimeError, match="only for scalar outputs"):
        torch.autograd.backward(get_gradient_edge(leaf() * 2))


def test_an_edge_that_is_not_reached_gets_zeros_if_asked_for():
    x = leaf()
    edge = get_gradient_edge(x * 2)
    (found,) = torch.autograd.grad(x.sum(), edge, materialize_grads=True)
    assert found.tolist() == [0.0, 0.0, 0.0]
    with pytest.raises(ValueError, match="Expected allow_unused to be True or not passed"):
        torch.autograd.grad(x.sum(), edge, allow_unused=False, materialize_grads=True)


@pytest.mark.parametrize("hooked", [lambda x: x, lambda x: x * 1])
def test_a_hook_gives_a_tensor_of_the_same_kind(hooked):
    for made, error in (
        (torch.ones(2), RuntimeError), (3, TypeError), (torch.ones(3).double(), RuntimeError),
    ):  # fmt: skip
        tensor = hooked(leaf())
        tensor.register_hook(lambda gradient, made=made: made)
        with pytest.raises(error, match="hook '<lambda>'"):
            (tensor * 1).sum().backward()


def test_a_number_beside_a_tensor_has_a_place_in_next_functions():
    x = leaf()
    assert [len(y.grad_fn.next_functions) for y in (x * 2, x + 1, x / 2, x**2, x.exp())] == [
        2, 2, 2, 1, 1,
    ]  # fmt: skip
    assert (x * 2).grad_fn.next_functions[1] == (None, 0)
