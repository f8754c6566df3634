"""``torch._subclasses.fake_tensor``: tensors without elements, which nothing here makes."""

from __future__ import annotations

from typing import Any, NoReturn

from rushlight.tensor import Tensor


class FakeTensor(Tensor):
    """Of no tensor here: shapes of a recorded operation are known before it runs."""

    def __new__(cls, *args: Any, **kwargs: Any) -> NoReturn:
        raise NotImplementedError(
            "FakeTensor: not part of Rushlight, where no operation runs without elements"
        )


def is_fake(x: object) -> bool:
    """False."""
    return False


__all__ = ["FakeTensor", "is_fake"]
