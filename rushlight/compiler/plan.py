"""What compiling gives: a program, and where each result will be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rushlight.base.record import Record
from rushlight.runtime.executor import Program


class Fresh(Record):
    """The result needs new memory of ``nbytes``; its address goes to ``slot``."""

    slot: int
    nbytes: int


class SameAs(Record):
    """The result is in the memory of input ``index``: the input itself, or written over it."""

    index: int


class SameAsOutput(Record):
    """The result is in the memory of another result."""

    index: int


Output = Fresh | SameAs | SameAsOutput


class Prepares(Record):
    """A command that packs an input into ``nbytes`` of memory that later ones only read: what it
    makes is as good in the next run if the input is unchanged. ``uses`` are the pointers into that
    memory: (command, number of the pointer, byte offset)."""

    input: int
    command: int
    nbytes: int
    uses: tuple[tuple[int, int, int], ...]


class Plan:
    """A compiled graph. Slots of the table: inputs, scalars block, arena, one for each Fresh."""

    def __init__(
        self,
        program: Program,
        outputs: tuple[Output, ...],
        arena_bytes: int,
        slots: int,
        labels: tuple[str, ...],
        costs: Sequence[Sequence[int]],
        sites: tuple[Any, ...],
        overwrites: dict[int, int],
        portable: bool = False,
        prepares: tuple[Prepares, ...] = (),
    ) -> None:
        self.program = program
        self.outputs = outputs
        self.arena_bytes = arena_bytes
        self.slots = slots
        self.labels = labels
        self.costs = costs  # of each command: arithmetic operations, bytes moved
        self.sites = sites
        self.overwrites = overwrites  # input -> the first command that writes a result over it
        self.portable = portable  # whether its commands mean the same in another process
        self.prepares = prepares

    def site(self, command: int) -> Any:
        """Where the user's program asked for what ``command`` computes, if it is known."""
        return self.sites[command]
