"""torchtext.transforms.RegexTokenizer: replacements one after another, then cut at spaces."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rushlight.nn import Module

_REFERENCE = re.compile(r"\\(.?)", re.DOTALL)


class RegexTokenizer(Module):
    r"""A text to its tokens: each (pattern, replacement) in turn, then what stands between spaces.

    Patterns are read as the RE2 library reads them, which torchtext uses: ``\w``, ``\d``, ``\s``
    and ``\b`` know ASCII only; in a replacement ``\1`` is the first group, ``\0`` all of the match.
    RE2 has neither lookahead, lookbehind nor references inside a pattern. Raises ValueError for
    a replacement that refers to anything else, ``re.error`` for what is no pattern.

    >>> RegexTokenizer([(r"(\d+)", r" <\1> "), (r"[,._]+", " ")])("a12b,c._d")
    ['a', '<12>', 'b', 'c', 'd']
    """

    def __init__(self, patterns_list: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self.steps = [(re.compile(each[0], re.ASCII), each[1]) for each in patterns_list]
        for pattern, replacement in self.steps:
            for reference in _REFERENCE.finditer(replacement):
                name = reference[1]
                known = name == "\\" or (name.isascii() and name.isdigit())
                if not known or (name != "\\" and int(name) > pattern.groups):
                    raise ValueError(
                        f"RegexTokenizer: the replacement {replacement!r} has {reference[0]!r}; "
                        f"needs \\0 to \\{pattern.groups}, the groups of {pattern.pattern!r}, or "
                        "two backslashes for one"
                    )

    def forward(self, line: str) -> list[str]:
        """The tokens of one text."""
        if not isinstance(line, str):
            raise TypeError(f"RegexTokenizer: needs a text, got {type(line).__name__}")
        for pattern, replacement in self.steps:
            line = _replaced(pattern, replacement, line)
        return [token for token in line.split(" ") if token]


def _replaced(pattern: re.Pattern[str], replacement: str, text: str) -> str:
    """All matches replaced. Unlike re.sub, nothing is found right behind a match."""
    parts = []
    end = -1
    for match in pattern.finditer(text):
        if match.start() == match.end() == end:
            continue
        parts.append(text[max(end, 0) : match.start()])
        parts.append(
            _REFERENCE.sub(
                lambda each, match=match: "\\" if each[1] == "\\" else match[int(each[1])] or "",
                replacement,
            )
        )
        end = match.end()
    return "".join(parts) + text[max(end, 0) :]
