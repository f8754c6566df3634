"""``torch.futures``: a value that is there later."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Future(Generic[T]):
    """A value that one thread sets and others wait for.

    >>> first = Future()
    >>> doubled = first.then(lambda done: 2 * done.value())
    >>> first.set_result(21)
    >>> doubled.wait()
    42
    """

    def __init__(self, *, devices: Sequence[Any] | None = None) -> None:
        self._ready = threading.Condition()
        self._done = False
        self._result: Any = None
        self._error: BaseException | None = None
        self._callbacks: list[Callable[[], None]] = []

    def done(self) -> bool:
        """Whether the value, or an error, was set."""
        return self._done

    def wait(self) -> T:
        """The value once it is there; raises the error if that was set."""
        with self._ready:
            self._ready.wait_for(lambda: self._done)
        return self.value()

    def value(self) -> T:
        """The value that is there. RuntimeError before it is."""
        if not self._done:
            raise RuntimeError("the future is not completed; call wait()")
        if self._error is not None:
            raise self._error
        result: T = self._result
        return result

    def set_result(self, result: T) -> None:
        """Set the value, once; the callbacks run in this thread."""
        self._finish(result, None)

    def set_exception(self, result: BaseException) -> None:
        """Set an error, which ``wait`` and ``value`` raise."""
        if not isinstance(result, BaseException):
            raise AssertionError(f"{result} is of type {type(result)}, not an Exception.")
        self._finish(None, result)

    def _finish(self, result: Any, error: BaseException | None) -> None:
        with self._ready:
            if self._done:
                raise RuntimeError(
                    "Future can only be marked completed once: its value was set already"
                )
            self._result, self._error, self._done = result, error, True
            self._ready.notify_all()
            waiting, self._callbacks = self._callbacks, []
        for call in waiting:
            call()

    def _when_done(self, call: Callable[[], None]) -> None:
        with self._ready:
            if not self._done:
                self._callbacks.append(call)
                return
        call()

    def add_done_callback(self, callback: Callable[[Future[T]], None]) -> None:
        """Call ``callback(self)`` once the value is there, or now if it is."""
        self._when_done(lambda: callback(self))

    def then(self, callback: Callable[[Future[T]], Any]) -> Future[Any]:
        """A future of what ``callback(self)`` gives once the value is there."""
        after: Future[Any] = Future()

        def call() -> None:
            try:
                result = callback(self)
            except Exception as error:  # it belongs to whoever waits for the new future
                after.set_exception(error)
            else:
                after.set_result(result)

        self._when_done(call)
        return after


def collect_all(futures: Sequence[Future[Any]]) -> Future[list[Future[Any]]]:
    """A future that is done when all of ``futures`` are; its value is their list."""
    together: Future[list[Future[Any]]] = Future()
    waiting = threading.Semaphore(max(len(futures) - 1, 0))
    if not futures:
        together.set_result([])
    for each in futures:
        each.add_done_callback(
            lambda _: None if waiting.acquire(blocking=False) else together.set_result([*futures])
        )
    return together


def wait_all(futures: Sequence[Future[Any]]) -> list[Any]:
    """The values of all of them."""
    return [each.value() for each in collect_all(futures).wait()]


__all__ = ["Future", "collect_all", "wait_all"]
