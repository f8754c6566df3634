"""Rushlight's own version: the only place that says it (pyproject.toml reads it from here)."""

from __future__ import annotations

import re

VERSION = "0.1.0"

_NUMBERED = r"v?(\d+(?:\.\d+)*)([a-z.\-_]*\d*)(\+.+)?"


class TorchVersion(str):
    """A version that compares as versions do, not as text: 2.13 comes after 2.2.

    It compares with texts and with tuples of numbers; with a text that is no version, as text.

    >>> TorchVersion("2.13.0") > "2.2", TorchVersion("2.13.0") >= (2, 1)
    (True, True)
    """

    __slots__ = ()

    def _pair(self, other: object) -> tuple[object, object] | None:
        if isinstance(other, (tuple, list)):
            other = ".".join(map(str, other))
        if not isinstance(other, str):
            return None
        mine, theirs = _key(self), _key(other)
        if mine is None or theirs is None:
            return str(self), str(other)
        return mine, theirs

    def __lt__(self, other: object) -> bool:
        pair = self._pair(other)
        return NotImplemented if pair is None else pair[0] < pair[1]  # type: ignore[operator]

    def __le__(self, other: object) -> bool:
        pair = self._pair(other)
        return NotImplemented if pair is None else pair[0] <= pair[1]  # type: ignore[operator]

    def __gt__(self, other: object) -> bool:
        pair = self._pair(other)
        return NotImplemented if pair is None else pair[0] > pair[1]  # type: ignore[operator]

    def __ge__(self, other: object) -> bool:
        pair = self._pair(other)
        return NotImplemented if pair is None else pair[0] >= pair[1]  # type: ignore[operator]

    def __eq__(self, other: object) -> bool:
        pair = self._pair(other)
        return NotImplemented if pair is None else pair[0] == pair[1]

    def __ne__(self, other: object) -> bool:
        pair = self._pair(other)
        return NotImplemented if pair is None else pair[0] != pair[1]

    __hash__ = str.__hash__


def _key(text: str) -> tuple[tuple[int, ...], bool, str, str] | None:
    """What versions are sorted by: numbers without the zeros at their end, a release after what
    led to it (2.0a1, 2.0.dev3), a build of one's own (2.0+cpu) after it."""
    found = re.fullmatch(_NUMBERED, text.strip().lower())
    if found is None:
        return None
    numbers = [int(each) for each in found[1].split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers), not found[2], found[2], found[3] or ""


# What ``torch.__version__`` gives: programs compare it, so it is that of the PyTorch whose
# interface this is, with ours behind the plus sign.
__version__ = TorchVersion(f"2.13.0+rushlight.{VERSION}")
