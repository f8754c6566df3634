"""What runs in a worker process: fetch batches until the main process hangs up."""

from __future__ import annotations

import os
import pickle
import select
import signal
from collections.abc import Callable
from itertools import cycle
from multiprocessing.connection import Connection
from typing import Any

from rushlight.base.record import Record
from rushlight.runtime.pool import set_num_threads
from rushlight.utils.data import worker_info
from rushlight.utils.data.failure import Failure
from rushlight.utils.data.fetch import Fetcher, make_fetcher
from rushlight.utils.data.randomness import seed_worker
from rushlight.utils.data.transport import Slots, pack

CHECK_PARENT_MS = 2000


class StreamEnded(Record):
    """Sent instead of a batch: this worker's stream has no more samples."""

    worker: int


class NewEpoch(Record):
    """Sent to a worker that stays for another pass, and sent back as the answer."""

    shared_seed: int | None  # that orders a SharedStream


class Job(Record):
    """All that a worker is told when it starts."""

    dataset: Any
    stream: bool
    batched: bool
    collate: Callable[[Any], Any]
    drop_last: bool
    base_seed: int
    init: Callable[[int], Any] | None
    worker: int
    workers: int
    parent: int

    def fetcher(self) -> Fetcher:
        """A fetcher at the start of the data set."""
        return make_fetcher(self.dataset, self.stream, self.batched, self.collate, self.drop_last)


def run_worker(
    job: Job, requests: Connection, results: Connection, slots: Slots, inherited: list[Connection]
) -> None:
    """The life of a worker process."""
    # Ctrl-C reaches the whole group; the main process decides, and we see it hang up.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for connection in inherited:
        # A fork holds the main process's ends too; with them open nobody would see an end.
        connection.close()
    set_num_threads(1)
    seed = seed_worker(job.base_seed, job.worker)
    worker_info.enter(worker_info.WorkerInfo(job.worker, job.workers, seed, job.dataset))
    try:
        _serve(job, requests, results, slots)
    except (BrokenPipeError, EOFError, ConnectionResetError):
        return  # the main process is gone or has enough


def _serve(job: Job, requests: Connection, results: Connection, slots: Slots) -> None:
    fetcher: Fetcher | None = None
    failure: Failure | None = None
    try:
        if job.init is not None:
            job.init(job.worker)
        fetcher = job.fetcher()
    except Exception as error:  # the user's code may raise anything: the main process shall know
        failure = Failure.of(error, job.worker)
    poll = select.poll()
    poll.register(requests.fileno(), select.POLLIN)
    for slot in cycle(range(len(slots.files))):
        # The main process asks for no more batches than there are slots before it took one.
        while not poll.poll(CHECK_PARENT_MS):
            if os.getppid() != job.parent:
                return
        number, index = pickle.loads(requests.recv_bytes())
        if isinstance(index, NewEpoch):
            if index.shared_seed is not None:
                job.dataset.reseed(index.shared_seed)
            fetcher = job.fetcher()
            answer: Any = index
        elif failure is not None or fetcher is None:
            answer = failure
        else:
            answer = _fetch(job, fetcher, index)
        results.send_bytes(_pack(job, number, answer, slots, slot))


def _fetch(job: Job, fetcher: Fetcher, index: Any) -> Any:
    try:
        return fetcher.fetch(index)
    except StopIteration as error:
        return StreamEnded(job.worker) if job.stream else Failure.of(error, job.worker)
    except Exception as error:  # the user's code may raise anything: the main process shall know
        return Failure.of(error, job.worker)


def _pack(job: Job, number: int, answer: Any, slots: Slots, slot: int) -> bytes:
    try:
        return pack(number, answer, slots, slot)
    except Exception as error:  # what the user's code returned may refuse to be pickled in any way
        return pack(number, Failure.of(error, job.worker), slots, slot)
