"""How often Python's collector runs in a program of ever new sizes.

It counts new objects, and looks at all young ones when 700 more have come than were freed. To
record a trace of a size never met makes thousands, which all go by their reference counts once it
has been flushed: to look at them found next to nothing and took 4 to 5 of the 14 to 18 ms of a
step. So the first threshold is raised where it is Python's own; who has set another one keeps it.
"""

from __future__ import annotations

import gc

YOUNG = 10_000  # more than a long trace leaves alive until it is flushed
# Of Python 3.11 and 3.12, of 3.13, of 3.14.
_DEFAULTS = frozenset(((700, 10, 10), (2000, 10, 10), (2000, 10, 0)))


def collect_seldom() -> None:
    """Let the collector wait for ``YOUNG`` objects, unless the program has a threshold of its own.

    >>> import gc
    >>> before = gc.get_threshold()
    >>> gc.set_threshold(700, 10, 10)
    >>> collect_seldom()
    >>> gc.get_threshold()
    (10000, 10, 10)
    >>> gc.set_threshold(*before)
    """
    threshold = gc.get_threshold()
    if threshold in _DEFAULTS:
        gc.set_threshold(YOUNG, *threshold[1:])


__all__ = ["YOUNG", "collect_seldom"]
