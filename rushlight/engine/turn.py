"""Turns: loops whose rounds are recorded one after the other, run round by round.

    for x, y in loader:
        correct += (model(x).argmax(1) == y).sum()

Nothing in this loop asks for a number, so that all of it would be one trace, as long as the data
set, with a plan that no other number of batches can use. But each round repeats the one before:
the same calls, in the same distance, on the same arrays from outside (the weights). Where that has
been seen, the trace is cut once a round, at the place where least has to be carried over, which is
most often the turn of the loop. What follows starts in a trie of its own (``Turn.root``), with the
sum so far as one input more: each round finds the plan of the round before.

Nothing of it costs a call that was recorded before: only what is new to the trie is looked at.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from operator import attrgetter
from typing import TYPE_CHECKING, Any, final

from rushlight.base.hot import hot
from rushlight.engine.call import Gradient, OpCall
from rushlight.engine.kind import kind_of
from rushlight.engine.step import Step

if TYPE_CHECKING:
    from rushlight.engine.trace import Trace

_start = attrgetter("start")

# Calls of a stretch at least: a flush costs as much as recording half a dozen of them.
STRETCH_CALLS = 16
# Rounds seen before a loop is believed in; of long ones (in calls) two are enough. Results that are
# used again and again (the input of many heads) are weaker a sign than arrays from outside, and a
# line that calls the same again is one only where nothing from outside (another layer) comes in.
ROUNDS = 3
ROUNDS_BY_RESULT = 8
ROUNDS_BY_LINE = 16
USES = 4  # of one array in the same way in a round: a model may be asked several times
LONG_ROUND = 64
# Where gradients are recorded, a whole pass in one plan is worth more: its backward pass is known
# in one stride, and nothing between the two is stored. So such a loop is cut only when a trace has
# had so many calls of it. Those of ever new lengths are another matter: engine/phrase.py.
GRADIENT_CALLS = 4096
# A loop whose rounds each take in new arrays is rather a model tested without `no_grad`, batch by
# batch, than a pass through time; the plan of a long one would be made for nothing.
FED_CALLS = 512
CONTEXT = 8  # calls before a turn that have to be the same


@final
@hot
class Turn:
    """A place in a loop where traces are cut: a call, those before it, and the user's line."""

    __slots__ = ("calls", "gradients", "key", "root", "token")

    def __init__(self, key: tuple[Any, int, bool]) -> None:
        """``key``: the token, the calls of a stretch, whether gradients are recorded."""
        self.key = key
        self.token, self.calls, self.gradients = key
        self.root = Step(None, None)  # where a trace that goes on from here starts

    @hot
    def ends(self, rounds: Rounds, number: int) -> bool:
        """Whether call ``number`` is the last of a stretch."""
        return number >= self.calls - self.calls // 4 and rounds.token(number) == self.token


@hot
def _line(step: Step) -> tuple[Any, Any]:
    site = step.site
    return (None, None) if site is None else (site.file, site.line)


