"""What a table of interned things drops when it is full: what nobody else refers to."""

from __future__ import annotations

from sys import getrefcount
from typing import Any


def drop_unused(known: dict[Any, Any]) -> None:
    """Forget the things that only ``known`` refers to; all, if these are less than half of them.

    Those in use must be found again: the steps of a trie are found by what they are, and a second
    one of a kind would be recorded, planned and kept beside the first.

    >>> one = [1]
    >>> known = {1: one, 2: [2], 3: [3]}
    >>> drop_unused(known)
    >>> known
    {1: [1]}
    """
    unused = []
    for key in list(known):  # at once: other threads may add to it meanwhile
        each = known.get(key)
        if getrefcount(each) <= 3:  # the table, ``each`` and the argument
            unused.append(key)
    if 2 * len(unused) < len(known):
        known.clear()
    for key in unused:
        known.pop(key, None)
