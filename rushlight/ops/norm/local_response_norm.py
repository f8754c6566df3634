"""Division by the neighbouring channels: local_response_norm."""

from __future__ import annotations

from rushlight.ir import build
from rushlight.ir.build import binary, const, unary
from rushlight.ir.graph import Node
from rushlight.ops.formula import scaled, times
from rushlight.ops.promote import floating
from rushlight.ops.table import composite


@composite(torch=False, functional=True, grad_name="Div")
def local_response_norm(
    input: Node, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Node:
    """x / (k + alpha * mean of squares over ``size`` neighbouring channels)**beta (Krizhevsky)."""
    if input.ndim < 3:
        raise ValueError(
            "Expected 3D or higher dimensionality                          input "
            f"(got {input.ndim} dimensions)"
        )
    if input.size == 0:
        return input
    whole = not input.dtype.is_floating_point
    input = build.cast(input, floating(input.dtype))
    squares = times(input, input)
    zeros = (0,) * input.ndim
    before = (*zeros[:1], size // 2, *zeros[2:])
    after = (*zeros[:1], (size - 1) // 2, *zeros[2:])
    padded = build.pad(squares, before, after, 0)
    total = None
    for shift in range(size):
        start = (*zeros[:1], shift, *zeros[2:])
        part = build.slice(padded, start, input.shape, (1,) * input.ndim)
        total = part if total is None else binary("add", total, part)
    assert total is not None
    mean = binary("div", total, const(size, total.shape, total.dtype)) if whole else scaled(
        total, 1 / size
    )  # fmt: skip
    if whole:  # PyTorch takes the mean of integers in integers
        mean = unary("floor", mean)
    base = scaled(mean, alpha)
    base = binary("add", base, const(k, base.shape, base.dtype))
    return binary("div", input, binary("pow", base, const(beta, base.shape, base.dtype)))
