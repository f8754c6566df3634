"""f16 by whole numbers: every f16 there is, and f32 around every tie, against NumPy."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from rushlight.compiler.contraction.emit import Body, entry, kernel
from rushlight.compiler.contraction.half import Half
from rushlight.runtime import code

_CALL = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)


def converted(source: np.ndarray[Any, Any], result: Any) -> np.ndarray[Any, Any]:
    """``source`` element by element, f16 to f32 or f32 to f16."""
    widen = source.dtype == np.float16
    body = Body()
    x, y = body.words("%args", 2, kind="ptr")
    kinds, sizes = ("<4 x i16>", "<4 x float>"), ("2", "4")
    (load, store), (from_, to) = (kinds, sizes) if widen else (kinds[::-1], sizes[::-1])
    with body.loop("%begin", "%end", "4") as index:
        value = body.load(load, body.at(x, body.mul(index, from_)), 2)
        half = Half(body, 4)
        value = half.widen(value) if widen else half.narrow(value)
        body.store(store, value, body.at(y, body.mul(index, to)), 2)
    made = kernel("half", entry(body))
    out = np.zeros(source.shape, result)
    words = np.array([source.ctypes.data, out.ctypes.data])
    _CALL(code.load([(made.symbol, made.text)])[made.symbol])(words.ctypes.data, 0, source.size)
    return out


def test_every_f16() -> None:
    halves = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    with np.errstate(invalid="ignore"):
        want = halves.astype(np.float32)
    np.testing.assert_array_equal(converted(halves, np.float32), want)


def test_rounding() -> None:
    bits = np.arange(0, 1 << 16, dtype=np.uint32) << 16
    near = (
        bits[:, None] | np.array([0, 1, 0xFFF, 0x1000, 0x1001, 0x2FFF, 0x3000, 0xFFFF], "u4")
    ).ravel()
    floats = near.view(np.float32)
    with np.errstate(invalid="ignore", over="ignore"):
        want = floats.astype(np.float16)
    np.testing.assert_array_equal(converted(floats, np.float16), want)
