"""autograd.grad and backward take tensors in any iterable, and grad a dict of them."""

from __future__ import annotations

from typing import Any

import pytest

import rushlight as torch


def made() -> tuple[Any, Any, Any]:
    a, b = torch.ones(2, requires_grad=True), torch.full((2,), 3.0, requires_grad=True)
    return a, b, (a * b).sum()


def test_any_iterable() -> None:
    for kind in (list, iter, lambda each: {str(i): x for i, x in enumerate(each)}.values()):
        a, b, total = made()
        found = torch.autograd.grad(kind([total]), kind([a, b]), kind([torch.tensor(2.0)]))
        assert type(found) is tuple and [each.tolist() for each in found] == [[6, 6], [2, 2]]
        a, b, total = made()
        total.backward(inputs=kind([a]))
        assert a.grad.tolist() == [3.0, 3.0] and b.grad is None
    layer = torch.nn.Linear(2, 2)
    assert len(torch.autograd.grad(layer(torch.ones(1, 2)).sum(), layer.parameters())) == 2


def test_a_dict_gives_a_dict() -> None:
    a, b, total = made()
    found = torch.autograd.grad(total, {"b": b, "a": a})
    assert {name: each.tolist() for name, each in found.items()} == {"b": [1, 1], "a": [3, 3]}
    assert list(found) == ["b", "a"]


def test_what_is_none() -> None:
    _, _, total = made()
    with pytest.raises(TypeError, match="'int' object is not iterable"):
        torch.autograd.grad(total, 3)
    with pytest.raises(RuntimeError, match=r"argument to `backward\(\)` cannot be empty"):
        total.backward(inputs=[])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_functions_are_called_by_apply() -> None:
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return 2 * x

    with pytest.raises(RuntimeError, match="Legacy autograd function with non-static forward"):
        Double()(torch.ones(2))
