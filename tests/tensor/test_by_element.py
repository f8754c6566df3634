"""apply_, map_, fill_diagonal_, set_; and torch's forms of functional names."""

from __future__ import annotations

import pytest

import rushlight as torch
from rushlight.nn import functional as F


def test_apply_and_map() -> None:
    x = torch.arange(6.0).reshape(2, 3).t()
    assert x.apply_(lambda v: v + 1) is x
    assert x.tolist() == [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]
    assert x.map_(torch.tensor([1.0, 2.0]), lambda a, b: a * b).tolist()[0] == [1.0, 8.0]
    assert torch.ones(2).map2_(torch.ones(2), torch.ones(1), lambda a, b, c: a + b + c).sum() == 6
    assert torch.tensor([1, 2]).apply_(lambda v: v / 2).dtype is torch.int64
    with pytest.raises(RuntimeError, match=r"Can't call apply_\(\) on Variable that requires grad"):
        torch.ones(2, requires_grad=True).apply_(abs)


def test_fill_diagonal() -> None:
    assert torch.zeros(2, 3).fill_diagonal_(9).tolist() == [[9.0, 0.0, 0.0], [0.0, 9.0, 0.0]]
    wrapped = torch.zeros(7, 2).fill_diagonal_(1, wrap=True)
    assert wrapped.sum(1).tolist() == [1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0]
    assert torch.zeros(3, 3, 3).fill_diagonal_(1).sum() == 3
    x = torch.ones(2, 2, requires_grad=True)
    (x * 2).fill_diagonal_(0).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[0.0, 2.0], [2.0, 0.0]]
    with pytest.raises(RuntimeError, match="dimensions must larger than 1"):
        torch.zeros(3).fill_diagonal_(1)
    with pytest.raises(RuntimeError, match="must be of equal length"):
        torch.zeros(3, 3, 2).fill_diagonal_(1)


def test_set_shares_memory() -> None:
    x, y = torch.zeros(3), torch.ones(2, 2)
    x.set_(y)
    y.mul_(2)
    x[0, 0] = 7
    assert x.tolist() == y.tolist() == [[7.0, 2.0], [2.0, 2.0]]
    assert x.is_set_to(y)
    assert torch.zeros(0).set_(y, 1, (2,), (2,)).tolist() == [2.0, 2.0]
    assert torch.zeros(2).set_().shape == (0,)
    with pytest.raises(RuntimeError, match="Could not set tensor of type"):
        torch.zeros(1).set_(torch.tensor([1]))


def test_forms_of_torch() -> None:
    x = torch.arange(6.0).reshape(2, 3)
    torch.manual_seed(0)
    dropped = F.dropout(x, 0.5, training=True)
    torch.manual_seed(0)
    assert torch.equal(torch.dropout(x, 0.5, True), dropped)
    assert torch.dropout(x, 0.5, False) is x
    normal = torch.batch_norm(x, None, None, None, None, True, 0.1, 1e-5, True)
    assert torch.equal(normal, F.batch_norm(x, None, None, training=True))
    assert torch.embedding(x, torch.tensor([1])).tolist() == [[3.0, 4.0, 5.0]]
    assert torch.equal(torch.celu_(x - 3), F.celu(x - 3))
    assert torch.angle(torch.tensor([-1.0, 2.0])).tolist() == pytest.approx([3.14159265, 0.0])
    assert torch.positive(x) is x
    assert torch.vdot(x[0], x[1]) == 14


def test_rrelu_in_place_leaves_what_it_was_cloned_from() -> None:
    x = torch.tensor([-1.0, -2.0])
    x.sum().item()
    torch.rrelu_(x.clone(), 0.1, 0.3, True)
    assert x.tolist() == [-1.0, -2.0]
