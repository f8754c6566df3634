"""Packed weights that are kept until they change: plans that only read a model's parameters.

A plan that infers packs the same weights in every run; at a batch of one that is a fifth of a
ResNet. Once a plan has run some times with the same memory in those places, unchanged, it leaves
out the commands that pack it (``Prepares``), and its other commands read what was packed before.

Whether memory is unchanged is known by ``Buffer.version``: somebody who wants to know gives it a
number of its own, whoever writes to it takes the number away. Memory that others can write to has
none. A program that goes on to change its weights packs them in each run, as before.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from rushlight.compiler.plan import Plan, Prepares
from rushlight.runtime.buffer import Buffer, machine_bytes
from rushlight.runtime.executor import Command, Program

_LOOKS = (4, 8, 64)  # runs of a plan after which its inputs are looked at
_PATIENCE = 4  # runs in which something had changed before all is packed in each run again
# All plans together may keep so much.
_left = machine_bytes() // 16
_versions = itertools.count(1)


def version_of(buffer: Buffer) -> int:
    """The number of what is in this memory; 0 or less where it may change without notice."""
    if not buffer.version and buffer.owner is None and not buffer.exposures and not buffer.kept:
        buffer.version = next(_versions)
    return buffer.version


class Waiting:
    """A plan that might keep what it packs: watches whether its inputs change."""

    __slots__ = ("_runs", "_versions")

    def __init__(self) -> None:
        self._runs = 0
        self._versions: list[int] = []

    @property
    def over(self) -> bool:
        """Whether there is nothing left to wait for."""
        return self._runs > _LOOKS[-1]

    def look(self, plan: Plan, given: Sequence[Buffer]) -> Prepared | None:
        """Before a run: what is kept from now on, if inputs are as they were some runs ago."""
        self._runs += 1
        if self._runs - 1 not in _LOOKS:
            return None
        before = self._versions
        self._versions = [version_of(given[each.input]) for each in plan.prepares]
        if not before:
            return None
        chosen: list[Prepares] = []
        room = _left
        for each, old, new in zip(plan.prepares, before, self._versions, strict=True):
            if old == new > 0 and each.nbytes <= room:
                chosen.append(each)
                room -= each.nbytes
        return Prepared(plan, chosen) if chosen else None


class Prepared:
    """A plan without the commands that pack what does not change."""

    def __init__(self, plan: Plan, chosen: Sequence[Prepares]) -> None:
        global _left
        self.before = plan
        self.inputs = [each.input for each in chosen]
        commands = list(plan.program.commands)
        size = 0
        for each in chosen:
            for number, place, offset in each.uses:
                pointers = list(commands[number].pointers)
                pointers[place] = (plan.slots, size + offset)
                commands[number] = commands[number].replace(pointers=tuple(pointers))
            size += -(-each.nbytes // 64) * 64
        self.block = Buffer(size)
        _left -= size
        makers = {each.command for each in chosen}
        self._packing = Program([commands[number] for number in sorted(makers)])
        rest = [number for number in range(len(commands)) if number not in makers]
        self.plan = _of_commands(plan, commands, rest)
        self._table = np.zeros(plan.slots + 1, np.int64)
        self._table[plan.slots] = self.block.address
        self._versions: list[int] = []
        self._changes = 0  # runs one after the other in which something had changed

    def __del__(self) -> None:
        global _left
        _left += self.block.nbytes

    def ready(self, given: Sequence[Buffer]) -> bool:
        """Before a run: pack what has changed. False: it changes so often that it does not pay."""
        if [given[place].version for place in self.inputs] == self._versions:
            self._changes = 0
            return True
        versions = [version_of(given[place]) for place in self.inputs]
        for place in self.inputs:
            self._table[place] = given[place].address
        self._versions = []
        self._packing.run(self._table.ctypes.data)
        if min(versions) > 0:
            self._versions = versions
        self._changes += 1
        return self._changes <= _PATIENCE


def _of_commands(plan: Plan, commands: Sequence[Command], rest: Sequence[int]) -> Plan:
    """The plan of those commands, with a slot more."""
    place = {number: at for at, number in enumerate(rest)}
    sites: list[Any] = [plan.sites[number] for number in rest]
    return Plan(
        program=Program([commands[number] for number in rest]),
        outputs=plan.outputs,
        arena_bytes=plan.arena_bytes,
        slots=plan.slots + 1,
        labels=tuple([plan.labels[number] for number in rest]),
        costs=[plan.costs[number] for number in rest],
        sites=tuple(sites),
        overwrites={given: place[number] for given, number in plan.overwrites.items()},
    )


__all__ = ["Prepared", "Waiting", "version_of"]
