"""``autograd.functional`` and forward mode, each against the formula."""

from __future__ import annotations

import pytest

import rushlight as torch
import rushlight.autograd.forward_ad as fw
import rushlight.autograd.functional as AF


def cube(x):
    return (x**3).sum()


def two(a, b):
    return (a * b).sum(), a + 1


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("wants", [False, True])
def test_values(create_graph, wants):
    x = torch.tensor([1.0, 2.0], requires_grad=wants)
    v = torch.tensor([3.0, -1.0])
    out, pulled = AF.vjp(torch.square, x, v, create_graph=create_graph)
    assert pulled.tolist() == [6.0, -4.0]
    assert out.requires_grad == create_graph
    assert AF.jvp(torch.square, x, v, create_graph=create_graph)[1].tolist() == [6.0, -4.0]
    made = AF.jacobian(two, (x, v), create_graph=create_graph)
    assert made[0][1].tolist() == [1.0, 2.0]
    assert made[1][0].tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert made[1][1].abs().sum() == 0
    assert AF.hessian(cube, x, create_graph=create_graph).tolist() == [[6.0, 0.0], [0.0, 12.0]]
    assert AF.hvp(cube, x, v, create_graph=create_graph)[1].tolist() == [18.0, -12.0]
    assert AF.vhp(cube, x, v, create_graph=create_graph)[1].tolist() == [18.0, -12.0]


def test_rows_at_once():
    x = torch.randn(3)
    plain = AF.jacobian(two, (x, x.cos()))
    for strategy in ("reverse-mode", "forward-mode"):
        at_once = AF.jacobian(two, (x, x.cos()), vectorize=True, strategy=strategy)
        torch.testing.assert_close(at_once, plain)
    torch.testing.assert_close(AF.hessian(cube, x, vectorize=True), AF.hessian(cube, x))


def test_the_graph_goes_on():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    (found,) = torch.autograd.grad(AF.hessian(cube, x, create_graph=True).sum(), x)
    assert found.tolist() == [6.0, 6.0]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x: AF.vjp(torch.square, x), RuntimeError, "can only be None"),
        (lambda x: AF.vjp(torch.square, x, x[:1]), RuntimeError, "invalid size"),
        (lambda x: AF.vjp(torch.square, 3), TypeError, "must be either a Tensor"),
        (lambda x: AF.jacobian(lambda a: x, x, strict=True), RuntimeError, "strict mode"),
        (lambda x: AF.jacobian(lambda a, b: a, (x, x), strict=True), RuntimeError, "independent"),
        (lambda x: AF.hessian(torch.square, x), RuntimeError, "single element"),
        (lambda x: AF.jacobian(cube, x, strict=True, vectorize=True), RuntimeError, "together"),
    ],
)
def test_wrong_calls(call, error, words):
    with pytest.raises(error, match=words):
        call(torch.ones(2))


def test_dual_tensors():
    x, v = torch.tensor([1.0, 2.0]), torch.tensor([3.0, -1.0])
    w = torch.tensor([2.0, 5.0], requires_grad=True)
    with fw.dual_level():
        dual = fw.make_dual(x, v)
        assert fw.unpack_dual(dual).tangent.tolist() == [3.0, -1.0]
        primal, tangent = fw.unpack_dual(dual * dual)
        assert primal.tolist() == [1.0, 4.0]
        assert not primal.requires_grad
        assert tangent.tolist() == [6.0, -4.0]
        assert fw.unpack_dual(x * 2).tangent is None
        mixed = fw.unpack_dual(dual * w).tangent
        assert torch.autograd.grad(mixed.sum(), w)[0].tolist() == [3.0, -1.0]
    with pytest.raises(RuntimeError, match="no level exists"):
        fw.make_dual(x, v)


def test_a_list_is_no_tuple_of_inputs():
    x = torch.ones(2)
    with pytest.raises(TypeError, match="given inputs has type <class 'list'>"):
        torch.autograd.functional.jacobian(lambda a, b: a * b, [x, x])


def test_cotangents_are_complex_as_their_outputs_are():
    x = torch.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="For complex Tensors, both grad_output and output"):
        (x * 2).backward(torch.ones(2, dtype=torch.complex64))
    with pytest.raises(RuntimeError, match="Output 1 of Unbind is a view and is being modified"):
        (x * 1).unbind()[1].mul_(2)
