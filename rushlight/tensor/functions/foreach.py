"""``torch._foreach_add`` and its family: one function over the tensors of a list.

Optimisers outside PyTorch are written with them. Each tensor's result is the plain function's, and
all of them are one part of the plan anyway.
https://docs.pytorch.org/docs/stable/torch.html#foreach-operations

>>> import rushlight as torch
>>> torch._foreach_add([torch.ones(2), torch.zeros(1)], 3)
(tensor([4., 4.]), tensor([3.]))
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rushlight.tensor.functions.linalg.norms import vector_norm
from rushlight.tensor.functions.register import public
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function

_UNARY = """
    abs acos asin atan ceil cos cosh erf erfc exp expm1 floor frac lgamma log log10 log1p log2 neg
    reciprocal round rsqrt sigmoid sign sin sinh sqrt tan tanh trunc
"""
_WITH_ALPHA = ("add", "sub")
_BINARY = ("mul", "div", "pow", "clamp_max", "clamp_min", "maximum", "minimum")
_PRODUCTS = ("addcmul", "addcdiv")
# Of one number or a list of numbers, these are other functions of a tensor.
_OF_NUMBERS = {"maximum": "clamp_min", "minimum": "clamp_max"}


def _tensors(who: str, values: Any) -> Sequence[Tensor]:
    """``values`` if it is a list of tensors with at least one."""
    if not isinstance(values, (list, tuple)) or not all(isinstance(v, Tensor) for v in values):
        raise TypeError(
            f"{who}() received an invalid combination of arguments: it needs a tuple of Tensors, "
            f"got {type(values).__name__}"
        )
    if not values:
        raise RuntimeError("Tensor list must have at least one tensor.")
    return values


def _together(first: Sequence[Tensor], other: Sequence[Any]) -> Sequence[Any]:
    """``other``, a list with one for each of ``first``."""
    if len(other) != len(first):
        if isinstance(other[0] if other else None, Tensor):
            raise RuntimeError(
                "Tensor lists must have the same number of tensors, got "
                f"{len(first)} and {len(other)}"
            )
        raise RuntimeError("Tensor list must have same number of elements as scalar list.")
    return other


def _each(first: Sequence[Tensor], other: Any) -> Sequence[Any]:
    """One for each of ``first``: a list's own, or the one number or 0-d tensor for all."""
    if isinstance(other, (list, tuple)):
        return _together(first, other)
    if isinstance(other, Tensor) and other.ndim:
        raise RuntimeError(
            f"scalar tensor expected to be 0 dim but it has {other.ndim} dimensions and "
            f"{other.numel()} elements."
        )
    return [other] * len(first)


def _named(who: str, made: Callable[..., Any], doc: str) -> None:
    made.__name__ = made.__qualname__ = who
    made.__doc__ = doc
    public(name=who)(made)


def _both(name: str, calls: Callable[..., Any]) -> None:
    """List ``_foreach_<name>`` and ``_foreach_<name>_``.

    ``calls(who, tensors, ...)`` gives the arguments of ``name`` for each tensor.
    """

    def make(self: Any, *args: Any, **kwargs: Any) -> tuple[Tensor, ...]:
        each = calls(f"_foreach_{name}", self, *args, **kwargs)
        return tuple(function(_named_for(name, given))(*given, **more) for given, more in each)

    def write(self: Any, *args: Any, **kwargs: Any) -> Any:
        for given, more in calls(f"_foreach_{name}_", self, *args, **kwargs):
            each = _named_for(name, given)
            if each in _OF_NUMBERS:  # there is no Tensor.maximum_
                given[0].copy_(function(each)(*given))
            else:
                getattr(given[0], each + "_")(*given[1:], **more)
        return self

    _named(f"_foreach_{name}", make, f"``{name}`` of each tensor of a list: a tuple.")
    _named(f"_foreach_{name}_", write, f"``{name}_`` of each tensor of a list, which is returned.")


def _named_for(name: str, given: tuple[Any, ...]) -> str:
    return _OF_NUMBERS.get(name, name) if not isinstance(given[-1], Tensor) else name


