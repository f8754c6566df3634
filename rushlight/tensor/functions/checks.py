"""``torch._check`` and its family: conditions that libraries state, with the error to raise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rushlight.base.warn import warn
from rushlight.tensor.functions.register import public
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function

Message = Callable[[], Any] | None
_UNSAID = (
    "Expected cond to be True, but got False. (Could this error message be improved? If so, "
    "please report an enhancement request to PyTorch.)"
)


def _require(error: type[Exception], cond: Any, message: Message) -> None:
    if isinstance(cond, Tensor):
        raise TypeError(
            "cond must be a bool, but got a Tensor. For tensor conditions, use "
            "torch._check_tensor_all() to assert that all elements are true."
        )
    if not isinstance(cond, bool):
        raise TypeError(f"cond must be a bool, but got {type(cond)}")
    if not cond:
        raise error(_UNSAID if message is None else str(message()))


def _listed(name: str, error: type[Exception]) -> None:
    def check(cond: Any, message: Message = None) -> None:
        _require(error, cond, message)

    check.__name__ = check.__qualname__ = name
    check.__doc__ = f"Raise {error.__name__}, with what ``message()`` gives, unless ``cond``."
    public(name=name)(check)


for _name, _error in (
    ("_check", RuntimeError), ("_check_index", IndexError), ("_check_value", ValueError),
    ("_check_type", TypeError), ("_check_not_implemented", NotImplementedError),
):  # fmt: skip
    _listed(_name, _error)


@public(name="_assert")
def _assert(condition: Any, message: str) -> None:
    """``assert condition, message``, for code that is traced: a tracer notes it."""
    if not condition:
        raise AssertionError(message)


@public(name="_check_with")
def _check_with(error_type: type[Exception], cond: Any, message: Message) -> None:
    """Raise ``error_type`` unless ``cond``."""
    _require(error_type, cond, message)


@public(name="_check_tensor_all_with")
def _check_tensor_all_with(
    error_type: type[Exception], cond: Tensor, message: Message = None
) -> None:
    """Raise ``error_type`` unless every element of a bool tensor is true."""
    if not isinstance(cond, Tensor):
        raise TypeError(f"cond must be a tensor, but got {type(cond)}")
    if cond.dtype.name != "bool":
        raise TypeError(f"cond tensor must have dtype torch.bool, but got {cond.dtype}")
    _require(error_type, bool(function("all")(cond)), message)


@public(name="_check_tensor_all")
def _check_tensor_all(cond: Tensor, message: Message = None) -> None:
    """Raise RuntimeError unless every element of a bool tensor is true."""
    _check_tensor_all_with(RuntimeError, cond, message)


@public(name="_shape_as_tensor")
def _shape_as_tensor(input: Tensor) -> Tensor:
    """The sizes of ``input``: int64 (ndim,)."""
    made: Tensor = input.new_tensor(list(input.shape), dtype=int)  # type: ignore[attr-defined]
    return made


@public(name="_check_is_size")
def _check_is_size(i: int, message: Message = None, *, max: int | None = None) -> None:
    """Raise RuntimeError unless ``i`` is at least 0 and at most ``max``."""
    warn(
        "_check_is_size will be removed in a future PyTorch release. Use _check(i >= 0) instead.",
        FutureWarning,
    )
    _require(RuntimeError, i >= 0, message)
    if max is not None:
        _require(RuntimeError, i <= max, message)
