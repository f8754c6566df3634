"""Warnings that name the user's file and line, however deep in the library they come from."""

from __future__ import annotations

import os
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

# Files of this package, and code that it generates and compiles under names of its own.
_OURS = (str(Path(__file__).parent.parent) + os.sep, "<rushlight")


def user_frame() -> FrameType:
    """The innermost frame outside of this package; the outermost one if there is none."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_OURS):
        frame = frame.f_back
    return frame


def asked_by_user() -> bool:
    """Whether the function that asks was called from outside of this package."""
    return not sys._getframe(2).f_code.co_filename.startswith(_OURS)


class _Recording(threading.local):
    """Whether what runs was just asked for by the user: the body of an op runs again whenever its
    graph is built anew, and what it warned of has been said."""

    now = False
    silent = False

    def __enter__(self) -> None:
        self.now = True

    def __exit__(self, *details: object) -> None:
        self.now = False

    @contextmanager
    def without_warnings(self) -> Iterator[None]:
        """RuntimeError where anything would be said of what the user asked for."""
        before, self.now, self.silent = self.now, True, True
        try:
            yield
        finally:
            self.now, self.silent = before, False


recording = _Recording()
_told: set[str] = set()
always = False  # what torch.set_warn_always was told: nothing is said only once


def warn_once(message: str, of: str = "") -> None:
    """``warn``, the first time in a process; ``of``: the first time of this, in whatever words."""
    if always or (of or message) not in _told:
        _told.add(of or message)
        warn(message)


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """``warnings.warn`` at the line of the user's that led here.

    >>> import warnings
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     warn("old spelling", DeprecationWarning)
    >>> caught[0].category.__name__, str(caught[0].message)
    ('DeprecationWarning', 'old spelling')
    """
    if recording.silent:
        raise RuntimeError(f"not said: {message}")
    frame = user_frame()
    warnings.warn_explicit(
        message,
        category,
        frame.f_code.co_filename,
        frame.f_lineno,
        module=frame.f_globals.get("__name__", "<unknown>"),
        # Kept where warnings.warn keeps it: "once a place" works alike.
        registry=frame.f_globals.setdefault("__warningregistry__", {}),
    )
