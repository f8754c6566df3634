"""Panels: every layout of the source, every cut into chunks, with their zeros."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

from rushlight.compiler.contraction.pack import pack
from tests.compiler.contraction import machine

_TYPES = {"f32": np.dtype("f4"), "f64": np.dtype("f8"), "bf16": np.dtype(ml_dtypes.bfloat16)}


@pytest.mark.parametrize("dtype", _TYPES)
@pytest.mark.parametrize("layout", ["rows", "columns", "gaps"])
@pytest.mark.parametrize(
    ("depth", "columns", "width"),
    [(1, 16, 16), (9, 33, 16), (70, 48, 16), (700, 130, 16), (19, 16, 6), (35, 25, 12)],
)
def test_panels_hold_the_matrix_and_zeros(
    depth: int, columns: int, width: int, layout: str, dtype: str
) -> None:
    rng = np.random.default_rng(0)
    shape = {
        "rows": (2, depth, columns), "columns": (2, columns, depth), "gaps": (2, depth, 2 * columns)
    }[layout]  # fmt: skip
    both = machine.aligned(rng.standard_normal(shape).astype(_TYPES[dtype]))
    if layout == "columns":
        both = both.transpose(0, 2, 1)
    if layout == "gaps":
        both = both[:, :, ::2]
    batch = ((1, 0), (1, 0), (2, both.strides[0]))
    launch, _ = pack(machine.operand(both[0]), batch, width, 8)
    wide = np.dtype("f8" if dtype == "f64" else "f4")
    panels = -(-columns // width)
    wanted = np.zeros((2, depth, panels * width), wide)
    wanted[:, :, :columns] = both
    wanted = wanted.reshape(2, depth, panels, width).transpose(0, 2, 1, 3)
    for parts in (1, 3):
        ready = machine.Prepared([launch])
        ready.run_in_parts(parts)
        (room,) = ready.scratch.values()
        begin = -int(room.ctypes.data) % 64
        found = room[begin : begin + wanted.nbytes].view(wide).reshape(wanted.shape)
        np.testing.assert_array_equal(found, wanted)
