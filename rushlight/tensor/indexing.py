"""``tensor[index]`` and ``tensor[index] = value``: PyTorch's rules, which are NumPy's.

Ints, slices, None and ``...`` give a view (``_basic_index``). Integer and boolean tensors (or
lists) gather (``_index``); assigning through them scatters (``_index_put``).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from rushlight.base import config
from rushlight.base.dtype import INTEGER, bool_, int32, int64, uint8
from rushlight.base.dtype import dtype as DType
from rushlight.base.warn import warn
from rushlight.engine.trace import local
from rushlight.ops.legacy_names import legacy_name
from rushlight.tensor.fill_at import written_at_run_time
from rushlight.tensor.kinds import convert, require_fits, type_name
from rushlight.tensor.pick_now import picked_now
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function
from rushlight.tensor.write_now import already_there, number_filled, number_written

_NUMBERS = (float, int, bool)
_BASIC = frozenset({int, slice, type(None), type(...)})  # of these an index gives a view
_ENTRIES = (Tensor, list, tuple, range, np.ndarray, slice)
LAST_ERA = 2017  # until then a sum or a loss was a vector of one element


def _plain(entry: Any) -> Any:
    """One entry of an index as an int, None, ..., ("slice", ..), or an index tensor."""
    if type(entry) is int or entry is None or entry is ...:
        return entry
    if type(entry) is slice:
        return ("slice", _bound(entry.start), _bound(entry.stop), _bound(entry.step))
    if type(entry) is Tensor and entry._value.meta.layout.shape:
        return entry
    if isinstance(entry, (bool, np.bool_)):
        return Tensor._from_array(np.asarray(entry))
    if isinstance(entry, (int, np.integer)):
        return int(entry)
    if isinstance(entry, Tensor):
        if entry.ndim == 0 and entry.dtype.category == INTEGER and entry.dtype is not uint8:
            if local.trace.abstract:  # one sample's of many: no number
                return entry
            return int(entry.item())
        return entry
    if isinstance(entry, (list, tuple, np.ndarray, range)):
        from rushlight.tensor.from_data import tensor

        made = tensor(list(entry) if isinstance(entry, range) else entry)
        return convert(made, int64) if made.numel() == 0 else made
    if hasattr(entry, "__index__"):
        return entry.__index__()
    if isinstance(entry, str):  # PyTorch takes it for a sequence, as of numbers
        raise TypeError(f"new(): invalid data type 'str' (as an index of a tensor: {entry!r})")
    raise IndexError(
        "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid "
        f"indices (got {type(entry).__name__})"
    )


def _bound(value: Any) -> int | None:
    if value is None or type(value) is int:
        return value
    if hasattr(value, "__index__"):
        return int(value.__index__())
    raise TypeError("slice indices must be integers or None or have an __index__ method")


def _entries(index: Any) -> tuple[Any, ...]:
    if not isinstance(index, tuple) and not _means_tuple(index):
        return (_plain(index),)
    return tuple(map(_plain, index))


def _means_tuple(index: Any) -> bool:
    """Whether a short list is one entry an axis: ``x[[0, slice(2)]]``, as NumPy once had it."""
    if not isinstance(index, (list, range)) or len(index) >= 32:
        return False
    return any(isinstance(each, _ENTRIES) or each is None or each is ... for each in index)


def _advanced(entries: tuple[Any, ...]) -> bool:
    return any(isinstance(entry, Tensor) for entry in entries)


def _is_places(entry: Any) -> bool:
    return type(entry) is Tensor and entry._value.meta.dtype is int64


def _axes_used(entry: Any) -> int:
    if isinstance(entry, Tensor):
        return entry.ndim if entry.dtype in (bool_, uint8) else 1
    return 0 if entry is None or entry is ... else 1


def _split(
    x: Tensor, entries: tuple[Any, ...]
) -> tuple[Tensor, list[Tensor], tuple[int, ...], bool]:
    """Apply the basic part as a view; (view, index tensors, their axes, result axes in front)."""
    if len(entries) <= x.ndim and all(map(_is_places, entries)):
        return x, [*entries], tuple(range(len(entries))), False
    used = sum(map(_axes_used, entries))
    if used > x.ndim:
        raise IndexError(f"too many indices for tensor of dimension {x.ndim}")
    if not any(entry is ... for entry in entries):
        entries = (*entries, ...)
    basic: list[Any] = []
    indices: list[Tensor] = []
    axes: list[int] = []
    place = 0  # axis of the view that the next entry makes
    source = 0  # axis of x
    for entry in entries:
        if entry is ...:
            rest = x.ndim - used
            basic += [("slice", None, None, None)] * rest
            place += rest
            source += rest
        elif isinstance(entry, Tensor):
            if entry.dtype in (bool_, uint8):
                if entry.dtype is uint8:
                    warn(
                        "indexing with dtype torch.uint8 is now deprecated, please use a dtype "
                        "torch.bool instead."
                    )
                for axis, size in enumerate(entry.shape):
                    if size != x.shape[source + axis]:
                        raise IndexError(
                            f"The shape of the mask {list(entry.shape)} at index {axis} does not "
                            f"match the shape of the indexed tensor {list(x.shape)} at index "
                            f"{source + axis}"
                        )
                if entry.ndim == 0:
                    # A 0-d mask adds an axis of one or no element.
                    basic.append(None)
                    hits = np.zeros(int(bool(entry.item())), np.int64)
                    indices.append(Tensor._from_array(hits))
                    axes.append(place)
                    place += 1
                    continue
                for found in np.nonzero(entry._array()):
                    basic.append(("slice", None, None, None))
                    indices.append(Tensor._from_array(found))
                    axes.append(place)
                    place += 1
                    source += 1
            else:
                if entry.dtype not in (int64, int32):
                    raise IndexError(
                        "tensors used as indices must be long, int, byte or bool tensors"
                    )
                basic.append(("slice", None, None, None))
                indices.append(convert(entry, int64))
                axes.append(place)
                place += 1
                source += 1
        elif entry is None:
            basic.append(None)
            place += 1
        else:
            basic.append(entry)
            source += 1
            if isinstance(entry, tuple):
                place += 1
    plain = all(each == ("slice", None, None, None) for each in basic)
    shown = x if plain else function("_basic_index")(x, tuple(basic))
    apart = any(b - a > 1 for a, b in pairwise(axes))
    return shown, indices, tuple(axes), apart


def getitem(self: Tensor, index: Any) -> Tensor:
    """Elements by index: a view for ints and slices, a copy for index tensors and masks."""
    kind = type(index)
    if kind is int:
        return _select_first(self, index)
    if kind is slice or (kind is tuple and _BASIC.issuperset(map(type, index))):
        entries = (_plain(index),) if kind is slice else tuple(map(_plain, index))
        made: Tensor = function("_basic_index")(self, entries)
        return made
    known = picked_now(self, index)
    if known is not None:
        return known
    entries = _entries(index)
    if not _advanced(entries):
        view: Tensor = function("_basic_index")(self, entries)
        return view
    shown, indices, axes, front = _split(self, entries)
    picked: Tensor = function("_index")(shown, tuple(indices), axes, front)
    return picked


def _select_first(self: Tensor, index: int) -> Tensor:
    shape = self._value.meta.layout.shape  # a plain tuple: asking torch.Size is Python's work
    if not shape:
        return _only_element(self, index)
    size = shape[0]
    if not -size <= index < size:
        raise IndexError(f"index {index} is out of bounds for dimension 0 with size {size}")
    made: Tensor = function("select")(self, 0, index)
    return made


def _only_element(self: Tensor, index: int) -> Any:
    """``loss.data[0]`` of a 0-d tensor: the number, as long as a loss was a vector of one."""
    if index not in (0, -1) or not 0 < config.ERA <= LAST_ERA:
        raise IndexError(
            "invalid index of a 0-dim tensor. Use `tensor.item()` to convert a 0-dim tensor to a "
            f"number (a program of {LAST_ERA} or before: rushlight run --era {LAST_ERA})"
        )
    warn(
        "tensor[0] of a 0-dim tensor is an old spelling of tensor.item()",
        DeprecationWarning,
    )
    return self.item()


def setitem(self: Tensor, index: Any, value: Any) -> None:
    """Write numbers or a broadcastable tensor to the elements that ``index`` names."""
    if type(value) in _NUMBERS and number_written(self, index, value):
        return
    if type(value) is Tensor and already_there(self, index, value):
        return
    entries = _entries(index)
    if not isinstance(value, Tensor):
        value = _number(value, self.dtype)
    if not _advanced(entries):
        target = function("_basic_index")(self, entries)
        _write(target, value)
        return
    mask = entries[0]
    if (
        len(entries) == 1 and isinstance(mask, Tensor) and mask.dtype is bool_
        and mask.shape == self.shape and not (isinstance(value, Tensor) and value.ndim)
    ):  # fmt: skip
        # A whole mask and one number: no indices, no host.
        self._writable("masked_fill_")
        self._inplace(function("masked_fill")(self, mask, value), "masked_fill_")
        return
    kinds = [each.dtype for each in entries if isinstance(each, Tensor) and each.ndim]
    if kinds == [uint8] and (not isinstance(value, Tensor) or value.numel() == 1):  # type: ignore[attr-defined]
        raise RuntimeError(
            "masked_fill_ only supports boolean masks, but got mask with dtype unsigned char: "
            "one number is written through mask.bool()"
        )
    shown, indices, axes, front = _split(self, entries)
    if isinstance(value, Tensor) and value.dtype is not shown.dtype:
        raise RuntimeError(
            "Index put requires the source and destination dtypes match, got "
            f"{type_name(shown.dtype)} for the destination and {type_name(value.dtype)} for the "
            "source."
        )
    masks = [each for each in entries if isinstance(each, Tensor)]
    if isinstance(value, Tensor) and not (
        value.numel() == 1 and len(masks) == 1 and masks[0].dtype is bool_
    ):
        # One number through one mask fills, which reads it first.
        shown._apart_from(value, wholly=True)
    values = _as_values(shown, value)
    shown._writable("index_put_")
    shown._assign(function("_index_put")(shown, values, tuple(indices), axes, front, False))


def _number(value: Any, kind: DType) -> Any:
    """One number that a tensor of dtype ``kind`` can hold; errors are PyTorch's."""
    if isinstance(value, np.integer):
        value = int(value)
    if not isinstance(value, (int, float, complex)):
        name = type(value).__name__
        name = f"numpy.{name}" if isinstance(value, (np.ndarray, np.generic)) else name
        raise TypeError(f"can't assign a {name} to a torch.{legacy_name(kind)}Tensor")
    if type(value) is int and not -(2**63) <= value < 2**63:
        raise ValueError("Overflow when unpacking long long")
    require_fits(value, kind)
    return value


