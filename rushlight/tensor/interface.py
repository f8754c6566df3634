"""Questions about tensors and dtypes that ``torch`` answers at the top level."""

from __future__ import annotations

from typing import Any

from rushlight.base import absent
from rushlight.base import dtype as dtypes
from rushlight.base import shape as shapes
from rushlight.base.dtype import dtype as DType
from rushlight.base.warn import warn_once
from rushlight.engine.value import Size
from rushlight.tensor.argument_kinds import asks
from rushlight.tensor.device import Device, chosen
from rushlight.tensor.kinds import can_cast
from rushlight.tensor.memory_format import (
    channels_last,
    channels_last_3d,
    contiguous_format,
    layout,
    memory_format,
    preserve_format,
    sparse_coo,
    strided,
)
from rushlight.tensor.storage_names import TypedStorage, UntypedStorage
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function

# What a program names in comparisons, as torch.sparse_csr; no tensor lies so here.
ABSENT = {**absent.DTYPES, **{name: layout(name) for name in absent.LAYOUTS}}
ABSENT["chalf"] = ABSENT["complex32"]
Tensor.layout = strided  # type: ignore[attr-defined]


def is_tensor(obj: Any) -> bool:
    """Whether ``obj`` is a tensor."""
    return isinstance(obj, Tensor)


def is_storage(obj: Any) -> bool:
    """Whether ``obj`` is a storage, of bytes or of elements."""
    return isinstance(obj, (UntypedStorage, TypedStorage))


@asks
def is_floating_point(input: Tensor) -> bool:
    """Whether the dtype is a floating one."""
    return input.dtype.is_floating_point


@asks
def is_complex(input: Tensor) -> bool:
    """Whether the dtype is a complex one."""
    return input.dtype.is_complex


@asks
def is_nonzero(input: Tensor) -> bool:
    """Whether the one element is not zero."""
    return bool(input)


def _assert_async(
    input: Tensor,
    assert_msg: str = "Expected Tensor with single nonzero value, but got zero",
) -> None:
    """Raise RuntimeError if the one element of ``input`` is zero."""
    if not bool(input):
        raise RuntimeError(assert_msg)


@asks
def numel(input: Tensor) -> int:
    """The number of elements."""
    return input._value.meta.numel


@asks
def equal(input: Tensor, other: Tensor) -> bool:
    """Whether shape and all elements are equal."""
    if input.shape != other.shape:
        return False
    return bool(function("all")(function("eq")(input, other)).item())


@asks
def allclose(
    input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> bool:
    """Whether all elements are close: |input - other| <= atol + rtol * |other|."""
    for name, bound in (("rtol", rtol), ("atol", atol)):
        if bound < 0:
            raise RuntimeError(f"{name} must be greater than or equal to zero, but got {bound:g}")
    return bool(function("all")(function("isclose")(input, other, rtol, atol, equal_nan)).item())


Tensor.equal = equal  # type: ignore[attr-defined]
Tensor.allclose = allclose  # type: ignore[attr-defined]
Tensor.is_nonzero = is_nonzero  # type: ignore[attr-defined]


@asks
def result_type(tensor1: Tensor | float, tensor2: Tensor | float) -> DType:
    """The dtype that arithmetic on the two computes in."""
    dims: list[DType] = []
    zeros: list[DType] = []
    numbers: list[DType] = []
    for each in (tensor1, tensor2):
        if isinstance(each, Tensor):
            (dims if each.ndim else zeros).append(each.dtype)
        else:
            numbers.append(dtypes.number_dtype(each))
    return dtypes.result_type(dims, zeros, numbers)


def promote_types(type1: DType, type2: DType) -> DType:
    """The smallest dtype that both convert to."""
    a, b = (
        dtypes.of_argument(each, "promote_types", f"'type{place}' (position {place})")
        for place, each in enumerate((type1, type2), 1)
    )
    return dtypes.promote(a, b)


def broadcast_shapes(*shapes_: Any) -> Size:
    """The shape that all expand to."""
    return Size(shapes.broadcast_shapes(*((s,) if isinstance(s, int) else s for s in shapes_)))


def get_default_device() -> Device:
    """Where new tensors go: the CPU, or what ``set_default_device`` or a ``with`` says."""
    return chosen.devices[-1]


def typename(obj: Any) -> str:
    """The legacy type name of a tensor, else the name of the class, or of the class that ``obj``
    is, with its module unless that is ``builtins``."""
    if isinstance(obj, Tensor):
        return obj.type()  # type: ignore[attr-defined, no-any-return]
    kind = obj if isinstance(obj, type) else type(obj)
    module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    return f"{module}{kind.__qualname__}"


def chain_matmul(*matrices: Tensor) -> Tensor:
    """The product of matrices, from left to right."""
    warn_once(
        "torch.chain_matmul is deprecated and will be removed in a future PyTorch release. Use "
        "torch.linalg.multi_dot instead, which accepts a list of two or more tensors rather than "
        "multiple parameters."
    )
    out = matrices[0]
    for matrix in matrices[1:]:
        out = function("mm")(out, matrix)
    return out


__all__ = [
    "allclose", "broadcast_shapes", "can_cast", "chain_matmul", "channels_last",
    "channels_last_3d", "contiguous_format", "equal", "get_default_device", "is_complex",
    "is_floating_point", "is_nonzero", "is_storage", "is_tensor", "layout", "memory_format",
    "numel", "preserve_format", "promote_types", "result_type", "sparse_coo", "strided", "typename",
]  # fmt: skip
