"""What the user's functions leave to others: ``out=``, autocast, arguments that are not plain.

Functions are passed with their op and the values of all its parameters, in order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rushlight.engine.trace import Trace, local
from rushlight.ops import table
from rushlight.ops.table import Op, Parameter
from rushlight.tensor import autocast
from rushlight.tensor.argument_kinds import require_kind
from rushlight.tensor.kinds import class_name
from rushlight.tensor.out import for_out, require_dtypes, require_parts, write_out
from rushlight.tensor.overlap import OVERLAP
from rushlight.tensor.plain_arguments import complex_number, plain_constant, within_reach
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap_source import MAY_HOLD_NUMBER, NUMBER_TYPES

_OPTIONAL = (table.OPTIONAL_TENSOR, table.OPTIONAL_OPERAND, table.OPTIONAL_SCALAR)
_READ_OUT_OF_ORDER = (
    "cat", "stack", "gather", "take", "index_select", "take_along_dim", "kthvalue",
)  # fmt: skip


class Normalise(Exception):
    """A constant argument is a tensor or array: turn it into numbers and call again."""


# Set by tensor.overrides: a call with an object that is no tensor and has ``__torch_function__``.
on_foreign: Callable[..., Any]


def set_on_foreign(made: Callable[..., Any]) -> None:
    global on_foreign
    on_foreign = made


def into(function: Callable[..., Any], op: Op, arguments: tuple[Any, ...], out: Any) -> Any:
    """``out=``: compute, then write."""
    if not isinstance(out, (Tensor, tuple, list)):
        raise TypeError(f"{op.name}(): argument 'out' must be Tensor, not {class_name(out)}")
    for target in (out,) if isinstance(out, Tensor) else out:
        if isinstance(target, Tensor):
            for each in arguments:
                for read in each if isinstance(each, (list, tuple)) else (each,):
                    target._apart_from(read, op.name in _READ_OUT_OF_ORDER)
    arguments = for_out(op.name, arguments, out)
    trace = local.trace
    before, trace.autocast = trace.autocast, None  # results go where the user says, as they are
    try:
        result = call_op(function, op, arguments)
    finally:
        trace.autocast = before
    require_parts(op.name, out, result)
    require_dtypes(op.name, out, result, arguments)
    if op.name in _READ_OUT_OF_ORDER and isinstance(out, Tensor) and out._storage is not None:
        # ``out`` would grow over what is read.
        shares = any(isinstance(each, Tensor) and each._storage is out._storage
                     for each in arguments)  # fmt: skip
        if shares and out.shape != result.shape:
            raise RuntimeError(OVERLAP)
    if isinstance(result, Tensor):
        return write_out(op.name, out, result)
    for target, each in zip(out, result, strict=True):
        write_out(op.name, target, each)
    return type(result)(*out) if hasattr(result, "_fields") else tuple(out)


def call_op(function: Callable[..., Any], op: Op, arguments: tuple[Any, ...]) -> Any:
    """Call an op's function with its parameters passed as it declares them."""
    positional: list[Any] = []
    keywords: dict[str, Any] = {}
    for parameter, value in zip(op.parameters, arguments, strict=True):
        if parameter.keyword_only:
            keywords[parameter.name] = value
        elif parameter.variadic:
            positional.extend(value)
        else:
            positional.append(value)
    return function(*positional, **keywords)


def recast(function: Callable[..., Any], op: Op, arguments: tuple[Any, ...], trace: Trace) -> Any:
    """The call under autocast, of an op that it concerns."""

    def plain(*arguments: Any) -> Any:
        return call_op(function, op, arguments)

    return autocast.run(trace, autocast.RULES[op.name], plain, arguments, {})


def otherwise(
    function: Callable[..., Any], op: Op, arguments: tuple[Any, ...], trace: Trace, error: Exception
) -> Any:
    """The call's arguments are not plain: turn what can be turned, or say what is wrong."""
    trace.repair()
    for each in arguments:
        one = each[0] if each.__class__ in (tuple, list) and each else each
        foreign = getattr(one, "_in_other_form", None)  # a tensor of another layout
        if foreign is not None:
            return foreign(op, arguments)
        if not isinstance(each, Tensor) and hasattr(type(each), "__torch_function__"):
            return on_foreign(function, op, arguments)
    plain = tuple(
        _plain(op, parameter, value, arguments)
        for parameter, value in zip(op.parameters, arguments, strict=True)
    )
    if all(a is b for a, b in zip(plain, arguments, strict=True)):
        raise error
    return call_op(function, op, plain)


def _plain(op: Op, parameter: Parameter, value: Any, arguments: tuple[Any, ...] = ()) -> Any:
    """An argument as the generated function takes it, or TypeError as PyTorch words it."""
    kind = parameter.kind
    if kind == table.STATIC:
        require_kind(op, parameter, value)
        return plain_constant(value)
    if value is None:
        if kind in _OPTIONAL:
            return None
    elif isinstance(value, Tensor):
        if kind not in (table.SCALAR, table.OPTIONAL_SCALAR, table.TENSORS):
            return value
        if value.ndim == 0 and kind != table.TENSORS:
            return value.item()
    elif kind in (*MAY_HOLD_NUMBER, table.SCALAR, table.OPTIONAL_SCALAR):
        if type(value) in NUMBER_TYPES:
            return within_reach(value, arguments)
        if isinstance(value, (complex, np.complexfloating)) and kind in MAY_HOLD_NUMBER:
            return complex_number(complex(value), arguments)
        if isinstance(value, np.ndarray) and kind in MAY_HOLD_NUMBER:
            return Tensor._from_array(value)
        if isinstance(value, (np.bool_, np.integer, np.floating)):
            return within_reach(value.item(), arguments)
        if isinstance(value, (int, float)):  # a subclass: IntEnum, say
            plain = int(value) if isinstance(value, int) else float(value)
            return within_reach(plain, arguments)
    if kind == table.TENSORS and isinstance(value, (tuple, list)):
        for place, each in enumerate(value):
            if not isinstance(each, Tensor):
                raise TypeError(
                    f"expected Tensor as element {place} in argument 0, but got "
                    f"{type(each).__name__}"
                )
        return value if isinstance(value, tuple) else tuple(value)
    if kind == table.TENSORS and not isinstance(value, Tensor) and hasattr(value, "__iter__"):
        return tuple(value)
    place = [p.name for p in op.parameters].index(parameter.name) + 1
    wanted = "tuple of Tensors" if kind == table.TENSORS else (
        "Number" if kind in (table.SCALAR, table.OPTIONAL_SCALAR) else "Tensor"
    )  # fmt: skip
    raise TypeError(
        f"{op.name.lstrip('_')}(): argument '{parameter.name}' (position {place}) must be "
        f"{wanted}, not {class_name(value)}"
    )


def spelled_out(op: Op, given: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
    """The values of a starred parameter that came as a keyword: ``flip(x, dims=(0, 1))``."""
    name = next(p.name for p in op.parameters if p.variadic)
    strange = [each for each in named if each != name] or ([name] if given else [])
    if strange:
        raise TypeError(f"{op.name}() got an unexpected keyword argument '{strange[0]}'")
    value = named[name]
    return (value,) if isinstance(value, (int, Tensor)) else tuple(value)
