"""A list of samples becomes one batch: tensors are stacked, numbers become a tensor."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import numpy as np

from rushlight.tensor import Tensor, as_tensor, stack, tensor
from rushlight.tensor.at_once import joined
from rushlight.utils.data.arrays import array_of, stack_arrays, wrap

CollateMap = dict[type | tuple[type, ...], Callable[..., Any]]

default_collate_err_msg_format = (
    "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {}"
)


def collate_tensor_fn(batch: Sequence[Any], *, collate_fn_map: CollateMap | None = None) -> Any:
    """(S) each -> (N, S). Tensors without gradient are stacked at once, outside the trace."""
    if any(type(each) is not Tensor for each in batch):
        return stack(list(batch), 0)
    made = joined("stack", batch, 0)
    if made is not None:
        return made
    first = batch[0]
    arrays = []
    for each in batch:
        if each.dtype != first.dtype:
            return stack(list(batch), 0)
        array = array_of(each)
        if array is None:
            return stack(list(batch), 0)
        arrays.append(array)
    return stack_arrays(arrays)


def collate_numpy_array_fn(
    batch: Sequence[Any], *, collate_fn_map: CollateMap | None = None
) -> Any:
    """NumPy arrays of numbers, as ``collate_tensor_fn``."""
    first = batch[0]
    if first.dtype.kind in "SUOa":
        raise TypeError(default_collate_err_msg_format.format(first.dtype))
    if all(type(each) is np.ndarray and each.dtype == first.dtype for each in batch):
        return stack_arrays(list(batch))
    return collate([as_tensor(each) for each in batch], collate_fn_map=collate_fn_map)


def collate_numpy_scalar_fn(
    batch: Sequence[Any], *, collate_fn_map: CollateMap | None = None
) -> Tensor:
    """NumPy scalars become a tensor of their dtype."""
    return wrap(np.array(batch))


def collate_float_fn(batch: Sequence[Any], *, collate_fn_map: CollateMap | None = None) -> Tensor:
    """Python floats become float64."""
    return wrap(np.array(batch, dtype=np.float64))


def collate_int_fn(batch: Sequence[Any], *, collate_fn_map: CollateMap | None = None) -> Tensor:
    """Python ints become int64, bools bool."""
    array = np.array(batch)
    if array.dtype in (np.int64, np.bool_):
        return wrap(array)
    return tensor(list(batch))


def collate_str_fn(batch: Sequence[Any], *, collate_fn_map: CollateMap | None = None) -> Any:
    """Strings and bytes stay as they are."""
    return batch


default_collate_fn_map: CollateMap = {
    Tensor: collate_tensor_fn,
    np.ndarray: collate_numpy_array_fn,
    (np.bool_, np.number, np.object_): collate_numpy_scalar_fn,
    float: collate_float_fn,
    int: collate_int_fn,
    str: collate_str_fn,
    bytes: collate_str_fn,
}


def collate(batch: Sequence[Any], *, collate_fn_map: CollateMap | None = None) -> Any:
    """Collate with a map from type to function; containers are walked.

    Raises TypeError for samples of a type that is neither in the map nor a container,
    RuntimeError for lists of different lengths.
    """
    first = batch[0]
    kind = type(first)
    if collate_fn_map is not None:
        if kind in collate_fn_map:
            return collate_fn_map[kind](batch, collate_fn_map=collate_fn_map)
        for known, function in collate_fn_map.items():
            if isinstance(first, known):
                return function(batch, collate_fn_map=collate_fn_map)
    if isinstance(first, Mapping):
        return _collate_mapping(batch, collate_fn_map)
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        fields = zip(*batch, strict=False)
        return kind(*(collate(each, collate_fn_map=collate_fn_map) for each in fields))
    if isinstance(first, Sequence):
        return _collate_sequence(batch, collate_fn_map)
    raise TypeError(default_collate_err_msg_format.format(kind))


def _collate_mapping(batch: Sequence[Any], collate_fn_map: CollateMap | None) -> Any:
    first = batch[0]
    values = {
        key: collate([each[key] for each in batch], collate_fn_map=collate_fn_map) for key in first
    }
    return _mapping_like(first, values)


def _mapping_like(first: Mapping[Any, Any], values: dict[Any, Any]) -> Any:
    """``values`` in a mapping of the kind of ``first``, or a dict where none can be made."""
    try:
        if isinstance(first, MutableMapping):
            # A copy keeps what else the user's mapping carries.
            clone = copy.copy(first)
            clone.update(values)
            return clone
        return type(first)(values)  # type: ignore[call-arg]
    except TypeError:  # it cannot be built from a dict
        return values


def _collate_sequence(batch: Sequence[Any], collate_fn_map: CollateMap | None) -> Any:
    first = batch[0]
    length = len(first)
    if any(len(each) != length for each in batch):
        raise RuntimeError("each element in list of batch should be of equal size")
    values = [collate(each, collate_fn_map=collate_fn_map) for each in zip(*batch, strict=True)]
    if isinstance(first, tuple):
        return values  # a list, as it always was
    try:
        if isinstance(first, MutableSequence):
            clone = copy.copy(first)
            for place, value in enumerate(values):
                clone[place] = value
            return clone
        return type(first)(values)  # type: ignore[call-arg]
    except TypeError:  # it cannot be built from a list
        return values


def default_collate(batch: Sequence[Any]) -> Any:
    """Put samples together with a new first dimension: what a DataLoader does by default.

    Tensors and arrays are stacked, numbers become a tensor, strings stay; dicts, named tuples,
    tuples and lists are walked.

    >>> default_collate([(1, "a"), (2, "b")])
    [tensor([1, 2]), ('a', 'b')]
    """
    return collate(batch, collate_fn_map=default_collate_fn_map)


def is_default() -> bool:
    """Whether tensors and ints are collated in the way that whole-batch fetching assumes."""
    known = default_collate_fn_map
    return known.get(Tensor) is collate_tensor_fn and known.get(int) is collate_int_fn


def default_convert(data: Any) -> Any:
    """NumPy arrays inside ``data`` become tensors; the rest stays: for loaders without batches."""
    kind = type(data)
    if isinstance(data, Tensor):
        return data
    if isinstance(data, np.ndarray):
        return data if data.dtype.kind in "SUOa" else as_tensor(data)
    if isinstance(data, np.generic) and data.dtype.kind not in "SUOa":
        return as_tensor(data)
    if isinstance(data, Mapping):
        converted = {key: default_convert(value) for key, value in data.items()}
        return _mapping_like(data, converted)
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return kind(*(default_convert(each) for each in data))
    if isinstance(data, tuple):
        return [default_convert(each) for each in data]
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        items = [default_convert(each) for each in data]
        try:
            return kind(items)
        except TypeError:  # it cannot be built from a list
            return items
    return data
