"""Promotion and broadcasting inside op bodies: PyTorch's rules, applied to nodes and numbers.

A Python number in a body is either a literal (``2.0 * x``) or a 0-d node of op ``scalar`` (an
argument of the user's call). Both count least in promotion.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rushlight.base.dtype import (
    bfloat16,
    bool_,
    float16,
    float32,
    get_default_dtype,
    int64,
    number_dtype,
    result_type,
)
from rushlight.base.dtype import dtype as DType
from rushlight.base.errors import ShapeError
from rushlight.base.shape import broadcast_shapes
from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.ops.legacy_names import legacy_name
from rushlight.ops.table import Grads

Number = complex | float | int | bool


def is_number(x: Any) -> bool:
    """A Python literal, or a number of the user's call."""
    return not isinstance(x, Node) or x.op == "scalar"


def number_kind(x: Any) -> DType:
    """The dtype that a number counts as."""
    if isinstance(x, Node):
        return get_default_dtype() if x.dtype.is_floating_point else x.dtype
    return number_dtype(x)


def common_dtype(*operands: Any) -> DType:
    """The dtype PyTorch's ``result_type`` gives for nodes and numbers together."""
    dims: list[DType] = []
    zeros: list[DType] = []
    numbers: list[DType] = []
    for x in operands:
        if is_number(x):
            numbers.append(number_kind(x))
        elif x.ndim:
            dims.append(x.dtype)
        else:
            zeros.append(x.dtype)
    return result_type(dims, zeros, numbers)


def floating(dtype: DType) -> DType:
    """What an integer dtype becomes in functions that yield real numbers: the default dtype."""
    return dtype if dtype.is_floating_point or dtype.is_complex else get_default_dtype()


def full(x: Any, shape: tuple[int, ...], dtype: DType) -> Node:
    """A node or number as a node of ``shape`` and ``dtype``."""
    if not isinstance(x, Node):
        return build.const(x, shape, dtype)
    return build.broadcast(build.cast(x, dtype), shape)


def require_tensor(who: str, *operands: Any) -> None:
    """Raise TypeError where all operands are Python numbers: one must be a tensor."""
    if all(map(is_number, operands)):
        kinds = ", ".join(_kind(x) for x in operands)
        raise TypeError(
            f"{who}() received an invalid combination of arguments - got ({kinds}), but expected "
            "a Tensor among them; make one with torch.tensor(...)"
        )


def _kind(x: Any) -> str:
    return number_kind(x).name.rstrip("0123456789")


def shape_of(*operands: Any) -> tuple[int, ...]:
    """The broadcast shape of nodes and numbers."""
    return broadcast_shapes(*(x.shape for x in operands if isinstance(x, Node)))


def align(*operands: Any, dtype: DType | None = None) -> list[Node]:
    """All operands cast to one dtype (PyTorch's promotion unless given) and one shape."""
    dtype = common_dtype(*operands) if dtype is None else dtype
    shape = shape_of(*operands)
    return [full(x, shape, dtype) for x in operands]


def beside(other: Any, dtype: DType) -> DType:
    """Where a product with ``other`` or a quotient by it is computed whose result is of ``dtype``.

    A number or 0-d tensor beside float16 and bfloat16 is not rounded to them before, as in
    PyTorch's kernels for the CPU: a product of float16 and 70000.0 need not be infinite.
    """
    single = is_number(other) or other.ndim == 0
    return compute_dtype(dtype) if single else dtype


def as_node(x: Any, like: Node) -> Node:
    """A number or node cast to ``like``'s dtype, 0-d where it was a number."""
    if isinstance(x, Node):
        return build.cast(x, like.dtype)
    return build.const(x, (), like.dtype)


def compute_dtype(dtype: DType) -> DType:
    """Where half precision is widened before a long computation."""
    return float32 if dtype in (float16, bfloat16) else dtype


def rounded_once(rule: Callable[..., Grads]) -> Callable[..., Grads]:
    """A vjp of halves that computes in float32 and rounds at its end, as PyTorch's kernels do."""

    def widened(g: Node, out: Node, *args: Any) -> Grads:
        half, wide = out.dtype, compute_dtype(out.dtype)
        if half is wide:
            return rule(g, out, *args)

        def up(x: Any) -> Any:
            return build.cast(x, wide) if isinstance(x, Node) and x.dtype is half else x

        grads = rule(up(g), up(out), *map(up, args))
        return tuple(None if each is None else build.cast(each, half) for each in grads)

    return widened


def unbroadcast(g: Node, shape: Sequence[int]) -> Node:
    """Sum a cotangent back to the shape that was broadcast."""
    shape = tuple(shape)
    if g.shape == shape:
        return g
    lead = g.ndim - len(shape)
    axes = tuple(range(lead)) + tuple(
        lead + axis for axis, size in enumerate(shape) if size == 1 and g.shape[lead + axis] != 1
    )
    return build.reshape(build.reduce(g, "sum", axes), shape)


def grad_to(g: Node, x: Any) -> Node | None:
    """A cotangent in the shape and dtype of the operand it belongs to; None for numbers."""
    if is_number(x) or not (x.dtype.is_floating_point or x.dtype.is_complex):
        return None
    return build.cast(unbroadcast(g, x.shape), x.dtype)


def require_same_dtype(who: str, **operands: Node | None) -> None:
    """Raise RuntimeError naming the dtypes unless all agree, as PyTorch's kernels demand."""
    present = {name: x for name, x in operands.items() if x is not None}
    kinds = {x.dtype for x in present.values()}
    if len(kinds) > 1:
        told = ", ".join(f"{name} {x.dtype.name}" for name, x in present.items())
        raise RuntimeError(
            f"{who}: expected all tensors to have the same dtype, but got {told}; "
            "convert one of them with .to(dtype)"
        )


def require_parameter(input: Node, **parameters: Node | None) -> None:
    """RuntimeError unless the parameters of a norm have the dtype of ``input``; those of half
    precision may be float32."""
    for parameter in parameters.values():
        if parameter is None or parameter.dtype in (input.dtype, compute_dtype(input.dtype)):
            continue
        raise RuntimeError(
            "mixed dtype (CPU): expect parameter to have scalar type of "
            f"{legacy_name(compute_dtype(input.dtype))}"
        )


__all__ = [
    "ShapeError", "align", "as_node", "bool_", "common_dtype", "compute_dtype", "floating", "full",
    "grad_to", "int64", "is_number", "require_parameter", "require_same_dtype", "require_tensor",
    "shape_of", "unbroadcast",
]  # fmt: skip


def require_floating(kernel: str, x: Node) -> None:
    """NotImplementedError, worded as PyTorch's kernel of that name does, for a dtype that has no
    fractions."""
    if not x.dtype.is_floating_point:
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{legacy_name(x.dtype)}'")
