"""``torch.testing.assert_close``."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.tensor import Tensor, as_tensor

_TOLERANCES = {
    "float16": (1e-3, 1e-5), "bfloat16": (1.6e-2, 1e-5), "float32": (1.3e-6, 1e-5),
    "float64": (1e-7, 1e-7),
}  # fmt: skip


def assert_close(
    actual: Any, expected: Any, *, allow_subclasses: bool = True, rtol: float | None = None,
    atol: float | None = None, equal_nan: bool = False, check_device: bool = True,
    check_dtype: bool = True, check_layout: bool = True, check_stride: bool = False,
    msg: Any = None,
) -> None:  # fmt: skip
    """Raise AssertionError unless shapes and dtypes agree and all elements are close."""
    if isinstance(actual, (list, tuple)) and isinstance(expected, (list, tuple)):
        if len(actual) != len(expected):
            raise AssertionError(
                f"The length of the sequences mismatch: {len(actual)} != {len(expected)}"
            )
        for a, b in zip(actual, expected, strict=True):
            assert_close(a, b, rtol=rtol, atol=atol, equal_nan=equal_nan, check_dtype=check_dtype)
        return
    if isinstance(actual, dict) and isinstance(expected, dict):
        if set(actual) != set(expected):
            raise AssertionError("The keys of the mappings do not match")
        for key in actual:
            assert_close(
                actual[key], expected[key], rtol=rtol, atol=atol, equal_nan=equal_nan,
                check_dtype=check_dtype,
            )  # fmt: skip
        return
    a, b = (each if isinstance(each, Tensor) else as_tensor(each) for each in (actual, expected))
    if a.shape != b.shape:
        raise AssertionError(
            f"The values for attribute 'shape' do not match: {a.shape} != {b.shape}."
        )
    if check_dtype and a.dtype is not b.dtype:
        raise AssertionError(
            f"The values for attribute 'dtype' do not match: {a.dtype} != {b.dtype}."
        )
    if (rtol is None) != (atol is None):
        raise ValueError("rtol and atol must both be specified or both be unspecified")
    limits = [_TOLERANCES.get(each.dtype.name, (0.0, 0.0)) for each in (a, b)]
    relative = max(limit[0] for limit in limits) if rtol is None else rtol
    absolute = max(limit[1] for limit in limits) if atol is None else atol
    x, y = (np.asarray(each._array(), np.float64) for each in (a, b))
    close = np.isclose(x, y, rtol=relative, atol=absolute, equal_nan=equal_nan)
    if close.all():
        return
    with np.errstate(all="ignore"):
        gap = np.abs(x - y)
    raise AssertionError(
        msg
        or "Tensor-likes are not close!\n\n"
        f"Mismatched elements: {int((~close).sum())} / {close.size}"
        f"\nGreatest absolute difference: {np.nanmax(gap)} (up to {absolute} allowed)"
    )
