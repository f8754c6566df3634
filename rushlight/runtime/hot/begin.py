"""When functions become machine code: once a program has turned out to be a loop.

What the disk has is linked at once (some milliseconds). What it has not, in the first run on a
machine, a thread compiles beside the program: quickly, for half a second, then well, for some. A
program that ends before that leaves the rest to the next one.
"""

from __future__ import annotations

import atexit
import os
import threading
from types import FunctionType

from rushlight.base import config, hot, spans
from rushlight.base.events import publish
from rushlight.runtime.hot.layouts import reliable
from rushlight.runtime.hot.link import Batch, is_linked, linked, prepare
from rushlight.runtime.hot.part import Untranslatable

_TOGETHER = 8  # functions compiled before the disk has them


class _State:
    """How far it is."""

    def __init__(self) -> None:
        self.usable: bool | None = None
        self.thread: threading.Thread | None = None
        self.lock = threading.Lock()  # held by who begins
        self.ending = False
        self.reason = ""  # why there will be none, if something went wrong
        self.refused: set[FunctionType] = set()


_state = _State()


def _fresh() -> list[FunctionType]:
    """Functions that have not been translated as they are now."""
    every = [*hot.functions, *hot.texts]
    return [each for each in every if not is_linked(each) and each not in _state.refused]


def begin(wait: bool = False) -> None:
    """Translate the functions under ``@hot`` that are not yet. ``wait``: return when it is done."""
    if _state.usable is None:
        _state.usable = bool(config.HOT) and reliable()
    if wait and _state.thread is not None:
        _state.thread.join()
    busy = _state.thread is not None or linked.python or spans.heard()
    if not _state.usable or busy:
        return
    functions = _fresh()
    if not functions or not _state.lock.acquire(blocking=False):
        return
    try:
        batch = Batch(functions)
        missing = batch.find()
        if wait or not (missing or batch.quick):
            _make(batch, missing)
        else:
            if not missing:
                _use(batch)
            prepare(missing)
            words = (batch, missing, True)
            _state.thread = threading.Thread(target=_make, args=words, name="hot", daemon=True)
            _state.thread.start()
    except Exception as reason:
        _give_up(reason)
    finally:
        _state.lock.release()


def _give_up(reason: Exception) -> None:
    """Whatever went wrong, the program goes on as it is."""
    _state.usable, _state.reason = False, f"{type(reason).__name__}: {reason}"
    publish("untranslated", name="all", reason=_state.reason)


def _make(batch: Batch, missing: list[FunctionType], away: bool = False) -> None:
    """Compile what is missing, and well what is there as it was compiled quickly; then all call
    their translations.

    ``away``: in another process, where waiting for it leaves Python to the program, which has what
    was compiled quickly by then.
    """
    try:
        texts = _texts(batch, missing)
        there = not texts  # whether all of them have a translation by now
        if away and texts and batch.load_quickly(texts):
            there = True
            _use(batch)
            batch.keep_quick(texts)
        waiting = [*texts.items(), *batch.quick.items()]
        while waiting and not _state.ending:
            batch.load(dict(waiting[:_TOGETHER]), away)
            del waiting[:_TOGETHER]
        if there or not waiting:
            _use(batch)
        _state.thread = None
    except Exception as reason:
        _give_up(reason)


def _texts(batch: Batch, functions: list[FunctionType]) -> dict[FunctionType, str]:
    texts: dict[FunctionType, str] = {}
    for function in functions:
        try:
            text = batch.translate(function)
        except Untranslatable as reason:
            if function not in hot.texts:  # others call it
                raise
            publish("untranslated", name=function.__qualname__, reason=str(reason))
            _state.refused.add(function)
        else:
            if text is not None:
                texts[function] = text
    return texts


def _use(batch: Batch) -> None:
    if spans.heard():
        batch.fill()  # others may call what has taken the place of what they called before
    else:
        batch.finish()


def halt() -> None:
    """Leave off compiling after what is at work; another ``begin`` goes on."""
    thread = _state.thread
    if thread is not None:
        _state.ending = True
        thread.join()
        _state.thread, _state.ending = None, False


# LLVM must not be at work when the process takes itself apart.
atexit.register(halt)


def status() -> str:
    """What ``rushlight doctor`` says of it: make it be done, then look."""
    begin(wait=True)
    if _state.usable:
        return f"machine code, from the fifth run of a plan on ({len(linked.codes)} functions here)"
    why = _state.reason or ("switched off (RUSHLIGHT_HOT)" if not config.HOT else "not for it")
    return f"Python, on which a small step takes twice as long: {why}"


def _forget() -> None:
    """In a forked child there is no such thread: it goes on as it is."""
    if _state.thread is not None:
        _state.thread, _state.usable = None, False
    _state.lock = threading.Lock()


os.register_at_fork(after_in_child=_forget)


__all__ = ["begin", "halt", "status"]
