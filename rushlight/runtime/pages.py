"""Memory from the system, by the C library: aligned blocks, and mappings with huge pages."""

from __future__ import annotations

import ctypes
import mmap
import sys

ALIGNMENT = 64
# From here on a block is a mapping of its own, aligned to and asking for huge pages.
MAPPED_FROM = 4 * 1024 * 1024
_HUGE_PAGE = 2 * 1024 * 1024
_ADDRESSABLE = 1 << 47  # bytes: no process has room for more
_ANONYMOUS = 0x02 | (0x20 if sys.platform == "linux" else 0x1000)  # MAP_PRIVATE | MAP_ANON


class _System:
    """The C library's memory calls."""

    def __init__(self) -> None:
        library = ctypes.CDLL(None)
        word, pointer = ctypes.c_size_t, ctypes.c_void_p
        self.posix_memalign = library.posix_memalign
        self.posix_memalign.argtypes = (ctypes.POINTER(pointer), word, word)
        self.free = library.free
        self.free.argtypes = (pointer,)
        self.free.restype = None
        self.mmap = library.mmap
        self.mmap.argtypes = (
            pointer,
            word,
            ctypes.c_int,
            ctypes.c_int,
            ctypes.c_int,
            ctypes.c_long,
        )
        self.mmap.restype = ctypes.c_size_t
        self.munmap = library.munmap
        self.munmap.argtypes = (pointer, word)
        self.madvise = library.madvise
        self.madvise.argtypes = (pointer, word, ctypes.c_int)


_system = _System()


def acquire(size: int) -> int:
    """Fresh memory from the system, or 0."""
    if size >= _ADDRESSABLE:  # beyond 2**64 ctypes would hand on what is left of it
        return 0
    if size < MAPPED_FROM:
        block = ctypes.c_void_p()
        failed = _system.posix_memalign(ctypes.byref(block), ALIGNMENT, size)
        return 0 if failed else block.value or 0
    # Over-map by one huge page, then cut both ends off, so that the block starts at a huge page.
    mapped = _system.mmap(
        None, size + _HUGE_PAGE, mmap.PROT_READ | mmap.PROT_WRITE, _ANONYMOUS, -1, 0
    )
    if mapped == ctypes.c_size_t(-1).value:
        return 0
    address = -(-mapped // _HUGE_PAGE) * _HUGE_PAGE
    if address > mapped:
        _system.munmap(mapped, address - mapped)
    if above := mapped + _HUGE_PAGE - address:
        _system.munmap(address + size, above)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        _system.madvise(address, size, mmap.MADV_HUGEPAGE)
    return int(address)


def release(address: int, size: int) -> None:
    """Give back what ``acquire(size)`` gave."""
    if size < MAPPED_FROM:
        _system.free(address)
    else:
        _system.munmap(address, size)