@final
@hot
class Rounds:
    """The calls on the path that a trace has taken so far, and whether they repeat themselves."""

    __slots__ = (
        "backward", "calls", "end", "entered", "found", "inputs", "kinds", "since", "sources",
        "uses",
    )  # fmt: skip

    def __init__(self) -> None:
        self._restart()

    def _restart(self) -> None:
        self.end: Step | None = None  # followed so far
        self.calls: list[Step] = []
        self.kinds: list[Any] = []
        self.backward = False  # whether one of them is a gradient
        self.inputs: set[int] = set()  # positions of arrays that were taken in
        self.entered = 0  # calls before the last of them
        self.sources: dict[int, int] = {}  # positions of views: of what
        # Calls by what they work on: (kind, which argument, position) to their places.
        self.uses: dict[Any, list[int]] = {}
        self.found: Turn | None = None
        self.since = 0  # the call at which it was

    @hot
    def look(self, trace: Trace, step: Step) -> None:
        """Take in a step that was just made, and cut the trace after it where a turn is."""
        places = self._follow(step)
        if step.cut is not None or not self.calls or self.calls[-1] is not step:  # a view
            return None
        turn, last = trace.continues, len(self.calls) - 1
        end = trace.phrases.end(self.calls, last)
        if end is not None:
            trace.phrases.cut(step)
            return end_after(step, end)
        if turn is not None:
            if turn.ends(self, last):
                return self._cut(trace, step, turn)
            if last < 2 * turn.calls:
                return None
        if self.found is not None:
            if self.found.ends(self, last):
                return self._cut(trace, step, self.found)
            if last - self.since <= 2 * self.found.calls:
                return None
            self.found = None  # it does not come round: another place may
        for rounds, seen in places:
            period = self._period(seen, rounds)
            if period:
                self.found = self._turn(trace, period, last - seen[0])
                if self.found is not None:
                    self.since = last
                    break
        return None

    @hot
    def _follow(self, step: Step) -> list[tuple[int, list[int]]]:
        """Take in the path up to ``step``; where each of its arrays was used as it does, and how
        many rounds of that are a sign of a loop."""
        path: list[Step] = []
        probe: Step | None = step
        while probe is not None and probe is not self.end:
            path.append(probe)
            probe = probe.parent
        if probe is None:
            self._restart()
        places: list[tuple[int, list[int]]] = []
        for each in reversed(path):
            if each.call is None:
                if each.entered is not None:
                    self.inputs.add(each.start)
                    self.entered = len(self.calls)
                continue
            if isinstance(each.call, OpCall) and each.call.op.view:
                source = self.source(each.positions[0])
                for place in range(each.start, each.count):
                    self.sources[place] = source
                continue
            kind, number = kind_of(each.call), len(self.calls)
            self.backward = self.backward or isinstance(each.call, Gradient)
            self.calls.append(each)
            self.kinds.append(kind)
            places = []
            for argument, position in enumerate(map(self.source, each.positions)):
                seen = self.uses.setdefault((kind, argument, position), [])
                seen.append(number)
                places.append((ROUNDS if position in self.inputs else ROUNDS_BY_RESULT, seen))
            if not each.positions:  # numbers that a model is made of
                continue
            seen = self.uses.setdefault((kind, _line(each)), [])
            seen.append(number)
            if len(seen) >= ROUNDS_BY_LINE and seen[-ROUNDS_BY_LINE] >= self.entered:
                places.append((ROUNDS_BY_LINE, seen))
        self.end = step
        return places

    def token(self, number: int) -> Any:
        """What tells call ``number`` from the others of a round.

        By names: the first round adds a tensor to 0, the others to a tensor.
        """
        step = self.calls[number]
        calls = self.calls[max(number - CONTEXT, 0) : number + 1]
        return (*[each.call.name for each in calls if each.call is not None], *_line(step))

    @hot
    def source(self, position: int) -> int:
        """The position of the array itself where that of a view is given."""
        return self.sources.get(position, position)

    def _period(self, seen: Sequence[int], rounds: int) -> int:
        """The number of calls in a round, where ``seen`` are places of a call that comes again in
        each; 0 where that is not clear."""
        if len(seen) < 2:
            return 0
        if len(seen) == 2 and rounds == ROUNDS and seen[1] - seen[0] >= LONG_ROUND:
            return seen[1] - seen[0]
        if seen[-1] - seen[0] < STRETCH_CALLS:
            return 0
        for uses in range(1, USES + 1):  # in each round
            ends = seen[: -1 - uses * rounds : -uses]
            if len(ends) < rounds:
                return 0
            period = ends[0] - ends[1]
            if any(ends[k] - ends[k + 1] != period for k in range(rounds - 1)):
                continue
            plain = uses == 1 and rounds < ROUNDS_BY_LINE
            if plain or self.kinds[-period:] == self.kinds[-2 * period : -period]:
                return period
        return 0

    def _turn(self, trace: Trace, period: int, calls: int) -> Turn | None:
        """Where to cut a loop of ``period`` calls a round that has come as far as ``calls``: after
        the call that leaves least to carry over. None where it is not worth it (yet)."""
        last = len(self.calls) - 1
        places = range(last - period, last)
        # (a backward pass adds up what has many readers, in loops without a gradient inside; and a
        # loop beside what has a gradient would cut that pass in two, and each of the next ones)
        gradients = self.backward or any(each.gradients for each in self.calls)
        fed = self.entered > last - period
        waits = gradients and calls <= (FED_CALLS if fed else GRADIENT_CALLS)
        if waits and not trace.waits:
            return None  # as for each call of most loops that are trained through
        tokens = [self.token(place) for place in places]
        if waits and trace.waits.isdisjoint(tokens):
            return None
        ranks = [
            (tokens.count(token) > 1, size, -number)
            for number, (token, size) in enumerate(zip(tokens, self._carried(period), strict=True))
        ]
        token = tokens[-min(ranks)[2]]
        key = (token, -(-STRETCH_CALLS // period) * period, gradients)
        if waits and token not in trace.waits:
            return None
        return trace.turns.get(key) or Turn(key)

    def _cut(self, trace: Trace, step: Step, turn: Turn) -> None:
        """Traces end after ``step`` from now on, and shorter ones that come by here, too.

        Not before the second stretch: what is recorded once at a time (a model that is trained,
        having been tested by this loop) must not be cut.
        """
        trace.turns[turn.key] = turn
        if turn.gradients:
            trace.waits.add(turn.token)
        for number in range(2 * turn.calls - 1, len(self.calls) - 1):
            early = self.calls[number]
            if turn.ends(self, number):
                end_after(early, turn)
                early.children.clear()  # those that are made again know of the cut
                break
        end_after(step, turn)

    def _carried(self, period: int) -> list[int]:
        """Bytes that a cut after each call of the last round has to carry over to what follows.

        Taken from what the round itself and the first call of the next read of results made
        before: what a round takes over from the one before, the next will take over from it.
        """
        last = len(self.calls) - 1
        spans: dict[int, tuple[int, int]] = {}  # of each position: the calls that make and read it
        for number in range(last - period, last + 1):
            for position in map(self.source, self.calls[number].positions):
                maker = bisect_right(self.calls, position, key=_start) - 1
                if maker >= 0 and position < self.calls[maker].count:
                    spans[position] = maker, number
        change = [0] * (2 * period + 1)
        for position, (maker, reader) in spans.items():
            step = self.calls[maker]
            size = step.metas[position - step.start].nbytes
            begin = (maker - (last - period)) % period
            change[begin] += size
            change[begin + min(reader - maker, period)] -= size
        carried = list(accumulate(change))
        return [carried[k] + carried[k + period] for k in range(period)]


def end_after(step: Step, turn: Turn) -> None:
    """Flush traces after ``step``: it looks as if it had reached the limit of bytes."""
    step.cut = turn
    step.full = True