def _as_values(target: Tensor, value: Any) -> Tensor:
    if isinstance(value, Tensor):
        return convert(value, target.dtype)
    from rushlight.tensor.from_data import tensor

    return tensor(value, dtype=target.dtype)


def _write(target: Tensor, value: Any) -> None:
    if isinstance(value, (int, float, bool)):
        target._writable("fill_")
        if type(value) in _NUMBERS and number_filled(target, value):
            return
        if written_at_run_time(target, value):
            return
        target._assign(function("_full")(target.shape, value, target.dtype))
        return
    source = _as_values(target, value)
    if not source.ndim and target._storage is not None and source._storage is target._storage:
        source = function("clone")(source)  # one number: read before anything is written
    # Leading axes of size 1 are dropped, as PyTorch does on assignment.
    while source.ndim > target.ndim and source.shape[0] == 1:
        source = function("squeeze")(source, 0)
    if source.ndim > target.ndim:
        raise RuntimeError(
            f"expand(torch.FloatTensor{{{list(source.shape)}}}, size={list(target.shape)}): the "
            f"number of sizes provided ({target.ndim}) must be greater or equal to the number of "
            f"dimensions in the tensor ({source.ndim})"
        )
    if source.shape != target.shape:
        source = function("expand")(source, *target.shape)
    target.copy_(source)


def install() -> None:
    """Put indexing on the class."""
    Tensor.__getitem__ = getitem  # type: ignore[attr-defined]
    Tensor.__setitem__ = setitem  # type: ignore[attr-defined]
