"""Comparing what programs printed: the words must be equal, the numbers nearly."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?")


def difference(got: str, wanted: str, relative: float = 2e-3) -> str:
    """The first line that differs, or "" where both say the same.

    Whole numbers must be equal; others may differ by ``relative``, or by two units of the last
    digit that was printed: rounding differs, and a training amplifies it.

    >>> difference("loss 0.1235", "loss 0.1234")
    ''
    >>> difference("loss 0.1335", "loss 0.1234")
    "line 1: 'loss 0.1335' instead of 'loss 0.1234'"
    >>> difference("3 right", "4 right")
    "line 1: '3 right' instead of '4 right'"
    """
    ours, theirs = got.splitlines(), wanted.splitlines()
    for number, (line, expected) in enumerate(zip(ours, theirs, strict=False), 1):
        if not _near(line, expected, relative):
            return f"line {number}: {line!r} instead of {expected!r}"
    if len(ours) != len(theirs):
        return f"{len(ours)} lines instead of {len(theirs)}"
    return ""


def _near(line: str, expected: str, relative: float) -> bool:
    if line == expected:
        return True
    if _words(line) != _words(expected):
        return False
    pairs = zip(_NUMBER.findall(line), _NUMBER.findall(expected), strict=True)
    return all(_equal(a, b, relative) for a, b in pairs)


def _words(line: str) -> list[str]:
    # A tensor's columns are padded by the widest number: spaces do not count.
    return _NUMBER.sub("#", line).split()


def _equal(got: str, wanted: str, relative: float) -> bool:
    if "." not in wanted:
        return got == wanted
    digits = len(wanted.partition(".")[2].partition("e")[0])
    unit = 0.0 if "e" in wanted else 2.01 * 10.0**-digits
    return abs(float(got) - float(wanted)) <= max(relative * abs(float(wanted)), unit)
