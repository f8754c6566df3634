"""Values from a file in a message: short, and in little time whatever they are.

``repr`` of a hostile value can take for ever: forty tuples, each twice the one before, are printed
as 2**40 items.
"""

from __future__ import annotations

LONGEST = 60


def brief(value: object) -> str:
    """A number or text as it is, cut off; a container by its kind and length.

    >>> brief("storage"), brief((1, (2, 3))), brief(7), brief(brief)
    ("'storage'", 'a tuple of 2', '7', 'a function')
    """
    if value is None or isinstance(value, (bool, int, float, complex)):
        # Python refuses to print whole numbers of thousands of digits.
        huge = isinstance(value, int) and value.bit_length() > 1000
        return "a huge int" if huge else repr(value)[:LONGEST]
    if isinstance(value, (str, bytes)):
        return repr(value[:LONGEST])
    if isinstance(value, type):
        return value.__name__[:LONGEST]
    if isinstance(value, (tuple, list, dict, set, frozenset)):
        return f"a {type(value).__name__} of {len(value)}"
    return f"a {type(value).__name__}"
