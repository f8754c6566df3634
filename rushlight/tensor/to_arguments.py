"""The arguments of ``Tensor.to`` and ``Module.to``: a device, a dtype or another tensor first."""

from __future__ import annotations

from typing import Any, NamedTuple

from rushlight.base import dtype as dtypes
from rushlight.base.absent import refuse
from rushlight.base.dtype import dtype as DType
from rushlight.tensor.device import Device
from rushlight.tensor.tensor import Tensor

_FORMS = (
    " * (torch.device device = None, torch.dtype dtype = None, bool non_blocking = False, "
    "bool copy = False, *, torch.memory_format memory_format = None)\n"
    " * (torch.dtype dtype, bool non_blocking = False, bool copy = False, *, "
    "torch.memory_format memory_format = None)\n"
    " * (Tensor tensor, bool non_blocking = False, bool copy = False, *, "
    "torch.memory_format memory_format = None)"
)


class To(NamedTuple):
    """What a ``to`` asks for; None: as it is."""

    device: Any = None
    dtype: DType | None = None
    non_blocking: bool = False
    copy: bool = False
    memory_format: Any = None


def parse_to(args: tuple[Any, ...], kwargs: dict[str, Any]) -> To:
    """What ``to(*args, **kwargs)`` asks for. TypeError for a call that has no meaning."""
    first = args[0] if args else kwargs.get("tensor", kwargs.get("other"))
    if isinstance(first, Tensor):
        names: tuple[str, ...] = ("tensor", "non_blocking", "copy")
    elif isinstance(first, (DType, type)):
        names = ("dtype", "non_blocking", "copy")
    else:
        names = ("device", "dtype", "non_blocking", "copy")
    given = dict(zip(names, args, strict=False))
    known = {*names, "memory_format", *(("device", "dtype") if not args else ())}
    if len(args) > len(names) or any(key in given or key not in known for key in kwargs):
        raise _no_such_call(args, kwargs)
    given |= kwargs
    like = given.pop("tensor", None)
    if like is not None:
        given |= {"device": like.device, "dtype": like.dtype}
    device, dtype = given.get("device"), given.get("dtype")
    if not (device is None or isinstance(device, (str, int, Device))):
        raise _no_such_call(args, kwargs)
    if not (dtype is None or isinstance(dtype, (DType, type))):
        raise _no_such_call(args, kwargs)
    if not all(isinstance(given.get(key, False), bool) for key in ("non_blocking", "copy")):
        raise _no_such_call(args, kwargs)
    if isinstance(device, int) and not isinstance(device, bool):
        raise RuntimeError("Cannot access accelerator device when none is available.")
    if dtype is not None:
        given["dtype"] = dtypes.of_argument(dtype, "to")
    return To(**given)


def _no_such_call(args: tuple[Any, ...], kwargs: dict[str, Any]) -> TypeError:
    for each in (*args, *kwargs.values()):
        refuse(each, "to")
    got = [_kind(each) for each in args] + [f"{key}={_kind(kwargs[key])}" for key in kwargs]
    return TypeError(
        f"to() received an invalid combination of arguments - got ({', '.join(got)}), "
        f"but expected one of:\n{_FORMS}"
    )


def _kind(value: Any) -> str:
    if isinstance(value, DType):
        return "torch.dtype"
    return "torch.device" if isinstance(value, Device) else type(value).__name__
