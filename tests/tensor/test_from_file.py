"""Tensors on the memory of files, and of arrays that nobody else holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import rushlight as torch


def test_from_file(tmp_path: Path) -> None:
    file = tmp_path / "numbers"
    file.write_bytes(bytes(range(8)))
    torch.from_file(str(file), shared=True, size=2, dtype=torch.uint8).fill_(9)
    assert file.read_bytes() == bytes([9, 9, 2, 3, 4, 5, 6, 7])
    private = torch.from_file(str(file), size=4, dtype=torch.uint8).fill_(7)
    assert private.tolist() == [7, 7, 7, 7]
    assert file.read_bytes()[0] == 9
    with pytest.raises(RuntimeError, match="smaller than the required mapping size"):
        torch.from_file(str(file), size=9, dtype=torch.uint8)
    with pytest.raises(RuntimeError, match="unable to open file"):
        torch.from_file(str(tmp_path / "none"), size=1)
    assert torch.from_file(str(file), shared=True, size=10, dtype=torch.uint8).sum().item() == 45


def test_memmap_that_only_a_tensor_holds(tmp_path: Path) -> None:
    file = tmp_path / "numbers"
    file.write_bytes(bytes(4))
    held = torch.from_numpy(np.memmap(file, np.uint8, "r+"))
    held.fill_(5)
    held[0] = 1
    held.add_(2)
    assert file.read_bytes() == bytes([3, 7, 7, 7])
    with file.open("r+b") as other:
        other.write(bytes([8, 8, 8, 8]))
    assert held.tolist() == [8, 8, 8, 8]


def test_asarray_stays_in_the_graph() -> None:
    x = torch.ones(3, requires_grad=True)
    y = x + 1
    assert torch.asarray(y, copy=True).grad_fn is not None
    assert torch.asarray(y, requires_grad=True) is y
    assert not torch.asarray(y, requires_grad=False).requires_grad
    assert torch.asarray([1.0], requires_grad=True).requires_grad


def test_order_of_axes_that_is_not_one() -> None:
    x = torch.empty(1, 2, 3, 4)
    with pytest.raises(RuntimeError, match="does not have unique dim order"):
        x.dim_order(ambiguity_check=True)
    with pytest.raises(TypeError, match="ambiguity_check"):
        x.dim_order(ambiguity_check="x")
    assert x.dim_order(ambiguity_check=[torch.contiguous_format]) == (0, 1, 2, 3)
