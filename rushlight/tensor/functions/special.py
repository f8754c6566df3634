"""Special functions whose first argument is no tensor: polygamma."""

from __future__ import annotations

from rushlight.tensor.functions.register import public
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


@public()
def polygamma(n: int, input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The n-th derivative of digamma, element by element. Raises RuntimeError where n < 0.

    >>> import rushlight as torch
    >>> torch.polygamma(1, torch.tensor([1.0, 0.5]))
    tensor([1.6449, 4.9348])
    """
    made: Tensor = function("_polygamma")(input, n, out=out)
    return made


def _method(self: Tensor, n: int) -> Tensor:
    """The n-th derivative of digamma, element by element."""
    return polygamma(n, self)


def _inplace(self: Tensor, n: int) -> Tensor:
    """``polygamma``, written into this tensor."""
    self._writable("polygamma_")
    return self._inplace(polygamma(n, self), "polygamma_")


Tensor.polygamma = _method  # type: ignore[attr-defined]
Tensor.polygamma_ = _inplace  # type: ignore[attr-defined]
