"""What calls on sizes never met build: casts of drafts where there is one (``engine/draft.py``)."""

from __future__ import annotations

from itertools import chain
from typing import Any, final
from weakref import WeakValueDictionary

from rushlight.base.dtype import dtype as DType
from rushlight.base.events import publish
from rushlight.base.hot import hot
from rushlight.engine.call import Call, Gradient, OpCall
from rushlight.engine.draft import Draft, Example
from rushlight.engine.kind import kind_of
from rushlight.engine.picker import picker_of
from rushlight.engine.piece import Piece
from rushlight.engine.value import Meta, flowing
from rushlight.ir.size import Number

PIECES_LIMIT = 1 << 13
KINDS_LIMIT = 1 << 12
DRAFTS_LIMIT = 6  # of one kind: those used last
PATIENCE = 4  # casts for each draft, or else a kind has none
_made = object.__new__


@final
class Drafts:
    """All that is known of calls of one kind."""

    __slots__ = ("before", "casts", "closed", "exact", "known", "made")

    def __init__(self) -> None:
        self.before: Example | None = None
        self.known: list[Draft] = []  # the last that was of use first
        self.made = 0
        self.casts = 0
        self.closed = False
        self.exact = False  # whether those of other constants are kinds of their own

    @hot
    def find(self, flat: list[int]) -> tuple[Draft, tuple[Number, ...]] | None:
        """The draft that such a call is a cast of, and the numbers of its piece."""
        for draft in self.known:
            numbers = draft.numbers(flat)
            if numbers is not None:
                self.casts += 1
                if draft is not self.known[0]:
                    self.known = [draft, *[each for each in self.known if each is not draft]]
                return draft, numbers
        return None

    def add(self, now: Example) -> None:
        """Learn from a call that none was for."""
        before, self.before = self.before, now
        if before is None or before.flat == now.flat:
            return
        self.made += 1
        try:
            draft = Draft(before, now)
        except Exception as reason:
            # The body itself has built it: it only does not take sizes for numbers.
            if before.op_call.numbers != now.op_call.numbers:
                self.exact = True
            else:
                publish("no draft", name=now.call.name, reason=str(reason))
                self.closed = True
        else:
            self.known = [draft, *self.known[: DRAFTS_LIMIT - 1]]
            self.closed = self.made >= DRAFTS_LIMIT and self.casts < PATIENCE * self.made
        if self.closed or self.exact:
            self.before, self.known = None, []


_DRAFTS: dict[Any, Drafts] = {}


def clear() -> None:
    """Forget all drafts."""
    _DRAFTS.clear()


@hot
def _drafts_of(kind: Any, call: OpCall) -> Drafts:
    found = _DRAFTS.get(kind)
    if found is not None and found.exact:
        kind = (kind, call.numbers)
        found = _DRAFTS.get(kind)
    if found is None:
        if len(_DRAFTS) >= KINDS_LIMIT:
            _DRAFTS.clear()
        found = _DRAFTS[kind] = Drafts()
    return found


@hot
def piece_of(
    known: dict[Any, Any], call: Call, metas: tuple[Meta, ...], scalar_types: tuple[DType, ...]
) -> Piece:
    """The piece of a call on these arguments.

    ``known``: where those are kept that took a body to build. A cast costs little more than to look
    it up, and for Python's collector less than to keep it.
    """
    drafts: Drafts | None = None
    flat: list[int] = []
    if isinstance(call, Gradient):
        given: Piece | None = call.piece
        if given is not None:
            return given
    elif isinstance(call, OpCall):
        kind = kind_of(call)
        drafts = _drafts_of((kind, scalar_types, *[meta.rank for meta in metas]), call)
        if not drafts.closed:
            flat = [*call.numbers, *chain.from_iterable([meta.shape for meta in metas])]
            cast = drafts.find(flat)
            if cast is not None:
                draft, numbers = cast
                call.single = draft.facts
                return draft.cast(numbers, metas)
    key = (call, metas, scalar_types)
    found: Piece | None = known.get(key)
    if found is None:
        if len(known) >= PIECES_LIMIT:
            known.clear()
        found = known[key] = Piece(call, metas, scalar_types)
        if drafts is not None and not drafts.closed:
            drafts.add(Example(call, metas, scalar_types, flat))
    return found


# Those that are of use somewhere: a step of the trie is found by the one gradient that it is for.
_CASTS: WeakValueDictionary[Any, Gradient] = WeakValueDictionary()


@hot
def gradient_of(
    call: Any, metas: tuple[Meta, ...], scalar_types: tuple[DType, ...],
    out_metas: tuple[Meta, ...], mask: int,
) -> Gradient | None:  # fmt: skip
    """``call.gradient`` for sizes that are likely to be new."""
    given = flowing(out_metas) if isinstance(call, OpCall) else 0
    if not given:
        return call.gradient((metas, scalar_types), out_metas, mask)  # type: ignore[no-any-return]
    found: Gradient | None = call._gradients.get((metas, out_metas, mask, scalar_types))
    if found is not None:  # from before there was a draft
        return found
    key = (call, metas, scalar_types, out_metas, mask)
    found = _CASTS.get(key)
    if found is not None:
        return found
    ranks = [meta.rank for meta in metas]
    ranks += [meta.rank for meta in out_metas]
    drafts = _drafts_of(("gradient", kind_of(call), mask, scalar_types, *ranks), call)
    if drafts.closed:
        return call.gradient((metas, scalar_types), out_metas, mask)  # type: ignore[no-any-return]
    flat = [*call.numbers, *chain.from_iterable([meta.shape for meta in metas])]
    flat += chain.from_iterable([meta.shape for meta in out_metas])
    cast = drafts.find(flat)
    if cast is None:
        found = call.gradient((metas, scalar_types), out_metas, mask)
        if found is not None:
            drafts.add(Example(found, metas, scalar_types, flat))
        return found
    draft, numbers = cast
    found = _made(Gradient)
    found.call = call
    found.name = f"{call.name}.vjp"
    found.metas = metas
    found.out_metas = out_metas
    found.mask = mask
    found.given = given
    found.scalar_types = scalar_types
    found.kind = draft.kind
    found._gradients = {}
    found._variants = {}
    found.saves, found.targets, found.keeps = draft.facts
    found.drawn = None
    found.pick = picker_of(found.saves)
    found.piece = draft.cast(numbers, _arguments(found))
    _CASTS[key] = found
    return found


@hot
def _arguments(gradient: Gradient) -> list[Meta]:
    """The kinds of what a gradient reads, in order."""
    found = [meta for place, meta in enumerate(gradient.out_metas) if gradient.given >> place & 1]
    both = (*gradient.metas, *gradient.out_metas)
    return found + [both[place] for place in gradient.saves]
