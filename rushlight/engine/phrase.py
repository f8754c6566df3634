"""Phrases: programs whose structure is new in each step, run in pieces that come again.

    for word in sentence:                  # of any length
        h = cell(word, h)
    loss(h).backward()

    def encode(tree):                      # of any form
        return cell(tree.word, [encode(child) for child in tree.children])

Each length, each tree is another trace, which was never met and would need a plan of its own. But
all of them are made of the same phrases: what stands between one end of a cell and the next, in
the forward pass and in the backward pass. Code that turns up in more and more plans, another number
of times in each, is taken for such a program. Then calls are chosen after which traces are cut, so
that what is between consists of few different phrases, and leaves little to be carried over. What
follows a cut starts in a trie of its own (``Turn.root``), whatever was before it: each phrase is
planned once, and used in any order, any number of times.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any, final

from rushlight.engine.call import OpCall
from rushlight.engine.kind import kind_of
from rushlight.engine.turn import Turn, end_after

if TYPE_CHECKING:
    from rushlight.engine.step import Step


LONG = 40  # calls of a trace that is looked at
COUNTS = 3  # numbers of times that a call may turn up in one trace, before ...
# ... so many calls may still be planned whole: of short sequences all lengths have soon been met.
PATIENCE = 3072
TIMES = 3  # and the largest of these numbers at least
SHORTEST = 12  # calls of a phrase, but for what is left at the end
# Where branches make too many phrases (new ones, and of all flushes), they are made shorter.
TOO_MANY, TOO_OFTEN, LEAST = 40, 0.03, 4
ENDS = 4  # places at which a program is cut
CANDIDATES = 48
CUT = 0.25  # what a cut costs, in calls planned
TOKENS_LIMIT = 1 << 14

Token = tuple[Any, ...]


def token_at(calls: Sequence[Step], number: int) -> Token:
    """What tells call ``number`` from others: the user's line, its name and two before it."""
    step = calls[number]
    site = step.site
    names = [each.call.name for each in calls[max(number - 2, 0) : number + 1] if each.call]
    return (*names, *((None, None) if site is None else (site.file, site.line)))


