"""Small native functions that the runtime itself calls, one at a time and without a program."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from typing import Any

from rushlight.runtime import code


@functools.cache
def native(symbol: str, text: str) -> Callable[..., Any]:
    """The function ``symbol`` of a kernel text, its first, which takes 64-bit words and doubles and
    returns a word or nothing.

    >>> import numpy as np
    >>> store = "define void @store(ptr %at, i64 %x) { store i64 %x, ptr %at ret void }"
    >>> place = np.zeros(1, np.int64)
    >>> native("store", store)(place.ctypes.data, 7)
    >>> int(place[0])
    7
    """
    taken = text[text.index("(") + 1 : text.index("{")].split(",")
    words = [ctypes.c_double if "double" in each else ctypes.c_int64 for each in taken]
    address = code.load([(symbol, text)], lasting=True)[symbol]
    result = ctypes.c_int64 if text.lstrip().startswith("define i64") else None
    made: Callable[..., Any] = ctypes.CFUNCTYPE(result, *words)(address)
    return made


@functools.cache
def _of_two_words(address: int) -> Callable[[int, int], int]:
    return ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64, ctypes.c_int64)(address)


def call_at(address: int, first: int, second: int) -> int:
    """Call the function at ``address`` with two words, while other threads may run Python.

    A function under ``@hot`` calls it without ctypes, which takes a quarter of a microsecond.

    >>> from rushlight.runtime import code
    >>> text = "define i64 @less(ptr %a, i64 %b) { %c = ptrtoint ptr %a to i64 %d = sub i64 %c, %b"
    >>> call_at(code.load([("less", text + " ret i64 %d }")])["less"], 9, 2)
    7
    """
    return _of_two_words(address)(first, second)


def address_of(array: Any) -> int:
    """Where a contiguous array that may be written begins, in a quarter of ``ctypes.data``'s time.

    >>> import numpy as np
    >>> place = np.zeros(1, np.int64)
    >>> address_of(place) == place.ctypes.data
    True
    """
    return ctypes.addressof(ctypes.c_char.from_buffer(array))
