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


_SITES: dict[tuple[str, str, int], Site] = {}
_SITES_LIMIT = 1 << 14


def user_site(name: str) -> Site:
    """The line of the user's that led here."""
    frame = user_frame()
    key = (name, frame.f_code.co_filename, frame.f_lineno)
    found = _SITES.get(key)
    if found is None:
        if len(_SITES) >= _SITES_LIMIT:
            _SITES.clear()
        found = _SITES[key] = Site(*key)
    return found
