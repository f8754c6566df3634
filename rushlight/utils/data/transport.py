"""Batches from a worker to the main process: arrays through shared memory, the rest pickled.

A worker has a few *slots*: nameless files in memory (``memfd``). It writes a batch's bytes into a
slot with one call and sends a short message through a pipe; the main process reads them, with one
call, straight into the arrays of the new tensors. So the bytes are copied twice in all and never
pickled, a slot is free again as soon as its batch arrived, and a machine without memory left gives
an error and not a crash.
"""

from __future__ import annotations

import io
import os
import pickle
import tempfile
from collections.abc import Iterable
from multiprocessing.reduction import DupFd
from pickle import PickleBuffer
from typing import Any, final

import numpy as np
import numpy.typing as npt

from rushlight.base import dtype as dtypes
from rushlight.nn.parameter import Parameter
from rushlight.tensor import Tensor
from rushlight.tensor.methods.duplicate import attributes
from rushlight.tensor.methods.exchange import make_subclass
from rushlight.utils.data.arrays import array_of, wrap

INLINE_BYTES = 512  # smaller arrays travel inside the message
MOST_BUFFERS = 1000  # that one readv or writev takes


@final
class Slots:
    """The shared files of one worker. May be passed to a process that is being started."""

    def __init__(self, files: list[int]) -> None:
        self.files = files

    @classmethod
    def create(cls, count: int) -> Slots:
        """``count`` empty files in memory."""
        return cls([_file_in_memory() for _ in range(count)])

    def __reduce__(self) -> tuple[Any, ...]:
        # Only while a process is started by "spawn" or "forkserver"; a fork inherits the numbers.
        return _received, ([DupFd(file) for file in self.files],)

    def close(self) -> None:
        """Give the memory back (once both processes did)."""
        while self.files:
            os.close(self.files.pop())


def _received(copies: list[Any]) -> Slots:
    return Slots([copy.detach() for copy in copies])


def _file_in_memory() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("rushlight-batch", os.MFD_CLOEXEC)
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


class _BatchPickler(pickle.Pickler):
    """Tensors and arrays as buffers beside the pickle."""

    def reducer_override(self, thing: Any) -> Any:
        if type(thing) is Tensor:
            return _reduce_tensor(thing)
        if isinstance(thing, Tensor) and type(thing).__reduce_ex__ in _PLAIN:
            plain = thing.as_subclass(Tensor).detach()  # type: ignore[attr-defined]
            made = make_subclass, (type(thing), plain, thing.requires_grad)
            return (*made, extra) if (extra := attributes(thing)) else made
        if type(thing) is np.ndarray and not thing.dtype.hasobject and thing.dtype.kind != "V":
            return _array_from, (_buffer(thing), thing.dtype.str, thing.shape)
        return NotImplemented


# Sub-classes that say otherwise travel as they say.
_PLAIN = (Tensor.__reduce_ex__, Parameter.__reduce_ex__)


def _reduce_tensor(tensor: Tensor) -> tuple[Any, ...]:
    array = array_of(tensor.detach() if tensor.requires_grad else tensor)
    if array is None:
        raise TypeError("a tensor from a DataLoader worker has no array")
    args = (_buffer(array), tensor.dtype.name, array.shape, tensor.requires_grad)
    return _tensor_from, args


def _buffer(array: npt.NDArray[Any]) -> PickleBuffer:
    return PickleBuffer(np.ascontiguousarray(array).reshape(-1).view(np.uint8))


def _array_from(buffer: Any, dtype: str, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    return np.frombuffer(buffer, dtype=dtype).reshape(shape)


def _room(nbytes: int) -> npt.NDArray[np.uint8]:
    """New memory for one array of a batch."""
    return np.empty(nbytes, np.uint8)


def _tensor_from(buffer: Any, dtype: str, shape: tuple[int, ...], requires_grad: bool) -> Tensor:
    if not isinstance(buffer, np.ndarray):  # a small one, from inside the message
        buffer = np.frombuffer(buffer, np.uint8).copy()
    # The tensor is the only one that holds the array: its memory counts as the tensor's own.
    tensor = wrap(buffer.view(dtypes.BY_NAME[dtype].np).reshape(shape))
    return tensor.requires_grad_(True) if requires_grad else tensor


def pack(number: int, data: Any, slots: Slots, slot: int) -> bytes:
    """The message for one batch; its large arrays go into the given slot."""
    buffers: list[memoryview] = []

    def put_aside(buffer: PickleBuffer) -> bool:
        raw = buffer.raw()
        if raw.nbytes < INLINE_BYTES:
            return True  # into the pickle
        buffers.append(raw)
        return False

    stream = io.BytesIO()
    _BatchPickler(stream, 5, buffer_callback=put_aside).dump(data)
    if buffers:
        _write_all(slots.files[slot], buffers)
    sizes = [buffer.nbytes for buffer in buffers]
    return pickle.dumps((number, slot, sizes), 5) + stream.getvalue()


def unpack(message: bytes, slots: Slots) -> tuple[int, Any]:
    """(number, batch) of a message; its slot is free afterwards."""
    stream = io.BytesIO(message)
    number, slot, sizes = pickle.load(stream)  # from our own worker
    arrays = [_room(size) for size in sizes]
    if arrays:
        _read_all(slots.files[slot], arrays)
    return number, pickle.load(stream, buffers=arrays)


def _groups(buffers: list[Any]) -> Iterable[tuple[list[Any], int]]:
    for start in range(0, len(buffers), MOST_BUFFERS):
        group = buffers[start : start + MOST_BUFFERS]
        yield group, sum(each.nbytes for each in group)


def _write_all(file: int, buffers: list[memoryview]) -> None:
    offset = 0
    for group, size in _groups(buffers):
        done = os.pwritev(file, group, offset)
        offset += size
        if done < size:  # more than 2 GB, or a signal
            _finish(lambda part, at: os.pwrite(file, part, at), group, done, offset - size)


def _read_all(file: int, arrays: list[Any]) -> None:
    offset = 0
    for group, size in _groups(arrays):
        done = os.preadv(file, group, offset)
        offset += size
        if done < size:
            _finish(lambda part, at: os.preadv(file, [part], at), group, done, offset - size)


def _finish(move: Any, group: list[Any], done: int, offset: int) -> None:
    """Move what one call left over, piece by piece."""
    start = 0
    for each in group:
        view = memoryview(each).cast("B")
        place = max(0, done - start)
        while place < len(view):
            moved = move(view[place:], offset + start + place)
            if moved <= 0:
                raise OSError("a DataLoader's shared memory ended too early")
            place += moved
        start += len(view)
