"""The threads that run programs: how many, and whether denormals are flushed.

The pool is native (job_ir.py, pool_ir.py, executor_ir.py). It starts its workers at the first
command that has several chunks, and again after a fork or a new number of threads.
"""

from __future__ import annotations

import atexit
import ctypes
import functools
import os
from collections.abc import Callable
from typing import Any

from rushlight.runtime import code, cpu, executor_ir, job_ir


def _kernels() -> list[tuple[str, str]]:
    text = executor_ir.text()
    return [(symbol, text) for symbol in executor_ir.SYMBOLS]


code.load_along(_kernels)


class _Native:
    """The native functions, as ctypes calls. Each releases the GIL."""

    def __init__(self) -> None:
        address = code.load(_kernels())
        word = ctypes.c_int64
        self.run: int = address["rushlight_run"]  # takes two words, see ``native.call_at``
        self.run_head: Callable[[int, int, int], int] = ctypes.CFUNCTYPE(word, word, word, word)(
            address["rushlight_run_head"]
        )
        self.settle: Callable[[], None] = ctypes.CFUNCTYPE(None)(address["rushlight_settle"])
        self.resize: Any = ctypes.CFUNCTYPE(None, word)(address["rushlight_resize"])
        self.workers: Any = ctypes.CFUNCTYPE(word)(address["rushlight_workers"])
        self.flush: Any = ctypes.CFUNCTYPE(None, word)(address["rushlight_flush"])
        self.forget: Any = ctypes.CFUNCTYPE(None)(address["rushlight_forget"])
        self.resize(_threads or cpu.default_threads())


_threads = 0
_flush_denormal = False


@functools.cache
def native() -> _Native:
    """The pool's functions; compiled or loaded on first use."""
    made = _Native()
    made.flush(int(_flush_denormal))
    # Before a fork the workers are ended (they start again when needed): a child without other
    # threads is what fork promises to get right, and this waits for a program that still runs.
    os.register_at_fork(before=_end_workers, after_in_child=made.forget)
    atexit.register(_end_workers)
    return made


def _end_workers() -> None:
    native().resize(get_num_threads())


def get_num_threads() -> int:
    """How many threads a program may use, the calling one included."""
    return _threads or cpu.default_threads()


def set_num_threads(count: int) -> None:
    """Use ``count`` threads from the next program on. Raises RuntimeError unless count >= 1.

    Waits for a program that another thread runs.
    """
    global _threads
    if count < 1:
        raise RuntimeError(f"set_num_threads expects a positive integer, got {count}")
    count = min(count, job_ir.MAX_WORKERS)
    if count == get_num_threads():
        _threads = count
        return
    _threads = count
    if native.cache_info().currsize:
        native().resize(count)


def set_flush_denormal(mode: bool) -> bool:
    """Whether kernels treat denormal numbers as zero (faster, not IEEE). Off by default.

    Holds for the calling thread while a program runs, and for the workers. True: it is supported.
    """
    global _flush_denormal
    _flush_denormal = bool(mode)
    if native.cache_info().currsize:
        native().flush(int(mode))
    return True


def flushes_denormal() -> bool:
    """Whether kernels treat denormal numbers as zero."""
    return _flush_denormal


def workers() -> int:
    """Native threads alive beside the calling one."""
    return int(native().workers()) if native.cache_info().currsize else 0
