"""Run a program all ways, compare, and make what differs short."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import rushlight
from rushlight.engine.trace import Trace
from tests.oracle.compare import difference
from tests.oracle.execute import Log, error_name, execute
from tests.oracle.peer import Peer
from tests.oracle.programs import Program, generate, mode

# Messages of what is not there yet, on our side.
BEYOND_OURS = ("has no attribute",)
# Messages of PyTorch where it refuses what we compute.
MORE_THAN_PEER = (
    "with a bool tensor is not supported",
    "argument alpha must not be a floating point number",
    "Boolean alpha only supported",
    "Boolean inputs not supported for relu",
    # Sums hand out gradients that are expanded, and so not to be written to.
    "more than one element of the written-to tensor",
    "some elements of the input tensor and the written-to tensor",
    "A view was created in no_grad mode",
    "view size is not compatible",  # their results may keep the strides of an operand
)
_FRESH_TRIE_AFTER = 100  # programs: some meet a trie that others have grown


@dataclass
class Oracle:
    """Checks programs; counts what it did."""

    peer: Peer | None = None
    checked: int = 0
    against_peer: int = 0
    beyond_peer: int = 0  # PyTorch has no kernel for one of the steps
    beyond_ours: int = 0  # an operation that is still to come
    compiled: Trace = field(default_factory=Trace)
    interpreted: Trace = field(default_factory=Trace)

    def run(self, steps: tuple[str, ...], *, interpreted: bool, fresh: bool = False) -> Log:
        """The log of a program in our engine."""
        trace = Trace() if fresh else self.interpreted if interpreted else self.compiled
        with mode(interpreted, trace):
            return execute(steps, rushlight)

    def check(self, seed: int) -> str:
        """Empty, or what differs and the shortest program that shows it."""
        if self.checked % _FRESH_TRIE_AFTER == 0:
            self.compiled, self.interpreted = Trace(), Trace()
        self.checked += 1
        program, eager = generate(seed, Trace())
        first = self.run(program.steps, interpreted=False)
        if found := self._differ(program, first, eager):
            return self._report(program, found, "compiled against step by step", self.lazy_wrong)
        # Once more: every step is a hit in the trie now, and the plan is there.
        again = self.run(program.steps, interpreted=False)
        if found := self._differ(program, again, eager):
            return self._report(program, found, "compiled, second run", self.lazy_wrong)
        lazy = self.run(program.steps, interpreted=True)
        if found := self._differ(program, lazy, eager):
            return self._report(
                program, found, "interpreted, lazy against step by step", self.lazy_wrong
            )
        if self.peer is not None and (found := self.peer_wrong(program, program.steps)):
            return self._report(program, found, "PyTorch against ours", self.peer_wrong)
        return ""

    def _differ(self, program: Program, a: Log, b: Log) -> str:
        return difference(a, b, program.coarsest, program.exact)

    def lazy_wrong(self, program: Program, steps: tuple[str, ...]) -> str:
        """What differs between our ways to run these steps, each in a trie of its own."""
        eager = self._step_by_step(steps)
        for interpreted in (False, True):
            trace = Trace()
            for _ in range(2):
                with mode(interpreted, trace):
                    log = execute(steps, rushlight)
                if found := self._differ(program, log, eager):
                    return ("interpreted: " if interpreted else "compiled: ") + found
        return ""

    def _step_by_step(self, steps: tuple[str, ...]) -> Log:
        from rushlight.engine.flush import flush
        from tests.oracle.execute import Session

        with mode(True):
            session = Session(rushlight)
            for text in steps:
                session.step(text)
                try:
                    flush()
                except Exception as error:
                    session.log.steps[-1] = error_name(error)
            return session.finish()

    def peer_wrong(self, program: Program, steps: tuple[str, ...]) -> str:
        """What differs between PyTorch and us; empty where one side lacks an operation."""
        assert self.peer is not None
        theirs = self.peer.run(steps)
        refusals = ("NotImplemented", "not implemented for", *MORE_THAN_PEER)
        if any(told in message for message in theirs.messages for told in refusals):
            self.beyond_peer += 1
            return ""
        ours = self.run(steps, interpreted=True, fresh=True)
        if any(told in message for message in ours.messages for told in BEYOND_OURS):
            self.beyond_ours += 1
            return ""
        self.against_peer += 1
        return self._differ(program, theirs, ours)

    def _report(
        self, program: Program, found: str, what: str,
        wrong: Callable[[Program, tuple[str, ...]], str],
    ) -> str:  # fmt: skip
        steps, why = shrink(program, program.steps, wrong)
        text = "\n    ".join(steps)
        return f"seed {program.seed}, {what}: {why or found}\n    {text}\n"


def shrink(
    program: Program, steps: tuple[str, ...], wrong: Callable[[Program, tuple[str, ...]], str]
) -> tuple[tuple[str, ...], str]:
    """Drop steps while something still differs (a step whose names are gone fails on all sides)."""
    why = wrong(program, steps)
    if not why:
        return steps, ""
    again = True
    while again:
        again = False
        for place in reversed(range(len(steps))):
            fewer = (*steps[:place], *steps[place + 1 :])
            found = wrong(program, fewer)
            # A NameError says that the steps left no longer mean anything.
            if found and "NameError" not in found:
                steps, why, again = fewer, found, True
    return steps, why
