"""Python's operators on tensors: ``a + b``, ``a @= b``, ``~a``, comparisons."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rushlight.base.dtype import bool_, from_numpy
from rushlight.base.hot import hot
from rushlight.tensor.arithmetic_now import ALONE, COMPUTED, computed, computed_in_place
from rushlight.tensor.compare_now import COMPARED, compared
from rushlight.tensor.hearing import hearing
from rushlight.tensor.kinds import convert
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import dispatching, function

_ACCEPTED = (Tensor, int, float, bool, complex, np.ndarray, np.generic)
_PLAIN = frozenset((Tensor, float, int, bool))


def _asked(call: Callable[..., Any], self: Any, other: Any) -> Any:
    """``call`` where ``other`` is no tensor or number: it is what ``__torch_function__`` makes it.

    NotImplemented, so that Python asks ``other``'s own operators, where it makes nothing of it.
    """
    if not hasattr(type(other), "__torch_function__"):
        return NotImplemented
    try:
        return call(self, other)
    except TypeError:
        return NotImplemented


def _forward(name: str, now: Any = None, what: Any = None) -> Callable[[Tensor, Any], Any]:
    """``now``: what does ``what`` of one known number at once, where it can be."""
    made: list[Callable[..., Any]] = []

    @hot
    def operator(self: Tensor, other: Any) -> Any:
        if now is not None and type(self) is Tensor:
            value = self._value
            if value.meta.numel == 1 and (value.buffer is not None or self._storage is not None):
                found = None if dispatching[0] and hearing.modes else now(what, self, other)
                if found is not None:
                    return found
        if not made:
            made.append(function(name))
        if type(other) in _PLAIN:
            return made[0](self, other)
        if not isinstance(other, _ACCEPTED):
            return _asked(made[0], self, other)
        if type(other) is np.ndarray:
            return _with_array(name, self, other)
        return made[0](self, other)

    return operator


def _quick(now: Any, what: Any, recorded: Callable[[Tensor, Any], Any], rows: bool = False) -> Any:
    """``recorded``, but for what of one known number, or of ``rows``, can be done ``now``."""

    @hot
    def operator(self: Tensor, other: Any) -> Any:
        if type(self) is Tensor and not (dispatching[0] and hearing.modes):
            few = self._value.meta.numel == 1 or (rows and self._base is not None)
            found = now(what, self, other) if few else None
            if found is not None:
                return found
        return recorded(self, other)

    return operator


def _with_array(name: str, self: Tensor, other: np.ndarray[Any, Any]) -> Tensor:
    """NumPy would compute this in PyTorch, so its promotion rules: an array of float64 counts."""
    wide = np.result_type(self.dtype.np, other.dtype)
    if name == "div" and wide.kind in "iub":
        wide = np.dtype(np.float64)
    kind = from_numpy(wide)
    made: Tensor = function(name)(convert(self, kind), Tensor._from_array(other.astype(wide)))
    return made


# PyTorch writes these in Python, where ``Tensor.__rpow__(2, x)`` is ``x ** 2``.
_ANY_SELF = frozenset({
    "remainder", "pow", "floor_divide", "bitwise_left_shift", "bitwise_right_shift",
})  # fmt: skip


def _reflected(name: str) -> Callable[[Tensor, Any], Any]:
    def operator(self: Tensor, other: Any) -> Any:
        if not isinstance(self, Tensor) and not (name in _ANY_SELF and isinstance(other, Tensor)):
            raise TypeError(f"Tensor's reflected {name} doesn't apply to a {type(self).__name__!r}")
        if not isinstance(other, _ACCEPTED):
            return _asked(lambda own, left: function(name)(left, own), self, other)
        # A number times a tensor is the tensor times that number: halves do not round it.
        return function(name)(*((self, other) if name == "mul" else (other, self)))

    return operator


def _under(self: Tensor, other: Any) -> Any:
    """``other / self`` is made of two operations, and rounded twice."""
    return self.reciprocal() * other if isinstance(other, _ACCEPTED) else NotImplemented


def _reflected_matmul(self: Tensor, other: Any) -> Any:
    """``other @ self``: of an array a tensor is made."""
    if isinstance(other, Tensor):
        return function("matmul")(other, self)
    if not isinstance(other, np.ndarray):
        return NotImplemented
    from rushlight.tensor.from_data import tensor

    return function("matmul")(tensor(other), self)


def _unary(name: str) -> Callable[[Tensor], Any]:
    compute = ALONE[name]

    def operator(self: Tensor) -> Any:
        if type(self) is Tensor and self._value.meta.numel == 1:
            found = None if dispatching[0] and hearing.modes else computed(compute, self, 1)
            if found is not None:
                return found
        return function(name)(self)

    return operator


def _inverted(self: Tensor) -> Any:
    if self.dtype.is_floating_point or self.dtype.is_complex:
        raise TypeError(
            "~ (operator.invert) is only implemented on integer and Boolean-type tensors"
        )
    return function("bitwise_not")(self)


def _positive(self: Tensor) -> Tensor:
    if self.dtype is bool_:
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return self


def _inplace(name: str) -> Callable[[Tensor, Any], Any]:
    def operator(self: Tensor, other: Any) -> Any:
        if not isinstance(other, _ACCEPTED):
            return _asked(getattr(type(self), name), self, other)
        return getattr(self, name)(other)

    return operator


def install() -> None:
    """Put the operators on the class."""
    forward = {
        "add": "add", "sub": "sub", "mul": "mul", "truediv": "div", "floordiv": "floor_divide",
        "mod": "remainder", "pow": "pow", "matmul": "matmul", "and": "bitwise_and",
        "or": "bitwise_or", "xor": "bitwise_xor", "lshift": "bitwise_left_shift",
        "rshift": "bitwise_right_shift",
    }  # fmt: skip
    for name, compare in COMPARED.items():
        setattr(Tensor, f"__{name}__", _forward(name, compared, compare))
    for dunder, name in forward.items():
        compute = COMPUTED.get(dunder)
        now = computed if compute is not None else None
        setattr(Tensor, f"__{dunder}__", _forward(name, now, compute))
    for dunder in ("add", "sub", "mul", "floordiv", "mod", "pow", "and", "or", "xor",
                   "lshift", "rshift"):  # fmt: skip
        setattr(Tensor, f"__r{dunder}__", _reflected(forward[dunder]))
    Tensor.__rtruediv__ = Tensor.__rdiv__ = _under  # type: ignore[attr-defined]
    Tensor.__rmatmul__ = _reflected_matmul  # type: ignore[attr-defined]
    inplace = {
        "add": "add_", "sub": "sub_", "mul": "mul_", "truediv": "div_",
        "floordiv": "floor_divide_", "mod": "remainder_", "pow": "pow_", "and": "bitwise_and_",
        "or": "bitwise_or_", "xor": "bitwise_xor_", "lshift": "bitwise_left_shift_",
        "rshift": "bitwise_right_shift_",
    }  # fmt: skip
    for dunder, name in inplace.items():
        setattr(Tensor, f"__i{dunder}__", _inplace(name))
    for dunder, compute in COMPUTED.items():
        name = f"__i{dunder}__"
        setattr(Tensor, name, _quick(computed_in_place, compute, getattr(Tensor, name), True))
    for dunder in ("add", "mul"):
        name = f"__r{dunder}__"
        setattr(Tensor, name, _quick(computed, COMPUTED[dunder], getattr(Tensor, name)))
    for dunder, name in {"neg": "neg", "abs": "abs"}.items():
        setattr(Tensor, f"__{dunder}__", _unary(name))
    Tensor.__invert__ = _inverted  # type: ignore[attr-defined]
    Tensor.__pos__ = _positive  # type: ignore[attr-defined]
    # NumPy must not take over ``array * tensor``.
    Tensor.__array_priority__ = 1000  # type: ignore[attr-defined]
