"""safetensors.torch: state dicts in safetensors files."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rushlight.nn import Module
from rushlight.safetensors.header import NAMES, build
from rushlight.safetensors.reader import as_tensor, load_bytes, safe_open
from rushlight.serialization.atomic import atomic_writer
from rushlight.serialization.dtype_names import dtype_name
from rushlight.serialization.storages import bytes_of
from rushlight.tensor import Tensor

__all__ = ["load", "load_file", "load_model", "save", "save_file", "save_model"]


def save(tensors: dict[str, Tensor], metadata: dict[str, str] | None = None) -> bytes:
    """The file's bytes. Raises as ``save_file``."""
    return b"".join(bytes(part) for part in _parts(tensors, metadata))


def save_file(
    tensors: dict[str, Tensor],
    filename: str | os.PathLike[str],
    metadata: dict[str, str] | None = None,
) -> None:
    """Write tensors by name; the file is replaced at once or not at all.

    Raises ValueError for anything but contiguous tensors by name, RuntimeError for tensors that
    share memory (``save_model`` keeps one of them).

    >>> import rushlight as torch
    >>> save_file({"weight": torch.ones(2, 3)}, "model.safetensors")  # doctest: +SKIP
    """
    parts = _parts(tensors, metadata)
    with atomic_writer(Path(filename)) as file:
        for part in parts:
            rest = memoryview(part)
            while len(rest):
                rest = rest[file.write(rest) :]


def load(data: bytes) -> dict[str, Tensor]:
    """The tensors of a file's bytes.

    >>> import rushlight as torch
    >>> load(save({"a": torch.arange(3)}))
    {'a': tensor([0, 1, 2])}
    """
    return {name: as_tensor(array, entry) for name, (array, entry) in load_bytes(data).items()}


def load_file(
    filename: str | os.PathLike[str], device: Any = "cpu", *, backend: str = "mmap"
) -> dict[str, Tensor]:
    """The tensors of a file, mapped into memory: read from disk as they are used."""
    with safe_open(filename, framework="pt", device=device, backend=backend) as file:
        return file.get_tensors()


def _parts(tensors: Any, metadata: dict[str, str] | None) -> list[bytes | memoryview]:
    if not isinstance(tensors, dict):
        raise ValueError(f"Expected a dict of [str, torch.Tensor] but received {type(tensors)}")
    for name, tensor in tensors.items():
        if not isinstance(tensor, Tensor):
            raise ValueError(
                f"Key `{name}` is invalid, expected torch.Tensor but received {type(tensor)}"
            )
        if dtype_name(tensor.dtype) not in NAMES:
            raise ValueError(f"Key `{name}`: a safetensors file has no {tensor.dtype}")
    shared = [names for names in _groups(tensors) if len(names) > 1]
    if shared:
        raise RuntimeError(
            "Some tensors share memory, this will lead to duplicate memory on disk and potential "
            f"differences when loading them again: {shared}. A potential way to correctly save "
            "your model is to use `save_model`."
        )
    for name, tensor in tensors.items():
        if not tensor.is_contiguous():
            raise ValueError(
                f"You are trying to save a non contiguous tensor: `{name}` which is not allowed. "
                "Call `.contiguous()` on it to pack it before saving, or save the whole tensor "
                "and take the part at load time."
            )
    head, order = build(
        {
            name: (NAMES[dtype_name(each.dtype)], tuple(each.shape))
            for name, each in tensors.items()
        },
        metadata,
    )
    return [head, *(_elements(tensors[name]) for name in order)]


def _elements(tensor: Tensor) -> memoryview:
    """The bytes of a contiguous tensor, without a copy."""
    start = tensor.storage_offset() * tensor.element_size()
    return bytes_of(tensor).data[start : start + tensor.numel() * tensor.element_size()]


def _area(tensor: Tensor) -> tuple[int, int, int]:
    """Which storage, and the places of the first byte and behind the last one in it."""
    item, identity = tensor.element_size(), bytes_of(tensor).key[0]
    start = tensor.storage_offset() * item
    last = sum((n - 1) * step for n, step in zip(tensor.shape, tensor.stride(), strict=True))
    return identity, start, start + (last + 1) * item


def _groups(tensors: dict[str, Tensor]) -> list[set[str]]:
    """Names whose tensors overlap in memory, together."""
    groups: list[set[str]] = []
    before, end = None, -1
    areas = [(*_area(each), name) for name, each in tensors.items() if each.numel()]
    for storage, start, stop, name in sorted(areas):
        if storage == before and start < end:
            groups[-1].add(name)
        else:
            groups.append({name})
            end = -1
        before, end = storage, max(end, stop)
    return groups


def _doubles(tensors: dict[str, Tensor], preferred: Iterable[str] = ()) -> dict[str, list[str]]:
    """Of each group of overlapping tensors the name to keep -> those that go."""
    result = {}
    wanted = set(preferred)
    for names in _groups(tensors):
        if len(names) < 2:
            continue
        whole = {
            name for name in names
            if tensors[name].numel() * tensors[name].element_size()
            == len(bytes_of(tensors[name]).data)
        }  # fmt: skip
        if not whole:
            raise RuntimeError(
                "Error while trying to find names to remove to save state dict, but found no "
                f"suitable name to keep for saving amongst: {names}. None is covering the entire "
                "storage."
            )
        kept = min(whole & wanted or whole)
        result[kept] = sorted(names - {kept})
    return result


def save_model(
    model: Module,
    filename: str,
    metadata: dict[str, str] | None = None,
    force_contiguous: bool = True,
) -> None:
    """A model's state dict; of tensors that share memory one, the others' names as metadata."""
    state = dict(model.state_dict())
    notes = dict(metadata or {})
    for kept, gone in _doubles(state).items():
        for name in gone:
            notes.setdefault(name, kept)
            del state[name]
    if force_contiguous:
        state = {name: tensor.contiguous() for name, tensor in state.items()}
    save_file(state, filename, metadata=notes or metadata)


def load_model(
    model: Module,
    filename: str | os.PathLike[str],
    strict: bool = True,
    device: Any = "cpu",
    *,
    backend: str = "mmap",
) -> tuple[set[str], list[str]]:
    """What ``save_model`` wrote, into the model: (names it misses, names it does not have).

    Raises RuntimeError if there are any and ``strict``.
    """
    state = load_file(filename, device, backend=backend)
    doubles = _doubles(dict(model.state_dict()), preferred=state)
    result = model.load_state_dict(state, strict=False)
    missing, unexpected = set(result.missing_keys), list(result.unexpected_keys)
    for gone in doubles.values():
        for name in gone:
            if name in missing:
                missing.remove(name)
            else:
                unexpected.append(name)
    if strict and (missing or unexpected):
        lines = [f"Error(s) in loading state_dict for {type(model).__name__}:"]
        for what, names in (("Missing", missing), ("Unexpected", unexpected)):
            if names:
                listed = ", ".join(f'"{name}"' for name in sorted(names))
                lines.append(f"    {what} key(s) in state_dict: {listed}")
        raise RuntimeError("\n".join(lines))
    return missing, unexpected


def storage_ptr(tensor: Tensor) -> int:
    """The address of the tensor's storage: equal for tensors that share it."""
    return int(tensor.untyped_storage().data_ptr())  # type: ignore[attr-defined]


def storage_size(tensor: Tensor) -> int:
    """The bytes of the tensor's storage."""
    return int(tensor.untyped_storage().nbytes())  # type: ignore[attr-defined]
