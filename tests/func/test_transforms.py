"""Derivatives of functions, each against the formula."""

from __future__ import annotations

import pytest

import rushlight as torch
from rushlight import func


def test_gradients_nest():
    x = torch.tensor(2.0)
    cube = func.grad(lambda a: a**3)
    assert func.grad(cube)(x).item() == 12
    assert func.grad(func.grad(cube))(x).item() == 6


def test_the_result_wants_a_gradient_only_if_somebody_outside_does():
    w = torch.tensor([2.0, 3.0], requires_grad=True)
    x = torch.ones(2)
    found = func.grad(lambda a: (a * w**2).sum())(x)
    assert found.requires_grad
    assert torch.autograd.grad(found.sum(), w)[0].tolist() == [4.0, 6.0]
    assert not func.grad(lambda a: (a * a).sum())(x).requires_grad
    with torch.no_grad():
        assert not func.grad(lambda a: (a * w).sum())(x).requires_grad


def test_grad_by_trees_and_aux():
    x = torch.randn(4, 3)
    params = {"w": torch.randn(3, 2), "b": [torch.zeros(2)]}

    def loss(p, scale):
        out = x @ p["w"] + p["b"][0]
        return scale * out.sum(), out

    (found, scale), aux = func.grad(loss, argnums=(0, 1), has_aux=True)(params, torch.tensor(2.0))
    torch.testing.assert_close(found["b"][0], torch.full((2,), 8.0))
    torch.testing.assert_close(found["w"], 2 * x.sum(0)[:, None].expand(3, 2))
    torch.testing.assert_close(scale, aux.sum())
    assert not aux.requires_grad
    gradient, value = func.grad_and_value(lambda a: a.sin())(torch.tensor(0.5))
    torch.testing.assert_close(
        (gradient, value), (torch.tensor(0.5).cos(), torch.tensor(0.5).sin())
    )


def test_an_argument_that_is_not_used_has_gradient_zero():
    assert func.grad(lambda a, b: b.sum())(torch.ones(2), torch.ones(3)).tolist() == [0.0, 0.0]


def test_jacobians():
    x, w = torch.randn(3), torch.randn(3, 2)

    def function(a, b):
        return {"y": (a @ b).tanh(), "n": (a * a).sum()}

    for jacobian in (func.jacrev, func.jacfwd):
        made = jacobian(function, argnums=(0, 1))(x, w)
        slope = 1 - (x @ w).tanh() ** 2
        torch.testing.assert_close(made["y"][0], slope[:, None] * w.t())
        torch.testing.assert_close(made["n"][0], 2 * x)
        assert made["y"][1].shape == (2, 3, 2)
        assert made["n"][1].abs().sum() == 0
    torch.testing.assert_close(func.jacrev(torch.sin, chunk_size=2)(x), func.jacrev(torch.sin)(x))


def test_hessian_and_per_sample_hessians():
    x = torch.randn(4, 3)
    one = func.hessian(lambda a: a.pow(3).sum())
    torch.testing.assert_close(torch.vmap(one)(x), torch.diag_embed(6 * x))


def test_vjp_and_jvp_agree():
    torch.manual_seed(0)
    x, v, w = torch.randn(3), torch.randn(3), torch.randn(3, 2)

    def function(a):
        return (a @ w).exp(), a.sum()

    output, pull = func.vjp(function, x)
    seeds = (torch.randn(2), torch.randn(()))
    (pulled,) = pull(seeds)
    again, pushed = func.jvp(function, (x,), (v,))
    torch.testing.assert_close(output, again)
    left = sum((a * b).sum() for a, b in zip(seeds, pushed, strict=True))
    torch.testing.assert_close(left, (pulled * v).sum())
    same, push = func.linearize(function, x)
    torch.testing.assert_close(push(v), pushed)
    torch.testing.assert_close(same, output)
    (twice,) = pull(seeds)
    torch.testing.assert_close(twice, pulled)


def test_second_derivatives_through_several_layers():
    # What the inner Jacobian keeps depends on the variable too, one through the other.
    x = torch.tensor([0.3, -0.7], dtype=torch.float64)

    def deep(a):
        return a.sin().sin().exp().sum()

    inner = x.sin()
    wanted = torch.diag(
        inner.sin().exp()
        * ((inner.cos() * x.cos()) ** 2 - inner.sin() * x.cos() ** 2 - inner.cos() * x.sin())
    )
    torch.testing.assert_close(func.hessian(deep)(x), wanted)
    torch.testing.assert_close(func.jacrev(func.jacrev(deep))(x), wanted)
    third = func.jacrev(func.jacrev(func.jacrev(lambda a: a.sin().sin().sum())))(x)
    s, c = x.sin(), x.cos()
    expected = -s.cos() * c**3 + 3 * s.sin() * s * c - s.cos() * c
    torch.testing.assert_close(third.diagonal().diagonal(), expected)


def test_what_vmap_closes_over_counts_once():
    z = torch.tensor([0.3, 0.4], requires_grad=True)
    y = z.sin()
    torch.vmap(lambda v: v * y * z)(torch.ones(3, 2)).sum().backward()
    with torch.no_grad():
        torch.testing.assert_close(z.grad, 3 * (z.sin() + z * z.cos()))


def test_jvp_of_jvp_and_under_vmap():
    x = torch.randn(4)

    def slope(a):
        return func.jvp(torch.sin, (a,), (torch.ones_like(a),))[1]

    torch.testing.assert_close(slope(x), x.cos())
    torch.testing.assert_close(func.jvp(slope, (x,), (torch.ones(4),))[1], -x.sin())
    torch.testing.assert_close(torch.vmap(slope)(x), x.cos())
    constant = func.jvp(lambda a: torch.ones(2), (x,), (x,))[1]
    assert constant.tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: func.grad(lambda a: a)(x), "scalar Tensor, got tensor with 1 dims"),
        (lambda x: func.grad(lambda a: 3)(x), "to return a Tensor"),
        (lambda x: func.grad(lambda a: a.sum())(x.long()), "floating point"),
        (lambda x: func.grad(lambda a: a.sum(), argnums=2)(x), "argnum=2"),
        (lambda x: func.grad(lambda a: a.sum(), has_aux=True)(x), "has_aux"),
        (lambda x: func.vjp(torch.sin, x)[1]((x, x)), "pytree structure"),
        (lambda x: func.jvp(torch.sin, (x,), (x[:1],)), "shape"),
        (lambda x: func.stack_module_state([]), "at least one model"),
        (lambda x: func.functionalize(torch.sin, remove="all"), "invalid argument"),
    ],
)
def test_wrong_calls(call, words):
    with pytest.raises(RuntimeError, match=words):
        call(torch.ones(2))


def test_jacobians_of_complex_outputs_are_refused():
    with pytest.raises(RuntimeError, match="Expected all outputs to be real"):
        func.jacrev(lambda a: a.to(torch.complex64) * 1j)(torch.ones(2))


def test_a_gradient_of_a_tangent_is_closed():
    def f(x):
        return (x.sin() * x).sum()

    x = torch.tensor([1.0, 2.0])
    made = torch.func.grad(lambda v: torch.func.jvp(f, (v,), (torch.ones(2),))[1])(x)
    assert not made.requires_grad
    assert torch.allclose(made, torch.func.hessian(f)(x).diagonal())
    y = x.clone().requires_grad_()
    kept = torch.func.grad(lambda v: torch.func.jvp(lambda u: f(u) * y.sum(), (v,), (v,))[1])(x)
    assert kept.requires_grad
