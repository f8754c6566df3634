"""Whether numbers are close: isclose, with tolerances checked first."""

from __future__ import annotations

from rushlight.tensor.functions.register import public
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


@public(method=True)
def isclose(
    input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Tensor:
    """True where \\|input - other\\| <= atol + rtol * \\|other\\|, or both are equal.

    Raises RuntimeError for a negative tolerance.
    """
    for name, given in (("rtol", rtol), ("atol", atol)):
        if not given >= 0:
            raise RuntimeError(f"{name} must be greater than or equal to zero, but got {given}")
    found: Tensor = function("isclose")(input, other, rtol, atol, equal_nan)
    return found