@final
class Phrases:
    """What a thread's plans were made of, and where its traces are cut for it."""

    __slots__ = ("counts", "ends", "flushes", "made", "shortest", "spent")

    def __init__(self) -> None:
        self.counts: dict[Token, set[int]] = {}  # how often in one trace each was met
        self.ends: dict[Token, Turn] = {}
        self.shortest = SHORTEST
        self.spent = 0  # calls planned whole of programs that will not come to rest
        self.made = 0  # phrases planned, since ...
        self.flushes = 0  # ... so many flushes of all

    def met(self, end: Step, flushes: int) -> bool:
        """Take note of a trace that has to be planned; whether it is to be cut from now on.

        ``flushes``: how many there were before.
        """
        if end.cut is not None and self.ends.get(end.cut.token) is end.cut:
            self._new_phrase(flushes)
        if end.count < LONG:
            return False
        calls = calls_to(end)
        if len(calls) < LONG:
            return False
        tokens = [token_at(calls, number) for number in range(len(calls))]
        restless = False
        if len(self.counts) > TOKENS_LIMIT:
            self.counts.clear()
        for token, count in Counter(tokens).items():
            seen = self.counts.setdefault(token, set())
            if len(seen) <= COUNTS:
                seen.add(count)
            restless |= len(seen) > COUNTS and max(seen) >= TIMES
        self.spent += restless * len(calls)
        if not restless or (self.spent <= PATIENCE and not self.ends):
            return False
        for token in _ends(calls, tokens, self.ends, SHORTEST):
            self.ends[token] = Turn((token, self.shortest, True))
        return True

    def part(self, end: Step) -> bool:
        """Cut what is the same again and again within the trace that ends here, if anything is.

        For a trace of many parts, each of a size of its own: what is decided by one multiplies with
        what is decided by the others. A part by itself has been met before.
        """
        calls = calls_to(end)
        if len(calls) < LONG:
            return False
        tokens = [token_at(calls, number) for number in range(len(calls))]
        for token in _ends(calls, tokens, self.ends, LEAST):
            self.ends[token] = Turn((token, LEAST, True))
        self.cut(end)
        return not self.ends.keys().isdisjoint(tokens)

    def _new_phrase(self, flushes: int) -> None:
        if not self.made:
            self.flushes = flushes
        self.made += 1
        if self.made < TOO_MANY or self.shortest <= LEAST:
            return
        if self.made > TOO_OFTEN * (flushes - self.flushes):
            self.shortest = max(self.shortest // 2, LEAST)
            for token, turn in self.ends.items():  # new ones: old roots know of longer phrases
                if turn.calls > self.shortest:
                    self.ends[token] = Turn((token, self.shortest, True))
        self.made = 0

    def end(self, calls: Sequence[Step], number: int) -> Turn | None:
        """Where a trace is cut after call ``number``, the ``Turn`` that it goes on from."""
        if not self.ends or number < LEAST - 1:
            return None
        turn = self.ends.get(token_at(calls, number))
        return None if turn is None or number < turn.calls - 1 else turn

    def cut(self, end: Step) -> None:
        """Cut traces that come along the path to ``end`` at the first place where one is cut."""
        calls = calls_to(end)
        for number, step in enumerate(calls):
            turn = self.end(calls, number)
            if turn is not None:
                if step.cut is None:
                    end_after(step, turn)
                    step.children.clear()  # those that are made again know of the cut
                return


def calls_to(end: Step) -> list[Step]:
    """The calls on the path to ``end``, without views."""
    calls: list[Step] = []
    step: Step | None = end
    while step is not None:
        call = step.call
        if call is not None and not (isinstance(call, OpCall) and call.op.view):
            calls.append(step)
        step = step.parent
    calls.reverse()
    return calls


def _ends(
    calls: Sequence[Step], tokens: Sequence[Token], known: dict[Token, Turn], shortest: int
) -> list[Token]:
    """Calls to cut after, beside the known ones, by what all phrases between them would cost."""
    kinds = [kind_of(step.call) for step in calls if step.call is not None]
    numbers = {token: k for k, token in enumerate(dict.fromkeys(tokens))}
    row = [numbers[token] for token in tokens]
    carried = _carried(calls)
    counts = Counter(row)
    chosen = {numbers[token] for token in known if token in numbers}
    often = [k for k, count in counts.most_common(CANDIDATES) if count >= TIMES]
    cost = _cost(kinds, row, chosen, carried, shortest)
    found: list[int] = []
    while len(found) < ENDS:
        costs = [
            (_cost(kinds, row, chosen | {k}, carried, shortest), k)
            for k in often
            if k not in chosen
        ]
        if not costs or min(costs)[0] > 0.9 * cost:
            break
        cost, best = min(costs)
        chosen.add(best)
        found.append(best)
    return [tokens[row.index(k)] for k in found]


def _cost(
    kinds: Sequence[Any], row: Sequence[int], ends: set[int], carried: Sequence[float],
    shortest: int,
) -> float:  # fmt: skip
    """Calls to be planned, and what it costs to cut."""
    phrases: set[tuple[Any, ...]] = set()
    cost = 0.0
    start = 0
    last = len(row) - 1
    for number, token in enumerate(row):
        if number == last or (token in ends and number - start >= shortest - 1):
            phrase = tuple(kinds[start : number + 1])
            cost += CUT + carried[number]
            if phrase not in phrases:
                phrases.add(phrase)
                cost += len(phrase)
            start = number + 1
    return cost


def _carried(calls: Sequence[Step]) -> list[float]:
    """What the results that the next calls read cost where they are carried over after each call,
    in calls planned."""
    makers: dict[int, int] = {}
    change = [0.0] * (len(calls) + 1)
    for number, step in enumerate(calls):
        for position in step.positions:
            maker = makers.get(position)
            if maker is not None and number - maker <= SHORTEST:
                change[maker] += 0.01
                change[number] -= 0.01
                makers[position] = number
        for position in range(step.start, step.count):
            makers[position] = number
    return list(accumulate(change))[:-1]
