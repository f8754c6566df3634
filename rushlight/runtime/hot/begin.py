"""When functions become machine code: once a program has turned out to be a loop.

What the disk has is linked at once (some milliseconds). What it has not, in the first run on a
machine, a thread has compiled beside the program: quickly, for two seconds, then well. A program
that ends before that leaves the rest to the next one.
"""

from __future__ import annotations

import atexit
import os
import threading
from types import FunctionType

from rushlight.base import config, hot, spans
from rushlight.base.events import publish
from rushlight.runtime import compile_workers
from rushlight.runtime.hot.layouts import reliable
from rushlight.runtime.hot.link import Batch, is_linked, linked, prepare
from rushlight.runtime.hot.part import Untranslatable

_TOGETHER = 8  # functions compiled before the disk has them
# What was compiled quickly makes a small step a twelfth slower. To compile it well takes one of two
# cores for four seconds, which the program feels as well: worth it for one that goes on.
_WELL_AFTER_S = 5.0
# For what is compiled quickly the end of a program waits: the next one starts with it.
_END_WAITS_S = 3.0


class _State:
    """How far it is."""

    def __init__(self) -> None:
        self.usable: bool | None = None
        self.thread: threading.Thread | None = None
        self.lock = threading.Lock()  # held by who begins
        self.quick: list[Batch] = []  # what is compiled quickly so far
        self.timer: threading.Timer | None = None  # until it is compiled well
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
    if not _state.usable or not _state.lock.acquire(blocking=wait):
        return
    try:
        if wait and (thread := _state.thread) is not None:
            thread.join()
        if _state.thread is not None or linked.python or spans.heard():
            return
        functions = _fresh()
        if not functions and not wait:
            return
        batch = Batch(functions)
        missing = batch.find()
        if wait:
            _make(batch, missing, beside=False)
            _improve(beside=False)
            _cancel_timer()
        elif missing:
            prepare(missing)
            words = (batch, missing, True)
            _state.thread = threading.Thread(target=_make, args=words, name="hot", daemon=True)
            _state.thread.start()
        else:
            _use(batch)
            _improve_later(batch)
    except Exception as reason:
        _give_up(reason)
    finally:
        _state.lock.release()


def _give_up(reason: Exception) -> None:
    """Whatever went wrong, the program goes on as it is."""
    _state.usable, _state.reason = False, f"{type(reason).__name__}: {reason}"
    publish("untranslated", name="all", reason=_state.reason)


def _make(batch: Batch, missing: list[FunctionType], beside: bool) -> None:
    """Compile what is missing; then all functions of the batch call their translations.

    ``beside`` the program: quickly, and in another process, so that Python is the program's.
    """
    try:
        texts = _texts(batch, missing)
        quickly = beside and bool(texts) and batch.load_quickly(texts)
        if quickly or _load_well(batch, texts, beside=False):
            _use(batch)
            if quickly:
                batch.keep_quick(texts)
            _improve_later(batch)
    except Exception as reason:
        _give_up(reason)
    finally:
        _state.thread = None


def _load_well(batch: Batch, texts: dict[FunctionType, str], beside: bool) -> bool:
    """Whether there was time for it: the disk keeps what is compiled until the process ends."""
    waiting = [*texts.items()]
    while waiting and not _state.ending:
        some = dict(waiting[:_TOGETHER])
        made = batch.compile_away(some) if beside else None
        if not _state.ending:
            batch.load(some, made)
            del waiting[:_TOGETHER]
    return not waiting


def _improve_later(batch: Batch) -> None:
    if batch.quick:
        _state.quick.append(batch)
        if _state.timer is None:
            _start_timer()


def _start_timer() -> None:
    _state.timer = threading.Timer(_WELL_AFTER_S, _improve_beside)
    _state.timer.daemon = True
    _state.timer.start()


def _cancel_timer() -> None:
    if _state.timer is not None:
        _state.timer.cancel()
        _state.timer = None


def _improve_beside() -> None:
    """What the timer does."""
    with _state.lock:
        _state.timer = None
        if _state.thread is not None:
            _start_timer()
            return
        _state.thread = threading.current_thread()
    try:
        _improve(beside=True)
    except Exception as reason:
        _give_up(reason)
    finally:
        _state.thread = None


def _improve(beside: bool) -> None:
    """Compile well what was compiled quickly."""
    while _state.quick:
        batch = _state.quick[0]
        batch.forget_changed()
        done = _load_well(batch, batch.quick, beside)
        _use(batch)  # also a part: its tables must be filled before others are told where it is
        if not done:
            return
        _state.quick.pop(0)


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
    batch.forget_changed()
    if spans.heard():
        batch.fill()  # others may call what has taken the place of what they called before
    else:
        batch.finish()


def halt() -> None:
    """Leave off. What is compiled quickly may end in time, what is compiled well is given up."""
    _cancel_timer()
    thread = _state.thread
    if thread is not None:
        _state.ending = True
        if not isinstance(thread, threading.Timer):
            thread.join(_END_WAITS_S)
        if thread.is_alive():
            compile_workers.give_up()
        thread.join()
        _state.ending = False


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
    _state.timer = None
    _state.lock = threading.Lock()


os.register_at_fork(after_in_child=_forget)


__all__ = ["begin", "halt", "status"]
