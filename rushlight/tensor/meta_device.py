"""Tensors of the device "meta": a shape and a dtype, and no elements.

Models are built of them where the weights come from a file anyway: ``with torch.device("meta")``,
then ``load_state_dict(..., assign=True)``. Operations on them are recorded as all others are, and
never computed: their kind (``Meta.shell``) goes on to what is made of them. Random numbers are not
drawn. https://docs.pytorch.org/docs/stable/meta.html

>>> import rushlight as torch
>>> torch.empty(2, 3, device="meta") @ torch.empty(3, 4, device="meta")
tensor(..., device='meta', size=(2, 4))
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rushlight.base import dtype as dtypes
from rushlight.base.dtype import dtype as DType
from rushlight.engine.value import NOWHERE, Value, meta_of, shell_meta
from rushlight.tensor.device import CPU, Device, chosen, is_meta
from rushlight.tensor.tensor import Tensor

META = Device("meta")


def empty_shell(shape: tuple[int, ...], dtype: DType, requires_grad: bool = False) -> Tensor:
    """A tensor without elements."""
    made = Tensor._of(Value(NOWHERE, -1, shell_meta(meta_of(shape, dtype))))
    if requires_grad:
        made.requires_grad = True
    return made


def is_shell(tensor: Tensor) -> bool:
    """Whether ``tensor`` has no elements."""
    return tensor._value.meta.shell


def device_of(tensor: Tensor) -> Device:
    """``tensor.device``."""
    return META if tensor._value.meta.shell else CPU


def moved(tensor: Tensor, dtype: DType | None) -> Tensor:
    """``tensor.to("meta", dtype)``."""
    return empty_shell(tuple(tensor.shape), dtype or tensor.dtype)


def wanted_on_meta(args: tuple[Any, ...], kwargs: dict[str, Any], follows: bool) -> bool:
    """Whether a function that makes a tensor is to make one without elements.

    ``follows``: its first argument is a tensor that the result is like.
    """
    device = kwargs.get("device")
    if device is not None:
        return is_meta(device)
    if follows:
        return bool(args) and isinstance(args[0], Tensor) and args[0].is_meta  # type: ignore[attr-defined]
    return is_meta(chosen.devices[-1])


# What a function makes that draws, or fills much memory: its arguments as a shape and a dtype.
def _sizes(*sizes: Any, size: Any = None, dtype: Any = None, **others: Any) -> tuple[Any, Any]:
    given = sizes if size is None else size
    listed = len(given) == 1 and isinstance(given[0], (tuple, list))
    return (given[0] if listed else given), dtype or dtypes.get_default_dtype()


def _like(input: Tensor, *args: Any, dtype: Any = None, **others: Any) -> tuple[Any, Any]:
    return input.shape, dtype or input.dtype


def _last(*args: Any, size: Any = None, dtype: Any = None, **others: Any) -> tuple[Any, Any]:
    return args[-1] if size is None else size, dtype or dtypes.int64


def _permutation(n: int, *, dtype: Any = None, **others: Any) -> tuple[Any, Any]:
    return (n,), dtype or dtypes.int64


def _normal(
    mean: Any = 0.0, std: Any = 1.0, size: Any = None, *, dtype: Any = None, **others: Any
) -> tuple[Any, Any]:
    like = mean if isinstance(mean, Tensor) else std
    if isinstance(like, Tensor):
        return like.shape, dtype or like.dtype
    return size, dtype or dtypes.get_default_dtype()


def _filled(size: Any, fill_value: Any, *, dtype: Any = None, **others: Any) -> tuple[Any, Any]:
    number = fill_value.item() if isinstance(fill_value, Tensor) else fill_value
    return size, dtype or dtypes.number_dtype(number)


_SHAPED: dict[str, Callable[..., tuple[Any, Any]]] = {
    "empty": _sizes, "zeros": _sizes, "ones": _sizes, "rand": _sizes, "randn": _sizes,
    "empty_like": _like, "zeros_like": _like, "ones_like": _like, "full_like": _like,
    "full": _filled, "rand_like": _like, "randn_like": _like,
    "randint_like": _like, "randint": _last, "randperm": _permutation, "normal": _normal,
}  # fmt: skip


def make_shell(
    who: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """What ``function(*args, **kwargs)`` makes, without elements."""
    requires_grad = bool(kwargs.get("requires_grad", False))
    shaped = _SHAPED.get(who)
    if shaped is not None:
        shape, kind = shaped(*args, **kwargs)
        return empty_shell(tuple(int(each) for each in shape), kind, requires_grad)
    given = {**kwargs, "device": None}
    if requires_grad:
        given["requires_grad"] = False
    with CPU:
        made = function(*args, **given)
    if not isinstance(made, Tensor):
        return made
    shell = empty_shell(tuple(made.shape), made.dtype)
    if not made.is_contiguous():  # type: ignore[attr-defined]
        shell = shell.as_strided(made.shape, made.stride()).detach()  # type: ignore[attr-defined]
    if requires_grad:
        shell.requires_grad = True
    return shell
