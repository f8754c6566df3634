"""``torch._subclasses.fake_tensor``: tensors without elements, which nothing here makes."""

from __future__ import annotations

from contextlib import nullcontext

from rushlight.base.left_out import absent_class

FakeTensor = absent_class(
    "torch._subclasses.fake_tensor.FakeTensor", "no operation runs without elements"
)


def is_fake(x: object) -> bool:
    """False."""
    return False


def unset_fake_temporarily() -> nullcontext[None]:
    """A context in which tensors are ordinary ones, as they are outside of it."""
    return nullcontext()


__all__ = ["FakeTensor", "is_fake", "unset_fake_temporarily"]
