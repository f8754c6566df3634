"""`torch.hub.tqdm`: the bar of the package tqdm where that is installed, else a plain one."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any


class PlainBar:
    """What programs use of a tqdm bar: it iterates, counts, and rewrites one line of stderr.

    The signature is tqdm's; arguments that only change the look are accepted and left alone.

    Example:
        >>> bar = PlainBar([3, 4], desc="sum", disable=True)
        >>> sum(bar), bar.n
        (7, 2)
    """

    def __init__(
        self,
        iterable: Iterable[Any] | None = None,
        desc: str | None = None,
        total: float | None = None,
        *args: Any,
        disable: bool | None = False,
        **kwargs: Any,
    ) -> None:
        if total is None and hasattr(iterable, "__len__"):
            total = len(iterable)  # type: ignore[arg-type]
        self.iterable = iterable
        self.desc = desc or ""
        self.total = total
        self.disable = disable is True or (disable is None and not sys.stderr.isatty())
        self.n: float = 0
        self.postfix = ""

    def __iter__(self) -> Iterator[Any]:
        if self.iterable is None:
            raise TypeError("tqdm() was made without an iterable, so there is nothing to iterate")
        for item in self.iterable:
            yield item
            self.update(1)
        self.close()

    def __len__(self) -> int:
        return int(self.total or 0)

    def update(self, n: float = 1) -> None:
        """Counts `n` further items as done."""
        self.n += n
        self.refresh()

    def refresh(self, *args: Any, **kwargs: Any) -> None:
        """Writes the line anew."""
        if self.disable:
            return
        share = f"{100 * self.n / self.total:.1f}%" if self.total else f"{self.n}"
        parts = [part for part in (self.desc, share, self.postfix) if part]
        sys.stderr.write("\r" + " ".join(parts))
        sys.stderr.flush()

    def set_description(self, desc: str | None = None, refresh: bool = True) -> None:
        """Names the bar."""
        self.desc = desc or ""
        if refresh:
            self.refresh()

    def set_postfix(self, values: Any = None, refresh: bool = True, **kwargs: Any) -> None:
        """Shows values behind the count."""
        pairs = {**dict(values or {}), **kwargs}
        self.set_postfix_str(", ".join(f"{k}={v}" for k, v in pairs.items()), refresh)

    def set_postfix_str(self, text: str = "", refresh: bool = True) -> None:
        """Shows a text behind the count."""
        self.postfix = text
        if refresh:
            self.refresh()

    @classmethod
    def write(cls, s: str, file: Any = None, end: str = "\n", nolock: bool = False) -> None:
        """Prints a line without the bar in it."""
        print(s, file=file or sys.stdout, end=end)

    def close(self) -> None:
        """Ends the line."""
        if not self.disable:
            sys.stderr.write("\n")
        self.disable = True

    def __enter__(self) -> PlainBar:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def find_bar() -> type[Any]:
    """The package tqdm's class, or `PlainBar` where it is not installed."""
    try:
        from tqdm import tqdm
    except ImportError:
        return PlainBar
    bar: type[Any] = tqdm
    return bar
