"""scatter, gather, replicate, parallel_apply: what of them there is without an accelerator.

Structures of plain values are handed round; a tensor cannot be put on a device that is not there,
and that is the error that PyTorch gives on a machine with a CPU only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rushlight.nn.modules.module import Module
from rushlight.tensor import Tensor

_NO_DEVICE = (
    "there is no accelerator here; call the module itself, or DataParallel(module), which does so "
    "on the CPU"
)


def scatter(inputs: Any, target_gpus: Sequence[Any], dim: int = 0) -> Any:
    """One structure like ``inputs`` for each device: tensors cut along ``dim``, the rest as it is.

    Raises RuntimeError for a tensor: there is no device to put its parts on.

    >>> scatter({"rate": 0.5}, [0, 1])
    [{'rate': 0.5}, {'rate': 0.5}]
    """
    if isinstance(inputs, Tensor):
        raise RuntimeError(
            f"scatter: got a tensor and the devices {list(target_gpus)}; {_NO_DEVICE}"
        )
    count = len(target_gpus)
    if isinstance(inputs, (tuple, list)) and inputs:
        parts = zip(*(scatter(each, target_gpus, dim) for each in inputs), strict=True)
        if isinstance(inputs, tuple) and hasattr(inputs, "_fields"):
            return [type(inputs)(*part) for part in parts]
        return [tuple(part) if isinstance(inputs, tuple) else list(part) for part in parts]
    if isinstance(inputs, dict) and inputs:
        parts = zip(*(scatter(each, target_gpus, dim) for each in inputs.values()), strict=True)
        return [type(inputs)(zip(inputs, part, strict=True)) for part in parts]
    return [inputs] * count


def scatter_kwargs(
    inputs: tuple[Any, ...], kwargs: dict[str, Any] | None, target_gpus: Sequence[Any], dim: int = 0
) -> tuple[tuple[Any, ...], tuple[dict[str, Any], ...]]:
    """Both scattered, the shorter one filled up with nothing."""
    places = scatter(inputs, target_gpus, dim) if inputs else []
    words = scatter(kwargs, target_gpus, dim) if kwargs else []
    places += [()] * (len(words) - len(places))
    words += [{}] * (len(places) - len(words))
    return tuple(places), tuple(words)


def gather(outputs: Any, target_device: Any, dim: int = 0) -> Any:
    """The devices' outputs as one. Raises AssertionError for tensors, which are all on the CPU."""
    first = outputs[0]
    if first is None:
        return None
    if isinstance(first, Tensor):
        raise AssertionError("Gather function not implemented for CPU tensors")
    if isinstance(first, dict):
        if not all(len(first) == len(each) for each in outputs):
            raise ValueError("All dicts must have the same number of keys")
        return type(first)(
            (key, gather([each[key] for each in outputs], target_device, dim)) for key in first
        )
    columns = [gather(list(part), target_device, dim) for part in zip(*outputs, strict=False)]
    return type(first)(*columns) if hasattr(first, "_fields") else type(first)(columns)


def replicate(network: Module, devices: Sequence[Any], detach: bool = False) -> list[Module]:
    """A copy of ``network`` for each device. Raises AssertionError: there are none."""
    if not any(True for _ in network.parameters()) and not devices:
        return []
    raise AssertionError(f"Broadcast function not implemented for CPU tensors: {_NO_DEVICE}")


def parallel_apply(
    modules: Sequence[Module],
    inputs: Sequence[Any],
    kwargs_tup: Sequence[dict[str, Any]] | None = None,
    devices: Sequence[Any] | None = None,
) -> list[Any]:
    """Each module on its inputs, all at once. Raises RuntimeError: there are no devices."""
    for name, given in (("inputs", inputs), ("kwargs_tup", kwargs_tup), ("devices", devices)):
        if given is not None and len(given) != len(modules):
            raise AssertionError(
                f"The number of modules {len(modules)} is not equal to the number of {name} "
                f"{len(given)}"
            )
    raise RuntimeError(
        f"Cannot access accelerator device when none is available: parallel_apply: {_NO_DEVICE}"
    )
