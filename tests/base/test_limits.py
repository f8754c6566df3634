"""finfo: PyTorch's numbers, without asking NumPy or ml_dtypes."""

from __future__ import annotations

import ml_dtypes
import pytest

import rushlight as torch


@pytest.mark.parametrize(
    ("name", "resolution"),
    [("float64", 1e-15), ("float32", 1e-6), ("float16", 1e-3), ("bfloat16", 1e-2)],
)
def test_limits_of_floating_dtypes(name: str, resolution: float) -> None:
    ours, theirs = torch.finfo(getattr(torch, name)), ml_dtypes.finfo(name)
    for each in ("bits", "eps", "max", "min", "tiny", "smallest_normal"):
        assert getattr(ours, each) == float(getattr(theirs, each)), each
    assert ours.resolution == resolution  # rounded to the dtype by NumPy, not by PyTorch


def test_bfloat16_of_numpy_is_ours() -> None:
    array = torch.tensor([1.5], dtype=torch.bfloat16)._array()
    assert array.dtype == ml_dtypes.bfloat16
    assert torch.from_numpy(array).dtype is torch.bfloat16
