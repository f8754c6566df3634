"""What compiling gives: a program, and where each result will be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rushlight.runtime.executor import Program


@dataclass(frozen=True, slots=True)
class Fresh:
    """The result needs new memory of ``nbytes``; its address goes to ``slot``."""

    slot: int
    nbytes: int


@dataclass(frozen=True, slots=True)
class SameAs:
    """The result is in the memory of input ``index``: the input itself, or written over it."""

    index: int


@dataclass(frozen=True, slots=True)
class SameAsOutput:
    """The result is in the memory of another result."""

    index: int


Output = Fresh | SameAs | SameAsOutput


@dataclass(eq=False)
class Plan:
    """A compiled graph. Slots of the table: inputs, scalars block, arena, one for each Fresh."""

    program: Program
    outputs: tuple[Output, ...]
    arena_bytes: int
    slots: int
    labels: tuple[str, ...]
    costs: tuple[tuple[int, int], ...]  # of each command: arithmetic operations, bytes moved
    sites: tuple[Any, ...]
    overwrites: dict[int, int]  # input -> the first command that writes a result over it
    keep: Sequence[Any] = field(default=())  # what commands point at and Python has to keep alive

    @property
    def flops(self) -> int:
        """Arithmetic operations of one run."""
        return sum(flops for flops, _ in self.costs)

    @property
    def bytes_moved(self) -> int:
        """Bytes that the commands of one run read and write."""
        return sum(moved for _, moved in self.costs)

    def site(self, command: int) -> Any:
        """Where the user's program asked for what ``command`` computes, if it is known."""
        return self.sites[command]
