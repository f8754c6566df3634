"""Tensors and other arguments as plain data, and back: the file both libraries can read.

A tensor becomes its dtype's name, its storage's bytes, shape, strides and offset, so that a
non-contiguous argument is non-contiguous on the other side too.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np


class Unwritable(Exception):
    """A value that has no plain form (a sparse tensor, a function)."""


def dtype_name(dtype: Any) -> str:
    return str(dtype).removeprefix("torch.")


def encode(torch: Any, value: Any) -> Any:
    """``value`` of real PyTorch as plain data. Raises Unwritable."""
    if isinstance(value, torch.Tensor):
        return _encode_tensor(torch, value)
    if value is None or isinstance(value, (bool, int, float, complex, str)):
        return value
    if isinstance(value, torch.Size):
        return ("size", tuple(value))
    if isinstance(value, torch.dtype):
        return ("torch", dtype_name(value))
    if isinstance(value, (torch.layout, torch.memory_format)):
        return ("torch", str(value).removeprefix("torch."))
    if isinstance(value, torch.device):
        return ("device", str(value))
    if isinstance(value, slice):
        parts = [encode(torch, p) for p in (value.start, value.stop, value.step)]
        return ("slice", parts)
    if value is Ellipsis:
        return ("ellipsis",)
    if isinstance(value, (list, tuple)):
        if hasattr(value, "_fields") or type(value).__module__ == "torch.return_types":
            return ("named", type(value).__name__, [encode(torch, each) for each in value])
        kind = "list" if isinstance(value, list) else "tuple"
        return (kind, [encode(torch, each) for each in value])
    if isinstance(value, dict):
        return ("dict", [(key, encode(torch, each)) for key, each in value.items()])
    if isinstance(value, (np.generic,)):
        return value.item()
    if isinstance(value, np.ndarray) and value.dtype != object:
        return ("array", value.dtype.str, value.shape, value.tobytes())
    if isinstance(value, torch.Generator):
        return ("generator", value.initial_seed())
    raise Unwritable(type(value).__name__)


def _encode_tensor(torch: Any, value: Any) -> Any:
    if value.layout is torch.sparse_coo:
        plain = value.detach()
        parts = [encode(torch, each) for each in (plain._indices(), plain._values())]
        return ("coo", tuple(value.shape), plain.is_coalesced(), *parts)
    if value.layout is not torch.strided or value.is_quantized or value.device.type != "cpu":
        raise Unwritable(f"{value.layout} tensor on {value.device}")
    if value.dtype is torch.complex32:
        raise Unwritable("a dtype that NumPy does not have")
    plain = value.detach()
    if plain.is_conj() or plain.is_neg():
        plain = plain.resolve_conj().resolve_neg()
    if plain._is_zerotensor():  # zeros without memory
        plain = plain.clone()
    reach = plain.storage_offset() + 1 + sum(
        (n - 1) * step for n, step in zip(plain.shape, plain.stride(), strict=True)
    )  # fmt: skip
    if plain.numel() and reach * plain.element_size() > plain.untyped_storage().nbytes():
        raise Unwritable("a tensor that reaches past its storage")
    raw = torch.empty(0, dtype=torch.uint8).set_(plain.untyped_storage())
    return (
        "tensor", dtype_name(plain.dtype), raw.numpy().tobytes(), tuple(plain.shape),
        tuple(plain.stride()), plain.storage_offset(), value.requires_grad and value.is_leaf,
        plain.untyped_storage()._cdata,
    )  # fmt: skip


def array_of(plain: Any) -> np.ndarray[Any, Any]:
    """The elements of an encoded tensor as a NumPy array (bfloat16 as float32)."""
    _, dtype, raw, shape, strides, offset, *_ = plain
    flat = _flat(dtype, raw)
    if dtype == "bfloat16":
        flat = (flat.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    steps = [step * flat.itemsize for step in strides]
    return np.lib.stride_tricks.as_strided(flat[offset:], shape, steps).copy()


def _flat(dtype: str, raw: bytes) -> np.ndarray[Any, Any]:
    return np.frombuffer(raw, np.uint16 if dtype == "bfloat16" else np.dtype(dtype))


def decode(torch: Any, plain: Any, known: dict[int, Any] | None = None) -> Any:
    """Plain data as arguments of Rushlight, the tensors freshly made.

    ``known``: what was made of the same storage before, in one call's arguments.
    """
    if not isinstance(plain, tuple):
        return plain
    kind, *rest = plain
    if kind == "tensor":
        return _decode_tensor(torch, plain, known)
    if kind == "coo":
        shape, merged, places, elements = rest
        places, elements = decode(torch, places), decode(torch, elements)
        return torch.sparse_coo_tensor(places, elements, shape, is_coalesced=merged)
    if kind == "size":
        return torch.Size(rest[0])
    if kind == "torch":
        return getattr(torch, rest[0])
    if kind == "device":
        return torch.device(rest[0])
    if kind == "slice":
        return slice(*(decode(torch, part) for part in rest[0]))
    if kind == "ellipsis":
        return Ellipsis
    if kind == "list":
        return [decode(torch, each, known) for each in rest[0]]
    if kind == "tuple":
        return tuple(decode(torch, each, known) for each in rest[0])
    if kind == "named":
        return tuple(decode(torch, each, known) for each in rest[1])
    if kind == "dict":
        return OrderedDict((key, decode(torch, each, known)) for key, each in rest[0])
    if kind == "array":
        return np.frombuffer(rest[2], rest[0]).reshape(rest[1]).copy()
    assert kind == "generator", kind
    return torch.Generator().manual_seed(rest[0])


def _decode_tensor(torch: Any, plain: Any, known: dict[int, Any] | None) -> Any:
    _, name, raw, shape, strides, offset, requires_grad, storage = plain
    known = {} if known is None else known
    whole = known.get(storage)
    if whole is not None:  # memory, or the very tensor, that another argument is too
        if (shape, strides, offset) == whole[1:]:
            return whole[0]
        if not requires_grad and not whole[0].requires_grad:
            return whole[0].as_strided(shape, strides, offset)
    dtype = getattr(torch, name)
    flat = _flat(name, raw).copy()
    if name == "bfloat16":
        flat = (flat.astype(np.uint32) << 16).view(np.float32)
    made = torch.from_numpy(flat)
    if name == "bfloat16":
        made = made.to(dtype)
    count = int(np.prod(shape))
    if offset == 0 and flat.size == count and strides == _contiguous(shape):
        made = made.reshape(shape)
    else:
        made = made.as_strided(shape, strides, offset)
    made = made.detach().requires_grad_() if requires_grad else made
    if storage is not None and flat.size:
        known[storage] = (made, shape, strides, offset)
    return made


def _contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    strides, step = [], 1
    for size in reversed(shape):
        strides.append(step)
        step *= max(size, 1)
    return tuple(reversed(strides))


def flatten(torch: Any, value: Any) -> list[Any]:
    """The tensors in nested lists, tuples and dicts, in order."""
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, (list, tuple)):
        return [leaf for each in value for leaf in flatten(torch, each)]
    if isinstance(value, dict):
        return [leaf for each in value.values() for leaf in flatten(torch, each)]
    return []
