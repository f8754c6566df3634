"""Named calls: functions that a profiler can time, at no cost while none does.

A low layer names a function once; the function stays what it is. While somebody listens, the *code*
of each named function is exchanged for one that tells when a call begins and ends; afterwards the
old code is back.

>>> def work(x):
...     return x + 1
>>> work = spanned(work, "work")
>>> class Listener:
...     def enter(self, name, args):
...         print("begin", name, args)
...     def leave(self, token):
...         print("end")
>>> stop = listen(Listener())
>>> work(1)
begin work (1,)
end
2
>>> stop()
>>> work(1)
2
"""

from __future__ import annotations

import os
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any, Protocol, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


class Listener(Protocol):
    """Hears of calls. ``leave`` gets what ``enter`` returned; both run on the caller's thread.

    ``args`` is None where no function is called: a stretch of the program that the user named.
    """

    def enter(self, name: str, args: tuple[Any, ...] | None) -> Any: ...

    def leave(self, token: Any) -> None: ...


_names: dict[FunctionType, str] = {}
# Of the functions that tell: (their own code, the code that tells).
_exchanged: dict[FunctionType, tuple[CodeType, CodeType]] = {}
_listening: list[Listener] = []


def spanned(function: F, name: str) -> F:
    """Name a function, here and now or again after its code was changed; returns it.

    ``{0}`` in the name stands for the class of the first argument. What is no plain Python function
    stays unheard.
    """
    if isinstance(function, FunctionType):
        _names[function] = name
        if _listening:
            _exchange(function)
    return function


def listen(listener: Listener) -> Callable[[], None]:
    """Tell ``listener`` of every named call from now on; returns what ends it."""
    _listening.append(listener)
    for function in tuple(_names):
        _exchange(function)
    return lambda: _stop(listener)


def heard() -> bool:
    """Whether anybody listens."""
    return bool(_listening)


def _stop(listener: Listener) -> None:
    if listener in _listening:
        _listening.remove(listener)
    if _listening:
        return
    for function, (code, telling) in tuple(_exchanged.items()):
        if function.__code__ is telling:
            function.__code__ = code
    _exchanged.clear()


def forget() -> None:
    """Stop telling anybody: what a forked process does first."""
    for each in tuple(_listening):
        _stop(each)


os.register_at_fork(after_in_child=forget)

Token = tuple[tuple[Listener, Any], ...]


def enter(name: str, args: tuple[Any, ...] | None = None) -> Token:
    """Tell all who listen that something begins: what to ``leave`` with."""
    return tuple((each, each.enter(name, args)) for each in tuple(_listening))


def leave(tokens: Token) -> None:
    """It ends, for those that heard of its begin."""
    for each, token in reversed(tokens):
        each.leave(token)


_CALL = 12345.678  # stands for the function to call in the code below


def _telling(*args: Any, **kwargs: Any) -> Any:
    call: Any = 12345.678
    return call(args, kwargs)


def _exchange(function: FunctionType) -> None:
    """Put in the code that tells. It takes any arguments, and calls the plain code with them."""
    code = function.__code__
    if function in _exchanged and _exchanged[function][1] is code:
        return
    plain = FunctionType(
        code, function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )
    plain.__kwdefaults__ = function.__kwdefaults__
    name = _names[function]

    def call(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        named = name.format(type(args[0]).__name__ if args else "?") if "{" in name else name
        tokens = enter(named, args)
        try:
            return plain(*args, **kwargs)
        finally:
            leave(tokens)

    pattern = _telling.__code__
    constants = tuple(call if each == _CALL else each for each in pattern.co_consts)
    # As many cells as the function's closure has, or Python refuses the code.
    telling = pattern.replace(co_consts=constants, co_freevars=code.co_freevars)
    _exchanged[function] = (code, telling)
    function.__code__ = telling
