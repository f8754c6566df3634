"""Views made while nothing was recorded are not written to while something is."""

from __future__ import annotations

import pytest

import rushlight as torch


@pytest.mark.parametrize("leaf", [True, False])
@pytest.mark.parametrize("deep", [True, False])
def test_a_view_of_no_grad_is_not_written_to_with_a_graph(leaf: bool, deep: bool) -> None:
    x = torch.ones(4, requires_grad=True)
    base = x if leaf else x * 1
    with torch.no_grad():
        view = base.view(2, 2)[0] if deep else base[:2]
    with pytest.raises(RuntimeError, match="A view was created in no_grad mode"):
        view.mul_(2)
    with torch.no_grad():
        view.mul_(2)  # both inside: not recorded
    assert base.tolist() == [2, 2, 1, 1]
    base.sum().backward()
    assert x.grad.tolist() == [1, 1, 1, 1]


def test_a_view_of_a_detached_tensor_is_written_to() -> None:
    base = torch.ones(4, requires_grad=True) * 1
    base.detach()[:2].mul_(2)
    assert base.tolist() == [2, 2, 1, 1]
