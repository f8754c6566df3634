"""``torch.utils._foreach_utils``: lists of tensors sorted by kind, for optimisers outside."""

from __future__ import annotations

from typing import Any

from rushlight.tensor.tensor import Tensor

Kind = tuple[Any, Any]


def _group_tensors_by_device_and_dtype(
    tensorlistlist: list[list[Tensor | None]], with_indices: bool = False
) -> dict[Kind, tuple[list[list[Tensor | None]], list[int]]]:
    """The columns of a table of tensors, by device and dtype of its first row.

    Each kind has its own table, and the numbers of its columns if ``with_indices``.
    """
    groups: dict[Kind, tuple[list[list[Tensor | None]], list[int]]] = {}
    for column, first in enumerate(tensorlistlist[0]):
        if first is None:
            raise RuntimeError("the first list must hold tensors only, got None")
        table, columns = groups.setdefault(
            (first.device, first.dtype), ([[] for _ in tensorlistlist], [])
        )
        for row, given in zip(table, tensorlistlist, strict=True):
            row.append(given[column] if given else None)
        if with_indices:
            columns.append(column)
    return groups
