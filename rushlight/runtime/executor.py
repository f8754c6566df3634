"""Programs: a whole plan as an array of words, run by one native call.

    program = Program([Command(address, chunks=8, pointers=((0, 0), (1, 64)), words=(n,))])
    failed = program.run(slots.ctypes.data)     # slots: int64 addresses, filled before each run

Words of a program: a header (commands, their address, times or 0, index of the command that failed,
whether any command is shared between threads, how often it ran to its end), then 8 words a
command (function, chunks, grain or 0 for serial, address of its arguments, pointers to patch,
address of the (slot, offset) pairs), then arguments and pairs. Before a command runs, argument i
becomes slots[slot_i] + offset_i.

Ctrl-C while a program runs is handled when the native call returns: Python's signal handlers only
run between bytecodes. Two threads that run programs take turns; a host command may run another
program on the thread it is called on.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, final

import numpy as np

from rushlight.base.record import Record
from rushlight.runtime import cpu
from rushlight.runtime.executor_ir import COMMAND_WORDS, HEADER_WORDS
from rushlight.runtime.native import call_at
from rushlight.runtime.pool import native
from rushlight.runtime.unroll import Stretch, unrolled

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MAX_CHUNKS = 2**31 - 1
# Shares per core of a command with many chunks: enough to even out, few enough to hand out cheaply.
_SHARES_PER_CORE = 8
# Words of the header, and of a command.
_FAILED = 3
_SHARED = 4
_RUNS = 5
_CHUNKS = 1
_GRAIN = 2
# What of a command is not in the words: its values from here on.
_FLAGS = 4


class Command(Record):
    """One launch: i64 kernel(args, begin, end) over ``chunks`` work units.

    ``pointers`` are (slot, byte offset) pairs, the first words of args; ``words`` follow them.
    ``serial``: on the calling thread, all chunks in one call (little work, or a host function).
    ``sure``: it always returns 0, and calls no Python.
    """

    address: int
    chunks: int
    pointers: Sequence[tuple[int, int]] = ()
    words: Sequence[int] = ()
    serial: bool = False
    sure: bool = False


class Failure(Record):
    """A kernel returned ``code`` (not 0) in command number ``command``; later ones did not run."""

    command: int
    code: int


@final
class Program:
    """Commands, ready to run. Run it from one place at a time: its argument words are patched."""

    __slots__ = ("_flags", "_header", "address", "ended", "entry", "start_head", "times")

    def __init__(
        self, commands: Sequence[Command], stretches: Sequence[Stretch] | None = None
    ) -> None:
        """``stretches`` of them come again and again: see unroll.py."""
        known: dict[Any, Any] = {}
        flags = [command.as_tuple()[_FLAGS:] for command in commands]
        flags = [known.setdefault(each, each) for each in flags]
        self._take(encoded(commands), flags, stretches)

    @classmethod
    def of(
        cls,
        words: NDArray[np.int64],
        flags: list[tuple[bool, bool]],
        stretches: Sequence[Stretch] | None,
    ) -> Program:
        """One whose words are there (see template.py); ``flags``: ``serial`` and ``sure`` of its
        commands."""
        program = object.__new__(cls)
        program._take(words, flags, stretches)
        return program

    def _take(
        self,
        words: NDArray[np.int64],
        flags: list[tuple[bool, bool]],
        stretches: Sequence[Stretch] | None,
    ) -> None:
        self.times: NDArray[np.int64] | None = None
        self._header, self._flags = words, flags
        if stretches is not None:
            self._header = unrolled(self._header, stretches)
            self._flags = []
            for each in stretches:
                self._flags += flags[each.start : each.stop] * each.count
        address: int = self._header.ctypes.data
        # For who runs it in every step: ``call_at(entry, address, slots)`` is ``run`` with a code
        # (0: all went well) in place of Failure, and ``ended.value`` is ``runs``.
        self.entry, self.address = native().run, address
        # Takes a number, too, and returns when the commands before that one have ended: the rest is
        # left to a worker. It must be ``sure``, and its memory stay: runtime/tail.py sees to that.
        self.start_head: Callable[[int, int], int] = functools.partial(native().run_head, address)
        self.ended = ctypes.c_int64.from_address(address + 8 * _RUNS)

    @property
    def commands(self) -> tuple[Command, ...]:
        """What it was made of, read back: as objects they would take four times as much memory."""
        start: int = self._header.ctypes.data
        words: list[int] = self._header.tolist()
        found = []
        for number, flags in enumerate(self._flags):
            place = HEADER_WORDS + COMMAND_WORDS * number
            address, chunks, _, arguments, count, pairs = words[place : place + 6]
            first, middle = (arguments - start) // 8 + count, (pairs - start) // 8
            end = middle + 2 * count
            pointers = tuple(zip(words[middle:end:2], words[middle + 1 : end : 2], strict=True))
            found.append(Command(address, chunks, pointers, tuple(words[first:middle]), *flags))
        return tuple(found)

    @property
    def nbytes(self) -> int:
        """What it takes in memory."""
        return self._header.nbytes

    @property
    def runs(self) -> int:
        """How often it ran to its end: whether it did, if an exception hides the result."""
        return self.ended.value

    def run(self, slots: int) -> Failure | None:
        """Run all commands; ``slots`` is the address of the int64 table. None if all went well."""
        code = call_at(self.entry, self.address, slots)
        return self.failure(code) if code else None

    def failure(self, code: int) -> Failure:
        """What the last run failed with; ``code`` is what ``start`` gave."""
        return Failure(int(self._header[_FAILED]), code)

    def share(self, handed_out: Sequence[bool]) -> None:
        """From the next run on, which commands of several chunks are handed out to all threads.

        Results do not depend on it. What was decided when the program was made is in ``commands``.
        """
        shared = False
        for number, (_, each) in enumerate(zip(self._flags, handed_out, strict=True)):
            place = HEADER_WORDS + COMMAND_WORDS * number
            chunks = int(self._header[place + _CHUNKS])
            each = each and chunks > 1
            shared = shared or each
            self._header[place + _GRAIN] = _grain(chunks) if each else 0
        self._header[_SHARED] = int(shared)

    def shared(self) -> list[bool]:
        """Which commands are handed out to all threads at present."""
        grains = self._header[HEADER_WORDS + _GRAIN :: COMMAND_WORDS][: len(self._flags)]
        return [bool(grain) for grain in grains]

    def profile(self, on: bool = True) -> None:
        """From now on each run fills ``times`` (commands + 1,): nanoseconds, start and ends."""
        self.times = np.zeros(len(self._flags) + 1, np.int64) if on else None
        self._header[2] = 0 if self.times is None else self.times.ctypes.data


def _grain(chunks: int) -> int:
    return max(1, chunks // (_SHARES_PER_CORE * cpu.cores()))


def grains(chunks: NDArray[np.int64]) -> NDArray[np.int64]:
    """``_grain`` of each number of chunks."""
    found: NDArray[np.int64] = np.maximum(1, chunks // (_SHARES_PER_CORE * cpu.cores()))
    return found


def require_chunks(chunks: NDArray[np.int64]) -> None:
    """RuntimeError where a command cannot have so many chunks."""
    wrong = np.flatnonzero((chunks < 0) | (chunks > _MAX_CHUNKS))
    if len(wrong):
        number = int(wrong[0])
        raise RuntimeError(
            f"Program: command {number} has {chunks[number]} chunks, needs 0 to {_MAX_CHUNKS}: "
            "tensors of many terabytes cannot be computed"
        )


def encoded(commands: Sequence[Command]) -> NDArray[np.int64]:
    """The words of a program; addresses inside point into the array itself."""
    table = HEADER_WORDS + COMMAND_WORDS * len(commands)
    size = table + sum(3 * len(command.pointers) + len(command.words) for command in commands)
    memory = np.zeros(size, np.int64)
    start: int = memory.ctypes.data
    body = list[int]()
    rows = list[int]()
    shared = False
    for command in commands:
        serial = command.serial or command.chunks <= 1
        shared = shared or not serial
        grain = 0 if serial else _grain(command.chunks)
        arguments = start + 8 * (table + len(body))
        pairs = arguments + 8 * (len(command.pointers) + len(command.words))
        rows += (command.address, command.chunks, grain, arguments, len(command.pointers), pairs)
        rows += (0, 0)
        body += (0,) * len(command.pointers)
        body += command.words
        for slot, offset in command.pointers:
            body += (slot, offset)
    memory[:5] = (len(commands), start + 8 * HEADER_WORDS, 0, 0, int(shared))
    memory[HEADER_WORDS:table] = rows
    memory[table:] = body
    require_chunks(memory[HEADER_WORDS + _CHUNKS : table : COMMAND_WORDS])
    return memory


@final
class HostCall:
    """A Python function as a kernel, for a serial command.

    It is called with the address of its argument words. An exception it raises is kept in ``error``
    and ends the program with code ``HostCall.FAILED``; whoever ran the program raises it again.
    """

    FAILED = -1
    __slots__ = ("_callback", "address", "error", "function")

    def __init__(self, function: Callable[[int], None]) -> None:
        self.function = function
        self.error: BaseException | None = None
        word = ctypes.c_int64
        # The object must live as long as the program: ctypes frees the trampoline with it.
        self._callback: Any = ctypes.CFUNCTYPE(word, word, word, word)(self._call)
        self.address: int = ctypes.cast(self._callback, ctypes.c_void_p).value or 0

    def _call(self, arguments: int, begin: int, end: int) -> int:
        try:
            self.function(arguments)
        except BaseException as error:  # nothing may pass through native frames, not even Ctrl-C
            self.error = error
            return self.FAILED
        return 0
