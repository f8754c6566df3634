"""Where in the user's program something was recorded."""

from __future__ import annotations

from typing import final

from rushlight.base.warn import user_frame


@final
class Site:
    """The line of the user's program that recorded something."""

    __slots__ = ("file", "line", "name")

    def __init__(self, name: str, file: str, line: int) -> None:
        self.name = name
        self.file = file
        self.line = line

    def __repr__(self) -> str:
        return f"{self.name} at {self.file}:{self.line}"


def user_site(name: str) -> Site:
    """The line of the user's that led here."""
    frame = user_frame()
    return Site(name, frame.f_code.co_filename, frame.f_lineno)
