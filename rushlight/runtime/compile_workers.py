"""Processes that compile beside this one: llvmlite holds one lock per process.

They are started when there is enough to compile, answer over pipes, and end when they have been
idle for a while, when this process ends, and when it dies (they look whether it is still there).
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable

from rushlight.runtime import llvm, object_code

IDLE_S = 5.0


class WorkerDied(RuntimeError):
    """A compile worker ended in the middle of a kernel."""


class _Worker:
    """One process. ``build`` blocks; the GIL is free while it waits."""

    def __init__(self, setup: bytes) -> None:
        # -I -S: no site packages, no environment, no user folder on the path: nothing is imported
        # but what object_code.py names.
        command = [sys.executable, "-I", "-S", object_code.__file__, str(os.getpid())]
        command.append(llvm.site_folder())
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        self._setup: bytes | None = setup
        self.given_up = False  # whether nobody wants its answer

    def build(self, text: str) -> bytes:
        """Object code of ``text``; RuntimeError with LLVM's words, or WorkerDied."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        try:
            if self._setup is not None:
                object_code.write_message(stdin, self._setup)
                self._setup = None
            object_code.write_message(stdin, text.encode())
            answer = object_code.read_message(stdout)
        except BrokenPipeError:
            answer = None
        if answer is None:
            raise WorkerDied(f"compile worker ended with status {self._process.wait()}")
        if answer[:1] == b"-":
            raise RuntimeError(answer[1:].decode())
        return answer[1:]

    def give_up(self) -> None:
        """End it in the middle of its work; who waits for it gets WorkerDied."""
        self.given_up = True
        self._process.kill()

    def disown(self) -> None:
        """In a forked child: let go of the pipes, the process is the parent's to wait for."""
        self._process.returncode = 0
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()

    def close(self) -> None:
        """End the process and wait for it."""
        with _busy_or_idle_lock:
            _busy.discard(self)
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:
                    continue
        try:
            self._process.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


_idle: list[_Worker] = []
_busy: set[_Worker] = set()
_busy_or_idle_lock = threading.Lock()
_closing: threading.Timer | None = None
_ending = False  # the process is: who comes back now is not kept


def warm() -> int:
    """How many workers wait for work."""
    return len(_idle)


def build_all(
    texts: list[str], helpers: int, setup: bytes, build_here: Callable[[str], bytes] | None
) -> list[bytes | RuntimeError]:
    """Objects in the order of ``texts``, by ``helpers`` processes and this one, or the errors.

    Without ``build_here`` this one only waits.
    """
    # The longest first, so that no one is left with a long one at the end.
    order = deque(sorted(range(len(texts)), key=lambda k: -len(texts[k])))
    results: list[bytes | RuntimeError] = [WorkerDied("not built")] * len(texts)

    def attend() -> None:
        worker = _take(setup)
        while worker is not None:
            try:
                index = order.popleft()
            except IndexError:
                _give_back(worker)
                return
            try:
                results[index] = worker.build(texts[index])
            except WorkerDied as error:
                worker.close()
                if worker.given_up:
                    results[index] = error
                    return
                worker, results[index] = _second_try(setup, texts[index])
            except RuntimeError as error:
                results[index] = error

    threads = [threading.Thread(target=attend, daemon=True) for _ in range(helpers)]
    for thread in threads:
        thread.start()
    try:
        while order and build_here is not None:
            try:
                index = order.popleft()
            except IndexError:
                break
            try:
                results[index] = build_here(texts[index])
            except RuntimeError as error:
                results[index] = error
    finally:
        if build_here is not None:  # after Ctrl-C the helpers finish what they are at and stop
            order.clear()
        for thread in threads:
            thread.join()
        if threads:
            _close_later()
    return results


def _second_try(setup: bytes, text: str) -> tuple[_Worker | None, bytes | RuntimeError]:
    """After a death: once more in a fresh process.

    Somebody may have killed the worker. If the text itself ends the process (LLVM aborts on what
    it cannot select), a second worker dies of it too; it must never be tried in this process.
    """
    worker = _take(setup, fresh=True)
    if worker is None:
        return None, WorkerDied("the compile worker ended and no other could be started")
    try:
        return worker, worker.build(text)
    except WorkerDied as error:
        worker.close()
        return _take(setup, fresh=True), error
    except RuntimeError as error:
        return worker, error


def _take(setup: bytes, fresh: bool = False) -> _Worker | None:
    with _busy_or_idle_lock:
        worker = _idle.pop() if _idle and not fresh else None
    try:
        worker = worker or _Worker(setup)
    except OSError:
        return None  # no more processes allowed: the others do the work
    with _busy_or_idle_lock:
        _busy.add(worker)
    return worker


def give_up() -> None:
    """End the workers that are compiling: who waits for them gets WorkerDied."""
    with _busy_or_idle_lock:
        for worker in _busy:
            worker.give_up()


def _give_back(worker: _Worker) -> None:
    with _busy_or_idle_lock:
        _busy.discard(worker)
        if not (_ending or worker.given_up):  # it may have answered just before
            _idle.append(worker)
            return
    worker.close()


def _close_later() -> None:
    global _closing
    if _closing is not None:
        _closing.cancel()
    _closing = threading.Timer(IDLE_S, close)
    _closing.daemon = True
    _closing.start()


def close() -> None:
    """End all idle workers."""
    while True:
        with _busy_or_idle_lock:
            if not _idle:
                return
            worker = _idle.pop()
        worker.close()


def _end() -> None:
    """At the end of the process: ``runtime/hot`` may wait for a worker after this."""
    global _ending
    _ending = True
    close()


def _forget() -> None:
    """In a forked child: the workers are the parent's."""
    global _busy_or_idle_lock, _closing
    _busy_or_idle_lock = threading.Lock()
    _closing = None
    for worker in _idle:
        worker.disown()
    _idle.clear()
    _busy.clear()


def can_help() -> bool:
    """Whether processes can be started at all (an embedded interpreter has no executable)."""
    return bool(sys.executable)


atexit.register(_end)
os.register_at_fork(after_in_child=_forget)
