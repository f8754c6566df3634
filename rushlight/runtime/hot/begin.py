"""When functions become machine code: once a program has turned out to be a loop.

What the disk has is linked at once (some milliseconds). What it has not is compiled by a thread
beside the program, which runs as Python until all of it is there: the first run on a machine.
"""

from __future__ import annotations

import atexit
import os
import threading
from types import FunctionType

from rushlight.base import config, hot, spans
from rushlight.base.events import publish
from rushlight.base.warn import warn
from rushlight.runtime.code import CompilerError
from rushlight.runtime.hot.layouts import reliable
from rushlight.runtime.hot.link import Batch, linked
from rushlight.runtime.hot.part import Untranslatable


class _State:
    """How far it is."""

    def __init__(self) -> None:
        self.usable: bool | None = None
        self.thread: threading.Thread | None = None
        self.ending = False
        self.refused: set[FunctionType] = set()


_state = _State()


def _fresh() -> list[FunctionType]:
    """Functions that have not been translated as they are now."""
    every = [*hot.functions, *hot.texts]
    return [
        each
        for each in every
        if (each not in linked.codes or linked.texts[each] is not hot.texts.get(each))
        and each not in _state.refused
    ]


def begin(wait: bool = False) -> None:
    """Translate the functions under ``@hot`` that are not yet. ``wait``: return when it is done."""
    if _state.usable is None:
        _state.usable = bool(config.HOT) and reliable()
    if not _state.usable or _state.thread is not None or spans.heard():
        return
    functions = _fresh()
    if not functions:
        return
    batch = Batch(functions)
    missing = batch.find()
    if not missing:
        batch.finish()
    elif wait:
        _make(batch, missing)
    else:
        arguments = (batch, missing)
        _state.thread = threading.Thread(target=_make, args=arguments, name="hot", daemon=True)
        _state.thread.start()


def _make(batch: Batch, missing: list[FunctionType]) -> None:
    for function in missing:
        if _state.ending:
            return
        try:
            batch.make(function)
        except (Untranslatable, CompilerError) as reason:
            publish("untranslated", name=function.__qualname__, reason=str(reason))
            if function not in hot.texts:  # others call it
                warn(f"the recorder stays Python, and slower: {reason}", RuntimeWarning)
                _state.usable = False
                return
            _state.refused.add(function)
    if not spans.heard():
        batch.finish()
    _state.thread = None


def _end() -> None:
    """LLVM must not be at work when the process takes itself apart."""
    _state.ending = True
    if _state.thread is not None:
        _state.thread.join()


atexit.register(_end)


def _forget() -> None:
    """In a forked child there is no such thread: it goes on as it is."""
    if _state.thread is not None:
        _state.thread, _state.usable = None, False


os.register_at_fork(after_in_child=_forget)


__all__ = ["begin"]