def _alone(who: str, self: Any) -> list[Any]:
    return [((x,), {}) for x in _tensors(who, self)]


def _with_other(who: str, self: Any, other: Any) -> list[Any]:
    if who == "_foreach_pow" and not isinstance(self, (list, tuple)):
        return [((self, y), {}) for y in _tensors(who, other)]
    return [((x, y), {}) for x, y in zip(_tensors(who, self), _each(self, other), strict=True)]


def _with_alpha(who: str, self: Any, other: Any, *, alpha: Any = 1) -> list[Any]:
    _tensors(who, self)
    more = {} if alpha == 1 else {"alpha": alpha}
    others = _each(self, other)
    if more and not isinstance(others[0], Tensor):
        raise TypeError(f"{who}() takes alpha with tensors only, got a number to add")
    return [((x, y), more) for x, y in zip(self, others, strict=True)]


def _with_factor(
    who: str, self: Any, tensor1: Any, tensor2: Any, scalars: Any = None, *, value: Any = 1
) -> list[Any]:
    _tensors(who, self)
    given = value if scalars is None else scalars
    if isinstance(given, Tensor):
        given = given.tolist()  # type: ignore[attr-defined]
    factors = _each(self, given)
    a, b = _together(self, tensor1), _together(self, tensor2)
    return [((x, y, z), {"value": v}) for x, y, z, v in zip(self, a, b, factors, strict=True)]


def _with_weight(who: str, self: Any, tensors1: Any, weight: Any) -> list[Any]:
    ends = _together(_tensors(who, self), tensors1)
    return [((x, y, w), {}) for x, y, w in zip(self, ends, _each(self, weight), strict=True)]


for _name in _UNARY.split():
    _both(_name, _alone)
for _name in _WITH_ALPHA:
    _both(_name, _with_alpha)
for _name in _BINARY:
    _both(_name, _with_other)
for _name in _PRODUCTS:
    _both(_name, _with_factor)
_both("lerp", _with_weight)


def _norms(self: Any, ord: Any = 2, dtype: Any = None) -> tuple[Tensor, ...]:
    tensors = _tensors("_foreach_norm", self)
    return tuple(vector_norm(x, ord, dtype=dtype) for x in tensors)


def _sums_of_powers(self: Any, ord: Any = 2, dtype: Any = None) -> tuple[Tensor, ...]:
    tensors = _tensors("_foreach_powsum", self)
    return tuple(function("sum")(x.abs() ** ord, dtype=dtype) for x in tensors)


def _maxima(self: Any) -> tuple[Tensor, ...]:
    return tuple(function("amax")(x) for x in _tensors("_foreach_max", self))


def _copies(self: Any) -> tuple[Tensor, ...]:
    return tuple(x.clone() for x in _tensors("_foreach_clone", self))


def _matrix_products(self: Any, other: Any) -> tuple[Tensor, ...]:
    others = _together(_tensors("_foreach_mm", self), other)
    return tuple(function("mm")(x, y) for x, y in zip(self, others, strict=True))


def _copy_into(self: Any, src: Any, non_blocking: bool = False) -> Any:
    sources = _together(_tensors("_foreach_copy_", self), src)
    for x, y in zip(self, sources, strict=True):
        x.copy_(y)
    return self


def _zero(self: Any) -> Any:
    for x in _tensors("_foreach_zero_", self):
        x.zero_()
    return self


_named("_foreach_norm", _norms, "``torch.linalg.vector_norm`` of each tensor of a list.")
_named("_foreach_powsum", _sums_of_powers, "The sum of |x| ** ord of each tensor of a list.")
_named("_foreach_max", _maxima, "The largest element of each tensor of a list.")
_named("_foreach_clone", _copies, "A copy of each tensor of a list.")
_named("_foreach_mm", _matrix_products, "The matrix products of two lists, one by one.")
_named("_foreach_copy_", _copy_into, "Copy each tensor of ``src`` into one of a list.")
_named("_foreach_zero_", _zero, "Fill each tensor of a list with zeros.")
