"""Attributes that libraries give to their own classes of tensors, as monai's MetaTensor does."""

from __future__ import annotations

from typing import Any

import rushlight as torch


class Described(torch.Tensor):
    """A tensor with a dict beside it, under the names of monai 1.6."""

    _meta: dict[str, Any]

    @staticmethod
    def __new__(cls, x: Any, meta: dict[str, Any] | None = None) -> Described:
        return torch.as_tensor(x).as_subclass(cls)

    def __init__(self, x: Any, meta: dict[str, Any] | None = None) -> None:
        self._meta = dict(meta or {})
        self._applied_operations: list[Any] = []


def test_the_class_has_the_name_meta_for_itself() -> None:
    made = Described(torch.ones(2, 3), {"spacing": 2})
    assert made._meta == {"spacing": 2} and type(made * 2) is Described
    assert (made * 2).sum().item() == 12.0
    weight = torch.ones(2, 3, requires_grad=True)
    (made * weight).sum().backward()
    assert torch.equal(weight.grad, torch.ones(2, 3))
    assert not hasattr(torch.ones(1), "_meta")
