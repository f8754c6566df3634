"""``torch._subclasses.fake_tensor``: tensors without elements, which nothing here makes."""

from __future__ import annotations

from rushlight.base.left_out import absent_class

FakeTensor = absent_class(
    "torch._subclasses.fake_tensor.FakeTensor", "no operation runs without elements"
)


def is_fake(x: object) -> bool:
    """False."""
    return False


__all__ = ["FakeTensor", "is_fake"]
