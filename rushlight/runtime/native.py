"""Small native functions that the runtime itself calls, one at a time and without a program."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from typing import Any

from rushlight.runtime import code


@functools.cache
def native(symbol: str, text: str) -> Callable[..., None]:
    """The function ``symbol`` of a kernel text, which takes 64-bit words and returns nothing.

    >>> import numpy as np
    >>> store = "define void @store(ptr %at, i64 %x) { store i64 %x, ptr %at ret void }"
    >>> place = np.zeros(1, np.int64)
    >>> native("store", store)(place.ctypes.data, 7)
    >>> int(place[0])
    7
    """
    head = text[: text.index("{")]
    words = [ctypes.c_int64] * head.count("%")
    address = code.load([(symbol, text)], lasting=True)[symbol]
    made: Callable[..., None] = ctypes.CFUNCTYPE(None, *words)(address)
    return made


def address_of(array: Any) -> int:
    """Where a contiguous array that may be written begins, in a quarter of ``ctypes.data``'s time.

    >>> import numpy as np
    >>> place = np.zeros(1, np.int64)
    >>> address_of(place) == place.ctypes.data
    True
    """
    return ctypes.addressof(ctypes.c_char.from_buffer(array))
