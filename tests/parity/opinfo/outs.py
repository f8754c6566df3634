"""Tensors to give as ``out=``: as the result is, and as it is not."""

from __future__ import annotations

from typing import Any

from tests.parity.opinfo.plain import flatten

# plain: as the result; strided: its axes reversed in memory; nothing: no elements, to be resized;
# larger: another shape, resized with a warning; integral, double: other dtypes.
KINDS = ("plain", "strided", "nothing", "larger", "integral", "double")


def targets(torch: Any, result: Any, kind: str) -> Any:
    """What ``out=`` is given for ``result``; None where ``kind`` says nothing new of it.

    Works on the tensors of either library.
    """
    made = [_target(torch, each, kind) for each in flatten(torch, result)]
    if not made or any(each is None for each in made):
        return None
    return made[0] if isinstance(result, torch.Tensor) else tuple(made)


def _target(torch: Any, result: Any, kind: str) -> Any:
    shape, dtype = tuple(result.shape), result.dtype
    if kind == "plain":
        return torch.empty(shape, dtype=dtype)
    if kind == "strided":
        return torch.empty(shape[::-1], dtype=dtype).permute(tuple(range(len(shape)))[::-1])
    if kind == "nothing":
        return torch.empty(0, dtype=dtype)
    if kind == "larger":
        return torch.empty([*(n + 1 for n in shape), 2], dtype=dtype)
    if kind == "integral":
        return torch.empty(shape, dtype=torch.int64)
    return torch.empty(shape, dtype=torch.float64)
