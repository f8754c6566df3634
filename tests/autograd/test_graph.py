"""Saved-tensor hooks, edges, hooks of several tensors, and all that Functions may do."""

from __future__ import annotations

import numpy as np
import pytest

import rushlight as torch
from rushlight.autograd import Function, graph
from rushlight.autograd.function import once_differentiable


def leaves():
    return (
        torch.tensor([1.0, 2.0], requires_grad=True),
        torch.tensor([3.0, 4.0], requires_grad=True),
    )


def test_what_is_saved_goes_through_the_hooks():
    a, b = leaves()
    shapes = []

    def pack(x):
        shapes.append(tuple(x.shape))
        return x.detach().numpy().copy()

    with graph.saved_tensors_hooks(pack, lambda p: torch.from_numpy(p * 10)):
        out = (a * b).sum()
    assert shapes == [(2,), (2,)]
    out.backward()
    assert a.grad.tolist() == [30.0, 40.0]
    (a * b).sum().backward()
    assert a.grad.tolist() == [33.0, 44.0]
    assert len(shapes) == 2


def test_hooks_can_be_refused_and_the_cpu_is_no_detour():
    a, b = leaves()
    with graph.save_on_cpu(pin_memory=True):
        (a * b).sum().backward()
    assert a.grad.tolist() == [3.0, 4.0]
    with (
        graph.disable_saved_tensors_hooks("not here"),
        pytest.raises(RuntimeError, match="not here"),
    ):
        graph.save_on_cpu().__enter__()


def test_users_functions_save_through_the_hooks_too():
    class Square(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return 2 * x * g

    a, _ = leaves()
    with graph.saved_tensors_hooks(lambda x: x.detach() * 2, lambda x: x):
        Square.apply(a).sum().backward()
    assert a.grad.tolist() == [4.0, 8.0]


def test_saved_tensors_may_be_overwritten_where_that_is_allowed():
    a, _ = leaves()
    c = a.clone()
    out = (c**2).sum()
    c.sin_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        out.backward()
    with graph.allow_mutation_on_saved_tensors():
        c = a.clone()
        out = (c**2).sum()
        c.sin_()
        out.backward()
    assert a.grad.tolist() == [2.0, 4.0]


def test_one_hook_for_several_gradients():
    a, b = leaves()
    calls, first = [], []
    handle = graph.register_multi_grad_hook((a, b), calls.append)
    graph.register_multi_grad_hook((a, b), first.append, mode="any")
    for _ in range(3):  # the later ones in one stride
        (a * b).sum().backward()
    (a * 2).sum().backward()
    handle.remove()
    (a * b).sum().backward()
    assert len(calls) == 4
    assert [each.tolist() for each in calls[2]] == [[3.0, 4.0], [1.0, 2.0]]
    assert calls[3][1] is None
    assert len(first) == 5


def test_edges():
    a, b = leaves()
    z = a * b
    assert isinstance(z.grad_fn, graph.Node)
    (found,) = torch.autograd.grad((z * 2).sum(), [graph.get_gradient_edge(z)], retain_graph=True)
    assert found.tolist() == [2.0, 2.0]
    assert torch.autograd.grad(z.sum(), graph.get_gradient_edge(a))[0].tolist() == [3.0, 4.0]
    with pytest.raises(RuntimeError, match="does not require"):
        graph.get_gradient_edge(torch.ones(1))


def test_an_input_changed_in_place():
    class AddOne(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.mark_dirty(x)
            return x.add_(1)

        @staticmethod
        def backward(ctx, g):
            return 2 * g

    a, _ = leaves()
    x = a * 1
    assert AddOne.apply(x) is x
    (x * x).sum().backward()
    assert a.grad.tolist() == [8.0, 12.0]
    with pytest.raises(RuntimeError, match="leaf Variable"):
        AddOne.apply(a)


def test_differentiable_once():
    class Square(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        @once_differentiable
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return 2 * x * g

    a, _ = leaves()
    assert torch.autograd.grad(Square.apply(a).sum(), a)[0].tolist() == [2.0, 4.0]
    (found,) = torch.autograd.grad((Square.apply(a) ** 2).sum(), a, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        found.sum().backward()


def test_a_saved_tensor_that_was_overwritten_is_refused():
    class Keep(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * 1

        @staticmethod
        def backward(ctx, g):
            return g * ctx.saved_tensors[0]

    a, _ = leaves()
    x = a * 1
    y = Keep.apply(x)
    x.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


class Sine(Function):
    """Leaves the library: numbers go through NumPy."""

    @staticmethod
    def forward(x):
        return torch.from_numpy(np.sin(x.detach().numpy()))

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(inputs[0])

    @staticmethod
    def backward(ctx, g):
        return g * ctx.saved_tensors[0].cos()

    @staticmethod
    def vmap(info, in_dims, x):
        assert info.batch_size == x.shape[in_dims[0]]
        return Sine.apply(x), in_dims[0]


def test_a_function_with_a_vmap_of_its_own():
    x = torch.randn(3, 2, requires_grad=True)
    out = torch.vmap(Sine.apply)(x)
    torch.testing.assert_close(out, x.sin())
    torch.testing.assert_close(torch.autograd.grad(out.sum(), x)[0], x.cos())
    slope = torch.func.grad(lambda v: (Sine.apply(v) * 2).sum())
    torch.testing.assert_close(torch.vmap(slope)(x.detach()), 2 * x.cos())
    torch.testing.assert_close(torch.func.jacrev(Sine.apply)(x[0].detach()), torch.diag(x[0].cos()))


def test_gradients_of_functions_must_fit():
    class Wide(Function):
        @staticmethod
        def forward(ctx, a):
            return a * 2

        @staticmethod
        def backward(ctx, g):
            return torch.ones(wide)

    x = torch.ones(2, requires_grad=True)
    wide = (5,)
    with pytest.raises(RuntimeError, match=r"got \[5\] but expected shape compatible with \[2\]"):
        Wide.apply(x).sum().backward()
    wide = (3, 2)
    Wide.apply(x).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]

    class Turned(Wide):
        @staticmethod
        def backward(ctx, g):
            return torch.ones(2, 1).t()

    x.grad = None
    Turned.apply(x).sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]
    with pytest.warns(DeprecationWarning, match="should not be instantiated"):
        Wide()


def test_pickle_keeps_attributes():
    import pickle

    x = torch.arange(2.0)
    x.note = "kept"
    assert pickle.loads(pickle.dumps(x)).note == "kept"
