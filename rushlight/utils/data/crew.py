"""The worker processes of one iterator, seen from the main process."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import select
import signal
import time
import warnings
import weakref
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, final

from rushlight.utils.data.transport import Slots, unpack
from rushlight.utils.data.worker import Job, run_worker

LEAVE_SECONDS = 2.0  # for a worker to finish its batch before it is ended
ALIVE_CHECK_MS = 1000


# A fork inherits every open pipe of this process. A worker closes the ends of all crews, so that
# each worker sees the end of its own pipe when its crew hangs up. By number: a crew that is
# closed by the garbage collector while the others are looked through does no harm.
_living: weakref.WeakValueDictionary[int, Crew] = weakref.WeakValueDictionary()


@final
class Crew:
    """Starts the workers, talks to them, notices when one dies, and ends them."""

    def __init__(
        self, context: Any, jobs: Callable[[int], Job], workers: int, outstanding: int
    ) -> None:
        self.owner = os.getpid()
        self.processes: list[Any] = []
        self.requests: list[Connection] = []
        self.results: list[Connection] = []
        self.slots: list[Slots] = []
        self.poll = select.poll()
        self.polls: list[Any] = []
        self.closed = False
        _living[id(self)] = self
        forks = context.get_start_method() == "fork"
        try:
            for place in range(workers):
                self._start(context, jobs(place), outstanding, forks)
        except BaseException:  # Ctrl-C, too, must not leave the workers that have started
            self.close()
            raise
        for place, results in enumerate(self.results):
            alone = select.poll()
            alone.register(results.fileno(), select.POLLIN)
            self.polls.append(alone)
            self.poll.register(results.fileno(), select.POLLIN)
            for process in self.processes:
                alone.register(process.sentinel, select.POLLIN)
            self.poll.register(self.processes[place].sentinel, select.POLLIN)

    def _start(self, context: Any, job: Job, outstanding: int, forks: bool) -> None:
        theirs_in, ours_out = context.Pipe(duplex=False)
        ours_in, theirs_out = context.Pipe(duplex=False)
        slots = Slots.create(outstanding)
        self.requests.append(ours_out)
        self.results.append(ours_in)
        self.slots.append(slots)
        living = [crew for ref in _living.valuerefs() if (crew := ref()) is not None]
        inherited = [end for crew in living for end in crew.ends()] if forks else []
        process = context.Process(
            target=run_worker,
            args=(job, theirs_in, theirs_out, slots, inherited),
            daemon=True,
            name=f"rushlight-data-{job.worker}",
        )
        with warnings.catch_warnings():
            # Python 3.12 warns of forks beside threads: ours are started anew in the child.
            warnings.filterwarnings("ignore", message=".*multi-threaded.*fork", append=False)
            process.start()
        theirs_in.close()
        theirs_out.close()
        self.processes.append(process)

    def ends(self) -> list[Connection]:
        """The main process's ends of all pipes."""
        return [*self.requests, *self.results]

    def send(self, worker: int, number: int, index: Any) -> None:
        """Ask a worker for a batch."""
        try:
            self.requests[worker].send_bytes(pickle.dumps((number, index), 5))
        except OSError:
            self._raise_if_dead(wait=True)
            raise

    def receive(self, worker: int | None, timeout: float) -> tuple[int, int, Any]:
        """(worker, number, batch) from that worker, or from whoever is ready.

        Raises RuntimeError if a worker died, or after ``timeout`` seconds (0: never).
        """
        poll = self.poll if worker is None else self.polls[worker]
        wanted = range(len(self.results)) if worker is None else (worker,)
        end = time.monotonic() + timeout
        while True:
            left = ALIVE_CHECK_MS
            if timeout:
                left = min(left, max(0, round((end - time.monotonic()) * 1000)))
            ready = dict(poll.poll(left))
            for each in wanted:
                if ready.get(self.results[each].fileno(), 0) & select.POLLIN:
                    return each, *self._read(each)
            self._raise_if_dead(wait=bool(ready))
            if timeout and time.monotonic() >= end:
                raise RuntimeError(f"DataLoader timed out after {timeout} seconds")

    def _read(self, worker: int) -> tuple[int, Any]:
        try:
            message = self.results[worker].recv_bytes()
        except (EOFError, OSError):
            self._raise_if_dead(wait=True)
            raise
        return unpack(message, self.slots[worker])

    def _raise_if_dead(self, wait: bool) -> None:
        """Raise RuntimeError if a worker ended; ``wait`` a moment for news that must come."""
        until = time.monotonic() + (1.0 if wait else 0.0)
        while True:
            for process in self.processes:
                code = process.exitcode
                if code is not None:
                    raise RuntimeError(_obituary(process.pid, code))
            if time.monotonic() >= until:
                return
            time.sleep(0.005)

    def close(self) -> None:
        """End all workers: hang up, wait a little, then use force. Never raises, never hangs."""
        if self.closed or self.owner != os.getpid():
            return
        self.closed = True
        _living.pop(id(self), None)
        for connection in self.ends():
            connection.close()
        until = time.monotonic() + LEAVE_SECONDS
        for process in self.processes:
            process.join(max(0.0, until - time.monotonic()))
        for force in ("terminate", "kill"):
            for process in self.processes:
                if process.exitcode is None:
                    getattr(process, force)()
            for process in self.processes:
                process.join(0.5)
        for slots in self.slots:
            slots.close()


def _obituary(pid: int, code: int) -> str:
    if code >= 0:
        return (
            f"DataLoader worker (pid(s) {pid}) exited unexpectedly with exit code {code}. "
            "Rerunning with num_workers=0 may give a better error trace."
        )
    name = signal.strsignal(-code) or f"signal {-code}"
    text = f"DataLoader worker (pid {pid}) is killed by signal: {name}. "
    if -code == signal.SIGKILL:
        text += (
            "Often that is the system short of memory: use fewer workers, a smaller "
            "prefetch_factor or smaller batches."
        )
    return text


def start_context(wanted: Any) -> Any:
    """The multiprocessing context for ``multiprocessing_context``.

    None: fork where there is fork (a worker starts in milliseconds and shares the data set's
    memory), unless the program chose a start method. Raises ValueError for unknown names.
    """
    methods = multiprocessing.get_all_start_methods()
    if wanted is None:
        chosen = multiprocessing.get_start_method(allow_none=True)
        wanted = chosen or ("fork" if "fork" in methods else None)
    if wanted is None or isinstance(wanted, str):
        if wanted is not None and wanted not in methods:
            raise ValueError(
                f"multiprocessing_context option should specify a valid start method in "
                f"{methods!r}, but got multiprocessing_context={wanted!r}"
            )
        return multiprocessing.get_context(wanted)
    if not isinstance(wanted, multiprocessing.context.BaseContext):
        raise TypeError(
            "multiprocessing_context option should be a valid context object or a string "
            f"specifying the start method, but got multiprocessing_context={wanted}"
        )
    return wanted
