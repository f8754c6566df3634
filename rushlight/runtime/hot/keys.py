"""What translations are kept under: all that they depend on."""

from __future__ import annotations

import functools
import marshal
import sys
from pathlib import Path
from types import CodeType, FunctionType

from rushlight.runtime.digest import digest
from rushlight.runtime.hot.symbols import native_name


def _without_place(made: CodeType) -> CodeType:
    """Code that is the same wherever the package lies."""
    inner = tuple(
        _without_place(each) if isinstance(each, CodeType) else each for each in made.co_consts
    )
    return made.replace(co_filename="", co_firstlineno=1, co_linetable=b"", co_consts=inner)


@functools.cache
def translator() -> str:
    """What a translation depends on besides the function: the files of this package."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return sys.version + str([(each.name, each.stat().st_size, each.stat().st_mtime_ns)
                              for each in files])  # fmt: skip


def interface(function: FunctionType) -> str:
    """What the translations of its callers rely on: its name, parameters and how many defaults."""
    made = function.__code__
    named = made.co_varnames[made.co_argcount :][: made.co_kwonlyargcount]
    return f"{native_name(function)}{made.co_argcount, len(function.__defaults__ or ()), named}"


def key_of(facts: bytes, function: FunctionType) -> str:
    return digest(facts + marshal.dumps(_without_place(function.__code__))).hex()
