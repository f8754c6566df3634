"""spawn: a function in several processes, watched together."""

from __future__ import annotations

import multiprocessing
import pickle
import signal
import tempfile
import time
import traceback
from collections.abc import Callable
from multiprocessing import connection
from pathlib import Path
from typing import Any

GRACE_SECONDS = 30


class ProcessException(Exception):
    """A process ended badly."""

    def __init__(self, msg: str, error_index: int, pid: int) -> None:
        super().__init__(msg)
        self.msg = msg
        self.error_index = error_index
        self.error_pid = self.pid = pid

    def __reduce__(self) -> Any:
        return type(self), (self.msg, self.error_index, self.pid)


class ProcessRaisedException(ProcessException):
    """The function raised in a process; its traceback is in the text."""


class ProcessExitedException(ProcessException):
    """A process was killed, or left with an exit code."""

    def __init__(
        self, msg: str, error_index: int, error_pid: int, exit_code: int,
        signal_name: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(msg, error_index, error_pid)
        self.exit_code = exit_code
        self.signal_name = signal_name

    def __reduce__(self) -> Any:
        return type(self), (
            self.msg, self.error_index, self.pid, self.exit_code, self.signal_name,
        )  # fmt: skip


def _run(function: Callable[..., Any], index: int, args: tuple[Any, ...], report: str) -> None:
    try:
        function(index, *args)
    except KeyboardInterrupt:
        pass  # the parent has been told too
    except BaseException as error:
        if isinstance(error, SystemExit):
            raise
        Path(report).write_bytes(pickle.dumps(traceback.format_exc()))
        raise SystemExit(1) from None


class ProcessContext:
    """The processes of one ``spawn``; ``join`` waits for them."""

    def __init__(self, processes: list[Any], reports: list[str]) -> None:
        self.processes = processes
        self._reports = reports
        self.sentinels = {each.sentinel: place for place, each in enumerate(processes)}

    def pids(self) -> list[int]:
        """The processes' numbers."""
        return [int(each.pid) for each in self.processes]

    def _end_all(self, grace: float) -> None:
        for process in self.processes:
            if process.is_alive():
                process.terminate()
        limit = time.monotonic() + grace
        for process in self.processes:
            process.join(max(0, limit - time.monotonic()))
            if process.is_alive():
                process.kill()
                process.join()

    def join(self, timeout: float | None = None, grace_period: float | None = None) -> bool:
        """Wait; True if all are done. Where one failed the others are ended and it is raised."""
        if not self.sentinels:
            return True
        failed = None
        for sentinel in connection.wait(list(self.sentinels), timeout):
            place = self.sentinels.pop(sentinel)  # type: ignore[arg-type]
            process = self.processes[place]
            process.join()
            if process.exitcode:
                failed = place
                break
        if failed is None:
            if not self.sentinels:
                self._forget()
            return not self.sentinels
        self._end_all(GRACE_SECONDS if grace_period is None else grace_period)
        error = self._failure(failed)
        self._forget()
        raise error

    def _forget(self) -> None:
        for report in self._reports:
            Path(report).unlink(missing_ok=True)

    def _failure(self, place: int) -> ProcessException:
        process = self.processes[place]
        report = Path(self._reports[place])
        if report.stat().st_size:
            text = pickle.loads(report.read_bytes())  # our own, from our own child
            message = f"\n\n-- Process {place} terminated with the following error:\n{text}"
            return ProcessRaisedException(message, place, process.pid)
        code = process.exitcode
        if code < 0:
            try:
                name = signal.Signals(-code).name
            except ValueError:
                name = f"<Unknown signal {-code}>"
            text = f"process {place} terminated with signal {name}"
            return ProcessExitedException(text, place, process.pid, code, name)
        text = f"process {place} terminated with exit code {code}"
        return ProcessExitedException(text, place, process.pid, code)


SpawnContext = ProcessContext


def start_processes(
    fn: Callable[..., Any], args: tuple[Any, ...] = (), nprocs: int = 1, join: bool = True,
    daemon: bool = False, start_method: str = "spawn",
) -> ProcessContext | None:  # fmt: skip
    """Run ``fn(index, *args)`` in ``nprocs`` processes; with ``join``, wait for all.

    Raises ProcessRaisedException or ProcessExitedException where one fails; the others are ended.
    """
    context: Any = multiprocessing.get_context(start_method)
    processes, reports = [], []
    for index in range(nprocs):
        with tempfile.NamedTemporaryFile(prefix="rushlight-spawn-", delete=False) as file:
            reports.append(file.name)
        process = context.Process(target=_run, args=(fn, index, args, file.name), daemon=daemon)
        process.start()
        processes.append(process)
    made = ProcessContext(processes, reports)
    if not join:
        return made
    while not made.join():
        pass
    return None


def spawn(
    fn: Callable[..., Any], args: tuple[Any, ...] = (), nprocs: int = 1, join: bool = True,
    daemon: bool = False, start_method: str = "spawn",
) -> ProcessContext | None:  # fmt: skip
    """``start_processes`` with the start method "spawn"."""
    return start_processes(fn, args, nprocs, join, daemon, "spawn")
