"""Some elements of a tuple, picked at the speed of C."""

from __future__ import annotations

import functools
from operator import itemgetter
from typing import Any


def picker(places: tuple[int, ...]) -> Any:
    """A function from a tuple to the tuple of its elements at ``places``.

    >>> picker((2, 0))("abc"), picker((1,))(("x", "y")), picker(())((1, 2))
    (('c', 'a'), ('y',), ())
    """
    if len(places) == 1:
        return itemgetter(slice(places[0], places[0] + 1))
    return itemgetter(*places) if places else itemgetter(slice(0, 0))


picker_of = functools.lru_cache(256)(picker)  # calls save few different things
